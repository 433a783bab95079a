import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Finding, Limit } from '../records.ts';
import {
  anEngine,
  anEquipment,
  aRandom,
  aRegistration,
  aWorkRecord,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  settledFindings,
  startMs,
} from '../testing/builders.ts';
import { aRuleOf, collector, registered, samples, steps } from '../testing/sampled.ts';
import type { LimitParameters } from './limit-terms.ts';

const indicator = 'inlet_temperature_c';

function aLimitRule(changes: Partial<LimitParameters> = {}) {
  const parameters: LimitParameters = {
    indicator,
    watches: 'high',
    siteLimits: 'optional',
    high: 70,
    onDelaySeconds: 10,
    offDelaySeconds: 20,
    deadBand: 3,
    onlyWhile: 'any',
    ...changes,
  };
  return aRuleOf('limit', parameters);
}

const aLimit = (changes: Partial<Limit> = {}): Limit => ({
  indicator,
  low: null,
  high: null,
  onDelayMs: 0,
  deadBand: 0,
  offDelayMs: 0,
  ratePerMinute: null,
  ...changes,
});

const site = (...limits: Limit[]) => aRegistration({ equipment: [collector({ limits })], meters: [] });

function judged(rule: ReturnType<typeof aLimitRule>, records: readonly Sent[]): Output[] {
  return runAndSettle(anEngine({ rules: [rule] }), records, 1);
}

function found(rule: ReturnType<typeof aLimitRule>, records: readonly Sent[]): Finding[] {
  return findingsIn(judged(rule, records));
}

/** The last status said of the subject before everything fell silent. */
function lastReason(outputs: readonly Output[], subjectKind = 'EQUIPMENT'): string | undefined {
  return outputs
    .flatMap((output) => (output.topic === 'enterprise-status' ? output.value.subjects : []))
    .findLast((subject) => subject.subjectKind === subjectKind && subject.reason !== 'indicator-not-heard')?.reason;
}

