import { describe, expect, test } from '@jest/globals';
import type { Recording } from '../../core/recording.ts';
import { dayKind, dayMs, dayOfDate, festivalShare, hourMs, midnightMs, minuteMs, weekday } from './china-days.ts';
import type { Firm } from './firm.ts';
import { planFirm } from './firm-plan.ts';
import { trueLoads } from './metering.ts';
import { photovoltaicKw, sunHeightDeg } from './photovoltaic.ts';
import { highestPressurePa } from './readings.ts';
import type { FirmGroup, Scenario } from './scenario.ts';
import { spansIn } from './spans.ts';
import { liveThrough } from './truth.ts';
import { arcSecondsOfCycle } from './welding.ts';
import { firmRecording } from './world.ts';

const aScenario = (group: Partial<FirmGroup>, days = 14): { scenario: Scenario; group: FirmGroup } => {
  const whole: FirmGroup = {
    name: 'firm',
    count: 1,
    sector: 'wood',
    machines: [4, 4],
    meters: 'each',
    ...group,
  };
  return {
    scenario: {
      title: 't',
      title_zh: '题',
      start: '2026-03-02',
      days,
      honest_days: 2,
      firms: [whole],
    },
    group: whole,
  };
};
const aFirm = (part: Partial<FirmGroup>, seed = 1, days = 14): Firm => {
  const { scenario, group } = aScenario(part, days);
  return planFirm(scenario, group, 0, seed, days);
};
const record = (firm: Firm): Recording => firmRecording(firm, 't', 's');

describe('the calendar', () => {
  test('knows holidays and the rest days worked for them', () => {
    expect(dayKind(dayOfDate('2026-02-17'))).toBe('holiday');
    expect(dayKind(dayOfDate('2026-02-28'))).toBe('exchanged');
    expect(dayKind(dayOfDate('2026-03-01'))).toBe('weekend');
    expect(weekday(dayOfDate('2026-03-02'))).toBe(0);
  });

  test('work falls before the Spring Festival, stops in it and comes back over two weeks', () => {
    const share = (date: string) => festivalShare(dayOfDate(date));
    expect(share('2026-02-02')).toBe(1);
    expect(share('2026-02-12')).toBeLessThan(share('2026-02-08'));
    expect(share('2026-02-18')).toBe(0);
    expect(share('2026-02-25')).toBeGreaterThan(0);
    expect(share('2026-02-25')).toBeLessThan(0.5);
    expect(share('2026-03-12')).toBe(1);
  });
});

describe('a dust collector', () => {
  const firm = aFirm({ machines: [7, 7] });
  const truth = liveThrough(firm, firm.startMs, firm.endMs);

  test('runs at least five minutes before its line and fifteen after it', () => {
    for (const collector of firm.machines.filter(({ works }) => works === 'follows')) {
      const fan = spansIn(truth.states.get(collector.id)!, 'RUNNING');
      for (const id of collector.serves) {
        for (const run of spansIn(truth.states.get(id)!, 'RUNNING')) {
          expect(
            fan.some(({ fromMs, toMs }) => fromMs <= run.fromMs - 5 * minuteMs && toMs >= run.toMs + 15 * minuteMs),
          ).toBe(true);
        }
      }
    }
  });

  test('shows a pressure near that of its first hours, and next to none while it stands', () => {
    const collector = firm.machines.find(({ indicators }) => indicators === 'dry-collector')!;
    const runs = record(firm).telemetry.filter(({ equipmentId }) => equipmentId === collector.id);
    const pressures = (state: string) =>
      runs
        .filter((run) => run.state === state)
        .flatMap(({ readings }) =>
          readings.filter(({ indicator }) => indicator === 'differential_pressure_pa').map(({ value }) => value),
        );
    const working = pressures('RUNNING');
    const reference = working.slice(0, 240).reduce((a, b) => a + b, 0) / 240;
    const high = collector.limits.find(({ indicator }) => indicator === 'differential_pressure_pa')!.high!;
    for (const value of working.slice(240)) expect(Math.abs(value - reference)).toBeLessThan(0.2 * high);
    expect(Math.max(...pressures('STOPPED'))).toBeLessThan(30);
  });
});

