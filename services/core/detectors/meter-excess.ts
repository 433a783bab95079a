/**
 * What comes through a meter beyond what its parts show, over and above the losses that go with their load. Where it
 * comes from is told apart by how it goes: what a part fails to show rises and falls with what that part shows; what
 * somebody plugged in elsewhere does not.
 */
import type { Balance } from './meter-balance.ts';
import { noRest, type RestCounts, restAt, shareFrom, shareUpTo, withRest } from './meter-rest.ts';

/** Memory of the losses, quarters of an hour at work: eight weeks. */
const memory = 56 * 96;
/** So many quarters before tell what is to come, by their median: the last alone, and those of some hours. */
const spans = [1, 9] as const;
/** A meter that shows less of its load shows nothing that could be held against what comes through. */
const leastShare = 0.02;
const shiftSteps = 8;
/** The finest that what comes through is counted, kW. */
const resolutionKw = 0.05;

/** Quarters counted, mean of the parts and of the rest, kW, variance of the parts and covariance, kW²; then the counts. */
const lineNumbers = 5;

/** The line on which the rest goes with the load of the parts, and how far it was from it. */
export type UsualExcess = readonly number[];

export const noExcess: UsualExcess = [...Array<number>(lineNumbers).fill(0), ...noRest];

/** A quarter of an hour: what a part shows, and what comes through beyond what is usual, kW. */
export interface Quarter {
  readonly kw: number;
  readonly excessKw: number;
}

/** What a part's load usually is, kW; its mean deviation is never less than what meters are off by. */
export interface UsualLoad {
  readonly kw: number;
  readonly spreadKw: number;
}

export function excessCount(usual: UsualExcess): number {
  return countsOf(usual)[0]!;
}

export function countsOf(usual: UsualExcess): RestCounts {
  return usual.slice(lineNumbers);
}

/** Rest beyond the losses of such a load, kW. */
export function excessOf(usual: UsualExcess, { partsKw, restKw }: Pick<Balance, 'partsKw' | 'restKw'>): number {
  const [, meanPartsKw, meanRestKw, variance, covariance] = usual as [number, number, number, number, number];
  const share = variance > 0 ? covariance / variance : 0;
  return restKw - meanRestKw - share * (partsKw - meanPartsKw);
}

export function withBalance(usual: UsualExcess, balance: Balance): UsualExcess {
  const { partsKw, restKw } = balance;
  const [count, meanPartsKw, meanRestKw, variance, covariance] = usual as [number, number, number, number, number];
  const next = Math.min(memory, count + 1);
  const weight = 1 / next;
  const ofParts = partsKw - meanPartsKw;
  const parts = meanPartsKw + weight * ofParts;
  const line = [
    next,
    parts,
    meanRestKw + weight * (restKw - meanRestKw),
    variance + weight * (ofParts * (partsKw - parts) - variance),
    covariance + weight * ((restKw - meanRestKw) * (partsKw - parts) - covariance),
  ];
  return [...line, ...withRest(countsOf(usual), excessOf(line, balance))];
}

/** How usual an excess is: the chance of one so far out to either side; never 0. */
export function usualness(counts: RestCounts, excessKw: number): number {
  return Math.min(1, 2 * Math.min(shareUpTo(counts, excessKw), shareFrom(counts, excessKw)));
}

/**
 * Evidence that a part shows but a share of its load, natural log: a share of at most `mostShare`, which is told before
 * by the quarters `before` (the latest first), or by what its machines usually draw. Against it stand a machine that
 * draws whatever it draws while nothing else has changed; something else that draws what was never seen to come through;
 * and something else that draws as much as it did in the quarters before. What is told before it is seen keeps a ratio of
 * likelihoods honest (Dawid 1984, J. R. Stat. Soc. A 147). `limit` is what an unusual load counts for where it must
 * coincide with a load elsewhere, `cap` the most that anything counts.
 */
export function lossEvidence(
  usual: UsualExcess,
  load: UsualLoad,
  { kw, excessKw }: Quarter,
  before: readonly Quarter[],
  mostShare: number,
  { limit, cap }: { readonly limit: number; readonly cap: number },
): number {
  const counts = countsOf(usual);
  const strange = (drawnKw: number): number => Math.abs(drawnKw - load.kw) / load.spreadKw;
  const coincides = Math.min(limit, strange(kw));
  const never = usualness(counts, Number.POSITIVE_INFINITY);
  let honest = -coincides + Math.log(never);
  const seen = usualness(counts, excessKw);
  if (seen > never) honest = Math.max(honest, Math.log(seen));
  const missingKw = load.kw - kw;
  let lost = kw <= mostShare * load.kw ? asUsual(counts, excessKw - missingKw, load.spreadKw) : 0;
  for (const span of before.length > 0 ? spans : []) {
    const last = before.slice(0, span);
    const elsewhereKw = Math.max(0, medianOf(last.map((quarter) => quarter.excessKw)));
    honest = Math.max(honest, Math.log(usualness(counts, excessKw - elsewhereKw)) - coincides);
    const told = medianOf(last.map((quarter) => quarter.kw / (quarter.kw + Math.max(0, quarter.excessKw))));
    const share = Math.max(leastShare, Math.min(mostShare, told));
    lost += Math.exp(-Math.min(cap, strange(kw / share))) * usualness(counts, excessKw - kw * (1 / share - 1));
  }
  const ways = 1 + (before.length > 0 ? spans.length : 0);
  const llr = Math.log(Math.max(Number.MIN_VALUE, lost / ways)) - honest;
  return Math.min(cap, Math.max(-cap, llr));
}

/**
 * How usual it is that so much is left over once a load was taken out that is known to within its mean deviation: what
 * is left is laid to the load as far as that is the likelier.
 */
function asUsual(counts: RestCounts, leftKw: number, spreadKw: number): number {
  const ownSpreadKw = Math.max(resolutionKw, (restAt(counts, 0.84) - restAt(counts, 0.16)) / 2);
  let best = 0;
  for (let step = 0; step <= shiftSteps; step++) {
    const shiftKw = (leftKw * step) / shiftSteps;
    best = Math.max(best, Math.exp(-Math.abs(shiftKw) / spreadKw) * usualness(counts, leftKw - shiftKw));
  }
  // A load that may be anywhere within its spread is rarely where it must be.
  return best / (1 + spreadKw / ownSpreadKw);
}

function medianOf(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
