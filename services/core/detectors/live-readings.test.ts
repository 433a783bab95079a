import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Finding } from '../records.ts';
import {
  anEngine,
  aRandom,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  startMs,
} from '../testing/builders.ts';
import { aFakeOfflineRule } from '../testing/fake-offline.ts';
import { within } from '../testing/plant.ts';
import { aSensedSite, liveValue, sensedPlant, sensors, swayAt } from '../testing/sensors.ts';

const days = 9;
const shiftMs = startMs + 8 * dayMs + 7 * hourMs;
const lie = [shiftMs + 2 * hourMs, shiftMs + 7 * hourMs] as const;
const signs = ['frozen', 'zero', 'replayed', 'identical'] as const;

function run(records: readonly Sent[], signsOf: readonly (typeof signs)[number][] = signs): Output[] {
  return runAndSettle(anEngine({ rules: signsOf.map((sign) => aFakeOfflineRule(sign)) }), records);
}

const found = (outputs: readonly Output[]): Finding[] =>
  latestFindings(outputs).filter(({ state }) => state === 'CLOSED');
const inLie = (ms: number) => within(ms, lie);

const honest = sensedPlant(days, liveValue);

test('sensors of an honest machine that wander, rustle and rest give no finding of any sign', () => {
  expect(findingsIn(run(honest)).filter(({ state }) => state !== 'PROVISIONAL' && state !== 'RETRACTED')).toEqual([]);
});

describe('readings that stand still while their machine works', () => {
  const outputs = run(
    sensedPlant(days, (id, name, ms) => liveValue(id, name, inLie(ms) ? lie[0] : ms)),
    ['frozen'],
  );

  test('are found', () => {
    expect(found(outputs)).toMatchObject([{ subjectKind: 'EQUIPMENT', subjectId: 'M1', reason: 'readings-frozen' }]);
    const [{ firstSlotMs, lastSlotEndMs }] = found(outputs) as [Finding];
    expect(Math.abs(firstSlotMs - lie[0])).toBeLessThanOrEqual(15 * minuteMs);
    expect(Math.abs(lastSlotEndMs - lie[1])).toBeLessThanOrEqual(15 * minuteMs);
  });

  test('are told by name, with the load beside them', () => {
    const { summaryEn, summaryZh } = found(outputs)[0]!;
    expect(summaryEn).toMatch(
      /^All 4 live readings of M1 \(.*inlet temperature.*\) stood exactly still for .*, while meter P-M1 showed/,
    );
    expect(summaryZh).toMatch(/^设备“M1”的 4 项实时读数（.*进风口温度.*）自 .*完全不变/);
  });

  test('are no finding where one of them goes on moving: that is a sensor that is stuck', () => {
    const stuck = sensedPlant(days, (id, name, ms) =>
      liveValue(id, name, inLie(ms) && name !== 'inlet_temperature_c' ? lie[0] : ms),
    );
    expect(found(run(stuck, ['frozen']))).toEqual([]);
  });

  test('are no finding where they never moved', () => {
    expect(
      findingsIn(
        run(
          sensedPlant(days, (_, name) => sensors[name].mean),
          ['frozen'],
        ),
      ),
    ).toEqual([]);
  });

  test('are no finding while the machine stands', () => {
    const resting = [shiftMs + 13 * hourMs, shiftMs + 23 * hourMs] as const;
    const still = sensedPlant(days, (id, name, ms) => liveValue(id, name, within(ms, resting) ? resting[0] : ms));
    expect(found(run(still, ['frozen']))).toEqual([]);
  });
});

describe('readings that are all zero while their machine works', () => {
  const zeros = (isLive: (name: string) => boolean = () => false) =>
    sensedPlant(days, (id, name, ms) => (inLie(ms) && !isLive(name) ? 0 : liveValue(id, name, ms)));

  test('are found, whatever state is reported with them', () => {
    const stopped = zeros().map((item): Sent => {
      if (item.topic !== 'telemetry' || !inLie(item.value.observedAtMs)) return item;
      return { ...item, value: { ...item.value, state: 'STOPPED' } };
    });
    for (const records of [zeros(), stopped]) {
      expect(found(run(records, ['zero']))).toMatchObject([
        { subjectId: 'M1', reason: 'readings-zero', meterId: 'P-M1' },
      ]);
    }
    expect(found(run(zeros(), ['zero']))[0]!.summaryEn).toMatch(
      /showed zero for 5 h from .*, while meter P-M1 showed 29\.\d kW/,
    );
  });

  test('are no finding where one of them is not', () => {
    expect(
      found(
        run(
          zeros((name) => name === 'duct_wind_speed_m_s'),
          ['zero'],
        ),
      ),
    ).toEqual([]);
  });
});

