import type { Limit, Reading } from '../../core/records.ts';
import type { Span, StateSpan } from '../reported-state.ts';
import { dayMs, hourMs, minuteMs, minuteOfDay, yearShare } from './china-days.ts';
import type { Firm, Machine } from './firm.ts';
import { hash01, jitter, seedOf, wander } from './noise.ts';
import { spanAt } from './spans.ts';

const { PI, cos, exp, max, min, round } = Math;

export type IndicatorSet = 'dry-collector' | 'wet-collector' | 'gas' | 'cooling' | 'casting';

/** One sensor: what it shows while its machine runs and while it stands, and what the site registers as its limits. */
interface Channel {
  readonly indicator: string;
  /** Smallest step that the sensor tells. */
  readonly step: number;
  readonly running: (at: Moment) => number;
  /** Undefined: sends nothing while its machine stands. */
  readonly standing: ((at: Moment) => number) | undefined;
  readonly limit: { readonly low: number | null; readonly high: number | null; readonly onDelayS: number } | null;
}

interface Moment {
  readonly ms: number;
  /** Time since the machine went into its present state. */
  readonly ageMs: number;
  readonly seed: number;
  /** Rise of the filter's resistance by a deed, as a share of its clean value. */
  readonly clog: number;
}

const minutes = ({ ms }: Moment) => ms / minuteMs;
const own = ({ seed }: Moment, place: number) => hash01(seed, place);

/** Air of the season and the hour, °C. */
function ambientC({ ms, seed }: Moment): number {
  const season = 16 - 13 * cos(2 * PI * (yearShare(ms) - 0.06));
  return season + 3.5 * cos((2 * PI * (minuteOfDay(ms) / 60 - 14.5)) / 24) + 2 * wander(seed, ms / dayMs / 2);
}

/** Warms towards a rise over the air with a time constant of half an hour. */
const warmed = (at: Moment, riseK: number) =>
  ambientC(at) + riseK * (1 - exp(-at.ageMs / (30 * minuteMs))) + 0.3 * jitter(at.seed, minutes(at));

/** Clean resistance of the filter, Pa: what its first eight hours show. */
export function cleanPressurePa(seed: number): number {
  return 880 + 260 * hash01(seed, 1);
}

export const highestPressurePa = 1600;

/** Sawtooth of the pulse jets, 0 just after a pulse to 1 before the next. */
const sincePulse = (at: Moment) => (minutes(at) / (18 + 12 * own(at, 2))) % 1;

