/** How far a measured share, rate or F1 may be from the true one, at 95 %. Pure; the bootstrap is seeded. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % point of the normal distribution. */
const z = 1.959963984540054;
const tail = 0.025;

/** Wilson's score interval of a share (Wilson 1927): sound for few trials and for shares of 0 and 1. */
export function wilsonInterval(successes: number, trials: number): Interval | undefined {
  if (trials === 0) return undefined;
  const share = successes / trials;
  const centre = share + (z * z) / (2 * trials);
  const reach = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  // At the ends the bound is the end itself, which rounding would miss by an ulp.
  return {
    low: successes === 0 ? 0 : (centre - reach) / scale,
    high: successes === trials ? 1 : (centre + reach) / scale,
  };
}

/** Exact interval of a rate (Garwood 1936) from a count over an exposure, in counts a unit of exposure. */
export function poissonInterval(count: number, exposure: number): Interval | undefined {
  if (!(exposure > 0)) return undefined;
  const low = count === 0 ? 0 : solve((mean) => 1 - poissonCdf(count - 1, mean) - tail, count);
  return { low: low / exposure, high: solve((mean) => tail - poissonCdf(count, mean), count) / exposure };
}

/** Counts of one enterprise, from which F1 is made. */
export interface EventCounts {
  readonly lies: number;
  readonly found: number;
  readonly rightFindings: number;
  readonly falseFindings: number;
}

/** Fewer enterprises than this say too little of how enterprises differ for a bootstrap over them. */
export const fewestEnterprises = 5;
const resamples = 2000;
const seed = 20_260_301;

/**
 * Percentile bootstrap of F1 (Efron 1979): enterprises are drawn with replacement, so that many lies of one firm do not
 * pass for many firms. Undefined below `fewestEnterprises`, or where no resample holds a lie. Where every enterprise is
 * perfect the interval is a point; the Wilson intervals of precision and recall say then how much that is worth.
 */
export function bootstrapF1(enterprises: readonly EventCounts[]): Interval | undefined {
  if (enterprises.length < fewestEnterprises) return undefined;
  const random = mulberry32(seed);
  const scores: number[] = [];
  for (let i = 0; i < resamples; i++) {
    const sum = { lies: 0, found: 0, rightFindings: 0, falseFindings: 0 };
    for (let k = 0; k < enterprises.length; k++) {
      const drawn = enterprises[Math.floor(random() * enterprises.length)]!;
      sum.lies += drawn.lies;
      sum.found += drawn.found;
      sum.rightFindings += drawn.rightFindings;
      sum.falseFindings += drawn.falseFindings;
    }
    if (sum.lies > 0) scores.push(f1Of(sum));
  }
  if (scores.length === 0) return undefined;
  scores.sort((a, b) => a - b);
  const at = (share: number) => scores[Math.round(share * (scores.length - 1))]!;
  return { low: at(tail), high: at(1 - tail) };
}

/** Harmonic mean of precision over findings and recall over lies; nothing found is an F1 of nothing. */
export function f1Of({ lies, found, rightFindings, falseFindings }: EventCounts): number {
  if (lies === 0 || found === 0 || rightFindings === 0) return 0;
  const precision = rightFindings / (rightFindings + falseFindings);
  const recall = found / lies;
  return (2 * precision * recall) / (precision + recall);
}

/** Summed from logarithms: e to the minus mean underflows where a baseline cries wolf a thousand times. */
function poissonCdf(count: number, mean: number): number {
  let logTerm = -mean;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= count; k++) {
    logTerm += Math.log(mean / k);
    sum += Math.exp(logTerm);
  }
  return sum;
}

/** The mean at which a function that rises with the mean passes zero; the bound of a count n lies well within n + 10 sqrt(n + 4). */
function solve(rising: (mean: number) => number, count: number): number {
  let low = 0;
  let high = count + 10 * Math.sqrt(count + 4);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Tommy Ettinger's mulberry32 (public domain). */
function mulberry32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