describe('an upper limit with on-delay, dead-band and off-delay', () => {
  test('is not crossed by one report alone, however reports lie in time, and is by several in a row', () => {
    for (const seconds of [5, 10, 48, 60, 70, 120]) {
      const stepMs = seconds * 1000;
      const machine = collector({ reportIntervalMs: stepMs });
      const heard = (outside: number, before: number) =>
        found(aLimitRule(), [
          registered(aRegistration({ equipment: [machine], meters: [] })),
          ...samples({ indicator, stepMs, fromMs: startMs + 700, values: steps([50, before], [80, outside], [50, 9]) }),
        ]);
      for (let before = 5; before < 25; before++) {
        expect({ seconds, before, found: heard(1, before).length }).toEqual({ seconds, before, found: 0 });
        expect({ seconds, before, found: heard(5, before).length > 0 }).toEqual({ seconds, before, found: true });
      }
    }
  });

  const excursion = samples({ indicator, values: steps([50, 20], [80, 6], [69, 20], [60, 20]) });

  test('is crossed at the sample that has been outside for the delay, from the first one outside on', () => {
    const [first, ...rest] = found(aLimitRule(), [registered(site()), ...excursion]);
    expect(first).toMatchObject({
      state: 'CONFIRMED',
      reason: 'above-limit',
      subjectKind: 'EQUIPMENT',
      subjectId: 'C1',
      indicator,
      bound: 70,
      seen: 80,
      firstSlotMs: startMs + 20 * 5000,
      saidMs: startMs + 22 * 5000 + 1000,
    });
    expect(rest.at(-1)).toMatchObject({
      state: 'CLOSED',
      settled: true,
      lastSlotEndMs: startMs + 26 * 5000,
      contradictoryMs: 30_000,
      slots: expect.arrayContaining([expect.objectContaining({ startMs: startMs + 20 * 5000 })]),
    });
  });

  test('is over when the value has been back by the dead-band for the off-delay, and not before', () => {
    const closed = found(aLimitRule(), [registered(site()), ...excursion]).find(({ state }) => state === 'CLOSED');
    // 69 °C is under the limit, but not by 3 K: only the 60 °C from sample 46 on count, for 20 s.
    expect(closed?.saidMs).toBe(startMs + 50 * 5000 + 1000);
  });

  test('is not crossed by what is outside for less', () => {
    const values = steps([50, 20], [80, 2], [50, 20], [95, 2], [50, 20]);
    expect(found(aLimitRule(), [registered(site()), ...samples({ indicator, values })])).toEqual([]);
  });

  test('is not crossed by what equals it', () => {
    expect(found(aLimitRule(), [registered(site()), ...samples({ indicator, values: steps([70, 60]) })])).toEqual([]);
  });

  test('without delay is crossed by a single sample', () => {
    const rule = aLimitRule({ onDelaySeconds: 0 });
    const [first] = found(rule, [
      registered(site()),
      ...samples({ indicator, values: steps([50, 5], [71, 1], [50, 9]) }),
    ]);
    expect(first).toMatchObject({ state: 'CONFIRMED', saidMs: startMs + 26_000, firstSlotMs: startMs + 25_000 });
  });

  test('is crossed in time though reports slip about their seconds and some are lost', () => {
    const random = aRandom(3);
    const late = excursion.flatMap((item): Sent[] => {
      if (item.topic !== 'telemetry' || random() < 0.1) return [];
      const observedAtMs = item.value.observedAtMs + Math.floor(random() * 4000);
      return [sent('telemetry', observedAtMs + 1000, { ...item.value, observedAtMs })];
    });
    const latest = latestFindings(judged(aLimitRule(), [registered(site()), ...late]));
    expect(latest.map(({ state, reason }) => [state, reason])).toEqual([['CLOSED', 'above-limit']]);
    expect(Math.abs(latest[0]!.firstSlotMs - startMs - 20 * 5000)).toBeLessThanOrEqual(10_000);
  });

  test('says it in both languages, with value, limit and time', () => {
    const [first] = found(aLimitRule(), [registered(site()), ...excursion]);
    expect(first!.summaryEn).toBe(
      'Machine Bag filter 1: inlet temperature was above the limit of 70 °C for 15 s in all, with peaks of 80 °C on average.',
    );
    expect(first!.summaryZh).toBe('设备“Bag filter 1”除尘器进风口温度高于限值 70 °C，累计15 秒，峰值平均为 80 °C。');
  });
});

