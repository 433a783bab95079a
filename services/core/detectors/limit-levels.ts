/** Values against an upper and a lower limit, from the levels between which they lay. */
import type { LevelTimeline } from '../level-timeline.ts';
import type { Excursion, Shown } from './limit.ts';
import type { LimitTerms } from './limit-terms.ts';

interface Levels {
  readonly low: number;
  readonly high: number;
}

/** A side on which a value can be outside, and the lowest levels beyond the limit and beyond where it is back inside. */
interface Side {
  readonly isUpper: boolean;
  readonly limit: number;
  readonly back: number;
}

const isAllOutside = ({ isUpper, limit }: Side, { low, high }: Levels) => (isUpper ? low >= limit : high < limit);
const isAnyOutside = ({ isUpper, limit }: Side, { low, high }: Levels) => (isUpper ? high >= limit : low < limit);
/** Any sample is outside, or not yet back by the dead-band. */
const isAnyNotBack = ({ isUpper, back }: Side, { low, high }: Levels) => (isUpper ? high >= back : low < back);

/** How far back over silence an excursion is followed, ms: it is held for that long in any case. */
const longestLookMs = 3_000_000;

/**
 * What the bucket that begins at `startMs` shows. Samples are known in it: the caller has looked. Of a longer time outside
 * than `neededMs` no more is told than that it is as long.
 */
export function levelExcursion(timeline: LevelTimeline, terms: LimitTerms, startMs: number, neededMs: number): Shown {
  const levels = timeline.levelsAt(startMs)!;
  let shown: Shown = 'calm';
  for (const which of ['high', 'low'] as const) {
    const bound = terms[which];
    if (bound === undefined) continue;
    const side = sideOf(timeline, which, bound, terms.deadBand);
    if (!side) return 'changed';
    if (isAllOutside(side, levels) || (isAnyOutside(side, levels) && isFirst(timeline, side, startMs))) {
      return {
        reason: which === 'high' ? 'above-limit' : 'below-limit',
        seen: seenAt(timeline, which, bound, startMs),
        bound,
        outsideMs: outsideMs(timeline, side, startMs, neededMs),
      } satisfies Excursion;
    }
    if (isAnyOutside(side, levels)) shown = 'crossing';
    else if (isAnyNotBack(side, levels) && shown === 'calm') shown = 'band';
  }
  return shown;
}

/** End of the buckets from `fromMs` on, up to `toMs`, in which no value was outside. */
export function levelsCalmUntilMs(timeline: LevelTimeline, terms: LimitTerms, fromMs: number, toMs: number): number {
  const { high, low, deadBand } = terms;
  const upper = high === undefined ? undefined : sideOf(timeline, 'high', high, deadBand);
  const lower = low === undefined ? undefined : sideOf(timeline, 'low', low, deadBand);
  let ms = fromMs;
  while (ms < toMs) {
    const levels = timeline.levelsAt(ms);
    if (levels && upper && isAnyOutside(upper, levels)) return ms;
    if (levels && lower && isAnyOutside(lower, levels)) return ms;
    ms = timeline.runEndMs(ms);
  }
  return toMs;
}

/** `undefined` where the levels are not parted at the limit. */
function sideOf(timeline: LevelTimeline, which: 'low' | 'high', bound: number, deadBand: number): Side | undefined {
  const isUpper = which === 'high';
  const limit = timeline.levelAbove({ value: bound, inclusive: !isUpper });
  const back = timeline.levelAbove({ value: isUpper ? bound - deadBand : bound + deadBand, inclusive: !isUpper });
  return limit < 0 || back < 0 ? undefined : { isUpper, limit, back };
}

/**
 * A bucket with values on both sides of a limit begins an excursion where nothing was outside before it: a sample that
 * is held from the bucket before would have been.
 */
function isFirst(timeline: LevelTimeline, side: Side, startMs: number): boolean {
  const before = timeline.levelsAt(startMs - timeline.widthMs);
  return before === undefined || !isAnyOutside(side, before);
}

/** Time outside without a sample inside, up to the end of the bucket, ms; silence neither counts nor ends it. */
function outsideMs(timeline: LevelTimeline, side: Side, startMs: number, neededMs: number): number {
  const { widthMs } = timeline;
  let countedMs = 0;
  let endMs = startMs + widthMs;
  while (countedMs < neededMs && startMs - endMs < longestLookMs) {
    const lastMs = endMs - widthMs;
    const levels = timeline.levelsAt(lastMs);
    const { startMs: runMs } = timeline.runAt(lastMs);
    if (levels && !isAllOutside(side, levels)) {
      return isAnyOutside(side, levels) && isFirst(timeline, side, lastMs) ? countedMs + widthMs : countedMs;
    }
    if (levels) countedMs += endMs - runMs;
    endMs = runMs;
  }
  return countedMs;
}

/** The worst value about that time; five minutes without a sample of their own take it from those before. */
function seenAt(timeline: LevelTimeline, which: 'low' | 'high', bound: number, startMs: number): number {
  const now = timeline.peakAt(startMs)[which];
  const before = timeline.peakAt(startMs - timeline.widthMs)[which];
  const isOutside = (value: number | undefined) =>
    value !== undefined && (which === 'high' ? value > bound : value < bound);
  return (isOutside(now) ? now : isOutside(before) ? before : undefined) ?? bound;
}