describe('a filter that nobody shakes', () => {
  const pressures = (firm: Firm, id: string) =>
    record(firm)
      .telemetry.filter(({ equipmentId, state }) => equipmentId === id && state === 'RUNNING')
      .flatMap(({ fromMs, readings }) =>
        readings
          .filter(({ indicator }) => indicator === 'differential_pressure_pa')
          .map(({ value }) => ({ fromMs, value })),
      );

  test('is a case of its limit as well where its pressure was high before, from the first time above it on', () => {
    const firms = Array.from({ length: 12 }, (_, seed) => aFirm({ tricks: { clogged: 1 } }, seed, 7));
    const kinds = new Set<string>();
    for (const firm of firms) {
      const [label] = firm.deeds.labels;
      if (!label) continue;
      kinds.add(label.detector);
      const above = pressures(firm, label.subjectId).filter(({ value }) => value > highestPressurePa);
      const within = above.filter(({ fromMs }) => fromMs >= label.startMs && fromMs < label.endMs + 5 * minuteMs);
      // A sample may rustle over the limit before the filter itself is there, but not one after the other.
      const early = above.filter(({ fromMs }) => fromMs < label.startMs);
      expect(early.some(({ fromMs }, i) => i > 1 && fromMs - early[i - 2]!.fromMs < 5 * minuteMs)).toBe(false);
      expect(above.length - early.length - within.length).toBe(0);
      if (label.detector === 'dust-collector') expect(within.length).toBeLessThan(3);
      else expect(within.length).toBeGreaterThan(3);
    }
    expect([...kinds].sort()).toEqual(['dust-collector', 'dust-collector|limit']);
  });

  test('moves by more than a fifth of the allowed pressure, and may stay below the alarm limit', () => {
    const firm = aFirm({ tricks: { clogged: 1 } }, 4);
    const [label] = firm.deeds.labels;
    const { subjectId, startMs, endMs } = label!;
    const values = record(firm)
      .telemetry.filter(
        ({ equipmentId, state, fromMs }) =>
          equipmentId === subjectId && state === 'RUNNING' && fromMs >= startMs + 10 * minuteMs && fromMs < endMs,
      )
      .flatMap(({ readings }) =>
        readings.filter(({ indicator }) => indicator === 'differential_pressure_pa').map(({ value }) => value),
      );
    const seen = values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    expect(seen).toBeLessThan(1600);
    expect(seen).toBeGreaterThan(1150);
  });
});

describe('one curve for all sensors of a machine', () => {
  test('is unobservable where fewer than three of them show it in more than two values', () => {
    const notes = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const firm = aFirm({ sector: 'metal', shifts: 'two', tricks: { 'identical-trends': 1 } }, seed);
      const [label] = firm.deeds.labels;
      if (!label) continue;
      const shown = new Map<string, Set<number>>();
      for (const run of record(firm).telemetry) {
        if (run.equipmentId !== label.subjectId || run.state !== 'RUNNING') continue;
        if (run.fromMs < label.startMs || run.toMs > label.endMs) continue;
        for (const { indicator, value } of run.readings) {
          shown.set(indicator, (shown.get(indicator) ?? new Set()).add(value));
        }
      }
      const telling = [...shown.values()].filter((values) => values.size > 2).length;
      expect(label.note).toBe(telling < 3 ? 'identical-trends, unobservable' : 'identical-trends');
      notes.add(label.note);
    }
    expect(notes.size).toBe(2);
  });
});

