/**
 * Stopped but running behind a meter that several machines share, where some of them rightly run: the load is explained
 * by the machines reported running, and what is left over is evidence for those reported stopped.
 */
import type { ExplainedLoad } from '../explained-load.ts';
import type { Shares } from '../timeline.ts';
import { evidenceCap, type SlotJudgement, type StoppedButRunning } from './stopped-but-running.ts';

interface Suspect {
  readonly index: number;
  readonly llr: number;
  readonly atBest: number;
}

const silent = { logLikelihoodRatio: 0, upperKw: 0 } as const;
const unknown = (reason: string): SlotJudgement => ({ kind: 'unknown', verdict: 'UNKNOWN', reason, ...silent });

/** Judges machine `index` in one slot; `shares` are those of all machines behind the meter, in the explanation's order. */
export function judgeMachine(
  index: number,
  shares: readonly Shares[],
  kw: number | undefined,
  explained: ExplainedLoad | undefined,
  p: StoppedButRunning,
): SlotJudgement {
  const own = shares[index]!;
  // Part of a slot says little of one machine among several: only a stop throughout is judged.
  if (own.stopped < 1) {
    return own.unknown > own.running
      ? unknown('state-unknown')
      : { kind: 'not-stopped', verdict: 'UNKNOWN', reason: 'reported-running', ...silent };
  }
  if (shares.every((s) => s.stopped === 1)) return unknown('judged-with-its-meter');
  if (kw === undefined) return unknown('load-missing');
  if (!explained) return unknown('load-not-learned');
  if (shares.some((s) => s.unknown > 0)) return unknown('state-unknown');
  const limit = Math.log(p.slotLikelihoodRatio);
  const suspects = suspectsOf(shares, kw, explained, p);
  const suspect = suspects.find((s) => s.index === index)!;
  if (suspect.atBest < limit) return unknown('below-detectable-load');
  const upperKw = upperOf(shares, explained, limit);
  const base = { kind: 'judged', logLikelihoodRatio: suspect.llr, upperKw } as const;
  if (suspect.llr <= -limit) return { ...base, verdict: 'CONSISTENT', reason: 'load-explained' };
  if (suspect.llr < limit) return { ...base, verdict: 'UNKNOWN', reason: 'load-between-explanations' };
  const others = suspects.filter((s) => s.index !== index);
  if (others.some((other) => suspect.llr - other.llr < limit)) return unknown('which-machine-unknown');
  return { ...base, verdict: 'CONTRADICTORY', reason: 'load-not-explained' };
}

/**
 * Evidence that one of several machines reported stopped runs, where nobody can tell which; `undefined` where a single
 * machine answers for it, or nothing speaks for it.
 */
export function judgeSomeMachine(
  shares: readonly Shares[],
  kw: number | undefined,
  explained: ExplainedLoad | undefined,
  p: StoppedButRunning,
): SlotJudgement | undefined {
  if (kw === undefined || !explained || shares.some((s) => s.unknown > 0)) return undefined;
  const limit = Math.log(p.slotLikelihoodRatio);
  const [first, second] = suspectsOf(shares, kw, explained, p).sort((a, b) => b.llr - a.llr);
  if (!first || !second || first.llr < limit || first.llr - second.llr >= limit) return undefined;
  return {
    kind: 'judged',
    verdict: 'CONTRADICTORY',
    reason: 'which-machine-unknown',
    logLikelihoodRatio: first.llr,
    upperKw: upperOf(shares, explained, limit),
  };
}

function suspectsOf(shares: readonly Shares[], kw: number, explained: ExplainedLoad, p: StoppedButRunning): Suspect[] {
  const running = shares.map((s) => s.running);
  return shares.flatMap((s, index) =>
    s.stopped === 1 ? [{ index, ...explained.evidence(index, running, kw, evidenceCap(p)) }] : [],
  );
}

/** Highest load that the reports explain, kW, at the limit of a verdict. */
function upperOf(shares: readonly Shares[], explained: ExplainedLoad, limit: number): number {
  const { kw, sdKw } = explained.explain(shares.map((s) => s.running));
  return kw + (limit * sdKw) / Math.SQRT2;
}
