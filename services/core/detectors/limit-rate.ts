/** How fast values change against the rate that is allowed, minute by minute. */
import type { RateSlots } from '../rate-slots.ts';
import type { Shown } from './limit.ts';
import type { LimitTerms } from './limit-terms.ts';

const minuteMs = 60_000;

/**
 * What the minute of `startMs` shows: all slots of a minute show the same. One that is not over at `knownMs` may yet turn
 * out too fast: after one that was, it is not calm.
 */
export function rateExcursion(
  rates: RateSlots,
  terms: LimitTerms,
  startMs: number,
  stepMs: number,
  knownMs: number,
): Shown {
  const bound = terms.ratePerMinute!;
  const seen = rates.perMinuteAt(startMs);
  if (Number.isNaN(seen)) return 'unheard';
  const fromMs = Math.floor(startMs / minuteMs) * minuteMs;
  if (!(seen > bound)) {
    const isOpen = fromMs + minuteMs > knownMs && rates.perMinuteAt(fromMs - minuteMs) > bound;
    return isOpen || seen > bound - terms.deadBand ? 'band' : 'calm';
  }
  let firstMs = fromMs;
  while (startMs - firstMs <= terms.onDelayMs && rates.perMinuteAt(firstMs - minuteMs) > bound) firstMs -= minuteMs;
  return { reason: 'changes-too-fast', seen, bound, fromMs, outsideMs: startMs - firstMs + stepMs };
}

/** End of the time from `fromMs` on, up to `toMs`, in which nothing changed too fast. */
export function ratesCalmUntilMs(rates: RateSlots, terms: LimitTerms, fromMs: number, toMs: number): number {
  return Math.max(fromMs, rates.calmUntilMs(fromMs, toMs, terms.ratePerMinute!));
}