describe('the limits of a site', () => {
  const warm = samples({ indicator, values: steps([50, 20], [65, 40], [50, 20]) });
  const hot = samples({ indicator, values: steps([50, 20], [80, 40], [50, 20]) });

  test('hold where they are stricter than the rule', () => {
    const [first] = found(aLimitRule(), [registered(site(aLimit({ high: 60 }))), ...warm]);
    expect(first).toMatchObject({ bound: 60, reason: 'above-limit' });
    expect(first!.summaryEn).toContain('above the registered limit of 60 °C');
  });

  test('do not loosen what a standard sets, nor stretch its delay', () => {
    const lax = site(aLimit({ high: 120, onDelayMs: 900_000 }));
    expect(found(aLimitRule(), [registered(lax), ...hot])[0]).toMatchObject({
      bound: 70,
      saidMs: startMs + 22 * 5000 + 1000,
    });
  });

  test('are left aside where the rule says so', () => {
    const rule = aLimitRule({ siteLimits: 'ignored' });
    expect(found(rule, [registered(site(aLimit({ high: 60 }))), ...warm])).toEqual([]);
  });

  const { high: _, ...without } = aLimitRule().parameters;
  const needed = aRuleOf<LimitParameters>(
    'limit',
    { ...without, siteLimits: 'required' },
    {
      equipmentKinds: ['DUST_COLLECTOR'],
    },
  );

  test('are asked for: without them the verdict is unknown, and nothing is found', () => {
    const outputs = judged(needed, [registered(site()), ...hot]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(lastReason(outputs)).toBe('limit-not-registered');
  });

  test('of no machine at all are said to be missing once for the site', () => {
    const rule = { ...needed, equipmentKinds: [] };
    const outputs = judged(rule, [registered(site()), ...hot]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(lastReason(outputs, 'ENTERPRISE')).toBe('limit-not-registered');
  });

  test('bring their own delay and dead-band', () => {
    const limits = site(aLimit({ high: 70, onDelayMs: 60_000, deadBand: 10, offDelayMs: 5000 }));
    const [first, ...rest] = found(needed, [registered(limits), ...hot]);
    expect(first!.saidMs).toBe(startMs + 32 * 5000 + 1000);
    expect(rest.find(({ state }) => state === 'CLOSED')!.saidMs).toBe(startMs + 61 * 5000 + 1000);
  });

  test('may be edited while an alarm stands: it goes on standing', () => {
    const edited = { ...site(aLimit({ high: 200 })), revision: 2 };
    const later = { ...edited, effectiveFromMs: startMs + 150_000 };
    const first = registered(site(aLimit({ high: 70 })));
    for (const [name, registration] of Object.entries({ later, edited })) {
      const outputs = judged(needed, [first, ...hot, sent('site-registry', startMs + 150_000, registration)]);
      const [finding] = latestFindings(outputs);
      // A limit that is edited from now on ends the excursion; one that is rewritten for the past takes it back.
      expect([name, finding?.state, finding?.lastSlotEndMs]).toEqual([
        name,
        name === 'later' ? 'CLOSED' : 'RETRACTED',
        name === 'later' ? startMs + 150_000 : expect.any(Number),
      ]);
    }
  });

  test('that are added later do not take the levels of others away', () => {
    const more = { ...site(aLimit({ high: 70 }), { ...aLimit({ high: 5 }), indicator: 'co_ppm' }), revision: 2 };
    const records = [registered(site(aLimit({ high: 70 }))), ...hot, sent('site-registry', startMs + 150_000, more)];
    const [finding, ...others] = latestFindings(judged(needed, records));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: startMs + 100_000,
      lastSlotEndMs: startMs + 300_000,
    });
  });
});

