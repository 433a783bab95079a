/** Width of a slot, ms: an excursion of a day is then a few hundred numbers. */
const stepMs = 300_000;

/**
 * Lowest and highest of the values outside limits, by slots of five minutes; nothing is kept of slots without any. Joins
 * by minimum and maximum, so it does not depend on the order or number of samples.
 */
export class Peaks {
  private slots: number[] = [];
  private lows: number[] = [];
  private highs: number[] = [];

  observe(atMs: number, value: number): void {
    const slot = Math.floor(atMs / stepMs);
    const at = this.placeOf(slot);
    if (this.slots[at] !== slot) {
      this.slots.splice(at, 0, slot);
      this.lows.splice(at, 0, value);
      this.highs.splice(at, 0, value);
      return;
    }
    if (value < this.lows[at]!) this.lows[at] = value;
    if (value > this.highs[at]!) this.highs[at] = value;
  }

  /** Lowest value of the slot that holds `ms`; `undefined` where none was outside. */
  lowAt(ms: number): number | undefined {
    const slot = Math.floor(ms / stepMs);
    const at = this.placeOf(slot);
    return this.slots[at] === slot ? this.lows[at] : undefined;
  }

  highAt(ms: number): number | undefined {
    const slot = Math.floor(ms / stepMs);
    const at = this.placeOf(slot);
    return this.slots[at] === slot ? this.highs[at] : undefined;
  }

  /** Forgets slots that end at or before `beforeMs`; true when none is left. */
  prune(beforeMs: number): boolean {
    const at = this.placeOf(Math.floor(beforeMs / stepMs));
    if (at > 0) {
      this.slots = this.slots.slice(at);
      this.lows = this.lows.slice(at);
      this.highs = this.highs.slice(at);
    }
    return this.slots.length === 0;
  }

  toJSON(): readonly unknown[] {
    return [this.slots, this.lows, this.highs];
  }

  static fromJSON(json: readonly unknown[]): Peaks {
    const peaks = new Peaks();
    [peaks.slots, peaks.lows, peaks.highs] = json as [number[], number[], number[]];
    return peaks;
  }

  /** Where a slot is, or would be, in the list: the newest ones are asked for most. */
  private placeOf(slot: number): number {
    let at = this.slots.length;
    while (at > 0 && this.slots[at - 1]! >= slot) at--;
    return at;
  }
}
