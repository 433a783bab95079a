import { createRandom } from '../random.ts';
import type { Span } from '../reported-state.ts';
import { midnightMs, minuteMs } from './china-days.ts';
import { seedOf } from './noise.ts';

/** Casts that begin on a local day: each of two to three hours, with the mould made ready in between. */
export function castsOfDay(seed: number, machineId: string, day: number): Span[] {
  const random = createRandom(seedOf(seed, machineId), `casts ${day}`);
  const casts: Span[] = [];
  let minute = Math.floor(random.between(60, 240));
  while (minute < 21 * 60) {
    const length = Math.floor(random.between(120, 180));
    const fromMs = midnightMs(day) + minute * minuteMs;
    casts.push({ fromMs, toMs: fromMs + length * minuteMs });
    minute += length + Math.floor(random.between(90, 260));
  }
  return casts;
}
