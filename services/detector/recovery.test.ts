import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Log, TransactionalProducer } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { changelogTopic } from '../platform/topics.ts';
import { barrierEntry, batchEntry } from './changelog.ts';
import { type Detector, detectorGroup } from './main.ts';
import { breaksIn, countedIn } from './testing/counting-engine.ts';
import {
  alarmsOn,
  aRecord,
  arrived,
  createWorld,
  judged,
  openWorld,
  recordsOn,
  type Settings,
  startCounting,
  until,
  type World,
} from './testing/world.ts';

let world: World;
let detectors: Detector[];

beforeEach(async () => {
  world = await createWorld();
  detectors = [];
});

afterEach(async () => {
  for (const detector of detectors) await detector.stop();
  await world.log.close();
});

async function start(own: Partial<Settings> = {}, log = world.log): Promise<Detector> {
  const detector = await startCounting(world, own, log);
  detectors.push(detector);
  return detector;
}

async function startMortal(own: Partial<Settings> = {}): Promise<MortalLog> {
  const log = new MortalLog(world.log);
  await startCounting(world, own, log);
  return log;
}

async function send(count: number, enterpriseId = 'e'): Promise<void> {
  await world.producer.send(Array.from({ length: count }, () => aRecord(world.codec, 'telemetry', enterpriseId)));
}

async function expectAllOnce(count: number): Promise<void> {
  await judged(world);
  const alarms = [...(await alarmsOn(world)).values()];
  expect(alarms.flatMap(breaksIn)).toEqual([]);
  expect(countedIn(alarms.flat())).toHaveLength(count);
}

/** How often partition 0 got a new owner. */
async function takeovers(partition = 0): Promise<number> {
  const records = await recordsOn(world.log, changelogTopic);
  return records.filter((record) => record.key === 'barrier' && record.partition === partition).length;
}

async function restoredRecords(metrics: ReturnType<typeof createMetrics>): Promise<number> {
  const metric = await metrics.registry.getSingleMetric('wattness_detector_restored_records_total')!.get();
  return metric.values[0]!.value;
}

describe('a new owner', () => {
  test('executes all batches again where there is no snapshot, and goes on where the last one was', async () => {
    const first = await startMortal({ batchRecords: 7 });
    await send(20);
    await judged(world);
    first.kill();
    await send(20);
    const metrics = createMetrics();
    detectors.push(await startCounting(world, {}, world.log, metrics));
    await expectAllOnce(40);
    expect(await restoredRecords(metrics)).toBe(20);
  });

  test('executes again only what came after the snapshot', async () => {
    const stopped = await startCounting(world);
    await send(20);
    await judged(world);
    await stopped.stop();
    const killed = await startMortal();
    await send(5);
    await judged(world);
    killed.kill();
    const metrics = createMetrics();
    detectors.push(await startCounting(world, {}, world.log, metrics));
    await send(3);
    await expectAllOnce(28);
    expect(await restoredRecords(metrics)).toBe(5);
  });

  test('lets timers of the time before fire as they did, and no more', async () => {
    const first = await startMortal({ tickMs: 10 });
    await send(3);
    const ticks = async () => (await recordsOn(world.log, 'alarms')).length;
    await until('timers fire', async () => (await ticks()) > 6);
    first.kill();
    const before = await ticks();
    await start({ tickMs: 10 });
    await until('timers fire again', async () => (await ticks()) > before + 3);
    await expectAllOnce(3);
  });

  test('refuses to go on where the inputs are not those that were judged', async () => {
    await send(5);
    const ranges = [{ topic: 'telemetry' as const, from: 0, to: 4, records: 3 }];
    const batch = { n: 1, nowMs: 1, timeSource: 'append' as const, ranges, engineVersion: '', rulesHash: 'r0' };
    await world.producer.send([batchEntry(0, batch)]);
    const detector = await start();
    await expect(detector.ended).rejects.toMatchObject({ code: 'CHANGELOG_BROKEN' });
    expect(await recordsOn(world.log, 'alarms')).toEqual([]);
  });

  test('refuses to go on where a batch is missing', async () => {
    const batch = { n: 2, nowMs: 1, timeSource: 'append' as const, ranges: [], engineVersion: '', rulesHash: 'r0' };
    await world.producer.send([batchEntry(0, batch)]);
    const detector = await start();
    await expect(detector.ended).rejects.toMatchObject({ code: 'CHANGELOG_BROKEN' });
  });

  test('refuses a log that has lost records which it had judged', async () => {
    await send(5);
    const batch = { n: 1, nowMs: 1, timeSource: 'append' as const, engineVersion: '', rulesHash: 'r0' };
    await world.producer.send([
      batchEntry(0, { ...batch, ranges: [{ topic: 'telemetry', from: 0, to: 9, records: 9 }] }),
    ]);
    const detector = await start();
    await expect(detector.ended).rejects.toMatchObject({ code: 'CHANGELOG_BROKEN' });
  });

  test('stops while it restores when it is told to', async () => {
    const killed = await startMortal();
    await send(5);
    await judged(world);
    killed.kill();
    // Its registry never answers: it waits for the first record that it has to execute again.
    const codec = { ...world.codec, prepare: () => new Promise<void>(() => {}) };
    const detector = await startCounting({ ...world, codec });
    await until('it executes again', () => JSON.stringify(detector.ready().detail).includes('"total":5'));
    expect(detector.ready().ready).toBe(false);
    await detector.stop();
    await start();
    await expectAllOnce(5);
  });

  test('gives a record that came with an earlier time the same time as before', async () => {
    const timed = { timeSource: 'recorded' as const };
    const sendAt = (ms: number) => world.producer.send([aRecord(world.codec, 'telemetry', 'e', arrived(ms))]);
    const killed = await startMortal(timed);
    await sendAt(1000);
    await judged(world);
    await sendAt(10);
    await judged(world);
    killed.kill();
    await start(timed);
    await sendAt(20);
    await expectAllOnce(3);
    expect((await alarmsOn(world)).get('e')!.map((alarm) => alarm.changedMs)).toEqual([1000, 1000, 1000]);
  });
});

