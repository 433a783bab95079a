/** A shift in use before anything is said of how an indicator moves: about a quarter of an hour each. */
const leastUsed = 32;
/** Slots that stand still one after the other teach no more than an hour: a sensor held for a day would teach that this is usual. */
const taughtSlots = 4;
/** Counts are halved beyond so many: what was usual two months ago need not be now. */
const mostCounted = 60 * 96;

/** How often something came, given what came before it. */
class Frequency {
  cases = 0;
  hits = 0;

  /** Chance of it, by Laplace's rule of succession: what was never seen may still come. */
  get chance(): number {
    return (this.hits + 1) / (this.cases + 2);
  }

  count(isHit: boolean): void {
    this.cases++;
    if (isHit) this.hits++;
  }

  halve(): void {
    this.cases /= 2;
    this.hits /= 2;
  }
}

/** What sealed slots have taught of an indicator: how often it stands still or shows nothing. */
export class ChannelHabits {
  /** While in use: slots that show exactly what the slot before showed, and such that follow one that did. */
  private readonly stays = new Frequency();
  private readonly staysOn = new Frequency();
  /** While in use: slots that show nothing but zero. */
  private readonly zeros = new Frequency();
  /** For how many slots in use it has stood still up to now. */
  private stayed = 0;

  /** Takes a slot in use; `isStay` is undefined where the one before it was not heard. */
  learnUse(isZero: boolean, isStay: boolean | undefined): void {
    this.zeros.count(isZero);
    if (isStay !== undefined && this.stayed < taughtSlots) {
      (this.stayed === 0 ? this.stays : this.staysOn).count(isStay);
    }
    this.stayed = isStay ? this.stayed + 1 : 0;
    if (this.zeros.cases > mostCounted) for (const each of [this.zeros, this.stays, this.staysOn]) each.halve();
  }

  /** The machine is not in use. */
  rest(): void {
    this.stayed = 0;
  }

  /** Chance that a slot in use shows exactly what the one before it showed; `undefined` until enough was seen. */
  chanceOfStay(stayed: boolean): number | undefined {
    if (this.stays.cases + this.staysOn.cases < leastUsed) return undefined;
    return (stayed ? this.staysOn : this.stays).chance;
  }

  /** Chance that a slot in use shows nothing but zero; `undefined` until enough was seen. */
  get chanceOfZero(): number | undefined {
    return this.zeros.cases < leastUsed ? undefined : this.zeros.chance;
  }

  toJSON(): readonly number[] {
    const all = [this.stays, this.staysOn, this.zeros];
    return all.flatMap(({ cases, hits }) => [cases, hits]).concat(this.stayed);
  }

  static fromJSON(json: readonly number[]): ChannelHabits {
    const habits = new ChannelHabits();
    const all = [habits.stays, habits.staysOn, habits.zeros];
    for (const [i, frequency] of all.entries()) {
      frequency.cases = json[2 * i]!;
      frequency.hits = json[2 * i + 1]!;
    }
    habits.stayed = json[2 * all.length]!;
    return habits;
  }
}
