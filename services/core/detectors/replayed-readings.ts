/**
 * A day that is played again: slot after slot equals that of one earlier time, in most of the indicators that move. How
 * likely that is by chance is what the machine's own history shows, of all indicators together: they depend on each other.
 */
import { type Channel, channelStepMs } from '../channel.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import { type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { heardChannels, isInUse, isNumeric, type LivePlace, notInUse } from './live-place.ts';
import { namesOf } from './still-readings.ts';

/** A replay begins and ends within a slot, and a report may be lost: nearly every slot is equal. */
const soughtShare = 0.9;
/** What repeats within the hour stands still or swings. */
const leastLagMs = 4 * channelStepMs;
/** A slot that equals more others than this tells nothing of the time that it is of. */
const mostEqual = 24;
/** Two hours of equal slots are followed back; the evidence of longer ones was given before. */
const mostFollowed = 8;
/** Pairs of slots that must have been held against each other before anything is said: some three shifts of them. */
const leastCompared = 4000;
/** Counts are halved beyond that: some four months. */
const mostCompared = 4_000_000;
/** Chance that a chain of which none was ever seen goes on, as sure as after one case. */
const priorGoesOn = 0.05;

/** Pairs of slots in use whose slots before differ, and how many are equal; pairs whose slots before are equal, likewise. */
export type RepeatCounts = readonly [compared: number, equal: number, continued: number, equalOn: number];

/** More than any chain can have: with it the test begins anew. */
const startsAnew = -1000;
const fresh: SlotJudgement = {
  kind: 'judged',
  reason: 'readings-new',
  logLikelihoodRatio: startsAnew,
  seen: undefined,
  bound: 0,
  share: 0,
};
const repeat: SlotJudgement = { ...fresh, reason: 'readings-repeat' };

/** Slots that equal those of `lagMs` before, one by one, up to and with the judged one. */
interface Chain {
  readonly lagMs: number;
  readonly slots: number;
  /** Evidence of all of them, less what the search for the lag costs, and of the last one. */
  readonly total: number;
  readonly last: number;
}

/**
 * Each chain is a test of its own; the slot's evidence is by how much the best chain is better than the best one of the
 * slot before, so that chains that break one after the other never add up.
 */
export function judgeReplayed(
  view: SiteView,
  place: LivePlace,
  startMs: number,
  counts: RepeatCounts | undefined,
): SlotJudgement {
  const { id } = place.subjects[0];
  const beforeMs = startMs - channelStepMs;
  if (!isInUse(view, id, startMs)) return notInUse(view, id, startMs);
  const channels = heardChannels(view, id, startMs);
  if (channels.length === 0) return unjudged('unknown', 'no-readings');
  if (!counts || counts[0] < leastCompared) return unjudged('unknown', 'readings-not-learned');
  const history = new History(view, id, channels);
  const moving = history.movingAt(startMs);
  if (moving.length === 0) return unjudged('unknown', 'readings-hardly-move');
  const chain = bestChain(history, startMs, counts);
  if (!chain) return fresh;
  if (chain.total <= 0) return repeat;
  const before = bestChain(history, beforeMs, counts);
  const was = Math.max(0, before?.total ?? 0);
  const goesOn = chain.slots >= mostFollowed && before?.lagMs === chain.lagMs;
  return {
    kind: 'judged',
    reason: chain.slots > 1 && chain.total >= evidenceLimit(view.load) ? 'readings-replayed' : 'readings-repeat',
    logLikelihoodRatio: Math.min(goesOn ? chain.last : chain.total - was, evidenceCap(view.load)),
    seen: undefined,
    bound: 0,
    share: 1,
    fromMs: startMs - (chain.slots - 1) * channelStepMs,
    detail: { indicators: namesOf(moving), lagMs: chain.lagMs },
  };
}

/**
 * Holds a sealed slot against those of the week before it, and learns the chains that ended just before it. What would be
 * evidence of a replay by itself teaches nothing: else the first replay would teach that replays are usual.
 */
export function learnRepeats(
  view: SiteView,
  place: LivePlace,
  startMs: number,
  limit: number,
  counts: RepeatCounts = [0, 0, 0, 0],
): RepeatCounts {
  const { id } = place.subjects[0];
  const channels = view.channelsOf(id).filter(({ indicator }) => isNumeric(indicator));
  const history = new History(view, id, channels);
  const beforeMs = startMs - channelStepMs;
  const moves = isInUse(view, id, startMs) && history.movingAt(startMs).length > 0;
  let [compared, equal, continued, equalOn] = counts;
  if (moves) compared += Math.max(...channels.map((channel) => channel.slotsInUse));
  for (const earlierMs of history.equalTo(beforeMs)) {
    const lagMs = beforeMs - earlierMs;
    if (moves && history.chainLength(startMs, lagMs, 1) > 0) continue;
    const slots = history.chainLength(beforeMs, lagMs, mostFollowed + 1);
    const { first, next, search } = weightsOf(history, beforeMs, counts);
    if (slots > 1 && first + (slots - 1) * next - search >= limit) continue;
    equal++;
    equalOn += slots - 1;
    // Where the machine came to rest nobody knows how it would have gone on.
    continued += moves ? slots : slots - 1;
  }
  if (compared > mostCompared) return [compared / 2, equal / 2, continued / 2, equalOn / 2];
  return [compared, equal, continued, equalOn];
}

