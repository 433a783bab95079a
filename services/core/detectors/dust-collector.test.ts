import { describe, expect, test } from '@jest/globals';
import type { Equipment, Finding, RunState, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRegistration,
  aRule,
  aSiteEvent,
  aWorkRecord,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { inShift, type PlantStory, plantRecords, within } from '../testing/plant.ts';
import type { DustCollector } from './dust-collector.ts';

const bySign = {
  'reported-off': {
    sign: 'reported-off',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 10,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
  'load-absent': {
    sign: 'load-absent',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 10,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
    lowestLoadPercent: 5,
    leastMotorLoadPercent: 3,
    falseAlarmsPerMonth: 0.1,
  },
  'started-late': { sign: 'started-late', leadMinutes: 5, longestLateMinutes: 10, orderToleranceMinutes: 1 },
  'stopped-early': { sign: 'stopped-early', trailMinutes: 15, orderToleranceMinutes: 1 },
  'pressure-drift': {
    sign: 'pressure-drift',
    driftPercent: 20,
    referenceHours: 8,
    confirmAfterMinutes: 30,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
  'airlock-off': {
    sign: 'airlock-off',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 30,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
} as const satisfies { [S in DustCollector['sign']]: DustCollector };

function ruleOf(sign: DustCollector['sign']): Rule {
  return { ...aRule(), id: `collector-${sign}`, detector: 'dust-collector', parameters: bySign[sign] } as Rule;
}

const day = (n: number, hours = 0) => startMs + n * dayMs + hours * hourMs;
type Span = readonly [number, number];

const sander = anEquipment({ reportIntervalMs: minuteMs });
const collector = anEquipment({
  equipmentId: 'F1',
  name: 'Collector 1',
  kind: 'DUST_COLLECTOR',
  ratedPowerKw: 30,
  reportIntervalMs: minuteMs,
  collector: 'DRY',
  limits: [
    {
      indicator: 'differential_pressure_pa',
      low: 300,
      high: 1600,
      onDelayMs: 0,
      deadBand: 0,
      offDelayMs: 0,
      ratePerMinute: null,
    },
  ],
});
const ownMeters = [aMeter(), aMeter({ meterId: 'PF', role: 'TREATMENT', feeds: ['F1'] })];

type Readings = (ms: number, runs: boolean) => Telemetry['readings'];

interface Case {
  readonly days?: number;
  readonly site?: Partial<SiteRegistration>;
  readonly equipment?: readonly Equipment[];
  /** When the line and the fan truly run; what is said of them where that is another thing. */
  readonly line?: (ms: number) => boolean;
  readonly fan?: (ms: number) => boolean;
  readonly said?: (id: string, ms: number) => RunState | undefined;
  readonly fanKw?: number;
  /** Readings of the collector; it sends none otherwise. */
  readonly readings?: Readings | undefined;
  readonly work?: readonly Partial<WorkRecord>[];
  readonly events?: readonly Partial<SiteEvent>[];
}

/** Two spells a day; the collector goes five minutes before the line and fifteen after it. */
const works = (ms: number) => inShift(ms, 1, 5) || inShift(ms, 6, 9);
const exhausts = (ms: number) => inShift(ms, 1 - 6 / 60, 9 + 16 / 60);

function recordsOf(one: Case): Sent[] {
  const { days = 4, site, equipment = [sander, collector], line = works, fan = exhausts } = one;
  const runs = (id: string, ms: number) => (id === 'F1' ? fan(ms) : line(ms));
  const story: PlantStory = {
    registration: aRegistration({ equipment, meters: ownMeters, ...site }),
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: 11,
    load: Object.fromEntries(
      equipment.map(({ equipmentId: id }) => [
        id,
        id === 'F1' ? { workingKw: one.fanKw ?? 22, standingKw: 0.15 } : { workingKw: 45, standingKw: 2 },
      ]),
    ),
    ran: runs,
    said: one.said ?? ((id, ms) => (runs(id, ms) ? 'RUNNING' : 'STOPPED')),
  };
  const plant = plantRecords(story).map((item): Sent => {
    const value = item.value as Telemetry;
    if (item.topic !== 'telemetry' || value.equipmentId !== 'F1' || !one.readings) return item;
    const readings = one.readings(value.observedAtMs, fan(value.observedAtMs - 7000));
    return { ...item, value: { ...value, readings } };
  });
  const work = (one.work ?? []).map((changes, i) => {
    const value = aWorkRecord({ recordId: `W${i}`, ...changes });
    return sent('work-records', value.startMs, value);
  });
  const events = (one.events ?? []).map((changes, i) => {
    const value = aSiteEvent({ eventId: `V${i}`, ...changes });
    return sent('site-events', value.startMs + minuteMs, value);
  });
  return [...plant, ...work, ...events];
}

/** The last revision of every finding that was ever confirmed. */
function found(sign: DustCollector['sign'], one: Case): Finding[] {
  return confirmedBy(sign, recordsOf(one));
}

function confirmedBy(sign: DustCollector['sign'], records: readonly Sent[]): Finding[] {
  const outputs = runAndSettle(anEngine({ rules: [ruleOf(sign)] }), records);
  const confirmed = new Set(
    findingsIn(outputs).flatMap(({ findingId, state }) =>
      state === 'PROVISIONAL' || state === 'RETRACTED' ? [] : findingId,
    ),
  );
  return latestFindings(outputs).filter(({ findingId }) => confirmed.has(findingId));
}

const off: Span = [day(3, 2), day(3, 3)];
const offNow = (ms: number) => exhausts(ms) && !within(ms, off);
const saidRunning = (id: string, ms: number): RunState =>
  (id === 'F1' ? exhausts(ms) : works(ms)) ? 'RUNNING' : 'STOPPED';

describe('a collector that says itself that it is off', () => {
  test('while its line runs is found to the minute', () => {
    const [finding, ...others] = found('reported-off', { fan: offNow });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      subjectKind: 'EQUIPMENT',
      subjectId: 'F1',
      firstSlotMs: off[0],
      lastSlotEndMs: off[1],
      contradictoryMs: hourMs,
      reason: 'collector-off',
    });
    expect(finding!.firstSaidMs).toBeLessThan(off[0] + 8 * minuteMs);
    expect(finding!.summaryEn).toContain(
      'reported itself off from 01-08 10:00 for 1 h while its line (Belt sander 1) ran',
    );
    expect(finding!.summaryZh).toContain('上报停机 1 小时');
  });

  test('is found while the line hides that it runs: the meter of the line tells', () => {
    const night: Span = [day(3, 14), day(3, 16)];
    const [finding] = found('reported-off', {
      line: (ms) => works(ms) || within(ms, night),
      said: saidRunning,
    });
    expect(finding).toMatchObject({ state: 'CLOSED', firstSlotMs: night[0] + 5 * minuteMs, lastSlotEndMs: night[1] });
    expect(finding!.summaryEn).toContain('as its meter shows');
  });

  test.each<[string, Case]>([
    ['its line stands', { line: (ms) => works(ms) && !within(ms, [off[0] - hourMs / 4, off[1]]), fan: offNow }],
    ['it stands for some minutes only', { fan: (ms) => exhausts(ms) && !within(ms, [off[0], off[0] + 4 * minuteMs]) }],
    ['the line has just started', { fan: (ms) => inShift(ms, 1 + 5 / 60, 9.3) }],
    [
      'line and collector both hide a night',
      {
        line: (ms) => works(ms) || within(ms, [day(3, 14), day(3, 16)]),
        fan: (ms) => exhausts(ms) || within(ms, [day(3, 13.8), day(3, 16.2)]),
        said: saidRunning,
      },
    ],
    [
      'the machine is on a test run that was filed',
      { fan: offNow, work: [{ kind: 'TEST_RUN', startMs: off[0], endMs: off[1], equipmentId: 'M1' }] },
    ],
    ['the collector is silent', { said: (id, ms) => (id === 'F1' && ms >= day(3) ? undefined : saidRunning(id, ms)) }],
    [
      'the line is silent, and has no meter',
      {
        site: { meters: [] },
        fan: offNow,
        said: (id, ms) =>
          id === 'M1' && ms >= day(3) ? undefined : (id === 'F1' ? offNow(ms) : works(ms)) ? 'RUNNING' : 'STOPPED',
      },
    ],
  ])('is no finding when %s', (_, one) => {
    expect(found('reported-off', one)).toEqual([]);
  });

  test('is taken back, once, when its own meter shows that it runs', () => {
    const said = (id: string, ms: number) => (id === 'F1' && within(ms, off) ? 'STOPPED' : saidRunning(id, ms));
    expect(found('reported-off', { said })).toMatchObject([
      { state: 'RETRACTED', retractedBecause: 'collector-draws', firstSlotMs: off[0] },
    ]);
  });

  test('is no finding while pressure across its filter shows that it draws', () => {
    const said = (id: string, ms: number): RunState =>
      id === 'F1' && within(ms, off) ? 'STOPPED' : saidRunning(id, ms);
    const readings = (_: number, runs: boolean) => [{ indicator: 'differential_pressure_pa', value: runs ? 1000 : 4 }];
    expect(found('reported-off', { site: { meters: [] }, said, readings })).toEqual([]);
    expect(found('reported-off', { site: { meters: [] }, said })).toHaveLength(1);
  });

  test('is found by the signal of its fan, whatever its state says', () => {
    const readings = (_: number, runs: boolean) => [{ indicator: 'fan_running', value: runs ? 1 : 0 }];
    const [finding] = found('reported-off', { site: { meters: [] }, fan: offNow, said: saidRunning, readings });
    // A signal stands for the minute after it, too.
    expect(finding).toMatchObject({ firstSlotMs: off[0] + minuteMs, lastSlotEndMs: off[1] });
  });

  test('is no finding where another collector of the section may do its work, but is where it is registered whom it serves', () => {
    const other = { ...collector, equipmentId: 'F2', name: 'Collector 2' };
    const said = (id: string, ms: number): RunState =>
      (id === 'M1' ? works(ms) : id === 'F1' ? offNow(ms) : exhausts(ms)) ? 'RUNNING' : 'STOPPED';
    const one: Case = { site: { meters: [] }, said };
    expect(found('reported-off', { ...one, equipment: [sander, collector, other] })).toEqual([]);
    const serving = { ...collector, serves: ['M1'] };
    expect(found('reported-off', { ...one, equipment: [sander, serving, other] })).toHaveLength(1);
  });
});

describe('a collector that is reported running and does not draw', () => {
  test('is found by its own meter, with what a fan that turns would draw', () => {
    const [finding, ...others] = found('load-absent', { fan: offNow, said: saidRunning });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      meterId: 'PF',
      firstSlotMs: off[0],
      lastSlotEndMs: off[1],
      reason: 'collector-load-absent',
    });
    expect(finding!.seenMeanKw).toBeCloseTo(0.15, 1);
    expect(finding!.stoppedUpperKw).toBeCloseTo(1.1, 0);
    expect(finding!.falseAlarmBound).toBeCloseTo(0.1);
    expect(finding!.summaryEn).toMatch(
      /meter PF of the collector showed 0\.15 kW; a fan that turns draws over 1\.\d+ kW, usually 2\d(\.\d)? kW/,
    );
    expect(finding!.summaryZh).toContain('而除尘器并未上报停机');
  });

  test('is found though it never ran: a motor that turns draws something', () => {
    const findings = found('load-absent', { days: 2, fan: () => false, said: saidRunning });
    expect(findings.length).toBeGreaterThan(0);
    expect(findings[0]).toMatchObject({ reason: 'collector-load-absent', stoppedUpperKw: 0.3 });
  });

  test('is found by the pressure across its filter where it has no meter', () => {
    const readings = (_: number, runs: boolean) => [{ indicator: 'differential_pressure_pa', value: runs ? 1000 : 4 }];
    const [finding] = found('load-absent', { site: { meters: [] }, fan: offNow, said: saidRunning, readings });
    expect(finding).toMatchObject({
      firstSlotMs: off[0] + minuteMs,
      lastSlotEndMs: off[1],
      reason: 'collector-pressure-absent',
      meterId: '',
    });
    expect(finding!.summaryEn).toContain('the differential pressure of its filter was not above 50 Pa');
  });

  test('is found by the load that its fan reports, against what it learned', () => {
    const readings = (_: number, runs: boolean) => [{ indicator: 'fan_load_kw', value: runs ? 21 : 0.4 }];
    const unrated = [sander, { ...collector, ratedPowerKw: null }];
    const one: Case = { days: 5, site: { meters: [] }, equipment: unrated, said: saidRunning, readings };
    const late: Span = [day(4, 2), day(4, 3)];
    const [finding, ...others] = found('load-absent', { ...one, fan: (ms) => exhausts(ms) && !within(ms, late) });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ firstSlotMs: late[0], lastSlotEndMs: late[1], reason: 'collector-load-absent' });
    expect(finding!.summaryEn).toContain('its fan drew at most 0.4 kW, where one that turns draws over 1.05 kW');
  });

  test.each<[string, Case]>([
    ['it runs at low speed on a variable-speed drive', { fanKw: 6, days: 5 }],
    [
      'its line stands',
      {
        fan: offNow,
        said: (id, ms) => (id === 'M1' && within(ms, off) ? 'STOPPED' : saidRunning(id, ms)),
        line: (ms) => works(ms) && !within(ms, off),
      },
    ],
    ['it is reported off, which is another matter', { fan: offNow }],
    [
      'pressure shows flow: the meter is not of this fan',
      {
        fan: offNow,
        said: saidRunning,
        readings: () => [{ indicator: 'differential_pressure_pa', value: 900 }],
      },
    ],
  ])('is no finding when %s', (_, one) => {
    expect(found('load-absent', one)).toEqual([]);
  });

  test('is no finding for a fan that is slowed down to a tenth of its usual load', () => {
    const slow: Span = [day(3, 2), day(3, 4)];
    const records = recordsOf({}).map((item): Sent => {
      if (item.topic !== 'power' || item.value.meterId !== 'PF' || !within(item.value.intervalStartMs, slow))
        return item;
      return { ...item, value: { ...item.value, meanKw: 2.2 } };
    });
    expect(confirmedBy('load-absent', records)).toEqual([]);
  });
});