describe('photovoltaics', () => {
  const place = { latitude: 28.85, longitude: 120.73 };

  test('never generate at night, and do at noon', () => {
    for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 37 * minuteMs) {
      const kw = photovoltaicKw(ms, 5, place);
      if (sunHeightDeg(ms, place.latitude, place.longitude) <= 0) expect(kw).toBe(0);
      expect(kw).toBeGreaterThanOrEqual(0);
      expect(kw).toBeLessThanOrEqual(1);
    }
    expect(photovoltaicKw(Date.UTC(2026, 5, 21, 4), 5, place)).toBeGreaterThan(0.05);
  });

  test('the sun stands highest at midsummer noon, where the latitude says', () => {
    // Beijing, 39.9 N: 73.5 degrees at the June solstice; solar noon is at 12:16 local time.
    expect(sunHeightDeg(Date.UTC(2026, 5, 21, 4, 16), 39.9, 116.4)).toBeCloseTo(73.5, 0);
    expect(sunHeightDeg(Date.UTC(2026, 11, 21, 4, 12), 39.9, 116.4)).toBeCloseTo(26.7, 0);
  });

  test('turn the total of a firm negative on a bright rest day, where the meter is registered to export', () => {
    const firm = aFirm({
      meters: 'one',
      neighbours: ['photovoltaic', 'lighting'],
    });
    const total = record(firm).sites[0]!.value.meters[0]!;
    const loads = trueLoads(firm, liveThrough(firm, firm.startMs, firm.endMs)).get(total.meterId)!;
    expect(total.exports).toBe(true);
    expect(Math.min(...loads.kw)).toBeLessThan(-5);
  });
});

describe('a welder', () => {
  test('burns 15 to 60 % of each cycle of ten minutes, never more than a minute a minute', () => {
    for (let cycle = 0; cycle < 500; cycle++) {
      const seconds = arcSecondsOfCycle(cycle, cycle, 0.15 + (cycle % 10) / 20);
      const total = seconds.reduce((a, b) => a + b, 0);
      expect(total).toBeGreaterThanOrEqual(0.15 * 600 - 1);
      expect(total).toBeLessThanOrEqual(0.6 * 600 + 1);
      expect(Math.max(...seconds)).toBeLessThanOrEqual(60);
    }
  });

  test('shows on a one-minute meter as minutes that touch idle and arc, at a poor power factor', () => {
    const firm = aFirm({ tricks: { 'hot-work-no-permit': 2 } }, 2);
    const welder = firm.welders[0]!;
    const meter = firm.meters.find(({ feeds }) => feeds.includes(welder.id))!;
    const [work] = firm.deeds.welding;
    const runs = record(firm).power.filter(({ meterId }) => meterId === meter.id);
    let mixed = 0;
    for (const run of runs) {
      run.meanKw.forEach((kw, i) => {
        const at = run.startMs + i * run.intervalMs;
        const inWork = firm.deeds.welding.some(({ fromMs, toMs }) => at >= fromMs && at < toMs);
        if (!inWork) expect(kw).toBe(0);
        const { minKw, maxKw, meanKvar } = run.extras;
        if (kw <= 1) return;
        if (minKw![i]! <= 0.05 && maxKw![i]! > 5) mixed++;
        const powerFactor = kw / Math.hypot(kw, meanKvar![i]!);
        expect(powerFactor).toBeGreaterThan(0.58);
        expect(powerFactor).toBeLessThan(0.97);
      });
    }
    expect(work).toBeDefined();
    expect(mixed).toBeGreaterThan(10);
  });
});

