import { numberAt, packed, unpacked } from './packed-numbers.ts';
import type { RunState } from './records.ts';

/** One bit a state, so that what was heard in a bucket is a set. The sink folds with the same bits. */
export const stateBit: Readonly<Record<RunState, number>> = {
  UNKNOWN: 1,
  STOPPED: 2,
  STANDBY: 4,
  RUNNING: 8,
  FAULT: 16,
};

const maskBits = 5;
const maskAll = (1 << maskBits) - 1;
const stoppedMask = stateBit.STOPPED | stateBit.FAULT;
/** Later than any bucket, and a small integer. */
const never = 0x3fffffff;

/** Buckets are whole minutes: finer than any slot, coarse enough for 26 hours in a few hundred bytes. */
export const bucketUnitMs = 60_000;

/** What a timeline says of a span, as shares of it that add up to 1. */
export interface Shares {
  readonly stopped: number;
  /** Reported running, energised, running down or at filed work. */
  readonly running: number;
  /** Part of `running`: energised but not at work, so that its load is anyone's guess. */
  readonly standby: number;
  readonly unknown: number;
}

/**
 * What a machine was reported to do, as the set of states heard in each bucket of time.
 *
 * A bucket joins by set union, so the timeline depends on what was reported and not on the order or number of its
 * arrivals: shuffled and repeated input gives the same timeline by construction. It is kept as run-length intervals,
 * `start << 5 | states`, where an empty set is "nothing heard"; at most one entry a bucket of the horizon.
 */
export class Timeline {
  /** Packed: there are very many timelines. */
  private runs: string;
  /** First bucket after the last one heard; kept when the runs are forgotten. */
  private end: number;
  /** The earliest bucket that was ever heard. */
  private first = never;
  /** Bucket width in minutes: the reporting interval, rounded up. */
  readonly widthMinutes: number;

  constructor(reportIntervalMs: number) {
    this.widthMinutes = Math.max(1, Math.ceil(reportIntervalMs / bucketUnitMs));
    this.runs = '';
    this.end = 0;
  }

  get widthMs(): number {
    return this.widthMinutes * bucketUnitMs;
  }

  /** Adds one observation; false when it says nothing new. */
  observe(atMs: number, bit: number): boolean {
    const bucket = Math.floor(atMs / (this.widthMinutes * bucketUnitMs));
    if (bucket < this.first) this.first = bucket;
    const last = this.count - 1;
    if (last < 0) {
      this.runs = packed([(bucket << maskBits) | bit]);
      this.end = bucket + 1;
      return true;
    }
    if (bucket >= this.end) {
      const added = [(bucket << maskBits) | bit];
      if (bucket > this.end) added.unshift(this.end << maskBits);
      else if (this.statesOfRun(last) === bit) added.pop();
      if (added.length > 0) this.runs = packed([...unpacked(this.runs), ...added]);
      this.end = bucket + 1;
      return true;
    }
    if (bucket < this.startOfRun(0)) {
      const gap = bucket + 1 < this.startOfRun(0) ? [(bucket + 1) << maskBits] : [];
      this.runs = packed(joined([(bucket << maskBits) | bit, ...gap, ...unpacked(this.runs)]));
      return true;
    }
    const at = this.indexOf(bucket);
    const states = this.statesOfRun(at);
    if ((states & bit) !== 0) return false;
    const next = at < last ? this.startOfRun(at + 1) : this.end;
    const replacement = [(bucket << maskBits) | states | bit];
    if (this.startOfRun(at) < bucket) replacement.unshift(numberAt(this.runs, at));
    if (bucket + 1 < next) replacement.push(((bucket + 1) << maskBits) | states);
    const runs = unpacked(this.runs);
    this.runs = packed(joined([...runs.slice(0, at), ...replacement, ...runs.slice(at + 1)]));
    return true;
  }

  /** The one kind that holds over all of [fromMs, toMs), where a single run covers it; else `undefined`. */
  uniformKind(fromMs: number, toMs: number): ReportedKind | undefined {
    const first = Math.floor(fromMs / this.widthMs);
    const last = Math.ceil(toMs / this.widthMs) - 1;
    if (this.count === 0 || last >= this.end || first < this.startOfRun(0)) return undefined;
    const at = this.indexOf(first);
    if (at < this.count - 1 && this.startOfRun(at + 1) <= last) return undefined;
    const states = this.statesOfRun(at);
    return states === 0 ? undefined : kindOf(states);
  }

  /** Start of the earliest bucket that was ever heard, ms; `Infinity` when none was. */
  get firstMs(): number {
    return this.first === never ? Number.POSITIVE_INFINITY : this.first * this.widthMs;
  }

  /** End of the newest bucket that was ever heard, ms; 0 when none was. */
  get heardUntilMs(): number {
    return this.end * this.widthMs;
  }

  /** End of the last bucket heard that begins before `ms`, whether it is still held or not; 0 where none is known. */
  heardBeforeMs(ms: number): number {
    const before = Math.ceil(ms / this.widthMs);
    if (before >= this.end) return this.heardUntilMs;
    if (this.count === 0 || before <= this.startOfRun(0)) return 0;
    const at = this.indexOf(before - 1);
    // Neighbours differ, so the run before an empty one was heard, up to where the empty one begins.
    return (this.statesOfRun(at) !== 0 ? before : this.startOfRun(at)) * this.widthMs;
  }

