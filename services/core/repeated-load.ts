/**
 * So long, and over so many slots, the load must be the very same before a meter may be thought to be stuck: one reading of
 * a quarter of an hour may stand for many short slots.
 */
const leastStuckMs = 3 * 900_000;
const leastStuckSlots = 4;
/** Where work repeats itself so often that more would be needed, nobody can tell: so far back loads are held, ms. */
export const longestStuckMs = 2 * 3_600_000;
/** How often a load of work is the very same as before is known from so many slots on, and remembered over so many. */
const leastSlots = 96;
const mostSlots = 8192;

/** How often a load of work is the very same as in the slot before: where it never is, a meter that shows it is stuck. */
export class RepeatedLoad {
  private slots = 0;
  private repeated = 0;

  /** Learns a slot of work. Only the first repetition counts: a meter that is stuck must not teach that this is usual. */
  learn(kw: number, beforeKw: number | undefined, earlierKw: number | undefined): void {
    if (beforeKw === undefined || beforeKw === earlierKw) return;
    this.slots++;
    if (kw === beforeKw) this.repeated++;
    if (this.slots < mostSlots) return;
    this.slots >>= 1;
    this.repeated >>= 1;
  }

  /** How many slots before it must show the very same load until work does not explain it at evidence `limit`; `Infinity` where nobody can tell. */
  slotsToStuck(intervalMs: number, limit: number): number {
    if (this.slots < leastSlots) return Number.POSITIVE_INFINITY;
    const again = -Math.log((this.repeated + 1) / (this.slots + 2));
    const slots = Math.max(leastStuckSlots - 1, leastStuckMs / intervalMs, Math.ceil(limit / again));
    return slots * intervalMs > longestStuckMs ? Number.POSITIVE_INFINITY : slots;
  }

  toJSON(): readonly number[] {
    return [this.slots, this.repeated];
  }

  static fromJSON([slots, repeated]: readonly number[]): RepeatedLoad {
    const load = new RepeatedLoad();
    load.slots = slots!;
    load.repeated = repeated!;
    return load;
  }
}
