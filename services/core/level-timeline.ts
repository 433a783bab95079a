/** A value that parts levels: a sample is above it when it is greater, or also when equal where `inclusive`. */
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
const most = 250;

/** Width of a bucket for samples that come every `intervalMs`, ms: never longer than that, but a second at least. */
export function bucketMs(intervalMs: number): number {
  return (widthsS.findLast((width) => width * 1000 <= intervalMs) ?? 1) * 1000;
}

/**
 * Between which thresholds an indicator lay, bucket by bucket, as run-length intervals of (lowest, highest) level: an
 * indicator that keeps within its limits weighs the same for a minute and for a day. A bucket joins by minimum and
 * maximum, so it does not depend on the order or number of samples.
 */
export class LevelTimeline {
  readonly widthMs: number;
  readonly thresholds: readonly Threshold[];
  /** First bucket of each run, and its levels: 0 nothing heard, else 256 (low + 1) + high + 1. */
  private starts: number[] = [];
  private codes: number[] = [];
  /** First bucket after the last one heard. */
  private end = 0;

  constructor(widthMs: number, thresholds: readonly Threshold[]) {
    this.widthMs = widthMs;
    this.thresholds = [...thresholds].sort((a, b) => a.value - b.value || Number(b.inclusive) - Number(a.inclusive));
    if (this.thresholds.length > most) throw new Error(`more than ${most} thresholds of one indicator`);
  }

  /** End of the newest bucket that was heard, ms; 0 when none was. */
  get endMs(): number {
    return this.starts.length === 0 ? 0 : this.end * this.widthMs + epochMs;
  }

  /** Takes one sample: whether the levels of its bucket are other than those of the bucket before, or have changed. */
  observe(atMs: number, value: number): boolean {
    const level = this.levelOf(value);
    const bucket = this.bucketOf(atMs);
    const code = codeOf(level, level);
    if (this.starts.length === 0) {
      this.starts.push(bucket);
      this.codes.push(code);
      this.end = bucket + 1;
      return true;
    }
    if (bucket >= this.end) {
      const last = this.codes.at(-1);
      if (bucket > this.end) this.append(this.end, 0);
      this.append(bucket, code);
      this.end = bucket + 1;
      return code !== last;
    }
    const held = this.codeAt(bucket);
    const joined = held === 0 ? code : codeOf(Math.min(lowOf(held), level), Math.max(highOf(held), level));
    if (joined === held) return false;
    this.set(bucket, joined);
    return true;
  }

  /** Lowest and highest level in the bucket that begins at `startMs`; `undefined` where nothing was heard. */
  levelsAt(startMs: number): { readonly low: number; readonly high: number } | undefined {
    const code = this.codeAt(this.bucketOf(startMs));
    return code === 0 ? undefined : { low: lowOf(code), high: highOf(code) };
  }

  /** End of the run of equal levels that holds `startMs`, ms. */
  runEndMs(startMs: number): number {
    const bucket = this.bucketOf(startMs);
    if (this.starts.length === 0 || bucket >= this.end) return Number.POSITIVE_INFINITY;
    if (bucket < this.starts[0]!) return this.starts[0]! * this.widthMs + epochMs;
    const at = this.indexOf(bucket);
    return (this.starts[at + 1] ?? this.end) * this.widthMs + epochMs;
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

  hasThresholds(thresholds: readonly Threshold[]): boolean {
    const other = new LevelTimeline(this.widthMs, thresholds).thresholds;
    return (
      other.length === this.thresholds.length &&
      other.every(({ value, inclusive }, i) => {
        const own = this.thresholds[i]!;
        return own.value === value && own.inclusive === inclusive;
      })
    );
  }

  prune(beforeMs: number): void {
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
    return [this.widthMs, this.thresholds, this.starts, this.codes, this.end];
  }

  static fromJSON(json: readonly unknown[]): LevelTimeline {
    const [widthMs, thresholds, starts, codes, end] = json as [number, Threshold[], number[], number[], number];
    const timeline = new LevelTimeline(widthMs, thresholds);
    timeline.starts = starts;
    timeline.codes = codes;
    timeline.end = end;
    return timeline;
  }

  private bucketOf(ms: number): number {
    return Math.floor((ms - epochMs) / this.widthMs);
  }

  private codeAt(bucket: number): number {
    if (this.starts.length === 0 || bucket >= this.end || bucket < this.starts[0]!) return 0;
    return this.codes[this.indexOf(bucket)]!;
  }

  /** Index of the run that holds a bucket; the first one for buckets before it. */
  private indexOf(bucket: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= bucket) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private append(bucket: number, code: number): void {
    if (this.codes.at(-1) === code) return;
    this.starts.push(bucket);
    this.codes.push(code);
  }

  /** Puts another code in one bucket before the end, and keeps neighbours of equal codes in one run. */
  private set(bucket: number, code: number): void {
    const runs: [number, number][] = this.starts.map((start, i) => [start, this.codes[i]!]);
    if (bucket < runs[0]![0]) runs.unshift([bucket, 0]);
    const at = runs.findLastIndex(([start]) => start <= bucket);
    const [start, before] = runs[at]!;
    const next = runs[at + 1]?.[0] ?? this.end;
    const cut: [number, number][] = [[bucket, code]];
    if (start < bucket) cut.unshift([start, before]);
    if (bucket + 1 < next) cut.push([bucket + 1, before]);
    runs.splice(at, 1, ...cut);
    const kept = runs.filter(([, own], i) => i === 0 || own !== runs[i - 1]![1]);
    this.starts = kept.map(([first]) => first);
    this.codes = kept.map(([, own]) => own);
  }
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