describe('an owner that was replaced', () => {
  test('cannot commit what it still has', async () => {
    const zombie = new MortalLog(world.log);
    // It gathers so long that it is cut off with records that it has taken and not committed.
    const old = await startCounting(world, { batchMs: 1000 }, zombie);
    await until('it is live', () => old.ready().ready);
    await send(10);
    await until('it has them', () => zombie.deliveries > 1);
    zombie.cutOff();
    await start();
    await send(10);
    await expectAllOnce(20);
    await until('it tried to commit', () => JSON.stringify(old.ready().detail).includes('fenced'));
    await send(10);
    await expectAllOnce(30);
    expect(await takeovers()).toBe(2);
    zombie.kill();
  });

  test('that believes to be the owner still does not take the partition back', async () => {
    const zombie = new MortalLog(world.log);
    const old = await startCounting(world, { tickMs: 10 }, zombie);
    await send(3);
    await judged(world);
    zombie.cutOff();
    await start({ tickMs: 10 });
    // Its next timer is its next commit.
    await until('it is fenced', () => JSON.stringify(old.ready().detail).includes('fenced'));
    await send(3);
    await expectAllOnce(6);
    await until('it has asked whether it is the owner', () => zombie.askedForPositions > 0);
    expect(await takeovers()).toBe(2);
    zombie.kill();
  }, 20_000);

  test('that is the owner after all takes the partition back', async () => {
    const detector = await start({ tickMs: 10 });
    await send(3);
    await judged(world);
    const intruder = await world.log.openTransactions(`${detectorGroup}-0`);
    await intruder.commit({ records: [barrierEntry(0, 'intruder')] });
    await until('it is fenced', () => !detector.ready().ready);
    await send(3);
    await expectAllOnce(6);
    expect(detector.ready().ready).toBe(true);
  }, 20_000);
});