const channels: Readonly<Record<IndicatorSet, readonly Channel[]>> = {
  'dry-collector': [
    {
      indicator: 'differential_pressure_pa',
      step: 5,
      running: (at) => {
        // Cake builds up over some weeks and is taken off at the filter's service.
        const weeks = (at.ms / dayMs / (24 + 10 * own(at, 3))) % 1;
        const resistance = 1 + 0.08 * weeks + 0.055 * sincePulse(at) + 0.012 * jitter(at.seed, minutes(at)) + at.clog;
        return cleanPressurePa(at.seed) * resistance * (1 - exp(-at.ageMs / 30_000));
      },
      standing: (at) => 4 + 3 * jitter(at.seed, minutes(at)),
      limit: { low: 300, high: highestPressurePa, onDelayS: 180 },
    },
    {
      indicator: 'pulse_jet_pressure_mpa',
      step: 0.005,
      running: (at) => 0.42 + 0.09 * sincePulse(at) + 0.004 * jitter(at.seed, minutes(at) + 1),
      standing: (at) => 0.5 + 0.004 * jitter(at.seed, minutes(at) + 1),
      limit: { low: 0.3, high: 0.65, onDelayS: 120 },
    },
    {
      indicator: 'inlet_temperature_c',
      step: 0.5,
      running: (at) => warmed(at, 9 + 4 * wander(at.seed + 4, minutes(at) / 35)),
      standing: (at) => ambientC(at) + 1.5,
      limit: { low: null, high: 70, onDelayS: 60 },
    },
    {
      indicator: 'duct_wind_speed_m_s',
      step: 0.1,
      running: (at) =>
        (22.4 + 0.8 * wander(at.seed + 5, minutes(at) / 13) + 0.25 * jitter(at.seed, minutes(at) + 2)) *
        (1 - exp(-at.ageMs / 25_000)),
      standing: () => 0,
      limit: { low: 18, high: null, onDelayS: 180 },
    },
    { indicator: 'airlock_running', step: 1, running: () => 1, standing: () => 0, limit: null },
  ],
  'wet-collector': [
    {
      indicator: 'water_level_m',
      step: 0.01,
      running: (at) => 0.6 + 0.035 * wander(at.seed + 1, minutes(at) / 22) + 0.006 * jitter(at.seed, minutes(at)),
      standing: (at) => 0.62 + 0.004 * jitter(at.seed, minutes(at)),
      limit: { low: 0.45, high: 0.8, onDelayS: 120 },
    },
    {
      indicator: 'water_flow_m3_s',
      step: 0.0001,
      running: (at) =>
        (0.0122 + 0.0004 * wander(at.seed + 2, minutes(at) / 15) + 0.0001 * jitter(at.seed, minutes(at))) *
        (1 - exp(-at.ageMs / 20_000)),
      standing: () => 0,
      limit: { low: 0.008, high: null, onDelayS: 120 },
    },
    {
      indicator: 'hydrogen_lel_percent',
      step: 0.1,
      running: (at) => 1.6 + 0.9 * wander(at.seed + 3, minutes(at) / 50) + 0.15 * jitter(at.seed, minutes(at)),
      standing: (at) => 1.1 + 0.6 * wander(at.seed + 3, minutes(at) / 50) + 0.1 * jitter(at.seed, minutes(at)),
      limit: { low: null, high: 10, onDelayS: 60 },
    },
    { indicator: 'fan_running', step: 1, running: () => 1, standing: () => 0, limit: null },
  ],
  gas: [
    {
      indicator: 'co_ppm',
      step: 0.5,
      // Puffs when a ladle is tapped.
      running: (at) =>
        5 +
        3 * wander(at.seed, minutes(at) / 40) +
        6 * max(0, wander(at.seed + 1, minutes(at) / 7) - 0.4) +
        0.6 * jitter(at.seed, minutes(at)),
      standing: (at) => 2 + 0.5 * jitter(at.seed, minutes(at)),
      limit: { low: null, high: 24, onDelayS: 60 },
    },
    {
      indicator: 'o2_percent',
      step: 0.05,
      running: (at) => 20.75 + 0.12 * wander(at.seed + 2, minutes(at) / 30) + 0.03 * jitter(at.seed, minutes(at) + 3),
      standing: (at) => 20.85 + 0.03 * jitter(at.seed, minutes(at) + 3),
      limit: { low: 19.5, high: 23, onDelayS: 60 },
    },
  ],
  cooling: [
    {
      indicator: 'cooling_water_outlet_temperature_c',
      step: 0.5,
      running: (at) =>
        28 +
        0.3 * ambientC(at) +
        7 * (1 - exp(-at.ageMs / (12 * minuteMs))) +
        1.6 * wander(at.seed, minutes(at) / 18) +
        0.3 * jitter(at.seed, minutes(at)),
      standing: (at) => 24 + 0.3 * ambientC(at) + 0.3 * jitter(at.seed, minutes(at)),
      limit: { low: null, high: 55, onDelayS: 60 },
    },
    {
      indicator: 'cooling_water_flow_difference_m3_h',
      step: 0.05,
      running: (at) => 0.5 + 0.2 * wander(at.seed + 1, minutes(at) / 12) + 0.06 * jitter(at.seed, minutes(at)),
      standing: (at) => 0.15 + 0.04 * jitter(at.seed, minutes(at)),
      limit: { low: null, high: 2, onDelayS: 30 },
    },
  ],
  casting: castingChannels(),
};

/** A machine that stands sends nothing of its mould: there is no metal in it. */
function castingChannels(): Channel[] {
  const tens = ({ ms }: Moment) => ms / 10_000;
  const steady = (
    indicator: string,
    step: number,
    mean: number,
    sway: number,
    noise: number,
    low: number | null,
    high: number | null,
  ): Channel => ({
    indicator,
    step,
    running: (at) =>
      mean +
      sway * wander(seedOf(at.seed, indicator), minutes(at) / 16) +
      noise * jitter(seedOf(at.seed, `noise ${indicator}`), tens(at)),
    standing: undefined,
    limit: { low, high, onDelayS: 10 },
  });
  const speedMmMin = 44;
  return [
    steady('inlet_water_pressure_mpa', 0.002, 0.25, 0.015, 0.003, 0.16, 0.4),
    steady('inlet_water_flow_m3_h', 0.5, 190, 6, 1.2, 155, null),
    steady('water_temperature_c', 0.1, 27, 1.5, 0.15, null, 36),
    steady('mould_metal_level_mm', 0.5, 64, 1.5, 0.6, 54, 76),
    steady('trough_metal_level_mm', 0.5, 145, 4, 1, 120, 168),
    {
      ...steady('casting_speed_mm_min', 0.2, speedMmMin, 0.8, 0.2, null, 58),
      running: (at) =>
        (speedMmMin + 0.8 * wander(at.seed + 9, minutes(at) / 16)) * min(1, 0.5 + at.ageMs / (10 * minuteMs)),
    },
    {
      indicator: 'casting_length_mm',
      step: 10,
      running: (at) => (speedMmMin * at.ageMs) / minuteMs,
      standing: undefined,
      limit: { low: null, high: 9000, onDelayS: 10 },
    },
    {
      indicator: 'well_water_level_m',
      step: 0.01,
      running: (at) => 1.35 + 0.06 * wander(at.seed + 11, minutes(at) / 25) + 0.005 * jitter(at.seed, minutes(at)),
      standing: (at) => 1.3 + 0.05 * wander(at.seed + 11, minutes(at) / 25),
      limit: { low: 0.9, high: 1.9, onDelayS: 30 },
    },
  ];
}