describe('the order of line and collector', () => {
  /** Starts of both on the last day, in minutes from one in the morning. */
  const starting = (fanMinute: number): Case => ({
    fan: (ms) =>
      exhausts(ms) && ms >= day(Math.floor((ms - startMs) / dayMs), 1) + (ms >= day(3) ? fanMinute : -6) * minuteMs,
  });
  const stopping = (minutesAfter: number): Case => ({
    fan: (ms) => exhausts(ms) && (ms < day(3) || ms < day(3, 9) + minutesAfter * minuteMs),
  });

  test.each([-2, 0, 4, 9])('is broken where the fan starts %d minutes after the line', (minutes) => {
    const [finding, ...others] = found('started-late', starting(minutes));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ state: 'CLOSED', firstSlotMs: day(3, 1), reason: 'collector-started-late' });
    expect(finding!.summaryEn).toContain('the fan must start 5 min before the line');
    expect(finding!.summaryZh).toContain('风机应先于生产设备 5 分钟启动');
  });

  test.each([-6, -4, 12])('is kept, or another matter, where the fan starts %d minutes after the line', (minutes) => {
    expect(found('started-late', starting(minutes))).toEqual([]);
  });

  test.each([0, 6, 12])('is broken where the fan stops %d minutes after the line', (minutes) => {
    const [finding, ...others] = found('stopped-early', stopping(minutes));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: day(3, 9) + minutes * minuteMs,
      lastSlotEndMs: day(3, 9.25),
      reason: 'collector-stopped-early',
    });
    expect(finding!.summaryZh).toContain('继续运行 15 分钟');
  });

  test.each([-20, 14, 16])('is kept, or another matter, where the fan stops %d minutes after the line', (minutes) => {
    expect(found('stopped-early', stopping(minutes))).toEqual([]);
  });

  test('is broken by nobody when the supply fails', () => {
    const cut: Span = [day(3, 8), day(3, 8.5)];
    const dead: Case = {
      line: (ms) => works(ms) && !within(ms, cut),
      fan: (ms) => exhausts(ms) && !within(ms, cut),
    };
    expect(found('stopped-early', dead)).toHaveLength(1);
    expect(
      found('stopped-early', { ...dead, events: [{ kind: 'POWER_CUT', startMs: cut[0], endMs: cut[1] }] }),
    ).toEqual([]);
    const silent: Case['said'] = (id, ms) => (within(ms, cut) ? undefined : saidRunning(id, ms));
    expect(found('stopped-early', { ...dead, said: silent })).toEqual([]);
  });

  test('is not told of reports that are too coarse for it', () => {
    const equipment = [sander, collector].map((e) => ({ ...e, reportIntervalMs: 10 * minuteMs }));
    expect(found('started-late', { ...starting(-2), equipment })).toEqual([]);
  });

  test('is not asked of a machine on a test run that was filed', () => {
    const work = [{ kind: 'TEST_RUN', startMs: day(3, 0.9), endMs: day(3, 2), equipmentId: 'M1' } as const];
    expect(found('started-late', { ...starting(2), work })).toEqual([]);
  });
});