describe('a day that is played again', () => {
  const replay = (lagDays: number) =>
    sensedPlant(days, (id, name, ms) => liveValue(id, name, inLie(ms) ? ms - lagDays * dayMs : ms));

  test.each([1, 7])('is found where it is the one of %d days before', (lagDays) => {
    const outputs = run(replay(lagDays), ['replayed']);
    expect(found(outputs)).toMatchObject([{ subjectId: 'M1', reason: 'readings-replayed' }]);
    const [{ firstSlotMs, summaryEn, summaryZh }] = found(outputs) as [Finding];
    expect(Math.abs(firstSlotMs - lie[0])).toBeLessThanOrEqual(15 * minuteMs);
    expect(summaryEn).toContain(`repeated those of ${24 * lagDays} h before, slot by slot`);
    expect(summaryZh).toContain(`与 ${24 * lagDays} 小时前`);
  });

  test('is not seen where sensors are so coarse that days are alike by themselves', () => {
    const coarse = (id: string, name: string, ms: number) => Math.round(2 * swayAt(id.charCodeAt(1) + name.length, ms));
    expect(found(run(sensedPlant(days, coarse), ['replayed']))).toEqual([]);
  });
});

describe('unrelated readings that move as one', () => {
  const made = (id: string, name: keyof typeof sensors, ms: number, seed: number): number => {
    const { mean, step } = sensors[name];
    if (!inLie(ms) || liveValue(id, name, ms) === 0) return liveValue(id, name, ms);
    return Math.round((mean * (1 + 0.08 * swayAt(seed, ms))) / step) * step;
  };

  test('are found on one machine', () => {
    const outputs = run(
      sensedPlant(days, (id, name, ms) => made(id, name, ms, 99)),
      ['identical'],
    );
    expect(found(outputs)).toMatchObject([{ subjectKind: 'EQUIPMENT', subjectId: 'M1', reason: 'readings-identical' }]);
    expect(found(outputs)[0]!.summaryEn).toMatch(
      /^3 unrelated readings of M1 \(.*\) moved as one from .* \(correlation of their changes (0\.9\d\d|1\.000)\)/,
    );
  });

  test.each([42, 43, 44, 45])('are found before two hours and a quarter of them are over (seed %d)', (seed) => {
    const short = [shiftMs + 2 * hourMs + 7 * minuteMs, shiftMs + 4 * hourMs + 21 * minuteMs] as const;
    const shown = (id: string, name: keyof typeof sensors, ms: number): number => {
      const { mean, step } = sensors[name];
      return within(ms, short)
        ? Math.round((mean * (1 + 0.06 * swayAt(seed, ms))) / step) * step
        : liveValue(id, name, ms);
    };
    const [finding] = found(run(sensedPlant(days, shown), ['identical']));
    expect(finding).toMatchObject({ subjectId: 'M1', reason: 'readings-identical' });
    expect(finding!.firstSaidMs).toBeLessThan(short[1]);
  });

  test('are found across machines, where no machine shows it alone', () => {
    const names = { M1: 'differential_pressure_pa', M2: 'duct_wind_speed_m_s', M3: 'inlet_temperature_c' } as Record<
      string,
      string
    >;
    const shown = (id: string, name: keyof typeof sensors, ms: number) =>
      name === names[id] ? made(id, name, ms, 99) : liveValue(id, name, ms);
    const outputs = run(sensedPlant(days, shown, aSensedSite(['M1', 'M2', 'M3'])), ['identical']);
    expect(found(outputs)).toMatchObject([{ subjectKind: 'ENTERPRISE', subjectId: 'E1' }]);
  });

  test('are no finding where one cause moves two of them', () => {
    // More dust raises the resistance of the filter and slows the air.
    const linked = sensedPlant(days, (id, name, ms) => {
      if (name !== 'duct_wind_speed_m_s' || liveValue(id, name, ms) === 0) return liveValue(id, name, ms);
      const pressure = liveValue(id, 'differential_pressure_pa', ms);
      return Math.round((22 - (pressure - 1000) / 60 + 0.05 * aRandom(ms / minuteMs)()) * 10) / 10;
    });
    expect(found(run(linked, ['identical']))).toEqual([]);
  });
});