  /**
   * Minutes of [fromMs, toMs), of which there are at most 31, in which the machine is silent, a bit each from the first
   * on: nothing was heard in the bucket or the `holdBuckets` before it. It rests on nothing that speaks of a later time.
   */
  silentMinutes(fromMs: number, toMs: number, holdBuckets: number): number {
    const { widthMs } = this;
    let silent = 0;
    for (let ms = fromMs, bit = 1; ms < toMs; ) {
      const bucketEndMs = (Math.floor(ms / widthMs) + 1) * widthMs;
      const untilMs = Math.min(toMs, bucketEndMs);
      const isSilent = this.heardBeforeMs(bucketEndMs) + holdBuckets * widthMs < bucketEndMs;
      for (; ms < untilMs; ms += bucketUnitMs, bit <<= 1) if (isSilent) silent |= bit;
    }
    return silent;
  }

  /** States heard in the bucket that holds `atMs`; 0 when nothing was. */
  statesAt(atMs: number): number {
    return this.statesOf(Math.floor(atMs / this.widthMs));
  }

  /**
   * Calls `visit(fromMs, toMs, kind)` over [fromMs, toMs) in order. A bucket in which nothing was heard takes the
   * states of the last one heard, up to `holdBuckets` back; after that it is unknown, and so is a bucket in which a
   * machine was reported both stopped and not stopped.
   */
  visit(
    fromMs: number,
    toMs: number,
    holdBuckets: number,
    visit: (fromMs: number, toMs: number, kind: ReportedKind) => void,
  ) {
    const width = this.widthMs;
    const firstBucket = Math.floor(fromMs / width);
    let heard = 0;
    let heardAge = Number.POSITIVE_INFINITY;
    for (let back = holdBuckets; back > 0; back--) {
      const states = this.statesOf(firstBucket - back);
      if (states !== 0) {
        heard = states;
        heardAge = back - 1;
      }
    }
    for (let bucket = firstBucket; bucket * width < toMs; bucket++) {
      const states = this.statesOf(bucket);
      if (states !== 0) {
        heard = states;
        heardAge = 0;
      } else heardAge++;
      const kind = heardAge > holdBuckets ? 'unknown' : kindOf(heard);
      visit(Math.max(fromMs, bucket * width), Math.min(toMs, (bucket + 1) * width), kind);
    }
  }

  /** True when nothing is held of it. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Forgets buckets that end at or before `beforeMs`. */
  prune(beforeMs: number): void {
    const bucket = Math.floor(beforeMs / this.widthMs);
    if (this.count === 0) return;
    if (bucket >= this.end) {
      this.runs = '';
      return;
    }
    const at = this.indexOf(bucket);
    // Built anew: a slice of a string would keep all of it.
    if (at > 0) this.runs = packed(unpacked(this.runs).slice(at));
  }

  /** The same observations in buckets of another width; fine buckets join, coarse ones keep their start. */
  withInterval(reportIntervalMs: number): Timeline {
    const other = new Timeline(reportIntervalMs);
    for (const [index, run] of unpacked(this.runs).entries()) {
      const next = index + 1 < this.count ? this.startOfRun(index + 1) : this.end;
      for (let bucket = run >> maskBits; bucket < next; bucket++) {
        for (let bit = 1; bit < maskAll; bit <<= 1) if ((run & bit) !== 0) other.observe(bucket * this.widthMs, bit);
      }
    }
    if (this.first === never) return other;
    other.first = Math.floor(this.firstMs / other.widthMs);
    if (other.isEmpty) other.end = Math.ceil(this.heardUntilMs / other.widthMs);
    return other;
  }

  toJSON(): readonly [number, number, readonly number[], number] {
    return [this.widthMinutes, this.end, unpacked(this.runs), this.first];
  }

  static fromJSON([widthMinutes, end, runs, first]: ReturnType<Timeline['toJSON']>): Timeline {
    const timeline = new Timeline(widthMinutes * bucketUnitMs);
    timeline.end = end;
    timeline.first = first;
    timeline.runs = packed(runs);
    return timeline;
  }

  private statesOf(bucket: number): number {
    if (this.count === 0 || bucket >= this.end || bucket < this.startOfRun(0)) return 0;
    return this.statesOfRun(this.indexOf(bucket));
  }

  private get count(): number {
    return this.runs.length >> 1;
  }

  private startOfRun(index: number): number {
    return numberAt(this.runs, index) >> maskBits;
  }

  private statesOfRun(index: number): number {
    return numberAt(this.runs, index) & maskAll;
  }

  /** Index of the run that holds a bucket at or after the first run's start. */
  private indexOf(bucket: number): number {
    let low = 0;
    let high = this.count - 1;
    if (this.startOfRun(high) <= bucket) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.startOfRun(middle) <= bucket) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Runs with equal neighbours made one. */
function joined(runs: readonly number[]): number[] {
  return runs.filter((run, i) => i === 0 || (run & maskAll) !== (runs[i - 1]! & maskAll));
}

export type ReportedKind = 'stopped' | 'standby' | 'running' | 'unknown';

function kindOf(states: number): ReportedKind {
  if ((states & ~stoppedMask) === 0) return 'stopped';
  // Only UNKNOWN was said, or both stopped and not stopped: nobody can tell which holds for the bucket.
  if ((states & stoppedMask) !== 0 || states === stateBit.UNKNOWN) return 'unknown';
  return (states & stateBit.RUNNING) === 0 && (states & stateBit.STANDBY) !== 0 ? 'standby' : 'running';
}
