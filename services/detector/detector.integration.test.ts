import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inputTopics } from '../core/records.ts';
import { createKafkaLog } from '../platform/kafka/log.ts';
import type { Log, NewRecord } from '../platform/log.ts';
import { prefixedLog } from '../platform/prefixed-log.ts';
import { findKafka } from '../platform/testing/servers.ts';
import { breaksIn, countedIn } from './testing/counting-engine.ts';
import { randomOf } from './testing/random.ts';
import { alarmsOn, aRecord, deadLettersOn, judged, openWorld, type World } from './testing/world.ts';

const kafka = await findKafka();
const run = 'unavailable' in kafka ? describe.skip : describe;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
const partitions = 4;
const enterprises = Array.from({ length: 20 }, (_, i) => `e${i}`);
const main = fileURLToPath(new URL('./testing/counting-process.ts', import.meta.url));

run(`the detector on Apache Kafka (SEED=${seed})`, () => {
  let world: World;
  let log: Log;
  let prefix: string;
  let sending: AbortController;
  let flow: Promise<{ good: number; bad: number }>;
  const random = randomOf(seed);
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    prefix = `detector-${randomUUID()}-`;
    const { brokers } = kafka as { brokers: string[] };
    log = prefixedLog(createKafkaLog({ brokers, clientId: 'detector-test' }), prefix);
    world = await openWorld(log, partitions);
    sending = new AbortController();
    flow = keepSending(sending.signal);
  }, 60_000);

  afterEach(async () => {
    sending.abort();
    await flow;
    for (const child of children) child.kill('SIGKILL');
    await log.close();
  }, 60_000);

  afterAll(async () => {
    if (!('unavailable' in kafka)) await kafka.stop();
  }, 60_000);

  /** Records on all inputs without a pause, one in a hundred of them poison; how many of each, once it has ended. */
  async function keepSending(signal: AbortSignal): Promise<{ good: number; bad: number }> {
    const sent = { good: 0, bad: 0 };
    for (let n = 0; !signal.aborted; ) {
      const records = Array.from({ length: 60 }, (): NewRecord => {
        const topic = inputTopics[Math.floor(random() * inputTopics.length)]!;
        const record = aRecord(world.codec, topic, enterprises[Math.floor(random() * enterprises.length)]!);
        if (++n % 100 > 0) return record;
        return { ...record, value: Buffer.from('poison') };
      });
      await world.producer.send(records);
      const bad = records.filter((record) => record.value?.toString() === 'poison').length;
      sent.bad += bad;
      sent.good += records.length - bad;
      await sleep(10);
    }
    return sent;
  }

  type Child = ChildProcess & { readonly whenReady: Promise<unknown> };

  function start(): Child {
    const { brokers } = kafka as { brokers: string[] };
    const child = spawn(process.execPath, ['--no-warnings', main, brokers.join(), prefix, String(partitions)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return Object.assign(child, { whenReady: once(child.stdout!, 'data') });
  }

  async function end(child: Child, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    // Before that there is nobody to hear that it should stop.
    if (signal === 'SIGTERM') await child.whenReady;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    if (signal === 'SIGTERM') expect(code).toBe(0);
  }

  async function expectAllOnce(): Promise<void> {
    sending.abort();
    const { good, bad } = await flow;
    await judged(world, 60_000);
    const alarms = [...(await alarmsOn(world)).values()];
    expect(alarms.flatMap(breaksIn)).toEqual([]);
    expect(good).toBeGreaterThan(1000);
    expect(countedIn(alarms.flat())).toHaveLength(good);
    const letters = await deadLettersOn(world);
    expect(letters).toHaveLength(bad);
    expect(new Set(letters.map((letter) => letter.deadLetterId)).size).toBe(bad);
  }

  test('a process that is killed again and again in mid-stream loses nothing and says nothing twice', async () => {
    for (let death = 0; death < 5; death++) {
      const child = start();
      // Some die on the way to being ready, the others somewhere in a batch, a commit or a snapshot.
      if (death % 2 === 0) await child.whenReady;
      await sleep(200 + random() * 1500);
      await end(child, 'SIGKILL');
    }
    const last = start();
    await expectAllOnce();
    await end(last, 'SIGTERM');
  }, 120_000);

  test('two processes that come, go and die share the partitions, and nothing is lost or said twice', async () => {
    const places = [start(), start()];
    await Promise.all(places.map((child) => child.whenReady));
    for (let change = 0; change < 6; change++) {
      await sleep(random() * 1500);
      const place = Math.floor(random() * 2);
      await end(places[place]!, change % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      await sleep(random() * 1000);
      places[place] = start();
    }
    await expectAllOnce();
    await Promise.all(places.map((child) => end(child, 'SIGTERM')));
  }, 120_000);
});
