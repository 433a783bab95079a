import { describe, expect, test } from '@jest/globals';
import type { Engine } from '../batch.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRandom,
  aRegistration,
  aSiteEvent,
  canonical,
  dayMs,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  settledFindings,
  startMs,
} from '../testing/builders.ts';
import { aFakeOfflineRule } from '../testing/fake-offline.ts';
import { inShift, plantRecords, within } from '../testing/plant.ts';
import { liveValue, sensedPlant } from '../testing/sensors.ts';
import { eventMs } from '../testing/world.ts';

/** Set SEED to a list of numbers to try other worlds; a failing test names the seed in its title. */
const seeds = (process.env.SEED ?? '1').split(',').map(Number);
/** Safely inside the lateness horizon of 26 h, which is counted from the start of a slot. */
const latestMs = 25 * hourMs;
const days = 6;

/** A firm of four machines behind two gateways that goes dark as a whole, in part and in flickers, with excuses filed late. */
function aDarkFirm(seed: number): Sent[] {
  const random = aRandom(seed);
  const at = (day: number): number => startMs + day * dayMs + (9 + Math.floor(random() * 3)) * hourMs;
  const [whole, part, excused, flicker] = [at(2), at(3), at(4), at(5)] as [number, number, number, number];
  const ids = ['M1', 'M2', 'M3', 'M4'];
  const isSilent = (id: string, ms: number): boolean => {
    if (within(ms, [whole, whole + 100 * minuteMs]) || within(ms, [excused, excused + 100 * minuteMs])) return true;
    if (within(ms, [part, part + 130 * minuteMs])) return id > 'M2';
    return within(ms, [flicker, flicker + 150 * minuteMs]) && (ms - flicker) % (25 * minuteMs) < 16 * minuteMs;
  };
  const records = plantRecords({
    registration: aRegistration({
      enterpriseId: 'E1',
      equipment: ids.map((equipmentId) => anEquipment({ equipmentId, reportIntervalMs: 2 * minuteMs })),
      meters: [
        aMeter({ meterId: 'P1', feeds: ['M1'] }),
        aMeter({ meterId: 'P2', feeds: ['M2'], intervalMs: 5 * minuteMs }),
        aMeter({ meterId: 'P3', role: 'MIXED', feeds: ['M3', 'M4'] }),
      ],
    }),
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed,
    load: Object.fromEntries(ids.map((id, i) => [id, { workingKw: 20 + 15 * i, standingKw: 0.5 }])),
    ran: (_, ms) => inShift(ms, 8, 18),
    said: (id, ms) => (isSilent(id, ms) ? undefined : inShift(ms, 8, 18) ? 'RUNNING' : 'STOPPED'),
  }).map((item) =>
    item.topic === 'telemetry'
      ? sent('telemetry', item.arrivalMs, { ...item.value, gatewayId: item.value.equipmentId > 'M2' ? 'G2' : 'G1' })
      : item,
  );
  const outage = aSiteEvent({ kind: 'REGIONAL_OUTAGE', startMs: excused, endMs: excused + 100 * minuteMs });
  return [...records, sent('site-events', excused + 12 * hourMs, outage)];
}

/** A machine whose sensors freeze, replay, show zero and move as one, a day each. */
function aStaleMachine(seed: number): Sent[] {
  const random = aRandom(seed + 7);
  const at = (day: number): number => startMs + day * dayMs + (8 + Math.floor(random() * 3)) * hourMs;
  const [still, again, zero] = [at(3), at(4), at(5)] as [number, number, number];
  return sensedPlant(days, (id, name, ms) => {
    if (within(ms, [still, still + 4 * hourMs])) return liveValue(id, name, still);
    if (within(ms, [again, again + 4 * hourMs])) return liveValue(id, name, ms - 2 * dayMs);
    return within(ms, [zero, zero + 3 * hourMs]) ? 0 : liveValue(id, name, ms);
  }).map((item) => ({ ...item, value: { ...item.value, enterpriseId: 'E2' } }) as Sent);
}

const rules = (['silent', 'flicker', 'frozen', 'replayed', 'zero', 'identical'] as const).map(aFakeOfflineRule);
const engine = (): Engine => anEngine({ rules });
/** A shuffled world is nothing but late data; reviews hours apart keep the test short, and no settled finding rests on them. */
const slowEngine = (): Engine => anEngine({ rules, lateReviewMs: 2 * hourMs });

describe.each(seeds)('settled findings of false offline, seed %d', (seed) => {
  const world = [...aDarkFirm(seed), ...aStaleMachine(seed)];
  const outputs = runAndSettle(engine(), world);
  const expected = settledFindings(outputs);
  const random = aRandom(seed + 1000);

  test('are there for every sign', () => {
    const closed = latestFindings(outputs).filter(({ state }) => state === 'CLOSED');
    const kinds = closed.map(({ ruleId, subjectKind }) => `${ruleId} ${subjectKind}`);
    expect([...new Set(kinds)].sort()).toEqual([
      'fake-offline-flicker ENTERPRISE',
      'fake-offline-frozen EQUIPMENT',
      'fake-offline-replayed EQUIPMENT',
      'fake-offline-silent ENTERPRISE',
      'fake-offline-silent GATEWAY',
      'fake-offline-zero EQUIPMENT',
    ]);
  });

  test('do not depend on the order of arrival within the lateness horizon', () => {
    const shuffled = world.map((item): Sent => {
      const ms = eventMs(item);
      return ms === 0 ? item : { ...item, arrivalMs: ms + Math.floor(random() * latestMs) };
    });
    expect(settledFindings(runAndSettle(slowEngine(), shuffled))).toEqual(expected);
  });

  test('do not depend on how often a record comes', () => {
    const repeats = world.flatMap((item): Sent[] =>
      random() < 0.6 ? [] : [{ ...item, arrivalMs: item.arrivalMs + Math.floor(random() * 20 * hourMs) }],
    );
    expect(settledFindings(runAndSettle(slowEngine(), world.concat(repeats)))).toEqual(expected);
  });

  test('and all that is said are the same of an engine that was restored at any batch boundary', () => {
    const records = canonical(world);
    const whole = engine();
    let restored = engine();
    const states = new Map<string, Uint8Array>();
    for (let at = 0; at < records.length; ) {
      const size = 1 + Math.floor(random() ** 2 * 5000);
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
