import type { PowerQuality } from './records.ts';

/**
 * Quality of a slot's load, from worst to best known; at equal place the larger value wins, so that a slot is the
 * maximum of what was said of it and does not depend on the order of arrival. Two measured values that differ are
 * `conflicting`: nobody can tell which is right, so the slot cannot be judged.
 */
export type SlotQuality = 'missing' | 'suspect' | 'estimated' | 'measured' | 'conflicting';

const codes = ['missing', 'suspect', 'estimated', 'measured', 'conflicting'] as const;
const rankOf: Readonly<Record<PowerQuality, number>> = { SUSPECT: 1, ESTIMATED: 2, MEASURED: 3 };
const conflicting = 4;
const codeMask = 7;

/** Share of a slot's fast readings that must be there before their mean stands for the slot. */
const foldCoverage = 0.8;
/** Slots more than the span: the one being sealed and the one that has just begun. */
const spareSlots = 2;
/** Fast readings a slot: one bit each. */
const maxFold = 64;

/**
 * Load of one meter over the lateness horizon, a ring of four bytes a slot: a float32 whose three lowest mantissa bits
 * hold the quality (relative error under 1e-6, far below any meter class of IEC 62053).
 */
export class LoadSlots {
  readonly intervalMs: number;
  /** Slots that have a place in the ring. */
  readonly capacity: number;
  /** The ring: `capacity` words of a shared block, from `base` on. */
  private readonly block: Uint32Array;
  private readonly base: number;
  /** Number of the slot after the newest one that has a place in the ring. */
  private head: number;
  /** Fast readings, folded: sums of whole watts, so that the order of addition cannot matter. */
  private fold: { readonly readingMs: number; readonly sumW: Float64Array; readonly seen: Uint32Array } | undefined;

  /** `spanMs`: how much time is held at least. */
  constructor(intervalMs: number, spanMs: number, startMs: number) {
    this.intervalMs = intervalMs;
    this.capacity = capacityFor(spanMs, intervalMs);
    const { block, base } = wordsFor(this.capacity);
    this.block = block;
    this.base = base;
    this.head = Math.floor(startMs / intervalMs) + this.capacity;
  }

  static ofCapacity(intervalMs: number, capacity: number): LoadSlots {
    return new LoadSlots(intervalMs, (capacity - spareSlots) * intervalMs, 0);
  }

  /** Start of the oldest slot that is still held. */
  get oldestMs(): number {
    return (this.head - this.capacity) * this.intervalMs;
  }

  /**
   * Puts a reading in its slot; false when it changes nothing. `startMs` must lie in the ring (see `advance`). A reading
   * that is longer than a slot, from before the meter was read more often, stands for each slot that it covers.
   */
  put(startMs: number, readingMs: number, kw: number, quality: PowerQuality): boolean {
    const { intervalMs, capacity } = this;
    const slot = Math.floor(startMs / intervalMs);
    const at = slot % capacity;
    if (readingMs < intervalMs) return this.putFast(at, startMs, readingMs, kw, quality);
    let changed = this.join(at, kw, rankOf[quality]);
    for (let covered = 1; covered * intervalMs < readingMs; covered++) {
      if (this.join((slot + covered) % capacity, kw, rankOf[quality])) changed = true;
    }
    return changed;
  }

  /** Mean load of the slot that starts at `startMs`, kW; `undefined` when missing or outside of the ring. */
  kwAt(startMs: number): number | undefined {
    const at = this.placeOf(startMs);
    const word = at < 0 ? 0 : this.block[this.base + at]!;
    return (word & codeMask) === 0 ? undefined : unpack(word);
  }

  qualityAt(startMs: number): SlotQuality {
    const at = this.placeOf(startMs);
    return at < 0 ? 'missing' : codes[this.block[this.base + at]! & codeMask]!;
  }

  /** Mean over [startMs, startMs + spanMs), whole slots, kW, of what was measured there; NaN where a fifth is missing. */
  measuredKw(startMs: number, spanMs: number): number {
    const { intervalMs, capacity, block, base, head } = this;
    const first = Math.floor(startMs / intervalMs);
    const end = Math.max(first + 1, Math.floor((startMs + spanMs) / intervalMs));
    if (first < head - capacity || end > head) return Number.NaN;
    let sum = 0;
    let count = 0;
    for (let slot = first; slot < end; slot++) {
      const word = block[base + (slot % capacity)]!;
      if ((word & codeMask) !== rankOf.MEASURED) continue;
      sum += unpack(word);
      count++;
    }
    return count < foldCoverage * (end - first) ? Number.NaN : sum / count;
  }

