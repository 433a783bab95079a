/**
 * Load of a meter that several machines share, explained as a base and the machines that should be running, with its
 * uncertainty: recursive least squares (a Kalman filter with constant state) over sealed slots.
 *
 * It needs reports to tell machines apart, so it takes them with care: a slot with far more load than its reports
 * explain teaches nothing (a liar who starts after an honest time cannot move it), and a machine that never was
 * reported running stays unknown, because its share was never seen. What it cannot separate it says it cannot.
 */

/** More machines than this behind one meter are judged as a group only: the state grows with the square. */
export const mostMachines = 24;
/** Spread of a machine's load around its own mean before anything was learned, as a share of the explained load. */
const firstSpread = 0.3;
/** An outlier by this many spreads teaches nothing. */
const outlier = 4;
/** Slots with at least one known report before gating begins: until then everything is news. */
const settlingSlots = 48;
/** Memory of the spread, in slots. */
const spreadMemory = 200;
/** Slow change of a machine's load a slot, as a share of its mean: 10 % in about a month of 15-minute slots. */
const driftShare = 0.002;

export interface Explanation {
  /** Mean load that the reports explain, kW, and the standard deviation of one slot around it. */
  readonly kw: number;
  readonly sdKw: number;
}

export class ExplainedLoad {
  readonly equipmentIds: readonly string[];
  private mean: number[];
  private covariance: number[];
  private spread = firstSpread;
  private slots = 0;

  /** `ratedKw`: nameplates as a weak prior, `null` where missing; `highestKw`: largest load seen so far. */
  constructor(equipmentIds: readonly string[], ratedKw: readonly (number | null)[], highestKw: number) {
    this.equipmentIds = equipmentIds;
    const n = equipmentIds.length + 1;
    this.mean = [0].concat(ratedKw.map((kw) => (kw === null ? 0 : kw / 2)));
    this.covariance = new Array(n * n).fill(0);
    this.covariance[0] = highestKw ** 2;
    for (let i = 1; i < n; i++) this.covariance[i * n + i] = Math.max(highestKw, ratedKw[i - 1] ?? 0) ** 2;
  }

  /** Learns one sealed slot. `running` holds the share of the slot that each machine was reported running. */
  learn(running: readonly number[], kw: number): void {
    const x = [1, ...running];
    const { kw: explained, sdKw } = this.explain(running);
    const surprise = kw - explained;
    if (this.slots >= settlingSlots && surprise > outlier * sdKw) return;
    const n = x.length;
    const gain = new Array<number>(n).fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) gain[i]! += this.covariance[i * n + j]! * x[j]!;
    }
    const variance = sdKw * sdKw;
    for (let i = 0; i < n; i++) this.mean[i]! += (gain[i]! / variance) * surprise;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) this.covariance[i * n + j]! -= (gain[i]! * gain[j]!) / variance;
      this.covariance[i * n + i]! += (driftShare * this.mean[i]!) ** 2;
    }
    this.slots++;
    const scale = Math.max(explained, kw, 1e-3);
    // 1.25 turns a mean deviation into a standard deviation (normal distribution).
    const deviation = Math.min((1.25 * Math.abs(surprise)) / scale, 1);
    this.spread += (deviation - this.spread) / Math.min(this.slots + 10, spreadMemory);
  }

  explain(running: readonly number[]): Explanation {
    const x = [1, ...running];
    const n = x.length;
    let kw = 0;
    let variance = 0;
    for (let i = 0; i < n; i++) {
      kw += x[i]! * this.mean[i]!;
      for (let j = 0; j < n; j++) variance += x[i]! * x[j]! * this.covariance[i * n + j]!;
    }
    const own = this.spread * Math.max(Math.abs(kw), 1e-3);
    return { kw, sdKw: Math.sqrt(Math.max(0, variance) + own * own) };
  }

  /** Load of one machine, kW, and the standard deviation of what is known of it. */
  loadOf(index: number): Explanation {
    const n = this.mean.length;
    const at = index + 1;
    return { kw: this.mean[at]!, sdKw: Math.sqrt(Math.max(0, this.covariance[at * n + at]!)) };
  }

  /**
   * Evidence that machine `index`, reported stopped, runs besides the machines reported running: log-likelihood ratio
   * of the slot's load with and without it (Laplace, whose tails forgive), within ±cap. `atBest` is what the ratio
   * would be if it ran at its usual load: below the limit of a verdict the machine cannot be seen here.
   */
  evidence(index: number, running: readonly number[], kw: number, cap: number): { llr: number; atBest: number } {
    const machine = this.loadOf(index);
    // A load that is not clearly above zero was never seen: nothing can be said of it.
    if (machine.kw <= 2 * machine.sdKw) return { llr: 0, atBest: 0 };
    const without = this.explain(running);
    const withIt = this.explain(running.map((share, i) => (i === index ? 1 : share)));
    const ratio = (x: number): number => {
      const y = Math.min(Math.max(x, without.kw), withIt.kw);
      const scale0 = without.sdKw / Math.SQRT2;
      const scale1 = withIt.sdKw / Math.SQRT2;
      const llr = -Math.log(scale1) - (withIt.kw - y) / scale1 + Math.log(scale0) + (y - without.kw) / scale0;
      return Math.min(cap, Math.max(-cap, llr));
    };
    return { llr: ratio(kw), atBest: ratio(withIt.kw) };
  }

  toJSON(): readonly unknown[] {
    return [this.equipmentIds, this.mean, this.covariance, this.spread, this.slots];
  }

  static fromJSON(json: readonly unknown[]): ExplainedLoad {
    const [ids, mean, covariance, spread, slots] = json as [string[], number[], number[], number, number];
    const load = new ExplainedLoad(
      ids,
      ids.map(() => null),
      0,
    );
    load.mean = mean;
    load.covariance = covariance;
    load.spread = spread;
    load.slots = slots;
    return load;
  }
}
