import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Log, LogRecord } from './log.ts';
import { at, numbered, readAll, until, valuesOf } from './log-contract-fixture.ts';
import { createSqliteLog } from './sqlite-log.ts';
import { maintainTopic } from './sqlite-log-maintenance.ts';
import { SqliteStore } from './sqlite-log-store.ts';

const hourMs = 3_600_000;

describe('upkeep of the embedded log', () => {
  let path: string;
  let log: Log;
  let store: SqliteStore;
  beforeEach(() => {
    path = `:memory:${randomUUID()}`;
    log = createSqliteLog({ path });
    store = SqliteStore.open(path);
  });
  afterEach(async () => {
    await log.close();
    store.release();
  });

  const send = async (records: Parameters<Awaited<ReturnType<Log['openProducer']>>['send']>[0]) =>
    (await log.openProducer()).send(records);
  const maintain = (topic: string, nowMs: number, signal = new AbortController().signal) =>
    maintainTopic(store, store.topic(topic), nowMs, signal);
  const create = (name: string, config: Record<string, string>) => log.topics.create([{ name, partitions: 1, config }]);

  test('retention drops what is older, and only that', async () => {
    await create('t', { 'retention.ms': String(hourMs) });
    await send(numbered('t', 0, 1_500, 0));
    const [{ appendTimeMs: firstMs }] = (await readAll(log, ['t'])) as [LogRecord];
    await until('the clock moves', () => Date.now() > firstMs);
    await send(numbered('t', 1_500, 1_510, 0));
    await maintain('t', firstMs + hourMs);
    expect((await readAll(log, ['t'])).length).toBe(1_510);
    await maintain('t', firstMs + hourMs + 1);
    expect(valuesOf(await readAll(log, ['t']))).toEqual(Array.from({ length: 10 }, (_, i) => `v${1_500 + i}`));
    await maintain('t', firstMs + 100 * hourMs);
    expect(await readAll(log, ['t'])).toEqual([]);
    expect(await log.topics.endOffsets('t')).toEqual([1_510]);
    await send(numbered('t', 0, 1, 0));
    expect((await readAll(log, ['t']))[0]!.offset).toBe(1_510);
  });

  test('a position that retention has passed stops its reader', async () => {
    await create('t', { 'retention.ms': '1000' });
    await send(numbered('t', 0, 10, 0));
    await maintain('t', Date.now() + hourMs);
    const reading = log.read({ topics: ['t'], follow: true, from: [at('t', 0, 9)] })[Symbol.asyncIterator]();
    await expect(reading.next()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    const failures: unknown[] = [];
    const member = await log.joinGroup('g', ['t'], {
      onAssigned() {
        member.seek('t', 0, 0);
        member.resume('t', 0);
      },
      onRecords: () => failures.push('records'),
      onFailure: (error) => failures.push(error),
    });
    await until('the member fails', () => failures.length > 0);
    expect(failures).toEqual([expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE' })]);
  });

  test('without limit, or compacted, nothing is dropped for its age', async () => {
    await create('unlimited', { 'retention.ms': '-1' });
    await create('compacted', { 'cleanup.policy': 'compact', 'retention.ms': '1000' });
    for (const topic of ['unlimited', 'compacted']) {
      await send(numbered(topic, 0, 10, 0));
      await maintain(topic, Date.now() + 10_000 * hourMs);
      expect((await readAll(log, [topic])).length).toBe(10);
    }
  });

  test('compaction keeps the last record of each key at its offset, wherever it is cut short', async () => {
    const operation = fc.tuple(fc.nat(30), fc.boolean(), fc.integer({ min: 1, max: 400 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 15, maxLength: 25 }),
        fc.array(fc.nat(12), { maxLength: 4 }),
        fc.boolean(),
        async (operations, cuts, tombstonesAreOld) => {
          const topic = randomUUID();
          await create(topic, { 'cleanup.policy': 'compact', 'delete.retention.ms': String(hourMs) });
          const last = new Map<string, [offset: number, value: string | null]>();
          let offset = 0;
          const append = async (count: number, key: (i: number) => string, value: string | null) => {
            const records = Array.from({ length: count }, (_, i) => ({
              topic,
              partition: 0,
              key: key(i),
              value: value === null ? null : Buffer.from(value),
            }));
            await send(records);
            for (const record of records) last.set(record.key, [offset++, value]);
          };
          for (const [seed, isTombstone, count] of operations) {
            await append(count, (i) => `k${(seed * 7 + i) % 300}`, isTombstone ? null : `v${offset}`);
          }
          // Enough that is new, and a tail that compaction takes away when its time has come.
          await append(1_000, (i) => `k${i % 300}`, 'again');
          await append(5, (i) => `k${i}`, null);

          const nowMs = Date.now() + (tombstonesAreOld ? 2 * hourMs : 0);
          const visible = (records: LogRecord[]) => {
            const found = new Map<string, string>();
            for (const { key, value } of records) {
              if (value === null) found.delete(key!);
              else found.set(key!, value.toString());
            }
            return found;
          };
          const expected = new Map<string, string>();
          for (const [key, [, value]] of last) if (value !== null) expected.set(key, value);
          for (const turns of cuts) {
            const stop = new AbortController();
            const maintaining = maintain(topic, nowMs, stop.signal);
            for (let i = 0; i < turns; i++) await new Promise(setImmediate);
            stop.abort();
            await maintaining;
            expect(visible(await readAll(log, [topic]))).toEqual(expected);
          }
          await maintain(topic, nowMs);
          const kept = [...last].filter(([, [, value]]) => value !== null || !tombstonesAreOld);
          const records = await readAll(log, [topic]);
          expect(records.map((r) => [r.key, [r.offset, r.value?.toString() ?? null]])).toEqual(
            kept.sort((a, b) => a[1][0] - b[1][0]),
          );
          expect(await log.topics.endOffsets(topic)).toEqual([offset]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a reader passes a tail that was compacted away, and is caught up', async () => {
    await create('t', { 'cleanup.policy': 'compact', 'delete.retention.ms': '0' });
    await send(numbered('t', 0, 1_200, 0).map((record, i) => ({ ...record, value: i < 600 ? record.value : null })));
    await maintain('t', Date.now() + hourMs);
    const received: number[] = [];
    const member = await log.joinGroup('g', ['t'], {
      onAssigned() {
        member.seek('t', 0, 0);
        member.resume('t', 0);
      },
      onRecords: (_topic, _partition, records) => received.push(...records.map((r) => r.offset)),
      onFailure: () => received.push(-1),
    });
    await until('caught up', () => member.caughtUpAtMs('t', 0) !== undefined);
    expect(received).toEqual(Array.from({ length: 600 }, (_, i) => i));
    await send(numbered('t', 0, 1, 0));
    await until('the next record', () => received.at(-1) === 1_200);
  });

  test('compaction waits until there is enough to do', async () => {
    await create('t', { 'cleanup.policy': 'compact' });
    const same = (count: number) => numbered('t', 0, count, 0).map((record) => ({ ...record, key: 'k' }));
    await send(same(999));
    await maintain('t', Date.now());
    expect((await readAll(log, ['t'])).length).toBe(999);
    await send(same(1));
    await maintain('t', Date.now());
    expect((await readAll(log, ['t'])).map((r) => r.offset)).toEqual([999]);
  });
});
