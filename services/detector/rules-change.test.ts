import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TransactionalProducer } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { changelogTopic } from '../platform/topics.ts';
import { type BatchRecord, batchEntry, type SnapshotRecord } from './changelog.ts';
import type { Detector } from './main.ts';
import { breaksIn, countedIn } from './testing/counting-engine.ts';
import {
  alarmsOn,
  aRecord,
  createWorld,
  judged,
  recordsOn,
  rulesNamed,
  startCounting,
  until,
  type World,
} from './testing/world.ts';

let world: World;
let detectors: Detector[];
/** What the folder of rules holds. */
let rules: { current: ReturnType<typeof rulesNamed> };

beforeEach(async () => {
  world = await createWorld();
  detectors = [];
  rules = { current: rulesNamed('r0') };
});

afterEach(async () => {
  for (const detector of detectors) await detector.stop();
  await world.log.close();
});

async function start(log = world.log, metrics = createMetrics(), own = rules): Promise<Detector> {
  const detector = await startCounting(world, {}, log, metrics, own);
  if (log === world.log) detectors.push(detector);
  return detector;
}

async function send(count: number, enterpriseId = 'e'): Promise<void> {
  await world.producer.send(Array.from({ length: count }, () => aRecord(world.codec, 'telemetry', enterpriseId)));
}

const said = async (enterpriseId = 'e') => (await alarmsOn(world)).get(enterpriseId) ?? [];
const wentOver = async (hash: string): Promise<void> =>
  until(`rules ${hash} judge`, async () => (await said()).at(-1)?.ruleId === hash);

/** Records said, with the rules that they were judged with; what is wrong with them stops the test. */
async function history(): Promise<string[]> {
  const alarms = await said();
  expect(breaksIn(alarms)).toEqual([]);
  return alarms.map(({ ruleId, summaryEn }) =>
    summaryEn === `rules ${ruleId}` ? summaryEn : `${ruleId} ${summaryEn}`,
  );
}

/** What was written to the changelog, in order: batches and snapshots with the rules that they name. */
async function written(): Promise<string[]> {
  const lines: string[] = [];
  for (const { key, value } of await recordsOn(world.log, changelogTopic)) {
    if (!value || key === 'barrier') continue;
    const [kind, id] = key!.split('/');
    if (kind === 'rules') lines.push(`keeps ${id}`);
    if (kind !== 'batch' && kind !== 'snapshot') continue;
    const record = JSON.parse(String(value)) as BatchRecord & SnapshotRecord;
    lines.push(`${kind} ${record.n} of ${record.rulesHash}`);
  }
  return lines;
}

describe('changed rules', () => {
  test('judge from a batch boundary on, after a snapshot of what the old ones led to', async () => {
    await start();
    await send(2);
    await judged(world);
    rules.current = rulesNamed('r1');
    await wentOver('r1');
    await send(1);
    await judged(world);
    expect(await history()).toEqual(['r0 telemetry 0', 'r0 telemetry 1', 'rules r1', 'r1 telemetry 2']);
    const lines = await written();
    const change = lines.findIndex((line) => line.startsWith('batch') && line.endsWith('of r1'));
    const [, n] = lines[change]!.split(' ');
    expect(lines.slice(change - 1, change + 2)).toEqual([
      `snapshot ${Number(n) - 1} of r0`,
      `batch ${n} of r1`,
      'keeps r1',
    ]);
  });

  test('take over while records never cease, and each record is judged once', async () => {
    await start();
    for (let i = 1; i <= 5; i++) {
      await send(40);
      rules.current = rulesNamed(`r${i}`);
      await send(40);
      await wentOver(`r${i}`);
    }
    await judged(world);
    const counted = (await history()).filter((line) => !line.startsWith('rules'));
    expect(counted).toHaveLength(400);
    expect(countedIn(await said())).toHaveLength(400);
  });

  test('leave in the changelog no rules but those in use', async () => {
    const first = await start();
    await send(1);
    await judged(world);
    rules.current = rulesNamed('r1');
    await wentOver('r1');
    await first.stop();
    const newest = new Map((await recordsOn(world.log, changelogTopic)).map(({ key, value }) => [key, value]));
    const kept = [...newest].filter(([key, value]) => key?.startsWith('rules/') && value).map(([key]) => key);
    expect(kept).toEqual(['rules/r1']);
  });

  test('at which the engine fails are refused once, and the old ones go on, here and after a restart', async () => {
    const metrics = createMetrics();
    const first = await start(world.log, metrics);
    await send(1);
    await judged(world);
    rules.current = rulesNamed('fault');
    await send(1);
    await judged(world);
    const refused = async () =>
      (await metrics.registry.getSingleMetric('wattness_detector_rules_refused_total')!.get()).values[0]!.value;
    await until('they are refused', async () => (await refused()) === 1);
    await until('it is restored', () => first.ready().ready);
    await send(1);
    await judged(world);
    await first.stop();
    await start();
    await send(1);
    await judged(world);
    rules.current = rulesNamed('r1');
    await wentOver('r1');
    const records = [0, 1, 2, 3].map((offset) => `r0 telemetry ${offset}`);
    expect(await history()).toEqual([...records, 'rules r1']);
    expect(await refused()).toBe(1);
  }, 20_000);

  test('show in the metrics with what is judged', async () => {
    const metrics = createMetrics();
    await start(world.log, metrics);
    await send(1);
    await judged(world);
    const shown = async () => metrics.registry.getSingleMetricAsString('wattness_detector_rules_info');
    await until('the first show', async () => (await shown()).includes('{hash="r0"} 1'));
    rules.current = rulesNamed('r1');
    await until('the others show', async () => (await shown()).includes('{hash="r1"} 1'));
    expect(await shown()).not.toContain('r0');
  });
});

