import { describe, expect, test } from '@jest/globals';
import type { Engine } from '../batch.ts';
import type { SiteEventKind } from '../records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRandom,
  aSiteEvent,
  aWorkRecord,
  canonical,
  dayMs,
  hourMs,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  settledFindings,
  startMs,
} from '../testing/builders.ts';
import { aHotWorkRule, aWorkshop, byMinute, cameraId, electrode, steady, working } from '../testing/hot-work.ts';
import { inShift, plantRecords } from '../testing/plant.ts';
import { eventMs } from '../testing/world.ts';

/** Set SEED to a list of numbers to try other worlds; a failing test names the seed in its title. */
const seeds = (process.env.SEED ?? '1').split(',').map(Number);
/** Safely inside the lateness horizon of 26 h, which is counted from the start of a slot. */
const latestMs = 25 * hourMs;
const days = 6;

/** A sanding workshop that welds on each of its last four days: seen, metered, with and without permits, its line running. */
function aWelder(seed: number): Sent[] {
  const random = aRandom(seed);
  const spells = [2, 3, 4, 5].map((day) => startMs + day * dayMs + Math.floor((1 + 12 * random()) * hourMs));
  const lengths = spells.map(() => Math.floor(50 + 90 * random()) * minuteMs);
  const registration = aWorkshop({
    equipment: [
      anEquipment({ sectionId: 'sanding', reportIntervalMs: 2 * minuteMs }),
      anEquipment({ equipmentId: 'M2', sectionId: 'sanding', reportIntervalMs: 2 * minuteMs }),
      ...aWorkshop().equipment.slice(1),
    ],
    meters: [
      aMeter({ feeds: ['M1', 'M2'] }),
      aMeter({ meterId: 'sockets', role: 'INDIRECT', feeds: ['W1'], intervalMs: minuteMs }),
    ],
  });
  const plant = plantRecords({
    registration: { ...registration, meters: registration.meters.slice(0, 1) },
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed,
    load: {
      M1: { workingKw: 45, standingKw: 1 },
      M2: { workingKw: 30, standingKw: 1 },
      W1: { workingKw: 0, standingKw: 0 },
    },
    ran: (_, ms) => inShift(ms, 0, 9),
    said: (id, ms) => (id === 'W1' ? undefined : inShift(ms, 0, 9) ? 'RUNNING' : 'STOPPED'),
  }).map((item): Sent => (item.topic === 'site-registry' ? { ...item, value: registration } : item));
  const arcs = spells.map((ms, i) => working(0.4, electrode, ms, ms + lengths[i]!, seed + i));
  const sockets = byMinute('sockets', startMs, startMs + days * dayMs, (ms) => {
    const i = spells.findIndex((from, n) => ms >= from && ms < from + lengths[n]!);
    return i < 0 ? steady(0.4) : arcs[i]!(ms);
  });
  const seen = spells.flatMap((ms, i) =>
    Array.from({ length: 6 }, (_, n): Sent => {
      const atMs = ms + Math.floor(random() * lengths[i]!);
      const kind: SiteEventKind = n % 3 === 0 ? 'WELDER_START' : 'SPARK';
      const source = kind === 'SPARK' ? { sourceId: cameraId } : { equipmentId: 'W1', sourceId: 'chip-1' };
      const event = { kind, startMs: atMs, endMs: n % 2 === 0 ? null : atMs + 90_000, confidence: 0.9 };
      return sent(
        'site-events',
        atMs + 4000,
        aSiteEvent({ eventId: `${i}-${n}`, sectionId: null, ...event, ...source }),
      );
    }),
  );
  return [...plant, ...sockets, ...seen, ...permits(spells, lengths)];
}

/** None for the first spell; one that ends too early, one filed in the evening, one filed the next day. */
function permits(spells: readonly number[], lengths: readonly number[]): Sent[] {
  const filedAfterMs = [0, -hourMs, 4 * hourMs, 20 * hourMs];
  return spells.slice(1).map((ms, i): Sent => {
    const value = aWorkRecord({
      recordId: `permit-${i}`,
      kind: 'HOT_WORK_PERMIT',
      startMs: ms - 10 * minuteMs,
      endMs: i === 0 ? ms + 20 * minuteMs : ms + lengths[i + 1]! + hourMs,
      filedAtMs: ms + filedAfterMs[i + 1]!,
      sectionId: 'sanding',
      regime: 'GB 30871-2022',
      grade: '2',
    });
    return sent('work-records', value.filedAtMs, value);
  });
}

const rules = [
  aHotWorkRule('event'),
  { ...aHotWorkRule('event', { breach: 'past-permit', sections: 'all' }), id: 'hot-work-past' },
  aHotWorkRule('process-running'),
  aHotWorkRule('signature'),
  aHotWorkRule('suspicion'),
];
const engine = (): Engine => anEngine({ rules });
/** A shuffled world is nothing but late data; reviews hours apart keep the test short, and no settled finding rests on them. */
const slowEngine = (): Engine => anEngine({ rules, lateReviewMs: 2 * hourMs });

/** When what a record tells of was over: before that it cannot come. */
function overMs(item: Sent): number {
  return item.topic === 'site-events' ? item.value.startMs : eventMs(item);
}

describe.each(seeds)('settled findings of hot work, seed %d', (seed) => {
  const world = aWelder(seed);
  const expected = settledFindings(runAndSettle(engine(), world));
  const random = aRandom(seed + 1000);

  test('are there for spells with and without permits', () => {
    expect(expected.length).toBeGreaterThanOrEqual(5);
  });

  test('do not depend on the order of arrival within the lateness horizon', () => {
    const shuffled = world.map((item): Sent => {
      const ms = overMs(item);
      return ms === 0 ? item : { ...item, arrivalMs: ms + Math.floor(random() * latestMs) };
    });
    expect(settledFindings(runAndSettle(slowEngine(), shuffled))).toEqual(expected);
  });

  test('do not depend on how often a record comes', () => {
    const repeats = world.flatMap((item): Sent[] =>
      random() < 0.6 ? [] : [{ ...item, arrivalMs: item.arrivalMs + Math.floor(random() * 3 * hourMs) }],
    );
    expect(settledFindings(runAndSettle(slowEngine(), world.concat(repeats)))).toEqual(expected);
  });

  test('and all that is said are the same of an engine that was restored at any batch boundary', () => {
    const records = canonical(world);
    const whole = engine();
    let restored = engine();
    const states = new Map<string, Uint8Array>();
    for (let at = 0; at < records.length; ) {
      const size = 1 + Math.floor(random() ** 2 * 2000);
      const batch = records.slice(at, at + size);
      at += size;
      const nowMs = batch.at(-1)!.arrivalMs;
      expect(JSON.stringify(restored.apply(batch, nowMs))).toBe(JSON.stringify(whole.apply(batch, nowMs)));
      for (const [id, state] of restored.takeDirty()) states.set(id, state!);
      restored = engine();
      for (const [id, state] of states) restored.restore(id, state);
      restored.resumeAt(nowMs);
    }
    const endMs = records.at(-1)!.arrivalMs + 72 * hourMs;
    expect(JSON.stringify(restored.apply([], endMs))).toBe(JSON.stringify(whole.apply([], endMs)));
  });

  test('do not depend on batches', () => {
    expect(settledFindings(runAndSettle(engine(), world, world.length))).toEqual(expected);
  });
});
