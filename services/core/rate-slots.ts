import { RangeSlots } from './range-slots.ts';

const stepMs = 60_000;

/**
 * How fast an indicator changes, minute by minute: its range within a minute, and how far the middle of that range lies
 * from the one of the minute before. The finest that does not depend on the order of samples; a ramp shows at its own
 * rate, a jump at its height, a single outlier at half of it.
 */
export class RateSlots {
  /** The lowest rate that any rule forbids, in the indicator's unit a minute: what is faster is news. */
  readonly leastPerMinute: number;
  private ranges: RangeSlots;

  constructor(leastPerMinute: number, spanMs: number, startMs: number) {
    this.leastPerMinute = leastPerMinute;
    this.ranges = new RangeSlots(stepMs, spanMs, startMs);
  }

  /** Takes one sample; true when its minute, or the one after, changes faster by it than any rule allows. */
  observe(atMs: number, value: number): boolean {
    if (!this.ranges.put(atMs, value)) return false;
    return this.perMinuteAt(atMs) > this.leastPerMinute || this.perMinuteAt(atMs + stepMs) > this.leastPerMinute;
  }

  /** Change over the minute that holds `ms`, up or down, in the unit a minute; NaN where nothing was sampled in it. */
  perMinuteAt(ms: number): number {
    const { ranges } = this;
    const low = ranges.lowAt(ms);
    const high = ranges.highAt(ms);
    const before = (ranges.lowAt(ms - stepMs) + ranges.highAt(ms - stepMs)) / 2;
    const moved = Math.abs((low + high) / 2 - before);
    return Number.isNaN(moved) ? high - low : Math.max(high - low, moved);
  }

  /** End of the minutes from the one of `fromMs` on, up to `toMs`, that change no faster than `perMinute`. */
  calmUntilMs(fromMs: number, toMs: number, perMinute: number): number {
    let ms = Math.floor(fromMs / stepMs) * stepMs;
    while (ms < toMs && !(this.perMinuteAt(ms) > perMinute)) ms += stepMs;
    return Math.min(ms, toMs);
  }

  spanning(spanMs: number): RateSlots {
    return this.with(this.leastPerMinute, this.ranges.spanning(spanMs));
  }

  /** The same samples, watched for another rate. */
  watchedFor(leastPerMinute: number): RateSlots {
    return leastPerMinute === this.leastPerMinute ? this : this.with(leastPerMinute, this.ranges);
  }

  toState(): { json: readonly unknown[]; blocks: Uint8Array[] } {
    const { head, blocks } = this.ranges.toState();
    return { json: [this.leastPerMinute, this.ranges.capacity, head], blocks };
  }

  /** Rebuilds from `toState`; takes its blocks from the front of the list. */
  static fromState(json: readonly unknown[], blocks: Uint8Array[]): RateSlots {
    const [leastPerMinute, capacity, head] = json as [number, number, number];
    const slots = new RateSlots(leastPerMinute, 0, 0);
    slots.ranges = RangeSlots.fromState(stepMs, capacity, head, blocks.splice(0, 2));
    return slots;
  }

  private with(leastPerMinute: number, ranges: RangeSlots): RateSlots {
    const other = new RateSlots(leastPerMinute, 0, 0);
    other.ranges = ranges;
    return other;
  }
}