describe('a new owner', () => {
  /** Dies at a commit whose records are such, before it is carried out or after. */
  async function startDoomed(
    when: 'before' | 'after',
    isLast: (keys: readonly string[]) => boolean,
  ): Promise<MortalLog> {
    const doomed = new MortalLog({
      ...world.log,
      async openTransactions(id): Promise<TransactionalProducer> {
        const producer = await world.log.openTransactions(id);
        return {
          async commit(transaction) {
            const last = isLast(transaction.records.map(({ key }) => key ?? ''));
            if (last && when === 'before') doomed.kill();
            else await producer.commit(transaction);
            if (last) doomed.kill();
          },
          close: () => producer.close(),
        };
      },
    });
    await start(doomed);
    await send(2);
    await judged(world);
    rules.current = rulesNamed('r1');
    return doomed;
  }

  const isSnapshot = (keys: readonly string[]) => keys.includes('snapshot');
  const isChange = (keys: readonly string[]) => keys.includes('rules/r1');

  test.each([
    ['before the snapshot is written', 'before', isSnapshot],
    ['between snapshot and change', 'after', isSnapshot],
    ['before the change is committed', 'before', isChange],
    ['after the change was committed', 'after', isChange],
  ] as const)('says all that the change makes it say once where the last one died %s', async (_when, when, isLast) => {
    const doomed = await startDoomed(when, isLast);
    await until('it dies', () => !doomed.alive);
    await start();
    await wentOver('r1');
    await send(1);
    await judged(world);
    expect(await history()).toEqual(['r0 telemetry 0', 'r0 telemetry 1', 'rules r1', 'r1 telemetry 2']);
  });

  test('with older rules executes what was judged with the newer ones, and then goes over to its own', async () => {
    const first = new MortalLog(world.log);
    await start(first);
    await send(1);
    await judged(world);
    rules.current = rulesNamed('r1');
    await wentOver('r1');
    await send(1);
    await judged(world);
    first.kill();
    await start(world.log, createMetrics(), { current: rulesNamed('r0') });
    await wentOver('r0');
    await send(1);
    await judged(world);
    const expected = ['r0 telemetry 0', 'rules r1', 'r1 telemetry 1', 'rules r0', 'r0 telemetry 2'];
    expect(await history()).toEqual(expected);
  });

  test('executes with its own what names rules that the changelog does not hold', async () => {
    await send(1);
    const ranges = [{ topic: 'telemetry' as const, from: 0, to: 1, records: 1 }];
    const nowMs = Date.now();
    await world.producer.send([
      batchEntry(0, { n: 1, nowMs, timeSource: 'append', ranges, engineVersion: 'counting', rulesHash: 'lost' }),
    ]);
    await start();
    await send(1);
    await judged(world);
    expect((await said()).map(({ ruleId, revision, summaryEn }) => [ruleId, revision, summaryEn])).toEqual([
      ['r0', 2, 'telemetry 1'],
    ]);
  });
});
