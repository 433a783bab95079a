/**
 * How much a meter lets through beyond what the meters below it measure: losses and what nobody meters. Its distribution
 * is counted on a scale that is linear around zero and logarithmic beyond (asinh), so that it holds for workshops and for
 * works; it may have any shape: a tenant who comes and goes gives it two peaks.
 */

/** About the losses of a small site, kW: below that the scale is linear. */
const linearKw = 0.5;
const binWidth = 0.1;
/** Memory, quarters of an hour: eight weeks. */
const memory = 56 * 96;

/** Number of quarters counted, first bin, then a count for each bin from there on. */
export type RestCounts = readonly number[];

export const noRest: RestCounts = [0, 0];

export function withRest(counts: RestCounts, restKw: number): RestCounts {
  const bin = binOf(restKw);
  const [total, firstBin] = counts as [number, number];
  if (total === 0) return [1, bin, 1];
  const size = counts.length - 2;
  const first = Math.min(firstBin, bin);
  const last = Math.max(firstBin + size - 1, bin);
  const next = new Array<number>(3 + last - first).fill(0);
  next[0] = total + 1;
  next[1] = first;
  for (let i = 0; i < size; i++) next[2 + firstBin - first + i] = counts[2 + i]!;
  next[2 + bin - first]! += 1;
  return next[0] > memory ? halved(next) : next;
}

/** Share of the quarters in which the rest was at most that, kW; never 0, as what was not seen yet may still be. */
export function shareUpTo(counts: RestCounts, restKw: number): number {
  const [total, firstBin] = counts as [number, number];
  const end = Math.min(counts.length - 2, binOf(restKw) - firstBin + 1);
  let count = 0;
  for (let i = 0; i < end; i++) count += counts[2 + i]!;
  return (count + 0.5) / (total + 1);
}

/** Share of the quarters in which the rest was at least that, kW; never 0. */
export function shareFrom(counts: RestCounts, restKw: number): number {
  const [total, firstBin] = counts as [number, number];
  let count = 0;
  for (let i = Math.max(0, binOf(restKw) - firstBin); i < counts.length - 2; i++) count += counts[2 + i]!;
  return (count + 0.5) / (total + 1);
}

/** The rest that is not exceeded in that share of the quarters, kW; NaN where nothing was counted. */
export function restAt(counts: RestCounts, share: number): number {
  const [total, firstBin] = counts as [number, number];
  let count = 0;
  for (let i = 0; i < counts.length - 2; i++) {
    count += counts[2 + i]!;
    if (count >= share * total) return linearKw * Math.sinh((firstBin + i) * binWidth);
  }
  return Number.NaN;
}

function halved(counts: number[]): number[] {
  let total = 0;
  for (let i = 2; i < counts.length; i++) {
    counts[i] = counts[i]! >> 1;
    total += counts[i]!;
  }
  counts[0] = total;
  return counts;
}

function binOf(restKw: number): number {
  return Math.round(Math.asinh(restKw / linearKw) / binWidth);
}