/** Limits as the site registers them for a set of sensors. */
export function registeredLimits(set: IndicatorSet): Limit[] {
  return channels[set].flatMap(({ indicator, limit, step }) =>
    limit === null
      ? []
      : [
          {
            indicator,
            low: limit.low,
            high: limit.high,
            onDelayMs: limit.onDelayS * 1000,
            deadBand: 2 * step,
            offDelayMs: limit.onDelayS * 1000,
            ratePerMinute: null,
          },
        ],
  );
}

/**
 * What a machine's sensors send at a moment, as its deeds would have it: `states` is what it truly does. Values are in
 * the sensors' own steps.
 */
export function readingsAt(firm: Firm, machine: Machine, states: readonly StateSpan[], ms: number): Reading[] {
  if (!machine.indicators) return [];
  const mine = ({ machineId, fromMs, toMs }: { machineId: string; fromMs: number; toMs: number }) =>
    machineId === machine.id && fromMs <= ms && ms < toMs;
  const deed = firm.deeds.readings.find(mine);
  const set = channels[machine.indicators];
  if (deed?.how === 'zero') return set.map(({ indicator }) => ({ indicator, value: 0 }));
  const at = deed?.how === 'frozen' ? deed.fromMs : deed?.how === 'replayed' ? ms - replayDays * dayMs : ms;
  const span = spanAt(states, at);
  const running = span?.state === 'RUNNING';
  const seed = seedOf(firm.seed, machine.id);
  const clogging = firm.deeds.collectors.find((item) => item.how === 'clogged' && mine(item));
  const moment: Moment = {
    ms: at,
    ageMs: span ? at - span.fromMs : hourMs,
    seed,
    clog: clogging ? clogAt(seed, at - clogging.fromMs) : 0,
  };
  const readings: Reading[] = [];
  for (const { indicator, step, running: while_, standing } of set) {
    let value = running ? while_(moment) : standing?.(moment);
    if (value === undefined) continue;
    if (deed?.how === 'identical' && running)
      value = inStep(while_({ ...moment, ms: deed.fromMs, ageMs: hourMs }), seed, ms);
    const push = firm.deeds.pushes.find((item) => item.indicator === indicator && mine(item));
    if (push) value = push.to + step * jitter(seed, ms / minuteMs);
    const steps = max(0, round(value / step));
    readings.push({ indicator, value: round(steps * step * 1e6) / 1e6 });
  }
  return readings;
}

/** A past day is shown again after a week, when the day of the week is the same. */
export const replayDays = 7;

/** One made-up wave for all channels. */
function inStep(level: number, seed: number, ms: number): number {
  return level * (1 + 0.06 * wander(seed + 77, ms / minuteMs / 20));
}

/**
 * Sensors of a machine in which one made-up wave over the span shows as a curve. One that goes to and fro between two of
 * its steps shows none.
 */
export function sensorsShowingWave(firm: Firm, machine: Machine, { fromMs, toMs }: Span): number {
  if (!machine.indicators) return 0;
  const seed = seedOf(firm.seed, machine.id);
  return channels[machine.indicators].filter(({ step, running }) => {
    const level = running({ ms: fromMs, ageMs: hourMs, seed, clog: 0 });
    const shown = new Set<number>();
    for (let ms = fromMs; ms < toMs; ms += machine.reportMs) shown.add(round(inStep(level, seed, ms) / step));
    return shown.size > 2;
  }).length;
}

/** A blinded filter: resistance rises within hours of use by more than a fifth of the highest allowed. */
function clogAt(seed: number, ageMs: number): number {
  return (0.29 * highestPressurePa * min(1, ageMs / (5 * hourMs))) / cleanPressurePa(seed);
}

/** When a clogging that began at `fromMs` has moved by a fifth of the allowed pressure for good. */
export function cloggedSinceMs(fromMs: number): number {
  return fromMs + (0.2 / 0.29) * 5 * hourMs;
}

/** First minute of the spans in which the blinded filter of a machine shows more than is allowed; undefined: never. */
export function cloggedAboveLimitMs(firm: Firm, machine: Machine, fromMs: number, runs: readonly Span[]) {
  const seed = seedOf(firm.seed, machine.id);
  const { running } = channels['dry-collector'][0]!;
  for (const run of runs) {
    for (let ms = max(fromMs, run.fromMs); ms < run.toMs; ms += minuteMs) {
      const clog = clogAt(seed, ms - fromMs);
      if (running({ ms, ageMs: ms - run.fromMs, seed, clog }) > highestPressurePa) return ms;
    }
  }
  return undefined;
}
