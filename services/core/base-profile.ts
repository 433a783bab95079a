/**
 * What is drawn behind a meter while its machines stand, by hour of the week: dormitories, heating and cooling, machines
 * that run on cheap current by night. It is learned from slots whose load is of the stopped kind, whatever was reported,
 * so that a liar cannot teach it, and what an hour adds to the level of the base is taken out of the load before that is
 * judged. It counts only while it foretells the base better than its level alone does.
 */

const hourMs = 3_600_000;
const quarterMs = 900_000;
const hoursOfDay = 24;
const hoursOfWeek = 168;
/** Memory of an hour of the day, quarters of an hour: three weeks, in which a season moves little. */
const dayMemory = 4 * 21;
/** The same of an hour of the week: eight weeks. */
const weekMemory = 4 * 8;
/** What an hour of the week adds to its hour of the day counts by half once it was seen in two weeks. */
const halfTrust = 4 * 2;
/** An hour of the day counts once it was seen on three days. */
const leastSeen = 4 * 3;
/** Hours of the day that must be known before any counts. */
const leastHours = 8;
/** A surprise counts up to this many mean deviations (Huber): a start or a stop within a slot moves little. */
const mostSurprise = 2;
/** Memory of the deviations, quarters of an hour: two weeks. */
const spreadMemory = 4 * 24 * 14;
/** It comes to count when it takes this share of the deviations away, and ceases to when it takes hardly any. */
const gainToBegin = 0.3;
const gainToGoOn = 0.1;

const cells = hoursOfDay + hoursOfWeek;

export class BaseProfile {
  /** Mean kW of each hour of the day, then what each hour of the week adds to it; and in how many quarters each was seen. */
  private kw = new Float32Array(cells);
  private seen = new Float32Array(cells);
  /** Mean deviations from what was foretold, by the profile and by the level alone, kW, and what they rest on. */
  private spreadKw = 0;
  private flatSpreadKw = 0;
  private spreadSeen = 0;
  /** The level from which hours differ, kW: as it was when the profile came to count, so that what is learned of the rest stays true. */
  private levelKw = 0;
  /** Rises when it comes to count and when it ceases to. */
  version = 0;
  private counts = false;

  /** What the base draws in the hour of a slot beyond its level, kW: below 0 in quiet hours, 0 where it is not known. */
  extraKw(startMs: number): number {
    if (!this.counts) return 0;
    const hour = hourOf(startMs);
    return this.seen[hour % hoursOfDay]! < leastSeen ? 0 : this.foretold(hour) - this.levelKw;
  }

  /** Learns one sealed slot whose load is of the stopped kind; true when by it the profile comes to count, or ceases to. */
  learn(startMs: number, kw: number, intervalMs: number): boolean {
    const hour = hourOf(startMs);
    const day = hour % hoursOfDay;
    const share = intervalMs / quarterMs;
    const known = this.seen[day]! >= leastSeen;
    let news = kw - this.foretold(hour);
    if (known) {
      this.learnSpreads(kw, news, share);
      const most = mostSurprise * this.spreadKw;
      if (this.spreadSeen >= leastSeen) news = Math.min(most, Math.max(-most, news));
      this.move(hoursOfDay + hour, news, share, weekMemory);
    }
    this.move(day, news, share, dayMemory);
    return this.weigh();
  }

  toState(): { json: readonly unknown[]; block: Uint8Array } {
    const block = new Uint8Array(2 * this.kw.byteLength);
    block.set(new Uint8Array(this.kw.buffer));
    block.set(new Uint8Array(this.seen.buffer), this.kw.byteLength);
    const { spreadKw, flatSpreadKw, spreadSeen, levelKw, version, counts } = this;
    return { json: [spreadKw, flatSpreadKw, spreadSeen, levelKw, version, counts], block };
  }

  static fromState(json: readonly unknown[], block: Uint8Array): BaseProfile {
    const profile = new BaseProfile();
    const [spreadKw, flatSpreadKw, spreadSeen, levelKw, version, counts] = json as [
      number,
      number,
      number,
      number,
      number,
      boolean,
    ];
    const values = new Float32Array(block.slice().buffer);
    profile.kw = values.slice(0, cells);
    profile.seen = values.slice(cells);
    Object.assign(profile, { spreadKw, flatSpreadKw, spreadSeen, levelKw, version, counts });
    return profile;
  }

  private foretold(hour: number): number {
    const seen = this.seen[hoursOfDay + hour]!;
    return this.kw[hour % hoursOfDay]! + (seen / (seen + halfTrust)) * this.kw[hoursOfDay + hour]!;
  }

  private move(cell: number, news: number, share: number, memory: number): void {
    const seen = Math.min(memory, this.seen[cell]! + share);
    this.seen[cell] = seen;
    this.kw[cell] = this.kw[cell]! + (news * share) / seen;
  }

  private learnSpreads(kw: number, news: number, share: number): void {
    const flatKw = this.meanKw();
    if (flatKw === undefined) return;
    this.spreadSeen = Math.min(spreadMemory, this.spreadSeen + share);
    const weight = share / this.spreadSeen;
    this.spreadKw += (Math.abs(news) - this.spreadKw) * weight;
    this.flatSpreadKw += (Math.abs(kw - flatKw) - this.flatSpreadKw) * weight;
  }

  /** Mean over the hours of the day that are known; `undefined` while they are too few. */
  private meanKw(): number | undefined {
    let sum = 0;
    let hours = 0;
    for (let day = 0; day < hoursOfDay; day++) {
      if (this.seen[day]! < leastSeen) continue;
      sum += this.kw[day]!;
      hours++;
    }
    return hours < leastHours ? undefined : sum / hours;
  }

  private weigh(): boolean {
    // Two days of deviations.
    const gain = this.spreadSeen < 4 * 48 ? 0 : 1 - this.spreadKw / this.flatSpreadKw;
    const counts = gain >= (this.counts ? gainToGoOn : gainToBegin);
    if (counts === this.counts) return false;
    this.counts = counts;
    this.levelKw = this.meanKw() ?? 0;
    this.version++;
    return true;
  }
}

/** Hour of the week from midnight of a Thursday in UTC on: China has no summer time, so it is the same hour there. */
function hourOf(ms: number): number {
  return Math.floor(ms / hourMs) % hoursOfWeek;
}
