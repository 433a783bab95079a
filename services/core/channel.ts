import { ChannelHabits } from './channel-habits.ts';
import { RangeSlots } from './range-slots.ts';

/** Slots of a channel: fine enough for a drift, coarse enough for a day in under a kilobyte. */
export const channelStepMs = 900_000;
/** Time of use over which the reference of a filter is taken (GB 15577 practice: the first 8 h), ms. */
const referenceMs = 8 * 3_600_000;
/** Fingerprints of sealed slots kept to recognise a day that is played again: a week of quarter hours, and two hours. */
const keptPrints = 7 * 96 + 8;

/**
 * One indicator of one machine (or section): its ranges over the lateness horizon, and what sealed slots have taught of
 * it. Learned in event-time order, so it does not depend on how samples came.
 */
export class Channel {
  readonly ownerId: string;
  readonly indicator: string;
  ranges: RangeSlots;
  /** Mean over the first hours of use, as sum and number of slots; `undefined` sum until something was learned. */
  private referenceSum = 0;
  private referenceSlots = 0;
  /** Fingerprints of sealed slots in use, a ring: the bits of lowest and highest value mixed; 0: nothing came, or at rest. */
  private prints = new Uint32Array(keptPrints);
  private printsFromMs = 0;
  private printsEndMs = 0;
  /** Derived: fingerprints that are not 0. */
  private usedSlots = 0;
  habits = new ChannelHabits();

  constructor(ownerId: string, indicator: string, spanMs: number, startMs: number) {
    this.ownerId = ownerId;
    this.indicator = indicator;
    this.ranges = new RangeSlots(channelStepMs, spanMs, startMs);
  }

  get id(): string {
    return `${this.ownerId}/${this.indicator}`;
  }

  /** Mean of the first 8 h of use; `undefined` until they are over. */
  get reference(): number | undefined {
    return this.referenceSlots * channelStepMs >= referenceMs ? this.referenceSum / this.referenceSlots : undefined;
  }

  /** Begins the reference anew: the filter was changed. */
  resetReference(): void {
    this.referenceSum = 0;
    this.referenceSlots = 0;
  }

  /** Learns one sealed slot; `inUse` tells whether the machine worked, so that the slot counts for the reference. */
  learn(startMs: number, inUse: boolean): void {
    const low = this.ranges.lowAt(startMs);
    const high = this.ranges.highAt(startMs);
    const heard = !Number.isNaN(low);
    if (heard && inUse && this.referenceSlots * channelStepMs < referenceMs) {
      this.referenceSum += (low + high) / 2;
      this.referenceSlots++;
    }
    if (this.printsEndMs !== startMs) {
      // A week of prints begins with something heard: when the channel came to be depends on the order of arrival.
      if (!heard) return;
      this.printsFromMs = startMs;
      this.prints.fill(0);
      this.usedSlots = 0;
    }
    // At rest days are alike: only what it shows in use says of which day it is.
    const print = heard && inUse ? printOf(low, high) : 0;
    if (print === 0) this.habits.rest();
    else this.learnHabits(startMs, print, low === 0 && high === 0);
    this.printsEndMs = startMs + channelStepMs;
    this.printsFromMs = Math.max(this.printsFromMs, this.printsEndMs - keptPrints * channelStepMs);
    const place = ringPlace(startMs);
    this.usedSlots += (print === 0 ? 0 : 1) - (this.prints[place] === 0 ? 0 : 1);
    this.prints[place] = print;
  }

  /** True where a slot is sealed: its fingerprint is that of use. */
  isLearned(startMs: number): boolean {
    return startMs < this.printsEndMs;
  }

  /** Fingerprint of a slot; 0 where nothing came, or where it was learned to be at rest. */
  printAt(startMs: number): number {
    if (startMs >= this.printsFromMs && startMs < this.printsEndMs) return this.prints[ringPlace(startMs)]!;
    const low = this.ranges.lowAt(startMs);
    return Number.isNaN(low) ? 0 : printOf(low, this.ranges.highAt(startMs));
  }

  /** For how many slots up to and with that one it has shown exactly the same as the slot before, up to `most`. */
  stayedAt(startMs: number, most: number): number {
    let ms = startMs;
    for (let stayed = 0; stayed < most; stayed++) {
      const print = this.printAt(ms);
      ms -= channelStepMs;
      if (print === 0 || print !== this.printAt(ms)) return stayed;
    }
    return most;
  }

  /** Slots of the last week, `untilMs` at the latest, that show exactly what one does; unsealed ones first. */
  equalSlots(startMs: number, untilMs: number, most: number): number[] {
    const print = this.printAt(startMs);
    const open = !this.isLearned(startMs) && untilMs >= this.printsEndMs;
    const equal = open ? this.ranges.equalTo(startMs, this.printsEndMs, untilMs, most) : [];
    const first = ringPlace(this.printsFromMs);
    let place = this.prints.indexOf(print);
    for (; place >= 0 && equal.length < most; place = this.prints.indexOf(print, place + 1)) {
      const ms = this.printsFromMs + ((place - first + keptPrints) % keptPrints) * channelStepMs;
      if (ms <= untilMs) equal.push(ms);
    }
    return equal;
  }

  /** Sealed slots of the last week in which something was heard in use. */
  get slotsInUse(): number {
    return this.usedSlots;
  }

  /** Slots of the last week that are known before one. */
  slotsBefore(startMs: number): number {
    return Math.max(0, Math.round((startMs - this.printsFromMs) / channelStepMs));
  }

  toState(): { json: readonly unknown[]; blocks: Uint8Array[] } {
    const { head, blocks } = this.ranges.toState();
    const { capacity } = this.ranges;
    const learned = [this.referenceSum, this.referenceSlots, this.printsFromMs, this.printsEndMs, this.habits];
    const prints = new Uint8Array(this.prints.buffer);
    return { json: [this.ownerId, this.indicator, capacity, head, ...learned], blocks: [...blocks, prints] };
  }

  static fromState(json: readonly unknown[], blocks: Uint8Array[]): Channel {
    const [ownerId, indicator, capacity, head, sum, slots, fromMs, endMs, habits] = json as [
      string,
      string,
      number,
      number,
      number,
      number,
      number,
      number,
      number[],
    ];
    const channel = new Channel(ownerId, indicator, 0, 0);
    channel.ranges = RangeSlots.fromState(channelStepMs, capacity, head, blocks.splice(0, 2));
    channel.referenceSum = sum;
    channel.referenceSlots = slots;
    channel.printsFromMs = fromMs;
    channel.printsEndMs = endMs;
    channel.habits = ChannelHabits.fromJSON(habits);
    channel.prints = new Uint32Array(blocks.shift()!.slice().buffer);
    channel.usedSlots = channel.prints.reduce((sum, print) => sum + (print === 0 ? 0 : 1), 0);
    return channel;
  }

  private learnHabits(startMs: number, print: number, isZero: boolean): void {
    const before = this.printAt(startMs - channelStepMs);
    this.habits.learnUse(isZero, before === 0 ? undefined : print === before);
  }
}

function ringPlace(startMs: number): number {
  return Math.floor(startMs / channelStepMs) % keptPrints;
}

const floats = new Float32Array(2);
const words = new Uint32Array(floats.buffer);

/** 32 bits of a range, never 0: ranges of live sensors hardly ever repeat. */
function printOf(low: number, high: number): number {
  floats[0] = low;
  floats[1] = high;
  return (Math.imul(words[0]!, 0x9e3779b1) ^ Math.imul(words[1]!, 0x85ebca77) ^ (words[1]! >>> 15)) >>> 0 || 1;
}