  /** Makes room for slots up to and with the one that holds `ms`, clearing what falls out of the ring. */
  advance(ms: number): void {
    const target = Math.floor(ms / this.intervalMs) + 1;
    if (target <= this.head) return;
    const fresh = Math.min(target - this.head, this.capacity);
    for (let slot = target - fresh; slot < target; slot++) {
      const at = slot % this.capacity;
      this.block[this.base + at] = 0;
      if (this.fold) {
        this.fold.sumW[at] = 0;
        this.fold.seen[2 * at] = 0;
        this.fold.seen[2 * at + 1] = 0;
      }
    }
    this.head = target;
  }

  /** The same slots in a ring that spans at least `spanMs`. */
  spanning(spanMs: number): LoadSlots {
    if (capacityFor(spanMs, this.intervalMs) <= this.capacity) return this;
    const wider = new LoadSlots(this.intervalMs, spanMs, 0);
    wider.head = this.head;
    const fold = this.fold && wider.openFold(this.fold.readingMs);
    for (let slot = this.head - this.capacity; slot < this.head; slot++) {
      const from = slot % this.capacity;
      const to = slot % wider.capacity;
      wider.block[wider.base + to] = this.block[this.base + from]!;
      if (!fold) continue;
      fold.sumW[to] = this.fold!.sumW[from]!;
      fold.seen[2 * to] = this.fold!.seen[2 * from]!;
      fold.seen[2 * to + 1] = this.fold!.seen[2 * from + 1]!;
    }
    return wider;
  }

  /**
   * The same loads in slots of another length: a long one stands for each of its parts, short ones fold into a long one
   * as readings do. Where neither length divides the other, or a long slot has too many parts, nothing is carried over.
   */
  recut(intervalMs: number, spanMs: number): LoadSlots {
    const other = new LoadSlots(intervalMs, spanMs, 0);
    other.head = Math.ceil((this.head * this.intervalMs) / intervalMs);
    const readingMs = this.fold?.readingMs ?? this.intervalMs;
    const refines = this.intervalMs % intervalMs === 0;
    if (!refines && (intervalMs % this.intervalMs !== 0 || intervalMs / readingMs > maxFold)) return other;
    const oldestMs = Math.max(this.oldestMs, other.oldestMs);
    for (
      let ms = Math.ceil(oldestMs / this.intervalMs) * this.intervalMs;
      this.placeOf(ms) >= 0;
      ms += this.intervalMs
    ) {
      if (refines) {
        const word = this.block[this.base + this.placeOf(ms)]!;
        for (let part = ms; part < ms + this.intervalMs; part += intervalMs)
          other.block[other.base + other.placeOf(part)] = word;
      } else this.foldInto(other, ms, readingMs);
    }
    return other;
  }

  /** State as plain blocks, for snapshots. */
  toBlocks(): { head: number; readingMs: number; blocks: Uint8Array[] } {
    const blocks = [bytesOf(this.words())];
    if (this.fold) blocks.push(bytesOf(this.fold.sumW), bytesOf(this.fold.seen));
    return { head: this.head, readingMs: this.fold?.readingMs ?? 0, blocks };
  }

  restore(head: number, readingMs: number, blocks: readonly Uint8Array[]): void {
    this.head = head;
    bytesOf(this.words()).set(blocks[0]!);
    if (readingMs > 0) {
      const fold = this.openFold(readingMs);
      bytesOf(fold.sumW).set(blocks[1]!);
      bytesOf(fold.seen).set(blocks[2]!);
    }
  }

