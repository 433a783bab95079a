/**
 * What a meter shows when its machines stand and when they run, learned from load alone: what a firm reports cannot
 * teach it anything.
 *
 * Loads of sealed slots go into a histogram on a logarithmic scale. Two modes are separated by the split that
 * maximises the variance between them (Otsu 1979, IEEE Trans. SMC 9(1)), and each is described by an asymmetric
 * Laplace distribution of the log load: median and mean deviation on each side, which are its maximum-likelihood
 * scales and do not mind the heavy tails that real idle load has. The evidence of a slot is the log-likelihood ratio of running against
 * stopped.
 */

import type { LoadParameters } from './load-parameters.ts';
import { packed, unpacked } from './packed-numbers.ts';

/** Bins of 10 %: finer than the spread of any idle mode we need to tell from a running one. */
const binRatio = Math.log(1.1);
/** Loads below this count as nothing, kW: below the starting current of revenue meters on the smallest connections. */
export const leastKw = 0.05;
const bins = Math.ceil(Math.log(1e6 / leastKw) / binRatio);
/** Above all bins: there is one class. */
const unsplit = bins + 1;
/** A bin and its count are one number of 32 bits: the count has the lower ones. */
const countBits = 24;
const countMask = 2 ** countBits - 1;

export interface LoadModelOptions {
  /** Least time that must have been seen in each mode before they count, ms. */
  readonly leastModeMs: number;
  /** Forgetting: beyond half of this time the counts of a mode are halved, ms. */
  readonly memoryMs: number;
  /** Highest ratio of stopped to running load at which the two are taken for different states. */
  readonly highestStoppedRatio: number;
}

export function loadModelOptions(load: LoadParameters): LoadModelOptions {
  return {
    leastModeMs: load.leastModeHours * 3_600_000,
    memoryMs: load.memoryDays * 86_400_000,
    highestStoppedRatio: load.highestStoppedRatio,
  };
}

/**
 * A mode is remembered for longer when it is rare: a plant that was closed for a season is still known to have run. But
 * beyond this share of the memory the other one counts at most so many times as much, or else what little structure it
 * has of its own (a base that is higher in the evening) would outweigh the rare one.
 */
const rareShare = 1 / 4;
const mostOverRare = 8;

/** Log-scale description of one mode: an asymmetric Laplace distribution. */
export interface Mode {
  readonly median: number;
  readonly below: number;
  readonly above: number;
}

export interface Modes {
  readonly stopped: Mode;
  readonly running: Mode;
}

export class LoadModel {
  /** The bins in which any load was seen, in order, each with its count; packed, as there are very many meters. */
  private seen = '';
  private total = 0;
  private fittedAt = 0;
  /** First bin of the upper class, as it was split last, and the counts below it; all are below where there is no split. */
  private split = unsplit;
  private lowTotal = 0;
  /** Rises with each fit, so that a host of cached results knows when they are stale. */
  version = 0;
  /** The six numbers of both modes: as objects they would weigh three times as much, on very many meters. */
  private sixNumbers: readonly number[] | undefined;

  get modes(): Modes | undefined {
    const { sixNumbers: six } = this;
    if (!six) return undefined;
    return {
      stopped: { median: six[0]!, below: six[1]!, above: six[2]! },
      running: { median: six[3]!, below: six[4]!, above: six[5]! },
    };
  }

  /** Learns one sealed slot. Sealed slots come in event-time order. */
  learn(kw: number, intervalMs: number, options: LoadModelOptions): void {
    const bin = binOf(kw);
    this.count(bin);
    this.total++;
    if (bin < this.split) this.lowTotal++;
    this.forget(intervalMs, options);
    // A mature model moves slowly: fitting anew each time 3 % more is known keeps the work constant a slot.
    if (Math.abs(this.total - this.fittedAt) >= Math.max(4, this.total / 32)) this.fit(intervalMs, options);
  }

  get learnedSlots(): number {
    return this.total;
  }

  toJSON(): readonly unknown[] {
    const { total, fittedAt, split, lowTotal, version, sixNumbers } = this;
    const { histogram } = this;
    const firstBin = histogram[0]?.[0] ?? 0;
    const counts = new Array<number>(histogram.length > 0 ? histogram.at(-1)![0] + 1 - firstBin : 0).fill(0);
    for (const [bin, count] of histogram) counts[bin - firstBin] = count;
    return [firstBin, counts, total, fittedAt, split, lowTotal, version, sixNumbers ?? null];
  }

