/**
 * Load of a meter that several machines share, explained as a base and the machines that should be running, with its
 * uncertainty: recursive least squares (a Kalman filter with constant state) over sealed slots.
 *
 * It needs reports to tell machines apart, so it takes them with care: a slot far from what its reports explain moves
 * it little (a liar who starts after an honest time is soon out of step with it), and a machine that never was reported
 * running stays unknown, because its share was never seen. What it cannot separate it says it cannot.
 */

/** More machines than this behind one meter are judged as a group only: the state grows with the square. */
export const mostMachines = 24;
/** Spread of the load around its explanation before anything was learned, as a share of it. */
const firstSpread = 0.3;
/** A surprise counts up to this many standard deviations (Huber): lies move little, a wrong explanation still mends. */
const mostSurprise = 2;
/** Until this much was learned everything is news, ms. */
const settlingMs = 24 * 3_600_000;
/** A workpiece or a batch keeps a load off its mean for about this long: slots within it count as one, ms. */
const correlationMs = 900_000;
/** Memory of the spread, in learned slots. */
const spreadMemory = 500;
/** Slow change of a machine's load, as a share of its mean an hour: about 5 % a month. */
const driftShareAnHour = 0.002;
/** What a meter resolves at least, kW. */
const resolutionKw = 0.02;

/**
 * Where parts of what was learned stand: the relative spread of the base, and of what runs on it, for how long was learned,
 * then the mean loads, the base before the machines, kW, then their covariance.
 */
const baseSpreadAt = 0;
const runningSpreadAt = 1;
const learnedMsAt = 2;
const meanFrom = 3;

/** Share of a slot's evidence that is new, given the slots before it. */
export function newsShare(intervalMs: number): number {
  return Math.min(1, intervalMs / correlationMs);
}

export interface Explanation {
  /** Mean load that the reports explain, kW, and the standard deviation of one slot around it. */
  readonly kw: number;
  readonly sdKw: number;
}

export interface MachineEvidence {
  readonly llr: number;
  readonly uncapped: number;
  readonly atBest: number;
}

export class ExplainedLoad {
  /** The machines that it tells apart, in order. */
  equipmentIds: readonly string[];
  /** All that was learned, in one list, as there are very many of them: see where each part begins. */
  private learned: number[];

  /** `ratedKw`: nameplates as a weak prior, `null` where missing; `highestKw`: more than any machine may draw. */
  constructor(equipmentIds: readonly string[], ratedKw: readonly (number | null)[], highestKw: number) {
    this.equipmentIds = equipmentIds;
    const n = equipmentIds.length + 1;
    const mean = [0].concat(ratedKw.map((kw) => (kw === null ? 0 : kw / 2)));
    this.learned = [firstSpread, firstSpread, 0].concat(mean, new Array((n * (n + 1)) / 2).fill(0));
    this.learned[this.placeOf(0, 0)] = highestKw ** 2;
    for (let i = 1; i < n; i++) this.learned[this.placeOf(i, i)] = Math.max(highestKw, ratedKw[i - 1] ?? 0) ** 2;
  }

