import { dayKind, dayMs, festivalShare, localDay, minuteMs, minuteOfDay, weekday, yearShare } from './china-days.ts';
import { hash01, jitter, seedOf, wander } from './noise.ts';
import { photovoltaicKw } from './photovoltaic.ts';

const { PI, abs, cos, exp, max, min } = Math;

export type BackgroundKind =
  | 'dormitory'
  | 'hvac'
  | 'holding-furnace'
  | 'compressor'
  | 'lighting'
  | 'tenant'
  | 'photovoltaic';

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Adds the mean kW of each minute from `startMs` on; `scaleKw` is about its highest usual load. */
export function addBackgroundLoad(
  load: Float64Array,
  kind: BackgroundKind,
  seed: number,
  scaleKw: number,
  place: Place,
  startMs: number,
): void {
  const kwAt = sources[kind];
  for (let i = 0; i < load.length; i++) load[i]! += scaleKw * kwAt(startMs + i * minuteMs, seed, place);
}

type Source = (ms: number, seed: number, place: Place) => number;

const sources: Readonly<Record<BackgroundKind, Source>> = {
  dormitory: (ms, seed) => {
    const hour = minuteOfDay(ms) / 60;
    const day = localDay(ms);
    const present = max(0.12, festivalShare(day));
    const atHome = dayKind(day) === 'weekday' ? 0 : 0.12;
    const people =
      0.1 + atHome + 0.22 * around(hour, 6.8, 0.8) + 0.1 * around(hour, 12.2, 0.7) + 0.45 * around(hour, 20.5, 2);
    const comfort = (0.28 * cold(ms) + 0.38 * heat(ms)) * (0.5 + 0.5 * around(hour, 22, 4));
    return present * (people + comfort) * (1 + 0.15 * wander(seed, ms / minuteMs / 40));
  },
  hvac: (ms, seed) => {
    const hour = minuteOfDay(ms) / 60;
    const open = dayKind(localDay(ms)) === 'weekday' && hour > 7.5 && hour < 19 ? 1 : 0.15;
    const demand = 0.05 + 0.6 * heat(ms) * (0.6 + 0.4 * around(hour, 14.5, 4)) + 0.45 * cold(ms);
    // A compressor that cycles: its share of the time is the demand, its load is not.
    const cycle = (ms / minuteMs / (14 + 4 * hash01(seed, localDay(ms)))) % 1;
    return 0.04 + open * (cycle < min(1, demand * 1.4) ? 0.75 + 0.1 * jitter(seed, ms / minuteMs) : 0.02);
  },
  'holding-furnace': (ms, seed) => {
    // Metal is kept hot by a thermostat night and day; a lid that opens lengthens the heating.
    const lid = wander(seed, ms / minuteMs / 95) > 0.55 ? 0.25 : 0;
    const period = 22 + 9 * hash01(seed, 7);
    const cycle = (ms / minuteMs / period + 0.35 * wander(seedOf(seed, 'phase'), ms / minuteMs / 240)) % 1;
    return 0.32 + ((cycle + 1) % 1 < 0.52 + lid ? 0.62 : 0) + 0.01 * jitter(seed, ms / minuteMs);
  },
  compressor: (ms, seed) => {
    // Loads and unloads with the leaks of the air net, and more while people work.
    const hour = minuteOfDay(ms) / 60;
    const busy = hour > 7 && hour < 22 && weekday(localDay(ms)) < 6 ? 0.55 : 0.16;
    const cycle = (ms / minuteMs / (6 + 2 * hash01(seed, 3))) % 1;
    return cycle < busy * (1 + 0.3 * wander(seed, ms / minuteMs / 25)) ? 0.95 : 0.3;
  },
  lighting: (ms, seed) => {
    const hour = minuteOfDay(ms) / 60;
    const dark = hour < 6.3 || hour > 18.2;
    return (dark ? 0.75 : 0.3) + 0.05 * wander(seed, ms / minuteMs / 60);
  },
  tenant: (ms, seed) => {
    // A workshop of other people on the same compound, with hours of its own.
    const day = localDay(ms);
    const opens = 8.2 + 1.2 * hash01(seed, day);
    const hour = minuteOfDay(ms) / 60;
    const works =
      weekday(day) < 6 && dayKind(day) !== 'holiday' && hash01(seed, day + 7919) < 0.85 * festivalShare(day);
    if (!works || hour < opens || hour > opens + 9) return 0.06 + 0.01 * jitter(seed, ms / minuteMs);
    return 0.5 + 0.3 * wander(seed, ms / minuteMs / 11) + 0.06 * jitter(seed, ms / minuteMs);
  },
  photovoltaic: (ms, seed, place) => -photovoltaicKw(ms, seed, place),
};

/** A smooth rise and fall around an hour of the day, across midnight as well. */
function around(hour: number, centre: number, width: number): number {
  const off = abs(hour - centre);
  return exp(-0.5 * (min(off, 24 - off) / width) ** 2);
}

/** Coldest in mid January, hottest at the end of July; the weather moves a week with it. */
function cold(ms: number): number {
  return max(0, cos(2 * PI * (yearShare(ms) - 0.04)) + 0.25 * wander(11, ms / dayMs / 3));
}

function heat(ms: number): number {
  return max(0, cos(2 * PI * (yearShare(ms) - 0.56)) + 0.25 * wander(12, ms / dayMs / 3)) ** 1.5;
}