  static fromJSON(json: readonly unknown[]): LoadModel {
    const [firstBin, counts, total, fittedAt, split, lowTotal, version, sixNumbers] = json as [
      number,
      number[],
      number,
      number,
      number,
      number,
      number,
      number[] | null,
    ];
    const model = new LoadModel();
    model.histogram = counts.map((count, i) => [firstBin + i, count] as const);
    model.total = total;
    model.fittedAt = fittedAt;
    model.split = split;
    model.lowTotal = lowTotal;
    model.version = version;
    model.sixNumbers = sixNumbers ?? undefined;
    return model;
  }

  /** An empty model that follows another one: its versions go on, so that nobody takes it for the old one. */
  static following(model: LoadModel): LoadModel {
    const next = new LoadModel();
    next.version = model.version + 1;
    return next;
  }

  /** Counts slots of another length from now on: `ratio` of the old to the new one. */
  recount(ratio: number): void {
    this.histogram = this.histogram.map(([bin, count]) => [bin, Math.round(count * ratio)] as const);
    this.countClasses();
    this.fittedAt = 0;
  }

  private get histogram(): Histogram {
    return unpacked(this.seen).map((entry) => [entry >>> countBits, entry & countMask] as const);
  }

  private set histogram(histogram: Histogram) {
    const seen = histogram.filter(([, count]) => count > 0);
    this.seen = packed(seen.map(([bin, count]) => (bin << countBits) | count));
  }

  private count(bin: number): void {
    const entries = unpacked(this.seen);
    let at = 0;
    while (at < entries.length && entries[at]! >>> countBits < bin) at++;
    if (at < entries.length && entries[at]! >>> countBits === bin) entries[at]!++;
    else entries.splice(at, 0, (bin << countBits) | 1);
    this.seen = packed(entries);
  }

  /** Halves each class that has outgrown the memory, or the other one by far. */
  private forget(intervalMs: number, { memoryMs, leastModeMs }: LoadModelOptions): void {
    const memory = Math.min(memoryMs / intervalMs, countMask);
    const low = this.lowTotal;
    const high = this.total - low;
    // Without a split all is one class, which has all of the memory.
    const most = this.split === unsplit ? memory : memory / 2;
    const outgrows = (own: number, other: number): boolean =>
      own > most || (own > memory * rareShare && own > mostOverRare * other && other * intervalMs >= leastModeMs);
    const [isLowOut, isHighOut] = [outgrows(low, high), outgrows(high, low)];
    if (isLowOut || isHighOut) this.halve(isLowOut, isHighOut);
  }

  private halve(low: boolean, high: boolean): void {
    const { split } = this;
    this.histogram = this.histogram.map(
      ([bin, count]) => [bin, (bin < split ? low : high) ? count >> 1 : count] as const,
    );
    this.countClasses();
    this.fittedAt = 0;
  }

  private countClasses(): void {
    this.total = 0;
    this.lowTotal = 0;
    for (const [bin, count] of this.histogram) {
      this.total += count;
      if (bin < this.split) this.lowTotal += count;
    }
  }

  private fit(intervalMs: number, options: LoadModelOptions): void {
    const before = this.sixNumbers;
    this.fitModes(intervalMs, options);
    // What moves by less than the histogram resolves changes no open verdict that is worth making anew.
    const same = before?.every((value, i) => Math.abs(value - (this.sixNumbers?.[i] ?? Number.NaN)) < binRatio / 2);
    if (same) this.sixNumbers = before;
    else if (before || this.sixNumbers) this.version++;
  }

  private fitModes(intervalMs: number, options: LoadModelOptions): void {
    this.fittedAt = this.total;
    const { histogram } = this;
    const split = otsuSplit(histogram);
    this.sixNumbers = undefined;
    this.split = split === undefined ? unsplit : histogram[split]![0];
    this.countClasses();
    if (split === undefined) return;
    const low = histogram.slice(0, split);
    const high = histogram.slice(split);
    if (weightOf(low) * intervalMs < options.leastModeMs || weightOf(high) * intervalMs < options.leastModeMs) return;
    const stopped = modeOf(low);
    const running = modeOf(high);
    if (stopped.median - running.median > Math.log(options.highestStoppedRatio)) return;
    this.sixNumbers = [stopped, running].flatMap(({ median, below, above }) => [median, below, above]).slice();
  }
}

/**
 * Evidence that a slot's load is of the running kind and not of the stopped kind: natural log of the likelihood ratio,
 * within ±`cap`. Never falls as load rises: more load than ever seen is not evidence for a stop.
 */
