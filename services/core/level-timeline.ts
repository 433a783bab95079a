import { Peaks } from './peaks.ts';
import { sharedCopy } from './shared-copies.ts';

/**
 * A value that parts levels. Plain: an upper limit, a sample is beyond it when it is greater. `inclusive`: a lower
 * limit, a sample that equals it is not beyond it.
 */
export interface Threshold {
  readonly value: number;
  readonly inclusive: boolean;
}

/** Bucket widths, s: divisors of the seal step, so that buckets are slots. */
const widthsS = [
  1, 2, 3, 4, 5, 6, 9, 10, 12, 15, 18, 20, 25, 30, 36, 45, 50, 60, 75, 90, 100, 150, 180, 225, 300, 450, 900,
];
/** Buckets are counted from then, so that they fit a small integer. */
const epochMs = Date.UTC(2020, 0, 1);
/** Levels are kept in eight bits each. */
const most = 250;

/** Width of a bucket for samples that come every `intervalMs`, ms: never longer than that, but a second at least. */
export function bucketMs(intervalMs: number): number {
  return (widthsS.findLast((width) => width * 1000 <= intervalMs) ?? 1) * 1000;
}

/** How an indicator is kept. */
export interface LevelShape {
  /** Width of a bucket, ms. */
  readonly widthMs: number;
  /** A sample stands for its bucket and for the next one: clocks and networks shift reports by up to an interval. */
  readonly holds: boolean;
  /** Beyond 250 the last ones do not count. */
  readonly thresholds: readonly Threshold[];
}

/**
 * Between which thresholds an indicator lay, bucket by bucket, as run-length intervals of (lowest, highest) level: an
 * indicator that keeps within its limits weighs the same for a minute and for a day. A bucket joins by minimum and
 * maximum, so it does not depend on the order or number of samples.
 */
export class LevelTimeline {
  readonly widthMs: number;
  readonly holds: boolean;
  readonly thresholds: readonly Threshold[];
  /** First bucket of each run, and its levels: 0 nothing heard, else 256 (low + 1) + high + 1. */
  private starts: number[] = [];
  private codes: number[] = [];
  /** First bucket that no sample stands for any more, and the first after the newest sample. */
  private end = 0;
  private newest = 0;
  private peaks: Peaks | undefined;

  constructor({ widthMs, holds, thresholds }: LevelShape) {
    this.widthMs = widthMs;
    this.holds = holds;
    this.thresholds = sorted(thresholds);
  }

  /** End of the newest bucket in which a sample lies, ms; 0 when there is none. */
  get endMs(): number {
    return this.starts.length === 0 ? 0 : this.newest * this.widthMs + epochMs;
  }

  /** Takes one sample: whether the levels of its bucket are other than one would expect from those before. */
  observe(atMs: number, value: number): boolean {
    const level = this.levelOf(value);
    const code = codeOf(level, level);
    const bucket = this.bucketOf(atMs);
    if (this.isOutside(level)) {
      this.peaks ??= new Peaks();
      this.peaks.observe(atMs, value);
    }
    const last = this.starts.length - 1;
    const next = bucket + 1;
    if (next > this.newest || last < 0) this.newest = next;
    if (last >= 0 && this.codes[last] === code && bucket >= this.starts[last]! && bucket <= this.end) {
      const reach = this.holds ? next + 1 : next;
      if (reach > this.end) this.end = reach;
      return false;
    }
    // A level after silence is news even where it is the old one.
    const moved = bucket > this.end || (bucket === this.end && code !== this.codes[last]);
    const joined = this.join(bucket, code);
    if (this.holds) this.join(next, code);
    return moved || joined;
  }

  /** Lowest and highest level in the bucket that begins at `startMs`; `undefined` where nothing was heard. */
  levelsAt(startMs: number): { readonly low: number; readonly high: number } | undefined {
    const code = this.codeAt(this.bucketOf(startMs));
    return code === 0 ? undefined : { low: lowOf(code), high: highOf(code) };
  }

