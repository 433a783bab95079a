/**
 * What an indicator showed over the lateness horizon: its lowest and highest value in each slot, eight bytes a slot. A
 * range joins by minimum and maximum, so it depends on what was sampled and not on the order or number of arrivals.
 */
export class RangeSlots {
  readonly stepMs: number;
  readonly capacity: number;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  /** Number of the slot after the newest one that has a place in the ring. */
  private head: number;

  constructor(stepMs: number, spanMs: number, startMs: number) {
    this.stepMs = stepMs;
    this.capacity = Math.ceil(spanMs / stepMs) + 2;
    this.low = new Float32Array(this.capacity).fill(Number.NaN);
    this.high = new Float32Array(this.capacity).fill(Number.NaN);
    this.head = Math.floor(startMs / stepMs) + this.capacity;
  }

  /** Takes one sample; false when it changes nothing or lies before the ring. */
  put(atMs: number, value: number): boolean {
    const slot = Math.floor(atMs / this.stepMs);
    this.advance(slot);
    if (slot < this.head - this.capacity) return false;
    const at = slot % this.capacity;
    const rounded = Math.fround(value);
    if (Number.isNaN(this.low[at]!)) {
      this.low[at] = rounded;
      this.high[at] = rounded;
      return true;
    }
    const changes = rounded < this.low[at]! || rounded > this.high[at]!;
    if (rounded < this.low[at]!) this.low[at] = rounded;
    if (rounded > this.high[at]!) this.high[at] = rounded;
    return changes;
  }

  /** Lowest value of the slot that holds `ms`; NaN where nothing was sampled. */
  lowAt(ms: number): number {
    return this.low[this.placeOf(ms)] ?? Number.NaN;
  }

  highAt(ms: number): number {
    return this.high[this.placeOf(ms)] ?? Number.NaN;
  }

  /** Slots from `fromMs` to `untilMs` that show exactly what one does, the newest first, up to `most`. */
  equalTo(startMs: number, fromMs: number, untilMs: number, most: number): number[] {
    const own = this.placeOf(startMs);
    const low = this.low[own];
    const high = this.high[own];
    const equal: number[] = [];
    const first = Math.max(Math.floor(fromMs / this.stepMs), this.head - this.capacity);
    for (let slot = Math.min(Math.floor(untilMs / this.stepMs), this.head - 1); slot >= first; slot--) {
      const at = slot % this.capacity;
      if (this.low[at] !== low || this.high[at] !== high) continue;
      equal.push(slot * this.stepMs);
      if (equal.length >= most) break;
    }
    return equal;
  }

  spanning(spanMs: number): RangeSlots {
    if (Math.ceil(spanMs / this.stepMs) + 2 <= this.capacity) return this;
    const wider = new RangeSlots(this.stepMs, spanMs, 0);
    wider.head = this.head;
    for (let slot = this.head - this.capacity; slot < this.head; slot++) {
      wider.low[slot % wider.capacity] = this.low[slot % this.capacity]!;
      wider.high[slot % wider.capacity] = this.high[slot % this.capacity]!;
    }
    return wider;
  }

  toState(): { head: number; blocks: Uint8Array[] } {
    return { head: this.head, blocks: [bytesOf(this.low), bytesOf(this.high)] };
  }

  static fromState(stepMs: number, capacity: number, head: number, blocks: readonly Uint8Array[]): RangeSlots {
    const slots = new RangeSlots(stepMs, (capacity - 2) * stepMs, 0);
    slots.head = head;
    bytesOf(slots.low).set(blocks[0]!);
    bytesOf(slots.high).set(blocks[1]!);
    return slots;
  }

  private advance(slot: number): void {
    if (slot < this.head) return;
    const target = slot + 1;
    const fresh = Math.min(target - this.head, this.capacity);
    for (let next = target - fresh; next < target; next++) {
      this.low[next % this.capacity] = Number.NaN;
      this.high[next % this.capacity] = Number.NaN;
    }
    this.head = target;
  }

  private placeOf(ms: number): number {
    const slot = Math.floor(ms / this.stepMs);
    return slot >= this.head || slot < this.head - this.capacity ? -1 : slot % this.capacity;
  }
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