describe('a rebalance', () => {
  const live = (detector: Detector) =>
    Object.entries(detector.ready().detail.partitions as object)
      .filter(([, phase]) => phase.name === 'live')
      .map(([partition]) => Number(partition));

  beforeEach(async () => {
    await world.log.close();
    world = await createWorld(2);
  });

  test('leaves a task that stays where it is as it is', async () => {
    const first = await start();
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await judged(world);
    const second = await startCounting(world);
    await until('both are live', () => live(first).length === 1 && live(second).length === 1);
    const [kept] = live(first);
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await judged(world);
    await second.stop();
    await until('the first has all', () => live(first).length === 2);
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await expectAllOnce(120);
    expect([await takeovers(kept), await takeovers(1 - kept!)]).toEqual([1, 3]);
  });

  test('does not make a task begin its restore anew', async () => {
    const killed = await startMortal();
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await judged(world);
    killed.kill();
    // The registry keeps both partitions waiting in the middle of their restore.
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    const codec = { ...world.codec, prepare: () => (++waiting > 0 ? gate.promise : undefined) };
    const first = await startCounting({ ...world, codec });
    detectors.push(first);
    await until('it restores', () => waiting >= 2);
    const second = await start();
    await until('the second restored its partition', () => live(second).length === 1);
    await second.stop();
    await until('the first has both again', () => Object.keys(first.ready().detail.partitions as object).length === 2);
    gate.resolve();
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await expectAllOnce(80);
    expect([await takeovers(0), await takeovers(1)].sort()).toEqual([2, 4]);
  });

  test('that takes a partition away and gives it back while its task opens does not fence the new task', async () => {
    const gate = Promise.withResolvers<void>();
    let opened = 0;
    const slow: Log = {
      ...world.log,
      async openTransactions(id) {
        if (++opened <= 2) await gate.promise;
        return world.log.openTransactions(id);
      },
    };
    const first = await start({}, slow);
    await until('it opens', () => opened === 2);
    const second = await startCounting(world);
    await until('the second is live', () => live(second).length === 1);
    await second.stop();
    await until('the first has both again', () => Object.keys(first.ready().detail.partitions as object).length === 2);
    gate.resolve();
    for (const e of ['a', 'b', 'c', 'd']) await send(10, e);
    await expectAllOnce(40);
    expect(live(first)).toEqual([0, 1]);
    // The task that stayed, the second's, and the one that came back: none of them had to begin again.
    expect((await takeovers(0)) + (await takeovers(1))).toBe(3);
  });
});

describe('a commit that fails', () => {
  /** A log whose commits fail as told, once each: before they are carried out, or after, when the answer is lost. */
  function failing(faults: ('before' | 'after' | 'none')[]): Log {
    const fault = (): void => {
      throw Object.assign(new Error('the broker went away'), { code: 'GONE' });
    };
    return {
      ...world.log,
      async openTransactions(id): Promise<TransactionalProducer> {
        const producer = await world.log.openTransactions(id);
        return {
          async commit(transaction) {
            const next = faults.shift();
            if (next === 'before') fault();
            await producer.commit(transaction);
            if (next === 'after') fault();
          },
          close: () => producer.close(),
        };
      },
    };
  }

  test('is judged again if it was not carried out, and not if it was', async () => {
    // Barrier, batch, barrier, batch, barrier.
    await send(10);
    await start({}, failing(['none', 'before', 'none', 'after', 'none']));
    await send(10);
    await expectAllOnce(20);
    await until('it is restored twice', async () => (await takeovers()) === 3);
    await send(10);
    await expectAllOnce(30);
  });

  test('while it restores is tried again', async () => {
    await send(10);
    await start({}, failing(['before', 'after']));
    await expectAllOnce(10);
  });
});

test('a log in a file is taken up by the next process', async () => {
  // The embedded log's own tests kill real processes; here the file is what outlives its handles.
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const { createSqliteLog } = await import('../platform/sqlite-log.ts');
  const dir = mkdtempSync(join(tmpdir(), 'wattness-detector-'));
  try {
    for (let n = 1; n <= 3; n++) {
      const opened = await openWorld(createSqliteLog({ path: join(dir, 'log.sqlite') }), 1);
      await opened.producer.send([aRecord(opened.codec, 'power', 'e')]);
      const detector = await startCounting(opened);
      await judged(opened);
      const alarms = (await alarmsOn(opened)).get('e')!;
      expect(alarms.map((alarm) => alarm.revision)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
      await detector.stop();
      await opened.log.close();
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
