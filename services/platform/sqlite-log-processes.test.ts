import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Log } from './log.ts';
import { at, readAll, testTimeoutMs, until, valuesOf } from './log-contract-fixture.ts';
import { createSqliteLog } from './sqlite-log.ts';

const script = fileURLToPath(new URL('./testing/sqlite-log-process.ts', import.meta.url));

interface Other {
  readonly lines: string[];
  readonly process: ChildProcess;
  tell(command: string): void;
  gone: Promise<unknown>;
}

describe('the log in a file that several processes use', () => {
  let folder: string;
  let path: string;
  let log: Log;
  let others: Other[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattness-log-'));
    path = join(folder, 'log.db');
    log = createSqliteLog({ path });
    others = [];
  });
  afterEach(async () => {
    for (const other of others) other.process.kill('SIGKILL');
    await Promise.all(others.map((other) => other.gone));
    await log.close();
    await rm(folder, { recursive: true });
  });

  function startOther(): Other {
    const child = spawn(process.execPath, ['--no-warnings', script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const gone = new Promise((resolve) => child.once('close', resolve));
    const other = { lines, process: child, gone, tell: (command: string) => child.stdin.write(`${command}\n`) };
    others.push(other);
    return other;
  }

  test(
    'kill -9 loses nothing that was committed, and leaves nothing half committed',
    async () => {
      await log.topics.create(['a', 'b'].map((name) => ({ name, partitions: 1, config: {} })));
      let next = 0;
      for (let round = 0; round < 4; round++) {
        const writer = startOther();
        writer.tell(`commit-forever writer a b ${next}`);
        await until('some commits', () => writer.lines.length >= 15 + round * 7);
        writer.process.kill('SIGKILL');
        await writer.gone;

        const told = Number(writer.lines.at(-1)!.split(' ')[1]);
        const [a, b] = [valuesOf(await readAll(log, ['a'])), valuesOf(await readAll(log, ['b']))];
        const [position] = await log.topics.committed('writer', 'a');
        // The last commit may have been done without a chance to say so.
        expect([told, told + 1]).toContain(position);
        const expected = Array.from({ length: (position! + 1) * 500 }, (_, i) => String(Math.floor(i / 500)));
        expect(a).toEqual(expected);
        expect(b).toEqual(expected);
        expect(await log.topics.endOffsets('a')).toEqual([expected.length]);
        next = position! + 1;
      }
    },
    testTimeoutMs,
  );

  test(
    'a frozen process loses its partitions and its right to commit, and comes back as a member like any other',
    async () => {
      await log.topics.create([{ name: 't', partitions: 2, config: {} }]);
      const assigned: string[] = [];
      await log.joinGroup('g', ['t'], {
        onAssigned: (partitions) => assigned.push(partitions.join(',')),
        onRecords: () => {},
        onFailure: (error) => assigned.push(error.message),
      });
      await until('alone at first', () => assigned.at(-1) === '0,1');
      const other = startOther();
      other.tell('join g t');
      await until('one partition each', () => assigned.at(-1) === '0' && other.lines.includes('assigned 1'));
      await until('the other has committed', () => other.lines.includes('commit ok'));
      other.process.kill('SIGSTOP');
      await until('its partition is ours', () => assigned.at(-1) === '0,1');
      const owner = await log.openTransactions('g');
      await owner.commit({ records: [{ topic: 't', partition: 0, key: 'ours', value: null }] });
      other.process.kill('SIGCONT');
      await until('it is told that it is fenced', () => other.lines.includes('commit FENCED'));
      await until('it has a partition again', () => assigned.at(-1) === '0' && other.lines.at(-2) === 'assigned 1');
      expect((await readAll(log, ['t'])).map((record) => record.key)).toEqual(['other', 'ours']);
      expect(other.lines).not.toContain('delivered');
    },
    testTimeoutMs,
  );

  test(
    'what one process appends, another delivers and is caught up with',
    async () => {
      await log.topics.create(['a', 'b'].map((name) => ({ name, partitions: 1, config: {} })));
      let received = 0;
      const member = await log.joinGroup('g', ['a'], {
        onAssigned() {
          member.seek('a', 0, 0);
          member.resume('a', 0);
        },
        onRecords: (_topic, _partition, records) => {
          received += records.length;
        },
        onFailure: () => {},
      });
      const writer = startOther();
      writer.tell('commit-forever writer a b 0');
      await until('some commits are delivered', () => received > 10_000);
      writer.process.kill('SIGKILL');
      await writer.gone;
      const diedMs = Date.now();
      await until('caught up', () => (member.caughtUpAtMs('a', 0) ?? 0) > diedMs);
      expect([received]).toEqual(await log.topics.endOffsets('a'));
    },
    testTimeoutMs,
  );

  test('the log is as it was after a restart', async () => {
    await log.topics.create([{ name: 't', partitions: 2, config: { 'retention.ms': '-1' } }]);
    const old = await log.openTransactions('owner');
    await old.commit({
      records: [{ topic: 't', partition: 1, key: 'k', value: Buffer.from('v') }],
      group: { id: 'g', positions: [at('t', 0, 5)] },
    });
    await log.close();
    log = createSqliteLog({ path });
    expect((await log.topics.describe(['t']))[0]).toMatchObject({ partitions: 2, config: { 'retention.ms': '-1' } });
    expect(await log.topics.endOffsets('t')).toEqual([0, 1]);
    expect(await log.topics.committed('g', 't')).toEqual([5, undefined]);
    expect(valuesOf(await readAll(log, ['t']))).toEqual(['v']);
  });

  test.each(['not a database, but some longer text', ''])('a file with %j is refused or taken as new', async (text) => {
    const file = join(folder, 'other.db');
    await writeFile(file, text.repeat(40));
    if (text === '') await createSqliteLog({ path: file }).close();
    else expect(() => createSqliteLog({ path: file })).toThrow(expect.objectContaining({ code: 'LOG_UNAVAILABLE' }));
  });

  test('a log of a newer format is refused', async () => {
    await log.close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => createSqliteLog({ path })).toThrow(expect.objectContaining({ code: 'LOG_UNAVAILABLE' }));
  });

  test('what the log does not have is refused by name', async () => {
    await log.topics.create([{ name: 't', partitions: 2, config: { 'cleanup.policy': 'compact' } }]);
    const producer = await log.openProducer();
    const send = (topic: string, partition: number, key: string | null) =>
      producer.send([{ topic, partition, key, value: null }]);
    await expect(send('none', 0, 'k')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    await expect(send('t', 2, 'k')).rejects.toMatchObject({ code: 'UNKNOWN_PARTITION' });
    await expect(send('t', 0, null)).rejects.toMatchObject({ code: 'KEY_MISSING' });
    expect(() => log.read({ topics: ['none'], follow: false })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_TOPIC' }),
    );
    expect(await log.topics.endOffsets('t')).toEqual([0, 0]);
  });
});