describe('a lower limit', () => {
  const rule = aRuleOf<LimitParameters>('limit', {
    indicator: 'duct_wind_speed_m_s',
    watches: 'low',
    siteLimits: 'required',
    onDelaySeconds: 30,
    offDelaySeconds: 30,
    deadBand: 1,
    onlyWhile: 'running',
  });
  const limits = site({ ...aLimit({ low: 18 }), indicator: 'duct_wind_speed_m_s' });
  const wind = (values: (number | null)[], state?: Parameters<typeof samples>[0]['state']) =>
    samples({ indicator: 'duct_wind_speed_m_s', values, ...(state ? { state } : {}) });

  test('is crossed from below, while the machine runs', () => {
    const [finding] = latestFindings(judged(rule, [registered(limits), ...wind(steps([22, 30], [15, 30], [22, 30]))]));
    expect(finding).toMatchObject({
      reason: 'below-limit',
      seen: 15,
      bound: 18,
      state: 'CLOSED',
      contradictoryMs: 150_000,
    });
  });

  test('does not hold while the machine stands, nor for what it showed before it ran', () => {
    const values = steps([0, 120], [12, 4], [22, 60], [0, 120]);
    const state = (ms: number) => (ms >= startMs + 120 * 5000 && ms < startMs + 184 * 5000 ? 'RUNNING' : 'STOPPED');
    const outputs = judged(rule, [registered(limits), ...wind(values, state)]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(lastReason(outputs)).toBe('machine-not-in-use');
  });

  test('holds by the state of what it serves where it says nothing of itself', () => {
    const saw = anEquipment({ equipmentId: 'M1', reportIntervalMs: minuteMs });
    const registration = { ...limits, equipment: [...limits.equipment, saw] };
    const run = (state: 'RUNNING' | 'STOPPED') => [
      registered(registration),
      ...wind(steps([15, 60]), 'UNKNOWN'),
      ...samples({ indicator: 'none', values: steps([0, 6]), stepMs: minuteMs, equipmentId: 'M1', state }),
    ];
    expect(latestFindings(judged(rule, run('RUNNING')))).toHaveLength(1);
    expect(latestFindings(judged(rule, run('STOPPED')))).toEqual([]);
  });
});

describe('work and silence', () => {
  const hot = samples({ indicator, values: steps([50, 20], [80, 60], [50, 20]) });

  test('maintenance on file suppresses it; filed later it takes the finding back', () => {
    const value = aWorkRecord({ kind: 'MAINTENANCE', startMs, endMs: startMs + hourMs, equipmentId: 'C1' });
    expect(found(aLimitRule(), [registered(site()), sent('work-records', startMs, value), ...hot])).toEqual([]);
    const late = found(aLimitRule(), [registered(site()), ...hot, sent('work-records', startMs + 2 * hourMs, value)]);
    expect(late.at(-1)).toMatchObject({ state: 'RETRACTED', retractedBecause: 'under-maintenance' });
  });

  test('maintenance of another machine does not', () => {
    const value = aWorkRecord({ kind: 'MAINTENANCE', startMs, endMs: startMs + hourMs, equipmentId: 'C2' });
    expect(found(aLimitRule(), [registered(site()), sent('work-records', startMs, value), ...hot])).not.toEqual([]);
  });

  test('silence never clears an alarm: it stands until a value within the limit comes', () => {
    const values = steps([50, 20], [80, 20], [null, 4 * 720], [60, 20]);
    const findings = found(aLimitRule(), [registered(site()), ...samples({ indicator, values })]);
    const closed = findings.find(({ state }) => state === 'CLOSED')!;
    expect(closed.saidMs).toBeGreaterThan(startMs + 4 * hourMs);
    const silent = runAndSettle(anEngine({ rules: [aLimitRule()] }), [
      registered(site()),
      ...samples({ indicator, values: values.slice(0, 40) }),
    ]);
    expect(latestFindings(silent)[0]!.state).toBe('CONFIRMED');
  });

  test('a machine that fell silent is unknown within an hour and a quarter, not within its limits', () => {
    const outputs = runAndSettle(anEngine({ rules: [aLimitRule()] }), [
      registered(site()),
      ...samples({ indicator, values: steps([50, 720]) }),
    ]);
    const statuses = outputs.flatMap((output) => (output.topic === 'enterprise-status' ? [output.value] : []));
    expect(statuses.at(-1)!.subjects[0]).toMatchObject({ verdict: 'UNKNOWN', reason: 'indicator-not-heard' });
    expect(statuses.at(-1)!.asOfMs).toBeLessThan(startMs + hourMs + 90 * minuteMs);
  });

  test('an indicator that no machine sends costs nothing: there is no place for it', () => {
    const outputs = judged(aLimitRule({ indicator: 'co_ppm' }), [registered(site()), ...hot]);
    expect(outputs.filter(({ topic }) => topic === 'enterprise-status')).toEqual([]);
  });
});

describe('a limited rate', () => {
  const rule = aRuleOf<LimitParameters>('limit', {
    indicator: 'mould_metal_level_mm',
    watches: 'rate',
    siteLimits: 'required',
    onDelaySeconds: 0,
    offDelaySeconds: 60,
    deadBand: 0,
    onlyWhile: 'any',
  });
  const limits = site({ ...aLimit({ ratePerMinute: 8 }), indicator: 'mould_metal_level_mm' });
  const mould = (values: (number | null)[]) => samples({ indicator: 'mould_metal_level_mm', values });
  const ramp = (from: number, perMinute: number, count: number) =>
    Array.from({ length: count }, (_, i) => from + (perMinute * (i + 1)) / 12);

  test('is crossed within seconds by a level that falls off', () => {
    const values = [...steps([64, 60]), ...ramp(64, -60, 6), ...steps([34, 60])];
    const [first, ...rest] = found(rule, [registered(limits), ...mould(values)]);
    // 5 mm each five seconds: the third sample is more than 8 mm from the first.
    expect(first).toMatchObject({ state: 'CONFIRMED', reason: 'changes-too-fast', saidMs: startMs + 62 * 5000 + 1000 });
    expect(rest.at(-1)).toMatchObject({ state: 'CLOSED', firstSlotMs: startMs + 5 * minuteMs, bound: 8 });
    expect(rest.at(-1)!.summaryEn).toContain('changed by 18.8 mm within a minute, for 2 min in all');
  });

  test('is not crossed by a slow ramp through any distance', () => {
    expect(found(rule, [registered(limits), ...mould(ramp(20, 7, 200))])).toEqual([]);
  });

  test('is crossed by a ramp that is a little too fast', () => {
    const [finding] = latestFindings(
      judged(rule, [registered(limits), ...mould([...ramp(20, 9, 100), ...steps([95, 60])])]),
    );
    expect(finding!.seen).toBeCloseTo(8.9, 1);
    expect(finding!.contradictoryMs).toBe(8 * minuteMs);
  });
});

describe('settled excursions of a day', () => {
  const rules = [
    aLimitRule(),
    { ...aLimitRule({ high: 60, onDelaySeconds: 0, onlyWhile: 'running' }), id: 'warm' },
    { ...aLimitRule({ watches: 'rate', ratePerMinute: 4 }), id: 'rate' },
  ];
  const random = aRandom(11);
  const stepMs = 30_000;
  const equipment = [
    collector({ reportIntervalMs: stepMs }),
    collector({ equipmentId: 'C2', reportIntervalMs: stepMs }),
  ];
  const world = [registered(aRegistration({ equipment, meters: [] }))];
  for (const equipmentId of ['C1', 'C2']) {
    let level = 50;
    const values = Array.from({ length: dayMs / stepMs }, () => {
      level += 0.02 * (52 - level) + 4 * (random() - 0.5);
      return random() < 0.03 ? null : level;
    });
    const state = (ms: number) => (ms % (6 * hourMs) < 5 * hourMs ? 'RUNNING' : 'STOPPED');
    world.push(...samples({ indicator, values, stepMs, equipmentId, state }));
  }
  const settled = (records: readonly Sent[], size?: number) =>
    settledFindings(runAndSettle(anEngine({ rules, lateReviewMs: hourMs }), records, size));
  const expected = settled(world);

  test('are many', () => {
    expect(expected.length).toBeGreaterThan(20);
  });

  test('do not depend on order, repetition or batches', () => {
    const shuffled = world.flatMap((item): Sent[] => {
      if (item.topic !== 'telemetry') return [item];
      const arrivalMs = item.value.observedAtMs + Math.floor(random() * (random() < 0.2 ? 24 * hourMs : minuteMs));
      const moved = { ...item, arrivalMs };
      return random() < 0.1 ? [moved, { ...moved, arrivalMs: arrivalMs + Math.floor(random() * hourMs) }] : [moved];
    });
    expect(settled(shuffled, 777)).toEqual(expected);
  });

  test('are the same after a restart from the state alone', () => {
    const records = world
      .map((item, offset) => ({ ...item, offset }))
      .sort((a, b) => a.arrivalMs - b.arrivalMs || a.offset - b.offset);
    let engine = anEngine({ rules, lateReviewMs: hourMs });
    const whole = anEngine({ rules, lateReviewMs: hourMs });
    const outputs: Output[] = [];
    const states = new Map<string, Uint8Array>();
    for (let at = 0; at < records.length; at += 2000) {
      const batch = records.slice(at, at + 2000);
      const nowMs = batch.at(-1)!.arrivalMs;
      const said = engine.apply(batch, nowMs);
      expect(JSON.stringify(said)).toBe(JSON.stringify(whole.apply(batch, nowMs)));
      outputs.push(...said);
      for (const [id, state] of engine.takeDirty()) states.set(id, state!);
      engine = anEngine({ rules, lateReviewMs: hourMs });
      for (const [id, state] of states) engine.restore(id, state);
      engine.resumeAt(nowMs);
    }
    outputs.push(...engine.apply([], records.at(-1)!.arrivalMs + 3 * dayMs));
    expect(settledFindings(outputs)).toEqual(expected);
  });
});