export function logLikelihoodRatio(modes: Modes, kw: number, cap: number): number {
  const { stopped, running } = modes;
  const x = Math.min(Math.max(logOf(kw), stopped.median), running.median);
  const logRunning = -Math.log(running.below + running.above) - (running.median - x) / running.below;
  const logStopped = -Math.log(stopped.below + stopped.above) - (x - stopped.median) / stopped.above;
  return Math.min(cap, Math.max(-cap, logRunning - logStopped));
}

/**
 * The same for a slot of which only `stoppedShare` was reported stopped. Were that true, all load above the stopped
 * median would have been drawn in the rest of the slot: the evidence is how much less likely so high a load is there
 * than the slot's mean is for running throughout. At most the evidence of a slot reported stopped throughout.
 */
export function partialLogLikelihoodRatio(modes: Modes, kw: number, stoppedShare: number, cap: number): number {
  const { stopped, running } = modes;
  const throughout = logLikelihoodRatio(modes, kw, cap);
  const restKw = (kw - stoppedShare * Math.exp(stopped.median)) / (1 - stoppedShare);
  const excess = Math.max(0, logOf(restKw) - running.median) / running.above;
  const deficit = Math.max(0, running.median - logOf(kw)) / running.below;
  return Math.min(throughout, Math.max(0, excess - deficit));
}

/** Highest load that a stopped subject still explains at evidence `limit`, kW. */
export function stoppedUpperKw(modes: Modes, limit: number): number {
  const { stopped, running } = modes;
  // Between the medians the ratio is linear in the log of the load.
  const slope = 1 / running.below + 1 / stopped.above;
  const atStopped =
    Math.log((stopped.below + stopped.above) / (running.below + running.above)) -
    (running.median - stopped.median) / running.below;
  const x = stopped.median + Math.max(0, (limit - atStopped) / slope);
  return Math.exp(Math.min(x, running.median));
}

/** Load that a running subject hardly exceeds, kW: all but 5 % of the time above its median. */
export function runningUpperKw({ running }: Modes): number {
  return Math.exp(running.median + 3 * running.above);
}

export function medianKw(mode: Mode): number {
  return Math.exp(mode.median);
}

type Histogram = readonly (readonly [bin: number, count: number])[];

function logOf(kw: number): number {
  return Math.log(Math.max(kw, leastKw));
}

function binOf(kw: number): number {
  return Math.min(bins, Math.round((logOf(kw) - Math.log(leastKw)) / binRatio));
}

function centreOf(bin: number): number {
  return Math.log(leastKw) + bin * binRatio;
}

function weightOf(histogram: Histogram): number {
  let weight = 0;
  for (const [, count] of histogram) weight += count;
  return weight;
}

/** Index of the first entry of the upper class; `undefined` with fewer than two entries. */
function otsuSplit(histogram: Histogram): number | undefined {
  const total = weightOf(histogram);
  let sum = 0;
  for (const [bin, count] of histogram) sum += bin * count;
  let lowWeight = 0;
  let lowSum = 0;
  let best = 0;
  let split: number | undefined;
  for (let i = 1; i < histogram.length; i++) {
    const [bin, count] = histogram[i - 1]!;
    lowWeight += count;
    lowSum += bin * count;
    const highWeight = total - lowWeight;
    const distance = lowSum / lowWeight - (sum - lowSum) / highWeight;
    const between = lowWeight * highWeight * distance * distance;
    if (between > best) {
      best = between;
      split = i;
    }
  }
  return split;
}

/** Median and mean deviations of one class. A deviation is at least half a bin: what the histogram can resolve. */
function modeOf(histogram: Histogram): Mode {
  const total = weightOf(histogram);
  let seen = 0;
  let median = centreOf(histogram[0]![0]);
  for (const [bin, count] of histogram) {
    if (2 * (seen + count) >= total) {
      // Within the bin the median lies where half of the weight is reached.
      median = centreOf(bin) + binRatio * ((total / 2 - seen) / count - 0.5);
      break;
    }
    seen += count;
  }
  let below = 0;
  let belowWeight = 0;
  let above = 0;
  let aboveWeight = 0;
  for (const [bin, count] of histogram) {
    const deviation = centreOf(bin) - median;
    if (deviation < 0) {
      below -= deviation * count;
      belowWeight += count;
    } else {
      above += deviation * count;
      aboveWeight += count;
    }
  }
  return {
    median,
    below: Math.max(binRatio / 2, below / Math.max(1, belowWeight)),
    above: Math.max(binRatio / 2, above / Math.max(1, aboveWeight)),
  };
}
