import type { Firm } from './firm.ts';
import { chanceOfTogether } from './improbability.ts';

/** A beginning of silence. */
export interface Onset {
  readonly firm: Firm;
  readonly atMs: number;
}

/** Enterprises that fell silent within one window. */
export interface Cluster {
  readonly startMs: number;
  readonly endMs: number;
  readonly firms: ReadonlySet<Firm>;
}

/**
 * The window of `windowMs` that holds the most enterprises of `onsets`, which are in order of time; of equals the
 * earliest. Undefined where there is no onset.
 */
export function densest(onsets: readonly Onset[], windowMs: number): Cluster | undefined {
  const within = new Map<Firm, number>();
  let best: { readonly from: number; readonly to: number; readonly enterprises: number } | undefined;
  let to = 0;
  for (const [from, { firm, atMs }] of onsets.entries()) {
    for (; to < onsets.length && onsets[to]!.atMs <= atMs + windowMs; to++) {
      const next = onsets[to]!.firm;
      within.set(next, (within.get(next) ?? 0) + 1);
    }
    if (within.size > (best?.enterprises ?? 0)) best = { from, to, enterprises: within.size };
    const left = within.get(firm)! - 1;
    if (left === 0) within.delete(firm);
    else within.set(firm, left);
  }
  if (!best) return undefined;
  const inside = onsets.slice(best.from, best.to);
  return { startMs: inside[0]!.atMs, endMs: inside.at(-1)!.atMs, firms: new Set(inside.map(({ firm }) => firm)) };
}

/**
 * Before a region has shown how often its enterprises fall silent of themselves: once a week, as sure of it as after
 * one week of one enterprise. Three that fall silent together are then just believed at a bound of one in a million;
 * after a few quiet days by a wide margin.
 */
const priorOnsets = 1;
const priorHeardMs = 7 * 86_400_000;

/**
 * Probability that, one of `firms` having fallen silent, as many others do within the window by chance. The window is
 * opened by an onset, so this bounds the false conclusions an onset.
 */
export function chanceOf(cluster: Cluster, firms: readonly Firm[], windowMs: number): number {
  let onsets = priorOnsets;
  let heardMs = priorHeardMs;
  for (const firm of firms) {
    const experience = firm.experienceAt(cluster.startMs);
    onsets += experience.onsets;
    heardMs += experience.heardMs;
  }
  // Where silences came closer than the window, as from a gateway that flaps, no window was quiet.
  const quiet = Math.max(heardMs / windowMs - onsets, 1);
  return chanceOfTogether(cluster.firms.size - 1, firms.length - 1, onsets, quiet);
}