describe('differential pressure', () => {
  /** Rises with a pulse every some minutes; `shiftPa` from the fifth day on. */
  const reading =
    (shiftPa: number): Readings =>
    (ms, runs) => [
      {
        indicator: 'differential_pressure_pa',
        value: runs ? 1000 + 60 * ((ms / minuteMs / 17) % 1) + (ms >= day(5, 2) ? shiftPa : 0) : 3,
      },
    ];
  const coarse = [sander, collector].map((e) => ({ ...e, reportIntervalMs: 5 * minuteMs }));
  const one = (shiftPa: number, changes: Case = {}): Case => ({
    days: 6,
    equipment: coarse,
    readings: reading(shiftPa),
    ...changes,
  });

  test.each([
    [400, 'above', '高于'],
    [-500, 'below', '低于'],
  ])('that moves by %d Pa from its reference is found', (shiftPa, en, zh) => {
    const [finding, ...others] = found('pressure-drift', one(shiftPa));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      firstSlotMs: day(5, 2),
      reason: 'pressure-left-reference',
      indicator: 'differential_pressure_pa',
    });
    expect(finding!.seen).toBeCloseTo(1030 + shiftPa, -1);
    expect(finding!.summaryEn).toContain(`running, ${en}`);
    expect(finding!.summaryEn).toContain('20 % of the allowed 1,600 Pa');
    expect(finding!.summaryZh).toContain(zh);
  });

  test.each<[string, Case]>([
    ['it moves by less', one(250)],
    [
      'the filter was changed',
      one(400, { work: [{ kind: 'MAINTENANCE', equipmentId: 'F1', startMs: day(4, 20), endMs: day(4, 22) }] }),
    ],
    ['no limit is registered', one(400, { equipment: coarse.map((e) => ({ ...e, limits: [] })) })],
    ['the collector stands', one(400, { fan: (ms) => exhausts(ms) && ms < day(5) })],
    ['eight hours of use were not learned', { ...one(400), days: 6, fan: (ms) => inShift(ms, 1, 3) && ms >= day(4) }],
  ])('is no finding when %s', (_, changes) => {
    expect(found('pressure-drift', changes)).toEqual([]);
  });
});

