/** Values are kept as 16-bit codes on a logarithmic scale from a watt to a gigawatt: off by at most 0.016 %. */
const leastKw = 0.001;
const codes = 65_535;
const ratio = Math.log(1e9) / (codes - 1);
const nothing = 0;
const minuteMs = 60_000;

let kwOfCode: Float32Array | undefined;

/**
 * Lowest, highest and reactive power of a meter in each minute of the lateness horizon, six bytes a minute. A minute
 * joins by minimum and maximum, so it depends on what was read and not on the order or number of readings.
 */
export class MinuteExtremes {
  readonly capacity: number;
  private readonly words: Uint16Array;
  /** Number of the minute after the newest one that has a place in the ring. */
  private head: number;

  constructor(spanMs: number, startMs: number) {
    this.capacity = capacityFor(spanMs);
    this.words = new Uint16Array(3 * this.capacity);
    this.head = Math.floor(startMs / minuteMs) + this.capacity;
  }

  /** Takes a reading within the minute that holds `ms`; false when it changes nothing. `kvar` is `null` where unknown. */
  put(ms: number, lowKw: number, highKw: number, kvar: number | null): boolean {
    const minute = Math.floor(ms / minuteMs);
    this.advance(minute);
    if (minute < this.head - this.capacity) return false;
    const at = 3 * (minute % this.capacity);
    const { words } = this;
    const low = codeOf(lowKw);
    const high = codeOf(highKw);
    // Where capacitors outweigh it, reactive power says nothing of what draws it.
    const reactive = kvar === null || kvar < 0 ? nothing : codeOf(kvar);
    const before = words[at]!;
    const changes = before === nothing || low < before || high > words[at + 1]! || reactive > words[at + 2]!;
    if (!changes) return false;
    words[at] = before === nothing ? low : Math.min(before, low);
    words[at + 1] = Math.max(words[at + 1]!, high);
    words[at + 2] = Math.max(words[at + 2]!, reactive);
    return true;
  }

  /** Lowest power of the minute that holds `ms`, kW; NaN where nothing was read. */
  lowAt(ms: number): number {
    return this.valueAt(ms, 0);
  }

  /** Highest power, kW. */
  highAt(ms: number): number {
    return this.valueAt(ms, 1);
  }

  /** Reactive power, kvar; NaN where it is unknown or capacitive. */
  kvarAt(ms: number): number {
    return this.valueAt(ms, 2);
  }

  /** The same minutes in a ring that spans at least `spanMs`. */
  spanning(spanMs: number): MinuteExtremes {
    if (capacityFor(spanMs) <= this.capacity) return this;
    const wider = new MinuteExtremes(spanMs, 0);
    wider.head = this.head;
    for (let minute = this.head - this.capacity; minute < this.head; minute++) {
      const from = 3 * (minute % this.capacity);
      wider.words.set(this.words.subarray(from, from + 3), 3 * (minute % wider.capacity));
    }
    return wider;
  }

  toState(): { json: readonly [capacity: number, head: number]; block: Uint8Array } {
    const { buffer, byteOffset, byteLength } = this.words;
    return { json: [this.capacity, this.head], block: new Uint8Array(buffer, byteOffset, byteLength) };
  }

  static fromState([capacity, head]: readonly [number, number], block: Uint8Array): MinuteExtremes {
    const extremes = new MinuteExtremes((capacity - 2) * minuteMs, 0);
    extremes.head = head;
    extremes.words.set(new Uint16Array(block.slice().buffer));
    return extremes;
  }

  private advance(minute: number): void {
    if (minute < this.head) return;
    const fresh = Math.min(minute + 1 - this.head, this.capacity);
    for (let next = minute + 1 - fresh; next <= minute; next++) {
      const at = 3 * (next % this.capacity);
      this.words.fill(nothing, at, at + 3);
    }
    this.head = minute + 1;
  }

  private valueAt(ms: number, part: 0 | 1 | 2): number {
    const minute = Math.floor(ms / minuteMs);
    if (minute >= this.head || minute < this.head - this.capacity) return Number.NaN;
    return values()[this.words[3 * (minute % this.capacity) + part]!]!;
  }
}

function capacityFor(spanMs: number): number {
  return Math.ceil(spanMs / minuteMs) + 2;
}

function codeOf(kw: number): number {
  return kw <= leastKw ? 1 : Math.min(codes, 1 + Math.round(Math.log(kw / leastKw) / ratio));
}

/** What each code stands for: made when the first meter asks, one table for all. */
function values(): Float32Array {
  kwOfCode ??= Float32Array.from({ length: codes + 1 }, (_, code) =>
    code === nothing ? Number.NaN : code === 1 ? 0 : leastKw * Math.exp((code - 1) * ratio),
  );
  return kwOfCode;
}
