import { describe, expect, test } from '@jest/globals';

import { hourMs, minuteMs } from '../testing/builders.ts';
import {
  type CollectorCase,
  collector,
  day,
  exhausts,
  found,
  off,
  offNow,
  type Readings,
  type Span,
  saidRunning,
  sander,
} from '../testing/collector.ts';
import { inShift, within } from '../testing/plant.ts';

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
  const one = (shiftPa: number, changes: CollectorCase = {}): CollectorCase => ({
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

  test.each<[string, CollectorCase]>([
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

  test.each<[string, CollectorCase]>([
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