  /** Learns one sealed slot. `running` holds the share of the slot that each machine was reported running. */
  learn(running: readonly number[], kw: number, intervalMs: number): void {
    const x = [1].concat(running);
    const { sdKw } = this.explain(running);
    const n = x.length;
    const bound = this.learnedMs < settlingMs ? Number.POSITIVE_INFINITY : mostSurprise * sdKw;
    const surprise = Math.min(bound, Math.max(-bound, kw - this.dot(x)));
    const gain = new Array<number>(n).fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) gain[i]! += this.learned[this.placeOf(i, j)]! * x[j]!;
    }
    const own = Math.max(this.ownVariance(running), (this.runningSpread * surprise) ** 2);
    let variance = own / newsShare(intervalMs);
    for (let i = 0; i < n; i++) variance += gain[i]! * x[i]!;
    const drift = (driftShareAnHour * intervalMs) / 3_600_000;
    for (let i = 0; i < n; i++) {
      this.learned[meanFrom + i]! += (gain[i]! / variance) * surprise;
      for (let j = 0; j <= i; j++) this.learned[this.placeOf(i, j)]! -= (gain[i]! * gain[j]!) / variance;
      this.learned[this.placeOf(i, i)]! += (drift * this.learned[meanFrom + i]!) ** 2;
    }
    this.learned[learnedMsAt]! += intervalMs;
    this.learnSpread(running, kw, intervalMs);
  }

  /** Mean load that the reports explain and what one slot may differ from it. */
  explain(running: readonly number[]): Explanation {
    const x = [1].concat(running);
    const n = x.length;
    let variance = this.ownVariance(running);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) variance += x[i]! * x[j]! * this.learned[this.placeOf(i, j)]!;
    }
    return { kw: this.baseKw + this.runningKw(running), sdKw: Math.sqrt(Math.max(0, variance)) };
  }

  /** Load of one machine, kW, and the standard deviation of what is known of it. */
  loadOf(index: number): Explanation {
    const at = index + 1;
    return { kw: this.learned[meanFrom + at]!, sdKw: Math.sqrt(Math.max(0, this.learned[this.placeOf(at, at)]!)) };
  }

  /** Whether a machine's load was told apart from the base; one that always ran, or never, was not. */
  isSeen(index: number): boolean {
    const { kw, sdKw } = this.loadOf(index);
    return kw > 2 * sdKw;
  }

  /**
   * Shares of running with each of the machines `indices`, none of which was seen, set to what it always did: with the base
   * it makes a load that is known, and without it one that is not, or the other way about.
   */
  withUnseen(running: readonly number[], indices: readonly number[]): number[] {
    const shares = [...running];
    for (const index of indices) shares[index] = 1;
    for (const index of indices) {
      const { sdKw } = this.explain(shares);
      shares[index] = 0;
      if (this.explain(shares).sdKw > sdKw) shares[index] = 1;
    }
    return shares;
  }

  /**
   * Evidence that machine `index`, reported stopped, runs besides the machines reported running: log-likelihood ratio
   * of the slot's load with and without it (Laplace, whose tails forgive), within ±cap. `uncapped` is what suspects are
   * compared by: two that both reach the cap may be far apart. `atBest` is what the ratio would be if it ran at its
   * usual load: below the limit of a verdict the machine cannot be seen here.
   */
  evidence(index: number, running: readonly number[], kw: number, cap: number): MachineEvidence {
    // A load that is not clearly above zero was never seen: nothing can be said of it.
    if (!this.isSeen(index)) return { llr: 0, uncapped: 0, atBest: 0 };
    const without = this.explain(running);
    const withIt = this.explain(running.map((share, i) => (i === index ? 1 : share)));
    const ratio = (x: number): number => {
      const y = Math.min(Math.max(x, without.kw), withIt.kw);
      const scale0 = without.sdKw / Math.SQRT2;
      const scale1 = withIt.sdKw / Math.SQRT2;
      return -Math.log(scale1) - (withIt.kw - y) / scale1 + Math.log(scale0) + (y - without.kw) / scale0;
    };
    const capped = (llr: number): number => Math.min(cap, Math.max(-cap, llr));
    const uncapped = ratio(kw);
    return { llr: capped(uncapped), uncapped, atBest: capped(ratio(withIt.kw)) };
  }

  /**
   * Least load of one machine that shows while all the others behind the meter run, kW: what at evidence `limit` lies
   * outside of their spread. `undefined` for a machine that is not among them.
   */
  minimumDetectableKw(equipmentId: string, limit: number): number | undefined {
    const index = this.equipmentIds.indexOf(equipmentId);
    if (index < 0) return undefined;
    const others = this.explain(this.equipmentIds.map((_, i) => (i === index ? 0 : 1)));
    return (limit * others.sdKw) / Math.SQRT2;
  }

  toJSON(): readonly unknown[] {
    const [baseSpread, runningSpread, learnedMs, ...rest] = this.learned;
    const n = this.equipmentIds.length + 1;
    return [this.equipmentIds, rest.slice(0, n), rest.slice(n), baseSpread, runningSpread, learnedMs];
  }

  static fromJSON(json: readonly unknown[]): ExplainedLoad {
    const [ids, mean, covariance, ...rest] = json as [string[], number[], number[], number, number, number];
    const load = new ExplainedLoad(
      ids,
      ids.map(() => null),
      0,
    );
    load.learned = rest.concat(mean, covariance);
    return load;
  }

  private get learnedMs(): number {
    return this.learned[learnedMsAt]!;
  }

  private get baseSpread(): number {
    return this.learned[baseSpreadAt]!;
  }

  private get runningSpread(): number {
    return this.learned[runningSpreadAt]!;
  }

  private get baseKw(): number {
    return Math.max(0, this.learned[meanFrom]!);
  }

  /** What the machines add; an estimate below zero is noise around nothing. */
  private runningKw(running: readonly number[]): number {
    let kw = 0;
    for (let i = 0; i < running.length; i++) kw += running[i]! * Math.max(0, this.learned[meanFrom + i + 1]!);
    return kw;
  }

  private dot(x: readonly number[]): number {
    let kw = 0;
    for (let i = 0; i < x.length; i++) kw += x[i]! * this.learned[meanFrom + i]!;
    return kw;
  }

  /** Variance of one slot around its explanation, were that known exactly, kW^2. */
  private ownVariance(running: readonly number[]): number {
    const base = this.baseSpread * this.baseKw;
    const rest = this.runningSpread * this.runningKw(running);
    return base * base + rest * rest + resolutionKw * resolutionKw;
  }

  private learnSpread(running: readonly number[], kw: number, intervalMs: number): void {
    const on = this.runningKw(running);
    const of = on > 0 ? on : this.baseKw;
    if (of <= resolutionKw) return;
    // 1.25 turns a mean deviation into a standard deviation (normal distribution).
    const deviation = Math.min((1.25 * Math.abs(kw - this.baseKw - on)) / of, 1);
    const weight = 1 / Math.min(10 + this.learnedMs / intervalMs, spreadMemory);
    if (on > 0) this.learned[runningSpreadAt]! += (deviation - this.runningSpread) * weight;
    else this.learned[baseSpreadAt]! += (deviation - this.baseSpread) * weight;
  }

  /** Where row i, column j of the covariance stands: of a symmetric one the lower triangle is kept, row by row. */
  private placeOf(i: number, j: number): number {
    const from = meanFrom + this.equipmentIds.length + 1;
    return from + (i >= j ? (i * (i + 1)) / 2 + j : (j * (j + 1)) / 2 + i);
  }
}