  /** Hands the readings of one slot to longer slots; of a slot that came as one, each reading of its time is its mean. */
  private foldInto(other: LoadSlots, ms: number, readingMs: number): void {
    const at = this.placeOf(ms);
    const total = this.intervalMs / readingMs;
    const count = this.fold ? popCount(this.fold.seen[2 * at]!) + popCount(this.fold.seen[2 * at + 1]!) : 0;
    const isWhole = count === 0 && this.qualityAt(ms) === 'measured';
    const kw = isWhole ? this.kwAt(ms)! : count > 0 ? this.fold!.sumW[at]! / count / 1000 : 0;
    for (let index = 0; index < total; index++) {
      const seen = isWhole || (count > 0 && (this.fold!.seen[2 * at + (index >> 5)]! & (1 << (index & 31))) !== 0);
      const readingStartMs = ms + index * readingMs;
      if (seen) other.putFast(other.placeOf(readingStartMs), readingStartMs, readingMs, kw, 'MEASURED');
    }
  }

  private words(): Uint32Array {
    return this.block.subarray(this.base, this.base + this.capacity);
  }

  private placeOf(startMs: number): number {
    const slot = Math.floor(startMs / this.intervalMs);
    return slot >= this.head || slot < this.head - this.capacity ? -1 : slot % this.capacity;
  }

  private join(at: number, kw: number, rank: number): boolean {
    const before = this.block[this.base + at]!;
    const held = before & codeMask;
    if (rank < held) return false;
    let after = pack(kw, rank);
    if (rank === held && after !== before) {
      after = pack(Math.max(kw, unpack(before)), rank === rankOf.MEASURED ? conflicting : rank);
    }
    this.block[this.base + at] = after;
    return after !== before;
  }

  private putFast(at: number, startMs: number, readingMs: number, kw: number, quality: PowerQuality): boolean {
    if (quality === 'SUSPECT') return false;
    const fold = this.fold ?? this.openFold(readingMs);
    if (fold.readingMs !== readingMs) return false;
    const total = Math.round(this.intervalMs / readingMs);
    const index = Math.floor((startMs % this.intervalMs) / readingMs);
    const word = 2 * at + (index >> 5);
    const bit = 1 << (index & 31);
    // The first value of a reading stands; a repeat of it adds nothing.
    if ((fold.seen[word]! & bit) !== 0) return false;
    fold.seen[word] = fold.seen[word]! | bit;
    fold.sumW[at] = fold.sumW[at]! + Math.round(kw * 1000);
    const count = popCount(fold.seen[2 * at]!) + popCount(fold.seen[2 * at + 1]!);
    if (count < foldCoverage * total) return false;
    this.block[this.base + at] = pack(fold.sumW[at]! / count / 1000, rankOf.MEASURED);
    return true;
  }

  private openFold(readingMs: number) {
    this.fold = {
      readingMs,
      sumW: new Float64Array(this.capacity),
      seen: new Uint32Array(2 * this.capacity),
    };
    return this.fold;
  }
}

/** Why a reading's interval cannot be folded into the meter's slots; `undefined` when it can. */
export function intervalProblem(readingMs: number, slotMs: number): string | undefined {
  if (!Number.isInteger(readingMs) || readingMs < 1000) return `interval ${readingMs} ms is under a second`;
  if (readingMs > slotMs) return `interval ${readingMs} ms is longer than the meter's slots of ${slotMs} ms`;
  if (slotMs % readingMs !== 0) return `slots of ${slotMs} ms do not divide into intervals of ${readingMs} ms`;
  if (slotMs / readingMs > maxFold) return `more than ${maxFold} readings a slot of ${slotMs} ms`;
  return undefined;
}

function capacityFor(spanMs: number, intervalMs: number): number {
  return Math.ceil(spanMs / intervalMs) + spareSlots;
}

/**
 * Rings are cut from shared blocks: with a typed array of its own a ring of 15-minute slots would take half as much
 * again. A block is freed with the last of its rings.
 */
const blockWords = 4096;
let openBlock = new Uint32Array(0);
let openFrom = 0;

function wordsFor(capacity: number): { block: Uint32Array; base: number } {
  if (openFrom + capacity > openBlock.length) {
    openBlock = new Uint32Array(Math.max(blockWords, capacity));
    openFrom = 0;
  }
  const base = openFrom;
  openFrom += capacity;
  return { block: openBlock, base };
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function pack(kw: number, code: number): number {
  scratch[0] = kw;
  return ((scratchBits[0]! & ~codeMask) | code) >>> 0;
}

function unpack(bits: number): number {
  scratchBits[0] = bits;
  return scratch[0]!;
}

function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function popCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
