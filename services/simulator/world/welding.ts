import { createRandom } from '../random.ts';
import { minuteMs } from './china-days.ts';
import type { Welding } from './deeds.ts';
import type { Welder } from './firm.ts';
import type { TrueLoad } from './metering.ts';

const { floor, max, min, round } = Math;

/** The rating cycle of welding machines (IEC 60974-1). */
export const cycleMinutes = 10;
/** A source that waits: fan and electronics, kW. */
const idleKw = 0.04;

/** Seconds of arc in each minute of one cycle: electrodes burn for one to two minutes, then are changed. */
export function arcSecondsOfCycle(seed: number, cycle: number, duty: number): number[] {
  const random = createRandom(seed, `cycle ${cycle}`);
  const share = max(0.15, min(0.6, duty * random.between(0.8, 1.2)));
  const total = round(share * cycleMinutes * 60);
  const bursts: number[] = [];
  for (let left = total; left > 0; ) {
    const burst = min(left, round(random.between(60, 120)));
    bursts.push(burst);
    left -= burst;
  }
  const rest = cycleMinutes * 60 - total;
  const seconds = new Array<number>(cycleMinutes).fill(0);
  let at = random.between(0, 0.6) * (rest / (bursts.length + 1));
  for (const burst of bursts) {
    for (let s = 0; s < burst; s++) {
      const minute = min(cycleMinutes - 1, floor((at + s) / 60));
      seconds[minute]! += 1;
    }
    at += burst + rest / (bursts.length + 1);
  }
  return seconds;
}

/** Adds a welder's work to its meter: the mean, its extremes within the minute, and a poor power factor. */
export function addWelding(
  load: TrueLoad,
  seed: number,
  welder: Welder,
  works: readonly Welding[],
  startMs: number,
): void {
  const first = floor(startMs / minuteMs);
  for (const work of works) {
    if (work.welderId !== welder.id) continue;
    const from = floor(work.fromMs / minuteMs);
    const to = min(floor(work.toMs / minuteMs), first + load.kw.length);
    let seconds: number[] = [];
    let cycle = -1;
    for (let minute = max(from, first); minute < to; minute++) {
      const now = floor((minute - from) / cycleMinutes);
      if (now !== cycle) {
        cycle = now;
        seconds = arcSecondsOfCycle(seed, from + now, work.duty);
      }
      const share = min(60, seconds[(minute - from) % cycleMinutes]!) / 60;
      const random = createRandom(seed, `arc ${minute}`);
      const arcKw = welder.arcKw * random.between(0.9, 1.1);
      const i = minute - first;
      const kw = share * arcKw + (1 - share) * idleKw;
      load.kw[i]! += kw;
      load.peakKw[i]! += share > 0 ? arcKw * 1.08 : idleKw;
      load.floorKw[i]! += share < 1 ? idleKw : arcKw * 0.85;
      // Power factor 0.6 to 0.95.
      load.kvar[i]! += kw * random.between(0.33, 1.33);
    }
  }
}