describe('what is sent', () => {
  test('bulk delivery brings a whole local day at six the next morning', () => {
    const { power, sites } = record(aFirm({ meters: 'one', utility: 'bulk' }));
    expect(sites[0]!.value.meters[0]!.deliveryDelayMs).toBe(30 * hourMs);
    for (const { arrival, startMs } of power) {
      const atMs = 'atMs' in arrival ? arrival.atMs : Number.NaN;
      expect(atMs - startMs).toBeGreaterThan(6 * hourMs);
      expect((atMs - midnightMs(0)) % dayMs).toBe(6 * hourMs);
    }
  });

  test('a gateway that was away sends what it kept, and a broken one does not', () => {
    const kept = aFirm({ habits: { 'gateway-drops': 6 } });
    const lost = aFirm({ habits: { 'gateway-fault': 3 } });
    for (const [firm, backFilled] of [
      [kept, true],
      [lost, false],
    ] as const) {
      expect(firm.deeds.silences.length).toBeGreaterThan(1);
      const { telemetry } = record(firm);
      for (const { fromMs, toMs, gatewayId } of firm.deeds.silences) {
        const within = telemetry.filter(
          (run) =>
            run.gatewayId === gatewayId && run.fromMs >= fromMs && run.toMs <= toMs + minuteMs && run.fromMs < toMs,
        );
        expect(within.length > 0).toBe(backFilled);
        for (const { arrival } of within) expect(arrival).toEqual({ atMs: toMs + 40_000 });
      }
    }
  });

  test('a skewed clock moves what is said and not when it comes', () => {
    const firm = aFirm({ habits: { 'clock-skew': 1 } }, 3);
    expect(Math.abs(firm.clockSkewMs)).toBeGreaterThan(10_000);
    expect(Math.abs(firm.clockSkewMs)).toBeLessThanOrEqual(180_000);
    for (const { arrival, fromMs } of record(firm).telemetry) {
      const truthMs = fromMs - firm.clockSkewMs;
      expect('delayMs' in arrival && fromMs + arrival.delayMs - truthMs).toBe(2000);
    }
  });

  test('a power cut leaves neither load nor reports', () => {
    const firm = aFirm({ habits: { 'power-cut': 3 } });
    const { power, telemetry } = record(firm);
    for (const cut of firm.deeds.cuts) {
      expect(telemetry.filter(({ fromMs }) => fromMs > cut.fromMs && fromMs < cut.toMs)).toEqual([]);
      for (const run of power.filter(({ intervalMs }) => intervalMs === minuteMs)) {
        run.meanKw.forEach((kw, i) => {
          const at = run.startMs + i * minuteMs;
          if (at >= cut.fromMs && at < cut.toMs) expect(kw).toBe(0);
        });
      }
    }
  });

  test('sub-meters add up to the total but for losses and what hangs on it directly', () => {
    const firm = aFirm({});
    const loads = trueLoads(firm, liveThrough(firm, firm.startMs, firm.startMs + 2 * dayMs));
    const total = loads.get('utility-total')!.kw;
    const parts = firm.meters.filter(({ parentId }) => parentId !== null).map(({ id }) => loads.get(id)!.kw);
    for (let i = 0; i < total.length; i += 61) {
      expect(total[i]).toBeCloseTo(1.01 * parts.reduce((sum, kw) => sum + kw[i]!, 0), 6);
    }
  });
});

describe('nameplates', () => {
  test('are wrong by 0.4 to 3 times, and some are missing', () => {
    const plates = Array.from({ length: 60 }, (_, seed) => aFirm({ machines: [8, 8] }, seed)).flatMap(
      ({ machines }) => machines,
    );
    const ratios = plates
      .filter(({ nameplateKw }) => nameplateKw !== null)
      .map(({ nameplateKw, traits }) => nameplateKw! / traits.motorKw);
    expect(Math.min(...ratios)).toBeGreaterThan(0.35);
    expect(Math.min(...ratios)).toBeLessThan(0.5);
    expect(Math.max(...ratios)).toBeGreaterThan(2.5);
    expect(Math.max(...ratios)).toBeLessThan(3.1);
    const missing = plates.filter(({ nameplateKw }) => nameplateKw === null).length / plates.length;
    expect(missing).toBeGreaterThan(0.08);
    expect(missing).toBeLessThan(0.25);
  });
});