/** What the channels of a machine showed while it was in use. */
class History {
  private readonly view: SiteView;
  private readonly id: string;
  private readonly channels: readonly Channel[];
  private readonly used = new Map<number, boolean>();

  constructor(view: SiteView, id: string, channels: readonly Channel[]) {
    this.view = view;
    this.id = id;
    this.channels = channels;
  }

  /** Slots of the last week that are known before one. */
  slotsBefore(ms: number): number {
    return Math.max(...this.channels.map((channel) => channel.slotsBefore(ms)));
  }

  movingAt(ms: number): Channel[] {
    return this.channels.filter((channel) => this.moves(channel, ms));
  }

  /** Slots an hour or more before that equal a moving one in most of what moves in it, the newest first. */
  equalTo(startMs: number): number[] {
    const moving = this.movingAt(startMs);
    const found = new Set<number>();
    // Whatever most of them show, one of any half of them shows it.
    for (const channel of moving.slice(0, Math.ceil(moving.length / 2))) {
      for (const ms of channel.equalSlots(startMs, startMs - leastLagMs, mostEqual)) found.add(ms);
    }
    const equal = [...found].filter((ms) => this.isEqual(moving, startMs, startMs - ms));
    return equal.sort((a, b) => b - a).slice(0, mostEqual);
  }

  /** For how many slots, up to and with a first one, each equals the one of `lagMs` before; up to `most`. */
  chainLength(startMs: number, lagMs: number, most: number): number {
    let slots = 0;
    for (; slots < most; slots++) {
      const ms = startMs - slots * channelStepMs;
      if (!this.isEqual(this.movingAt(ms), ms, lagMs)) break;
    }
    return slots;
  }

  /** Whether most of what moves in a slot shows what it showed `lagMs` before. */
  private isEqual(moving: readonly Channel[], ms: number, lagMs: number): boolean {
    let equal = 0;
    for (const channel of moving) if (this.repeats(channel, ms, lagMs)) equal++;
    return 2 * equal > moving.length;
  }

  private print(channel: Channel, ms: number): number {
    return channel.isLearned(ms) || this.isUsed(ms) ? channel.printAt(ms) : 0;
  }

  /** Asked of the same slots for one channel after the other. */
  private isUsed(ms: number): boolean {
    let used = this.used.get(ms);
    if (used === undefined) {
      used = isInUse(this.view, this.id, ms);
      this.used.set(ms, used);
    }
    return used;
  }

  private moves(channel: Channel, ms: number): boolean {
    const print = this.print(channel, ms);
    const before = this.print(channel, ms - channelStepMs);
    return print !== 0 && before !== 0 && print !== before;
  }

  private repeats(channel: Channel, ms: number, lagMs: number): boolean {
    return this.moves(channel, ms - lagMs) && this.print(channel, ms) === this.print(channel, ms - lagMs);
  }
}

/** Evidence of the first slot of a chain, of each one after it, and what the search among all lags of the week costs. */
function weightsOf(history: History, ms: number, [compared, equal, continued, equalOn]: RepeatCounts) {
  return {
    first: Math.log((soughtShare * (compared + 2)) / (equal + 1)),
    next: Math.log((soughtShare * (continued + 1)) / (equalOn + priorGoesOn)),
    search: Math.log(Math.max(1, history.slotsBefore(ms))),
  };
}

function bestChain(history: History, startMs: number, counts: RepeatCounts): Chain | undefined {
  const { first, next, search } = weightsOf(history, startMs, counts);
  let best: Chain | undefined;
  for (const earlierMs of history.equalTo(startMs)) {
    const lagMs = startMs - earlierMs;
    const slots = history.chainLength(startMs, lagMs, mostFollowed + 1);
    const counted = Math.min(slots, mostFollowed);
    const total = (slots > mostFollowed ? next : first) + (counted - 1) * next - search;
    // Of equals the shorter lag: the order in which they are found must not matter.
    if (!best || total > best.total || (total === best.total && lagMs < best.lagMs)) {
      best = { lagMs, slots: counted, total, last: counted > 1 ? next : first };
    }
  }
  return best;
}
