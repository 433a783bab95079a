import { describe, expect, test } from '@jest/globals';
import type { Recording } from './recording.ts';
import type { RunState, SiteRegistration } from './records.ts';
import { baselines } from './scoring-baselines.ts';
import { indexRecording } from './scoring-index.ts';
import { aFirm, aLoad, aMachine, aMeter, aRecording, aReport, hour, slot } from './testing/scoring.ts';

const day = 24 * hour;

const firmOf = (site: SiteRegistration, parts: Partial<Recording>) =>
  indexRecording(aRecording([site], parts)).get('e')!;

describe('half the nameplate', () => {
  const found = (ratedKw: (number | null)[], meanKw: number[], states: RunState[]) => {
    const equipment = ratedKw.map((ratedPowerKw, i) => aMachine(`m${i + 1}`, { ratedPowerKw }));
    const ids = equipment.map((machine) => machine.equipmentId);
    const site = aFirm({ equipment, meters: [aMeter('p', ids, { role: 'ENTERPRISE_TOTAL' })] });
    const telemetry = ids.map((id, i) => aReport(id, 0, meanKw.length * slot, { state: states[i]! }));
    return baselines['half nameplate'].judge(firmOf(site, { telemetry, power: [aLoad('p', meanKw)] }));
  };

  test('joins consecutive slots above it and says so when the first reading came', () => {
    const findings = found([100], [10, 60, 70, 10, Number.NaN, 80], ['STOPPED']);
    expect(findings.map((f) => [f.firstSlotMs / slot, f.lastSlotEndMs / slot])).toEqual([
      [1, 3],
      [5, 6],
    ]);
    expect(findings[0]?.saidMs).toBe(2 * slot + 60_000);
  });

  test('says nothing where there is no nameplate', () => {
    expect(found([null], [500, 500], ['STOPPED'])).toEqual([]);
  });

  test('takes what is reported running on the same meter for explained up to its nameplate', () => {
    const findings = found([100, 200], [200, 260], ['STOPPED', 'RUNNING']);
    expect(findings.map((f) => f.firstSlotMs / slot)).toEqual([1]);
  });
});

/** One machine on the firm's meter in Shanghai, from a local midnight on; `kw` by day and local hour. */
const shanghai = (days: number, kw: (day: number, hour: number) => number, state: (day: number) => RunState) => {
  const midnightMs = Date.UTC(2026, 2, 1, 16);
  const site = aFirm({
    timeZone: 'Asia/Shanghai',
    equipment: [aMachine('m1')],
    meters: [aMeter('p', [], { role: 'ENTERPRISE_TOTAL' })],
  });
  const numbers = Array.from({ length: days }, (_, i) => i);
  return {
    midnightMs,
    firm: firmOf(site, {
      power: numbers.map((d) =>
        aLoad(
          'p',
          Array.from({ length: 96 }, (_, i) => kw(d, i / 4)),
          { startMs: midnightMs + d * day },
        ),
      ),
      telemetry: numbers.map((d) =>
        aReport('m1', midnightMs + d * day, midnightMs + (d + 1) * day, { state: state(d) }),
      ),
    }),
  };
};

describe('night over day', () => {
  test('accuses the night from 23:00 to 07:00 that draws over 1.5 times the day before it', () => {
    const isNight = (h: number) => h >= 23 || h < 7;
    // The day draws 16 h x 10 kW; from the night after day 2 on, 8 h x 31 kW is above 240 kWh, 29 kW before is not.
    const { firm, midnightMs } = shanghai(
      5,
      (d, h) => (isNight(h) ? (d > 2 || (d === 2 && h >= 23) ? 31 : 29) : 10),
      () => 'RUNNING',
    );
    const findings = baselines['night over day'].judge(firm);
    expect(findings.map((f) => [(f.firstSlotMs - midnightMs) / hour, (f.lastSlotEndMs - midnightMs) / hour])).toEqual([
      [2 * 24 + 23, 3 * 24 + 7],
      [3 * 24 + 23, 4 * 24 + 7],
    ]);
    expect(findings[0]).toMatchObject({ subjectKind: 'ENTERPRISE', equipmentIds: ['m1'] });
    expect(findings[0]?.saidMs).toBe(midnightMs + (3 * 24 + 7) * hour + 60_000);
  });

  test('compares nothing with a night of which an hour is missing', () => {
    const gap = (d: number, h: number) => (d === 1 && h < 3 ? Number.NaN : h >= 23 || h < 7 ? 50 : 10);
    expect(baselines['night over day'].judge(shanghai(2, gap, () => 'RUNNING').firm)).toEqual([]);
  });
});

describe('the month before', () => {
  test('accuses days that were reported stopped throughout and drew over 30 % of the days before', () => {
    const kw = (d: number) => (d < 10 ? 100 : d < 12 ? 35 : 20);
    const { firm, midnightMs } = shanghai(14, kw, (d) => (d < 10 ? 'RUNNING' : 'STOPPED'));
    const findings = baselines['month before'].judge(firm);
    expect(findings.map((f) => [(f.firstSlotMs - midnightMs) / day, (f.lastSlotEndMs - midnightMs) / day])).toEqual([
      [10, 12],
    ]);
  });

  test('has nothing to compare with in the first week, and says nothing of days reported running', () => {
    expect(
      baselines['month before'].judge(
        shanghai(
          7,
          () => 50,
          () => 'STOPPED',
        ).firm,
      ),
    ).toEqual([]);
    expect(
      baselines['month before'].judge(
        shanghai(
          20,
          () => 50,
          () => 'RUNNING',
        ).firm,
      ),
    ).toEqual([]);
  });
});
