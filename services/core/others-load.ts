import type { Shares } from './timeline.ts';

/** Stops that must have been seen before it is known whether part of the load is usual in them: some days of two shifts. */
const leastStops = 8;
/** It is usual where at least this share of the stops shows it. */
const usualShare = 1 / 3;
/** Memory, stops: two months of two a day. */
const mostStops = 128;

/**
 * Behind a meter that may feed others than the machines: how many of the stops that were reported of all machines show part
 * of the load of work. A tenant works on over the breaks of the firm, day after day; somebody who lies now and then does
 * not. Of one who does so at every stop nobody can tell it from a tenant.
 */
export class OthersLoad {
  private stops = 0;
  private partStops = 0;
  private isStopped = false;
  private isPart = false;
  /** Rises as it becomes usual or unusual. */
  version = 0;

  /** True once it is known that part of the load is no usual thing while all machines are said to stand. */
  get isUnusual(): boolean {
    return this.stops >= leastStops && this.partStops < usualShare * this.stops;
  }

  /** Learns one sealed slot: what was reported of all machines together, and whether part of the load of work was drawn. */
  learn(shares: Shares, isPart: boolean): void {
    if (shares.stopped === 1) {
      this.isStopped = true;
      this.isPart ||= isPart;
      return;
    }
    if (shares.running === 0 || !this.isStopped) return;
    const before = this.isUnusual;
    this.stops++;
    if (this.isPart) this.partStops++;
    if (this.stops > mostStops) {
      this.stops >>= 1;
      this.partStops >>= 1;
    }
    this.isStopped = false;
    this.isPart = false;
    if (this.isUnusual !== before) this.version++;
  }

  /** Nothing is known yet, of another meter; its versions go on. */
  static following({ version }: OthersLoad): OthersLoad {
    const next = new OthersLoad();
    next.version = version + 1;
    return next;
  }

  toJSON(): readonly number[] {
    return [this.stops, this.partStops, this.isStopped ? 1 : 0, this.isPart ? 1 : 0, this.version];
  }

  static fromJSON([stops, partStops, isStopped, isPart, version]: readonly number[]): OthersLoad {
    const load = new OthersLoad();
    load.stops = stops!;
    load.partStops = partStops!;
    load.isStopped = isStopped === 1;
    load.isPart = isPart === 1;
    load.version = version!;
    return load;
  }
}
