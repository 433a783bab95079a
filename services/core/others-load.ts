import type { Shares } from './timeline.ts';

const hourMs = 3_600_000;
const hoursADay = 24;
/** Days on which a stop at an hour must have been seen before it is known whether part of the load is usual at it. */
const leastDays = 8;
/** It is usual where more than this share of those days shows it. */
const usualShare = 1 / 8;
/** Memory, days. */
const mostDays = 60;
const noDays = '\0'.repeat(2 * hoursADay);

/**
 * Behind a meter that may feed others than the machines: on how many of the days on which all machines were reported to
 * stand at an hour of the day part of the load of work was drawn. A tenant works on over the breaks of the firm, day after
 * day, at hours of his own; somebody who lies now and then does not. Of one who does so at every stop nobody can tell it
 * from a tenant.
 */
export class OthersLoad {
  /**
   * By hour of the UTC day: days with a stop, then those that showed part of the load. As the bytes of a string they weigh
   * a quarter of a small typed array, and they change but once an hour.
   */
  private days = noDays;
  /** The hour since the epoch that is being learned, and what was seen in it. */
  private hour = 0;
  private isStopped = false;
  private isPart = false;
  /** Rises as part of the load becomes usual or unusual at some hour. */
  version = 0;

  /**
   * True once it is known that nobody but the machines draws part of the load of work: at no hour that is known is it
   * usual, and whoever works beside the firm shows in some of its breaks.
   */
  get isUnusual(): boolean {
    let isKnown = false;
    for (let hour = 0; hour < hoursADay; hour++) {
      if (!this.isKnown(hour)) continue;
      if (this.isUsual(hour)) return false;
      isKnown = true;
    }
    return isKnown;
  }

  /** The same at an hour of the day at which the machines stood often enough, and nobody at the hours beside it. */
  isUnusualAt(startMs: number): boolean {
    const hour = Math.floor(startMs / hourMs) % hoursADay;
    if (!this.isKnown(hour) || !this.isUnusual) return false;
    return ![hour + 1, hour + hoursADay - 1].some((beside) => this.isUsual(beside % hoursADay));
  }

  /** Learns one sealed slot: what was reported of all machines together, and whether part of the load of work was drawn. */
  learn(startMs: number, shares: Shares, isPart: boolean): void {
    const hour = Math.floor(startMs / hourMs);
    if (hour !== this.hour) this.close();
    this.hour = hour;
    if (shares.stopped < 1) return;
    this.isStopped = true;
    this.isPart ||= isPart;
  }

  /** Nothing is known yet, of another meter; its versions go on. */
  static following({ version }: OthersLoad): OthersLoad {
    const next = new OthersLoad();
    next.version = version + 1;
    return next;
  }

  toJSON(): readonly unknown[] {
    return [bytesOf(this.days), this.hour, this.isStopped, this.isPart, this.version];
  }

  static fromJSON(json: readonly unknown[]): OthersLoad {
    const [days, hour, isStopped, isPart, version] = json as [number[], number, boolean, boolean, number];
    const load = new OthersLoad();
    load.days = String.fromCharCode(...days);
    load.hour = hour;
    load.isStopped = isStopped;
    load.isPart = isPart;
    load.version = version;
    return load;
  }

  private isKnown(hour: number): boolean {
    return this.days.charCodeAt(hour) >= leastDays;
  }

  /** One day makes no habit. */
  private isUsual(hour: number): boolean {
    return this.days.charCodeAt(hoursADay + hour) > Math.max(1, usualShare * this.days.charCodeAt(hour));
  }

  /** What is known of an hour, to see whether it has changed. */
  private standingOf(hour: number): number {
    return (this.isKnown(hour) ? 2 : 0) + (this.isUsual(hour) ? 1 : 0);
  }

  private close(): void {
    if (this.isStopped) {
      const at = this.hour % hoursADay;
      const before = this.standingOf(at);
      const days = bytesOf(this.days);
      days[at]!++;
      if (this.isPart) days[hoursADay + at]!++;
      if (days[at]! > mostDays) {
        days[at]! >>= 1;
        days[hoursADay + at]! >>= 1;
      }
      this.days = String.fromCharCode(...days);
      if (this.standingOf(at) !== before) this.version++;
    }
    this.isStopped = false;
    this.isPart = false;
  }
}

function bytesOf(text: string): number[] {
  return Array.from(text, (_, at) => text.charCodeAt(at));
}
