/**
 * A day that is played again: slot after slot of several indicators equals that of one earlier time. How likely that is
 * by chance is what the history of each indicator itself shows.
 */
import { type Channel, channelStepMs } from '../channel.ts';
import { evidenceCap } from '../load-parameters.ts';
import { type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { heardChannels, type LivePlace } from './live-place.ts';
import { namesOf } from './still-readings.ts';

/** A replay begins and ends within a slot, and a report may be lost: nearly every slot is equal. */
const soughtShare = 0.9;
/** What repeats within the hour stands still or swings. */
const leastLagMs = 4 * channelStepMs;
/** Slots that are as common as that tell nothing of the time that they are of. */
const mostCandidates = 8;

const fresh: SlotJudgement = {
  kind: 'judged',
  reason: 'readings-new',
  logLikelihoodRatio: Math.log(1 - soughtShare),
  seen: undefined,
  bound: 0,
  share: 0,
};

interface Match {
  readonly llr: number;
  readonly lagMs: number;
  readonly same: readonly Channel[];
}

export function judgeReplayed(view: SiteView, place: LivePlace, startMs: number): SlotJudgement {
  const channels = heardChannels(view, place.subjects[0].id, startMs);
  if (channels.length === 0) return unjudged('unknown', 'no-readings');
  const moving = channels.filter((channel) => channel.movesAt(startMs));
  if (moving.length === 0) return unjudged('unknown', 'readings-hardly-move');
  const telling = tellingOf(moving);
  const pilot = pilotOf(telling);
  if (!pilot) return unjudged('unknown', 'readings-not-learned');
  const earlier = pilot.equalSlots(startMs, leastLagMs, mostCandidates);
  if (earlier.length === 0) return fresh;
  const beforeMs = startMs - channelStepMs;
  let best: Match | undefined;
  for (const earlierMs of earlier) {
    const lagMs = startMs - earlierMs;
    // One slot may be equal by chance: two in a row are worth saying, and then the first counts too.
    if (!isSame(channels, beforeMs, lagMs)) continue;
    const { llr, same } = evidenceAt(telling, startMs, lagMs);
    const first = isSame(channels, beforeMs - channelStepMs, lagMs) ? 0 : firstEvidence(view, place, beforeMs, lagMs);
    const match = { llr: llr + first, lagMs, same };
    // Of equals the shorter lag: the order in which they are found must not matter.
    if (!best || match.llr > best.llr || (match.llr === best.llr && lagMs < best.lagMs)) best = match;
  }
  if (!best) return unjudged('unknown', 'readings-repeat');
  if (best.llr <= 0) return fresh;
  return {
    kind: 'judged',
    reason: 'readings-replayed',
    logLikelihoodRatio: Math.min(best.llr, evidenceCap(view.load)),
    seen: undefined,
    bound: 0,
    share: 1,
    fromMs: isSame(channels, beforeMs - channelStepMs, best.lagMs) ? startMs : beforeMs,
    detail: { indicators: namesOf(best.same), lagMs: best.lagMs },
  };
}

/** Moving channels whose own history says how likely a repeat is. */
function tellingOf(moving: readonly Channel[]): Channel[] {
  return moving.filter(({ habits }) => habits.chanceOfRepeat(false) !== undefined);
}

/** The channel that repeats itself least. */
function pilotOf(telling: readonly Channel[]): Channel | undefined {
  let pilot = telling[0];
  for (const channel of telling) {
    if (channel.habits.chanceOfRepeat(false)! < pilot!.habits.chanceOfRepeat(false)!) pilot = channel;
  }
  return pilot;
}

/** Whether a slot that moves equals the one of `lagMs` before, in most of what moves. */
function isSame(channels: readonly Channel[], startMs: number, lagMs: number): boolean {
  const moving = channels.filter((channel) => channel.movesAt(startMs));
  const same = moving.filter((channel) => isEqual(channel, startMs, lagMs));
  return 2 * same.length > moving.length;
}

function isEqual(channel: Channel, startMs: number, lagMs: number): boolean {
  return channel.printAt(startMs) === channel.printAt(startMs - lagMs) && channel.movesAt(startMs - lagMs);
}

/** Evidence that the slot is that of `lagMs` before. */
function evidenceAt(telling: readonly Channel[], startMs: number, lagMs: number): Omit<Match, 'lagMs'> {
  let llr = 0;
  const same: Channel[] = [];
  const beforeMs = startMs - channelStepMs;
  for (const channel of telling) {
    const repeated = channel.movesAt(beforeMs) && isEqual(channel, beforeMs, lagMs);
    const chance = channel.habits.chanceOfRepeat(repeated)!;
    if (channel.printAt(startMs) === channel.printAt(startMs - lagMs)) {
      llr += Math.max(0, Math.log(soughtShare / chance));
      same.push(channel);
    } else llr += Math.log((1 - soughtShare) / (1 - chance));
  }
  return { llr, same };
}

/** Evidence of the first slot of a run: it may equal any of the earlier ones by chance, those after it one alone. */
function firstEvidence(view: SiteView, place: LivePlace, startMs: number, lagMs: number): number {
  const moving = heardChannels(view, place.subjects[0].id, startMs).filter((channel) => channel.movesAt(startMs));
  const telling = tellingOf(moving);
  const pilot = pilotOf(telling);
  if (!pilot) return 0;
  return evidenceAt(telling, startMs, lagMs).llr - Math.log(Math.max(1, pilot.slotsBefore(startMs)));
}
