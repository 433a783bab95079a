import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { startBroker } from '../../../deploy/local-kafka/broker.ts';
import { freePort } from '../../../deploy/local-kafka/server-process.ts';
import { numbered, readAll, testTimeoutMs, until, valuesOf } from '../log-contract-fixture.ts';
import { createKafkaLog } from './log.ts';

/** A broker of its own, as the suites' shared one must not be stopped. */
async function ownBroker() {
  const options = { port: await freePort(), dataDir: mkdtempSync(join(tmpdir(), 'kafka-restart-')) };
  try {
    return { ...options, broker: await startBroker(options) };
  } catch (error) {
    if (process.env.WATTNESS_REQUIRE_SERVERS === '1') throw error;
    process.stderr.write(`DID NOT RUN: a broker that restarts: ${(error as Error).message}\n`);
    return undefined;
  }
}
const own = await ownBroker();
let broker = own?.broker;
const log = createKafkaLog({ brokers: broker?.brokers ?? [], clientId: 'restart' });
afterAll(async () => {
  await log.close();
  await broker?.stop();
  if (own) rmSync(own.dataDir, { recursive: true, force: true });
}, testTimeoutMs);

(own ? test : test.skip)(
  'a broker that goes away and comes back is waited for: nothing is lost or doubled',
  async () => {
    const { port, dataDir } = own!;
    await log.topics.create(['input', 'output'].map((name) => ({ name, partitions: 1, config: {} })));
    const offsets: number[] = [];
    const member = await log.joinGroup('group', ['input'], {
      onAssigned() {
        member.seek('input', 0, offsets.length);
        member.resume('input', 0);
      },
      onRecords: (_topic, _partition, records) => offsets.push(...records.map((one) => one.offset)),
      onFailure: (error) => {
        throw error;
      },
    });
    const producer = await log.openProducer();
    const owner = await log.openTransactions('task-0');
    let sent = 0;
    let committed = 0;
    let stopped = false;
    const sending = (async () => {
      for (; !stopped; sent += 10) await producer.send(numbered('input', sent, sent + 10, 0));
    })();
    const committing = (async () => {
      for (; !stopped; committed += 10) {
        const positions = [{ topic: 'input', partition: 0, offset: committed }];
        await owner.commit({
          records: numbered('output', committed, committed + 10, 0),
          group: { id: 'x', positions },
        });
      }
    })();
    const both = async (further: number) => {
      const [s, c] = [sent + further, committed + further];
      await until('both go on', () => sent >= s && committed >= c);
    };
    await both(100);
    await broker!.stop();
    await sleep(500);
    broker = await startBroker({ port, dataDir });
    await both(100);
    stopped = true;
    await Promise.all([sending, committing]);

    await until('all is delivered', () => offsets.length >= sent);
    expect(offsets).toEqual(Array.from({ length: sent }, (_, i) => i));
    const values = valuesOf(await readAll(log, ['output']));
    expect(values).toEqual(Array.from({ length: committed }, (_, i) => `v${i}`));
    expect(await log.topics.committed('x', 'input')).toEqual([committed - 10]);
  },
  testTimeoutMs,
);
