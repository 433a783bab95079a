/** Readings that are not of the moment: they stand still, or show nothing at all, while their machine works. */
import { type Channel, channelStepMs } from '../channel.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { SiteVersion } from '../site.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { heardChannels, isInUse, type LivePlace, notInUse } from './live-place.ts';
import { evidenceOf } from './load-evidence.ts';

/** A sensor that is held shows the same in nearly every slot: another value may slip in at either end. */
const soughtShare = 0.95;
/** An indicator that stands still or at zero more often than not while its machine works tells nothing by doing so. */
const highestUsualShare = 0.5;

/** All indicators that used to move stand still while the machine is reported running. */
export function judgeFrozen(view: SiteView, version: SiteVersion, place: LivePlace, startMs: number): SlotJudgement {
  const { id } = place.subjects[0];
  if (!isInUse(view, id, startMs)) return notInUse(view, id, startMs);
  if (!isInUse(view, id, startMs - channelStepMs)) return unjudged('unknown', 'not-in-use');
  const channels = heardChannels(view, id, startMs);
  if (channels.length === 0) return unjudged('unknown', 'no-readings');
  let llr = 0;
  let isLearned = false;
  const still: Channel[] = [];
  for (const channel of channels) {
    const stayed = channel.stayedAt(startMs, 2);
    const usual = channel.habits.chanceOfStay(false);
    if (usual === undefined) continue;
    isLearned = true;
    if (usual > highestUsualShare || channel.printAt(startMs - channelStepMs) === 0) continue;
    if (stayed === 0) return quiet('readings-move');
    llr += Math.max(0, Math.log(soughtShare / channel.habits.chanceOfStay(stayed > 1)!));
    still.push(channel);
  }
  // Zeros have a rule of their own, which asks the load.
  if (still.length > 0 && still.every(({ ranges }) => ranges.highAt(startMs) === 0 && ranges.lowAt(startMs) === 0)) {
    return unjudged('unknown', 'readings-at-zero');
  }
  if (still.length === 0) return unjudged('unknown', isLearned ? 'readings-hardly-move' : 'readings-not-learned');
  const load = evidenceOf(view, version, new Set([id]), startMs, startMs + channelStepMs, 1);
  // Whatever was reported, a machine at rest may show the same for hours.
  if (load.kind === 'told' && load.logLikelihoodRatio < 0) return unjudged('unknown', 'load-of-rest');
  return {
    kind: 'judged',
    reason: 'readings-frozen',
    logLikelihoodRatio: Math.min(llr, evidenceCap(view.load)),
    seen: load.kw,
    bound: load.upperKw,
    share: 1,
    detail: {
      meterId: load.meterId,
      indicators: namesOf(still),
      value: still[0]!.ranges.lowAt(startMs),
    },
  };
}

/** All indicators show zero, which they did not while the machine worked, and the load says that it works. */
export function judgeZero(view: SiteView, version: SiteVersion, place: LivePlace, startMs: number): SlotJudgement {
  const { id } = place.subjects[0];
  const channels = heardChannels(view, id, startMs);
  if (channels.length === 0) return unjudged('unknown', 'no-readings');
  let readingsLlr = 0;
  const zero: Channel[] = [];
  for (const channel of channels) {
    if (channel.ranges.highAt(startMs) !== 0 || channel.ranges.lowAt(startMs) !== 0) return quiet('readings-not-zero');
    const usual = channel.habits.chanceOfZero;
    if (usual === undefined || usual > highestUsualShare) continue;
    readingsLlr += Math.log(soughtShare / usual);
    zero.push(channel);
  }
  if (zero.length === 0) return unjudged('unknown', 'readings-not-learned');
  const load = evidenceOf(view, version, new Set([id]), startMs, startMs + channelStepMs, 1);
  if (load.kind === 'missing') return unjudged('unknown', 'load-missing');
  if (load.kind !== 'told') return unjudged('unknown', 'load-not-learned');
  if (load.logLikelihoodRatio <= -evidenceLimit(view.load)) return quiet('zero-at-rest');
  // Honest, the machine stands and its load misleads, or it works and its readings do: the likelier of the two counts.
  const llr = Math.min(load.logLikelihoodRatio, readingsLlr);
  return {
    kind: 'judged',
    reason: llr >= evidenceLimit(view.load) ? 'readings-zero' : 'load-between-modes',
    logLikelihoodRatio: llr,
    seen: load.kw,
    bound: load.upperKw,
    share: 1,
    detail: { meterId: load.meterId, indicators: namesOf(zero) },
  };
}

/** Names of indicators for a sentence, parted by commas. */
export function namesOf(channels: readonly Channel[]): string {
  return channels.map(({ indicator }) => indicator).join(',');
}
