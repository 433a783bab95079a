import type { Random } from './random.ts';
import { overlapMs, type Span } from './reported-state.ts';

export interface LiePlan {
  /** One lie is sought in each of this many equal stretches of time. */
  readonly count: number;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** Lies begin and end on whole multiples of this. */
  readonly alignMs: number;
}

/** Full running time that a lie must hold in one piece, or it would be no contradiction that a meter can bear out. */
const leastRanMs = 30 * 60_000;
/** Honest reports between two lies. */
const apartMs = 2 * 3_600_000;
/** One lie in three hides a run from its very start; the others begin while the run is already reported. */
const fromStartShare = 1 / 3;
const tries = 400;

/**
 * Stretches in which the operator says "stopped" although the machine runs, spread over [fromMs, toMs). Each begins
 * while it truly runs; its length is log-uniform, so short lies are as frequent as long ones, and a long one may hold
 * idle nights. A stretch of time without enough running (a holiday) yields none.
 */
export function planLies(
  running: readonly Span[],
  fromMs: number,
  toMs: number,
  plan: LiePlan,
  random: Random,
): Span[] {
  const lies: Span[] = [];
  const stride = (toMs - fromMs) / plan.count;
  for (let i = 0; i < plan.count; i++) {
    const low = fromMs + i * stride;
    const lie = findLie(running, low, low + stride - apartMs, plan, random);
    if (lie) lies.push(lie);
  }
  return lies;
}

function findLie(running: readonly Span[], low: number, high: number, plan: LiePlan, random: Random): Span | undefined {
  const near = running.filter((run) => run.toMs > low && run.fromMs < high);
  if (near.length === 0) return undefined;
  for (let attempt = 0; attempt < tries; attempt++) {
    const lengthMs = plan.shortestMs * (plan.longestMs / plan.shortestMs) ** random.next();
    const run = random.pick(near);
    const anywhere = random.between(run.fromMs, run.toMs);
    const fromMs = Math.ceil((random.next() < fromStartShare ? run.fromMs : anywhere) / plan.alignMs) * plan.alignMs;
    const toMs = fromMs + Math.ceil(lengthMs / plan.alignMs) * plan.alignMs;
    if (fromMs < low || toMs > high || fromMs >= run.toMs) continue;
    const longest = Math.max(...near.map((span) => overlapMs([span], fromMs, toMs)));
    if (longest >= leastRanMs) return { fromMs, toMs };
  }
  return undefined;
}