  /** Start and end, ms, of the run of equal levels that holds `ms`; infinite where nothing is held beyond. */
  runAt(ms: number): { readonly startMs: number; readonly endMs: number } {
    const bucket = this.bucketOf(ms);
    const { starts } = this;
    if (starts.length === 0) return { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
    if (bucket >= this.end) return { startMs: this.msOf(this.end), endMs: Number.POSITIVE_INFINITY };
    if (bucket < starts[0]!) return { startMs: Number.NEGATIVE_INFINITY, endMs: this.msOf(starts[0]!) };
    const at = this.indexOf(bucket);
    return { startMs: this.msOf(starts[at]!), endMs: this.msOf(starts[at + 1] ?? this.end) };
  }

  /** End of the run of equal levels that holds `ms`, ms. */
  runEndMs(ms: number): number {
    return this.runAt(ms).endMs;
  }

  /** Lowest and highest of the values that were beyond any threshold about that time, within five minutes. */
  peakAt(ms: number): { readonly low: number | undefined; readonly high: number | undefined } {
    return { low: this.peaks?.lowAt(ms), high: this.peaks?.highAt(ms) };
  }

  /** Number of thresholds below a value: the level that a sample of it would have. */
  levelOf(value: number): number {
    let level = 0;
    for (const threshold of this.thresholds) {
      if (threshold.inclusive ? value < threshold.value : value <= threshold.value) break;
      level++;
    }
    return level;
  }

  /** Lowest level above a threshold; -1 where levels are not parted there. */
  levelAbove({ value, inclusive }: Threshold): number {
    for (let i = 0; i < this.thresholds.length; i++) {
      const own = this.thresholds[i]!;
      if (own.value === value && own.inclusive === inclusive) return i + 1;
    }
    return -1;
  }

  /**
   * The same samples in another shape. Of new thresholds nothing is known but what the old ones tell: a sample counts
   * as within a new limit unless it was beyond an old one that lies farther out. What is held of old limits stays exact.
   */
  reshaped(shape: LevelShape): LevelTimeline {
    const other = new LevelTimeline(shape);
    const { widthMs, holds, thresholds } = this;
    if (widthMs === other.widthMs && holds === other.holds && sameList(thresholds, other.thresholds)) return this;
    const levels = Array.from({ length: thresholds.length + 1 }, (_, level) => this.levelIn(other, level));
    for (const [i, start] of this.starts.entries()) {
      const code = this.codes[i]!;
      if (code === 0) continue;
      const mapped = codeOf(levels[lowOf(code)]!, levels[highOf(code)]!);
      const first = other.bucketOf(this.msOf(start));
      const afterMs = this.msOf(this.starts[i + 1] ?? this.end);
      for (let bucket = first; other.msOf(bucket) < afterMs; bucket++) other.join(bucket, mapped);
    }
    other.newest = Math.min(other.end, Math.ceil((this.endMs - epochMs) / other.widthMs));
    other.peaks = this.peaks;
    return other;
  }

  prune(beforeMs: number): void {
    if (this.peaks?.prune(beforeMs)) this.peaks = undefined;
    const bucket = this.bucketOf(beforeMs);
    if (this.starts.length === 0) return;
    if (bucket >= this.end) {
      this.starts = [];
      this.codes = [];
      return;
    }
    const at = this.indexOf(bucket);
    if (at > 0) {
      this.starts = this.starts.slice(at);
      this.codes = this.codes.slice(at);
    }
  }

  toJSON(): readonly unknown[] {
    const { widthMs, holds, thresholds, starts, codes, end, newest, peaks } = this;
    return [widthMs, holds, thresholds, starts, codes, end, newest, peaks ?? null];
  }

  static fromJSON(json: readonly unknown[]): LevelTimeline {
    const [widthMs, holds, thresholds, starts, codes, end, newest, peaks] = json as [
      number,
      boolean,
      Threshold[],
      number[],
      number[],
      number,
      number,
      unknown[] | null,
    ];
    const timeline = new LevelTimeline({ widthMs, holds, thresholds });
    timeline.starts = starts;
    timeline.codes = codes;
    timeline.end = end;
    timeline.newest = newest;
    timeline.peaks = peaks ? Peaks.fromJSON(peaks) : undefined;
    return timeline;
  }

  /** Whether a level is beyond any limit. */
  private isOutside(level: number): boolean {
    const { thresholds } = this;
    for (let i = 0; i < thresholds.length; i++) if (thresholds[i]!.inclusive ? level <= i : level > i) return true;
    return false;
  }

  /** The level of another timeline that samples of a level here have, as far as can be told. */
  private levelIn(other: LevelTimeline, level: number): number {
    const floor = this.thresholds[level - 1];
    const ceiling = this.thresholds[level];
    let mapped = 0;
    for (const [i, threshold] of other.thresholds.entries()) {
      const below = floor !== undefined && order(threshold, floor) <= 0;
      const above = ceiling !== undefined && order(threshold, ceiling) >= 0;
      if (below || (!above && threshold.inclusive)) mapped = i + 1;
    }
    return mapped;
  }

  private bucketOf(ms: number): number {
    return Math.floor((ms - epochMs) / this.widthMs);
  }

  private msOf(bucket: number): number {
    return bucket * this.widthMs + epochMs;
  }

  private codeAt(bucket: number): number {
    if (this.starts.length === 0 || bucket >= this.end || bucket < this.starts[0]!) return 0;
    return this.codes[this.indexOf(bucket)]!;
  }

  /** Index of the run that holds a bucket; the first one for buckets before it. */
  private indexOf(bucket: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    if (this.starts[high]! <= bucket) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= bucket) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Joins levels into one bucket; true when the bucket held other ones. */
  private join(bucket: number, code: number): boolean {
    const { starts, codes } = this;
    if (starts.length === 0) {
      starts.push(bucket);
      codes.push(code);
      this.end = bucket + 1;
      return true;
    }
    if (bucket >= this.end) {
      if (bucket > this.end) {
        starts.push(this.end);
        codes.push(0);
      }
      if (codes.at(-1) !== code) {
        starts.push(bucket);
        codes.push(code);
      }
      this.end = bucket + 1;
      return true;
    }
    if (bucket < starts[0]!) {
      starts.unshift(bucket, bucket + 1);
      codes.unshift(code, 0);
      this.mend(0, 2);
      return true;
    }
    const at = this.indexOf(bucket);
    const held = codes[at]!;
    const joined = held === 0 ? code : codeOf(Math.min(lowOf(held), lowOf(code)), Math.max(highOf(held), highOf(code)));
    if (joined === held) return false;
    const start = starts[at]!;
    const after = starts[at + 1] ?? this.end;
    const before = start < bucket ? [start] : [];
    const rest = bucket + 1 < after ? [bucket + 1] : [];
    starts.splice(at, 1, ...before, bucket, ...rest);
    codes.splice(at, 1, ...before.map(() => held), joined, ...rest.map(() => held));
    this.mend(at, before.length + rest.length + 1);
    return true;
  }

  /** Makes one run of neighbours of equal levels, and drops empty ones, about `count` runs from `from` on. */
  private mend(from: number, count: number): void {
    const { starts, codes } = this;
    for (let i = Math.min(from + count, starts.length - 1); i >= Math.max(from, 1); i--) {
      const empty = starts[i - 1] === starts[i];
      if (empty) {
        starts.splice(i - 1, 1);
        codes.splice(i - 1, 1);
      } else if (codes[i - 1] === codes[i]) {
        starts.splice(i, 1);
        codes.splice(i, 1);
      }
    }
  }
}

const order = (a: Threshold, b: Threshold) => a.value - b.value || Number(b.inclusive) - Number(a.inclusive);

/** Lists that were seen: most machines of a kind have the same limits, and each would hold its own copy. */
const lists = new Map<string, readonly Threshold[]>();

function sorted(thresholds: readonly Threshold[]): readonly Threshold[] {
  const key = thresholds.map(({ value, inclusive }) => `${inclusive ? '>=' : '>'}${value}`).join();
  return sharedCopy(lists, key, () => thresholds.slice(0, most).sort(order));
}

function sameList(a: readonly Threshold[], b: readonly Threshold[]): boolean {
  return a === b || (a.length === b.length && a.every((threshold, i) => order(threshold, b[i]!) === 0));
}

function codeOf(low: number, high: number): number {
  return 256 * (low + 1) + high + 1;
}

function lowOf(code: number): number {
  return Math.floor(code / 256) - 1;
}

function highOf(code: number): number {
  return (code % 256) - 1;
}
