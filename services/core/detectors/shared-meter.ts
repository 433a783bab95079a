/**
 * Stopped but running behind a meter that several machines share, where some of them rightly run: the load is explained
 * by the machines reported running, and what is left over is evidence for those reported stopped.
 */
import { type ExplainedLoad, type MachineEvidence, newsShare } from '../explained-load.ts';
import { evidenceCap, evidenceLimit, type LoadParameters } from '../load-parameters.ts';
import type { Shares } from '../timeline.ts';
import { type SlotJudgement, unjudged } from './detector.ts';

interface Suspect extends MachineEvidence {
  readonly index: number;
}

/** One slot of a meter that several machines share. */
export interface SharedSlot {
  /** Mean load, `undefined` where it is missing, kW. */
  readonly kw: number | undefined;
  /** What others behind the meter draw in that hour beyond their usual, kW. */
  readonly extraKw: number;
  /** Of all machines behind the meter, in the explanation's order. */
  readonly shares: readonly Shares[];
  readonly explained: ExplainedLoad | undefined;
  readonly intervalMs: number;
  /** What machines that are worked on may draw beyond their usual, kW: it takes evidence away from the others. */
  readonly workedOnKw: number;
  /** Up to where what is left over may be of others that nobody registered, kW. */
  readonly othersKw: number;
}

/** Judges machine `index` in one slot. */
export function judgeMachine(index: number, slot: SharedSlot, load: LoadParameters): SlotJudgement {
  const { shares, kw, extraKw, explained, intervalMs, workedOnKw } = slot;
  const own = shares[index]!;
  // Part of a slot says little of one machine among several: only a stop throughout is judged.
  if (own.stopped < 1) {
    return own.unknown > own.running
      ? unjudged('unknown', 'state-unknown')
      : unjudged('not-claimed', 'reported-running');
  }
  if (shares.every((s) => s.stopped === 1)) return unjudged('unknown', 'judged-with-its-meter');
  if (kw === undefined) return unjudged('unknown', 'load-missing');
  if (!explained) return unjudged('unknown', 'load-not-learned');
  if (shares.some((s) => s.unknown > 0)) return unjudged('unknown', 'state-unknown');
  const limit = evidenceLimit(load);
  const suspects = suspectsOf(shares, kw - extraKw - workedOnKw, explained, load);
  const suspect = suspects.find((s) => s.index === index)!;
  if (suspect.atBest < limit) return unjudged('unknown', 'below-detectable-load');
  const upperKw = upperOf(shares, explained, limit) + extraKw + workedOnKw;
  // A machine on standby may draw anything up to its running load: that can only take evidence away.
  const guessed = shares.some((s) => s.standby > 0);
  const llr = guessed ? Math.max(0, suspect.llr) : suspect.llr;
  const news = llr * newsShare(intervalMs);
  const base = { kind: 'judged', logLikelihoodRatio: news, seen: kw, bound: upperKw, share: own.stopped } as const;
  if (llr <= -limit) return { ...base, reason: 'load-explained' };
  if (llr > 0 && isOfOthers(slot, explained)) return unjudged('unknown', 'part-of-load-of-others');
  if (llr < limit) return { ...base, reason: 'load-between-explanations' };
  const others = suspects.filter((s) => s.index !== index);
  if (others.some((other) => suspect.uncapped - other.uncapped < limit)) {
    return unjudged('unknown', 'which-machine-unknown');
  }
  return { ...base, reason: 'load-not-explained' };
}

/**
 * Evidence that one of several machines reported stopped runs, where nobody can tell which; `undefined` where a single
 * machine answers for it, or nothing speaks for it.
 */
export function judgeSomeMachine(slot: SharedSlot, load: LoadParameters): SlotJudgement | undefined {
  const { shares, kw, extraKw, explained, intervalMs, workedOnKw } = slot;
  if (kw === undefined || !explained || shares.some((s) => s.unknown > 0)) return undefined;
  if (isOfOthers(slot, explained)) return undefined;
  const limit = evidenceLimit(load);
  const [first, second] = suspectsOf(shares, kw - extraKw - workedOnKw, explained, load).sort(
    (a, b) => b.uncapped - a.uncapped,
  );
  if (!first || !second || first.llr < limit || first.uncapped - second.uncapped >= limit) return undefined;
  return {
    kind: 'judged',
    reason: 'some-machine-runs',
    logLikelihoodRatio: first.llr * newsShare(intervalMs),
    seen: kw,
    bound: upperOf(shares, explained, limit) + extraKw + workedOnKw,
    share: 1,
  };
}

/** Whether what the reports leave over is so little that others may draw it. */
function isOfOthers({ kw, extraKw, shares, othersKw }: SharedSlot, explained: ExplainedLoad): boolean {
  return kw! - extraKw - explained.explain(shares.map((s) => s.running)).kw < othersKw;
}

function suspectsOf(shares: readonly Shares[], kw: number, explained: ExplainedLoad, load: LoadParameters): Suspect[] {
  const running = shares.map((s) => s.running);
  return shares.flatMap((s, index) =>
    s.stopped === 1 ? [{ index, ...explained.evidence(index, running, kw, evidenceCap(load)) }] : [],
  );
}

/** Highest load that the reports explain, kW, at the limit of a verdict. */
function upperOf(shares: readonly Shares[], explained: ExplainedLoad, limit: number): number {
  const { kw, sdKw } = explained.explain(shares.map((s) => s.running));
  return kw + (limit * sdKw) / Math.SQRT2;
}
