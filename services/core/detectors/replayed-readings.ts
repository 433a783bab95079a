/**
 * A day that is played again: slot after slot of several indicators equals that of one earlier time. How likely that is
 * by chance is what the history of each indicator itself shows.
 */
import { type Channel, channelStepMs } from '../channel.ts';
import { evidenceCap } from '../load-parameters.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { heardChannels, type LivePlace } from './live-place.ts';
import { namesOf } from './still-readings.ts';

/** A replay begins and ends within a slot, and a report may be lost: nearly every slot is equal. */
const soughtShare = 0.9;
/** What repeats within the hour stands still or swings. */
const leastLagMs = 4 * channelStepMs;
/** Slots that are as common as that tell nothing of the time that they are of. */
const mostCandidates = 8;

export function judgeReplayed(view: SiteView, place: LivePlace, startMs: number): SlotJudgement {
  const channels = heardChannels(view, place.subjects[0].id, startMs);
  if (channels.length === 0) return unjudged('unknown', 'no-readings');
  const moving = channels.filter((channel) => channel.movesAt(startMs));
  if (moving.length === 0) return unjudged('unknown', 'readings-hardly-move');
  const telling = moving.filter(({ habits }) => habits.chanceOfRepeat(false) !== undefined);
  if (telling.length === 0) return unjudged('unknown', 'readings-not-learned');
  let pilot = telling[0]!;
  for (const channel of telling) {
    if (channel.habits.chanceOfRepeat(false)! < pilot.habits.chanceOfRepeat(false)!) pilot = channel;
  }
  let best = Number.NEGATIVE_INFINITY;
  let equal: readonly Channel[] = [];
  let lagMs = 0;
  let isRun = false;
  const slots = pilot.slotsBefore(startMs);
  for (const earlierMs of pilot.equalSlots(startMs, leastLagMs, mostCandidates)) {
    const { llr, same, continues } = evidenceAt(telling, startMs, startMs - earlierMs, slots);
    // Of equals the shorter lag: the order in which they are found must not matter.
    if (llr < best || (llr === best && startMs - earlierMs >= lagMs)) continue;
    best = llr;
    equal = same;
    isRun = continues;
    lagMs = startMs - earlierMs;
  }
  if (best <= 0) return quiet('readings-new');
  return {
    kind: 'judged',
    // One slot may be equal by chance: two in a row are worth saying.
    reason: isRun ? 'readings-replayed' : 'readings-repeat',
    logLikelihoodRatio: Math.min(best, evidenceCap(view.load)),
    seen: undefined,
    bound: 0,
    share: 1,
    detail: { indicators: namesOf(equal), lagMs },
  };
}

/** Evidence that the slot is that of `lagMs` before; `slots` earlier ones could have been it. */
function evidenceAt(channels: readonly Channel[], startMs: number, lagMs: number, slots: number) {
  let llr = 0;
  let continues = false;
  const same: Channel[] = [];
  for (const channel of channels) {
    const beforeMs = startMs - channelStepMs;
    const repeated =
      channel.movesAt(beforeMs) &&
      channel.printAt(beforeMs) === channel.printAt(beforeMs - lagMs) &&
      channel.movesAt(beforeMs - lagMs);
    if (repeated) continues = true;
    const chance = channel.habits.chanceOfRepeat(repeated)!;
    if (channel.printAt(startMs) === channel.printAt(startMs - lagMs)) {
      llr += Math.max(0, Math.log(soughtShare / chance));
      same.push(channel);
    } else llr += Math.log((1 - soughtShare) / (1 - chance));
  }
  // The first of a run may be equal to any of so many slots by chance; those after it to one alone.
  return { llr: continues ? llr : llr - Math.log(Math.max(1, slots)), same, continues };
}
