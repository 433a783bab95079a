import { describe, expect, test } from '@jest/globals';
import type { RunState } from '../records.ts';
import { hourMs, minuteMs, type Sent } from '../testing/builders.ts';
import {
  type CollectorCase,
  collector,
  collectorRecords,
  confirmedBy,
  day,
  exhausts,
  found,
  off,
  offNow,
  type Span,
  saidRunning,
  sander,
  works,
} from '../testing/collector.ts';
import { inShift, within } from '../testing/plant.ts';

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

  test.each<[string, CollectorCase]>([
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
    const one: CollectorCase = { site: { meters: [] }, said };
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
    const one: CollectorCase = { days: 5, site: { meters: [] }, equipment: unrated, said: saidRunning, readings };
    const late: Span = [day(4, 2), day(4, 3)];
    const [finding, ...others] = found('load-absent', { ...one, fan: (ms) => exhausts(ms) && !within(ms, late) });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ firstSlotMs: late[0], lastSlotEndMs: late[1], reason: 'collector-load-absent' });
    expect(finding!.summaryEn).toContain('its fan drew at most 0.4 kW, where one that turns draws over 1.05 kW');
  });

  test.each<[string, CollectorCase]>([
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
    const records = collectorRecords({}).map((item): Sent => {
      if (item.topic !== 'power' || item.value.meterId !== 'PF' || !within(item.value.intervalStartMs, slow))
        return item;
      return { ...item, value: { ...item.value, meanKw: 2.2 } };
    });
    expect(confirmedBy('load-absent', records)).toEqual([]);
  });
});