describe('the airlock valve', () => {
  const valve =
    (stands: Span): Readings =>
    (ms, runs) => [{ indicator: 'airlock_running', value: runs && !within(ms, stands) ? 1 : 0 }];

  test('that stands while the collector runs is found', () => {
    const [finding, ...others] = found('airlock-off', { readings: valve(off) });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      subjectId: 'F1',
      reason: 'airlock-off',
      indicator: 'airlock_running',
      seen: 0,
      bound: 1,
    });
    expect(Math.abs(finding!.contradictoryMs - hourMs)).toBeLessThanOrEqual(2 * minuteMs);
    expect(finding!.summaryZh).toContain('锁气卸灰装置');
  });

  test.each<[string, Case]>([
    [
      'stands with a fan that stands, whatever is said of it',
      {
        fan: offNow,
        said: saidRunning,
        readings: (ms, runs) => [
          ...valve([0, 0])(ms, runs),
          { indicator: 'differential_pressure_pa', value: runs ? 1000 : 4 },
        ],
      },
    ],
    ['stands with its collector', { readings: valve([0, 0]) }],
    ['stands for some minutes', { readings: valve([off[0], off[0] + 20 * minuteMs]) }],
    ['is not reported', {}],
    ['is one of a wet collector', { readings: valve(off), equipment: [sander, { ...collector, collector: 'WET' }] }],
  ])('is no finding when it %s', (_, one) => {
    expect(found('airlock-off', one)).toEqual([]);
  });
});
