import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inputTopics } from '../core/records.ts';
import { arrivalOf } from '../platform/arrival.ts';
import type { LogRecord, NewRecord } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { decodeBatch } from './decode.ts';
import { canonical } from './merge.ts';
import { breaksIn, countedIn, createCountingEngine } from './testing/counting-engine.ts';
import {
  alarmsOn,
  aRecord,
  arrived,
  clockMarks,
  createWorld,
  deadLettersOn,
  judged,
  recordsOn,
  rulesNamed,
  type Settings,
  startCounting,
  until,
  type World,
} from './testing/world.ts';

/**
 * Whatever dies, and whenever: the outputs are those of a run in which nothing died. Processes die after a number of
 * calls to the log, so in the middle of whatever they then do: fencing, barrier, restore, gathering, commit (carried
 * out or not), snapshot and change of rules. Each death and each start is a rebalance between two processes, which need
 * not have the same rules at a time. Timing differs from run to run, so that a seed is a good start for a search and no
 * more.
 */

const partitions = 3;
const enterprises = ['a', 'b', 'c', 'd', 'e'];
const patienceMs = 60_000;

const plan = fc.record({
  /** What is sent at once: topic, enterprise and whether it is good. */
  sends: fc.array(
    fc.record({
      records: fc.array(fc.tuple(fc.constantFrom(...inputTopics), fc.constantFrom(...enterprises), fc.nat(9)), {
        minLength: 1,
        maxLength: 30,
      }),
      turns: fc.nat(12),
      /** Rules that one of the places, or both, have from then on. */
      rules: fc.option(fc.tuple(fc.constantFrom('r0', 'r1', 'r2'), fc.constantFrom([0], [1], [0, 1])), { freq: 2 }),
    }),
    { minLength: 3, maxLength: 25 },
  ),
  /** Calls to live of the processes that come one after the other, in two places. */
  lives: fc.tuple(
    fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 5 }),
    fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 5 }),
  ),
  settings: fc.record({
    batchRecords: fc.integer({ min: 1, max: 40 }),
    batchMs: fc.integer({ min: 1, max: 6 }),
    snapshotMs: fc.integer({ min: 1, max: 60 }),
  }),
});

type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** Two places for processes; in each, one follows the other as they die, and the last one lives. */
class Processes {
  readonly #world: World;
  readonly #settings: Partial<Settings>;
  readonly #running = new Set<MortalLog>();
  /** What each place has. */
  readonly rules = [{ current: rulesNamed('r0') }, { current: rulesNamed('r0') }];
  #over = false;

  constructor(world: World, settings: Partial<Settings>) {
    this.#world = world;
    this.#settings = settings;
  }

  start(place: number, lives: readonly number[]): void {
    if (this.#over) return;
    const [life = Number.POSITIVE_INFINITY, ...later] = lives;
    const log = new MortalLog(this.#world.log, life, () => {
      this.#running.delete(log);
      setImmediate(() => this.start(place, later));
    });
    this.#running.add(log);
    void startCounting(this.#world, this.#settings, log, createMetrics(), this.rules[place]);
  }

  killAll(): void {
    this.#over = true;
    for (const log of this.#running) log.kill();
  }
}

/** Carries a plan out; afterwards a last detector finds everything as it should be and judges one record more of each. */
async function carryOut(world: World, { sends, lives, settings }: Plan, own: Partial<Settings>): Promise<void> {
  const processes = new Processes(world, { ...settings, ...own });
  processes.start(0, lives[0]);
  processes.start(1, lives[1]);
  let arrivalMs = 1_000_000;
  const send = async (records: Plan['sends'][number]['records']): Promise<void> => {
    const sent = records.map(([topic, enterpriseId, kind]): NewRecord => {
      arrivalMs += kind;
      const record = aRecord(world.codec, topic, enterpriseId, arrived(arrivalMs));
      return kind === 0 ? { ...record, value: Buffer.from('poison') } : record;
    });
    await world.producer.send([...sent, ...clockMarks(partitions, arrivalMs)]);
    // What is sent next must not sort before the mark.
    arrivalMs++;
  };
  for (const { records, turns, rules } of sends) {
    await send(records);
    for (const place of rules?.[1] ?? []) processes.rules[place]!.current = rulesNamed(rules![0]);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
  }
  await judged(world, patienceMs);
  processes.killAll();
  const last = await startCounting(world, { ...settings, ...own }, world.log, createMetrics(), processes.rules[0]);
  await until('the rules of the last one judge', async () => {
    const said = [...(await alarmsOn(world)).values()];
    return said.every((alarms) => alarms.at(-1)!.ruleId === processes.rules[0]!.current.hash);
  });
  await send(enterprises.map((enterpriseId) => ['power', enterpriseId, 1]));
  await judged(world, patienceMs);
  await last.stop();
}

/** Names of the good and of the bad records on the inputs. */
async function sentTo(world: World): Promise<{ good: string[]; bad: string[] }> {
  const good: string[] = [];
  const bad: string[] = [];
  for (const topic of inputTopics) {
    for (const { value, partition, offset } of await recordsOn(world.log, topic)) {
      if (value?.toString() === 'poison') bad.push(`${topic}-${partition}-${offset}`);
      else if (value) good.push(`${topic} ${offset}`);
    }
  }
  return { good: good.sort(), bad: bad.sort() };
}

test("in the log's own time nothing is lost and nothing said twice, and each state follows from what was said", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (one) => {
      const world = await createWorld(partitions);
      try {
        await carryOut(world, one, { tickMs: 25 });
        const alarms = [...(await alarmsOn(world)).values()];
        expect(alarms.flatMap(breaksIn)).toEqual([]);
        const { good, bad } = await sentTo(world);
        expect(countedIn(alarms.flat()).sort()).toEqual(good);
        expect((await deadLettersOn(world)).map((letter) => letter.deadLetterId).sort()).toEqual(bad);
      } finally {
        await world.log.close();
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 300_000);

test('of a recording exactly the same is said as by an engine that is given all of it at once', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (one) => {
      const world = await createWorld(partitions);
      try {
        // When rules change is of the wall clock: with a change there is nothing to compare with.
        const unchanged = { ...one, sends: one.sends.map((each) => ({ ...each, rules: null })) };
        await carryOut(world, unchanged, { timeSource: 'recorded', tickMs: 7 });
        const byPartition = Map.groupBy(
          (await Promise.all(inputTopics.map((topic) => recordsOn(world.log, topic)))).flat(),
          (record: LogRecord) => record.partition,
        );
        const expected = [...byPartition.values()].flatMap((records) => {
          const sorted = canonical(records, 'recorded');
          const { inputs } = decodeBatch(sorted, world.codec, 'recorded', 0, new Map());
          const engine = createCountingEngine({ tickMs: 7, sayEvery: 1 }, rulesNamed('r0'));
          return engine.apply(inputs, arrivalOf(sorted.at(-1)!, 'recorded'));
        });
        const alarms = expected.flatMap((output) => (output.topic === 'alarms' ? [output.value] : []));
        expect(await alarmsOn(world)).toEqual(Map.groupBy(alarms, (alarm) => alarm.enterpriseId));
        expect(await deadLettersOn(world)).toHaveLength(expected.length - alarms.length);
      } finally {
        await world.log.close();
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, 300_000);
