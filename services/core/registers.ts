const stepMs = 900_000;
/** Two registers that differ were sent for one moment: nobody can tell which is right. */
const conflicting = Number.POSITIVE_INFINITY;

/**
 * Energy registers of one meter at the end of each quarter of an hour of the lateness horizon. Equal values join, others
 * conflict for good, so a register does not depend on the order or number of readings.
 */
export class Registers {
  readonly capacity: number;
  private readonly kwh: Float64Array;
  /** Number of the quarter end after the newest one that has a place in the ring. */
  private head: number;

  constructor(spanMs: number, startMs: number) {
    this.capacity = Math.ceil(spanMs / stepMs) + 2;
    this.kwh = new Float64Array(this.capacity).fill(Number.NaN);
    this.head = Math.floor(startMs / stepMs) + this.capacity;
  }

  /** Takes the register at `endMs`; false where that ends no quarter, lies before the ring, or changes nothing. */
  put(endMs: number, kwh: number): boolean {
    if (endMs % stepMs !== 0 || !Number.isFinite(kwh)) return false;
    const end = endMs / stepMs;
    this.advance(end);
    if (end < this.head - this.capacity) return false;
    const at = end % this.capacity;
    const before = this.kwh[at]!;
    if (before === kwh || before === conflicting) return false;
    this.kwh[at] = Number.isNaN(before) ? kwh : conflicting;
    return true;
  }

  /** Register at the end of a quarter, kWh; `undefined` where none came, or several that differ. */
  at(endMs: number): number | undefined {
    const end = Math.floor(endMs / stepMs);
    if (end >= this.head || end < this.head - this.capacity) return undefined;
    const kwh = this.kwh[end % this.capacity]!;
    return Number.isFinite(kwh) ? kwh : undefined;
  }

  /** The same registers in a ring that spans at least `spanMs`. */
  spanning(spanMs: number): Registers {
    if (Math.ceil(spanMs / stepMs) + 2 <= this.capacity) return this;
    const wider = new Registers(spanMs, 0);
    wider.head = this.head;
    for (let end = this.head - this.capacity; end < this.head; end++) {
      wider.kwh[end % wider.capacity] = this.kwh[end % this.capacity]!;
    }
    return wider;
  }

  toState(): { json: readonly [capacity: number, head: number]; block: Uint8Array } {
    const { buffer, byteOffset, byteLength } = this.kwh;
    return { json: [this.capacity, this.head], block: new Uint8Array(buffer, byteOffset, byteLength) };
  }

  static fromState([capacity, head]: readonly [number, number], block: Uint8Array): Registers {
    const registers = new Registers((capacity - 2) * stepMs, 0);
    registers.head = head;
    registers.kwh.set(new Float64Array(block.slice().buffer));
    return registers;
  }

  private advance(end: number): void {
    if (end < this.head) return;
    const fresh = Math.min(end + 1 - this.head, this.capacity);
    for (let next = end + 1 - fresh; next <= end; next++) this.kwh[next % this.capacity] = Number.NaN;
    this.head = end + 1;
  }
}
