/**
 * A utility fills a gap with what is usual, for hours; estimates for days, while machines are said to run, are a meter
 * that nobody can read.
 */
import { groupShares, reportedGroup } from '../shares.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { installationOf, learnedOf, type MeterPlace, stepMs } from './meter-places.ts';

export interface EstimateTerms {
  readonly longestEstimatedHours: number;
}

const hourMs = 3_600_000;

export function judgeEstimates(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  p: EstimateTerms,
  before: Learned | undefined,
): SlotJudgement {
  if (!isEstimated(view, place, startMs)) {
    return isMeasured(view, place, startMs) ? quiet('load-measured') : unjudged('unknown', 'load-missing');
  }
  const estimatedMs = runMs(view, place, startMs, learnedOf(view, place, startMs, before));
  if (estimatedMs <= p.longestEstimatedHours * hourMs) return quiet('estimated-for-hours');
  const { witness } = place;
  const endMs = startMs + stepMs;
  const group = reportedGroup(view, witness!.equipment);
  const { running, stopped } = groupShares(group, view, startMs, endMs, view.load, 'reported');
  if (stopped >= 0.5) return unjudged('unknown', 'not-reported-running');
  if (running < 0.5) return unjudged('unknown', 'state-unknown');
  return {
    kind: 'judged',
    reason: 'estimated-for-days',
    logLikelihoodRatio: 1,
    seen: view.meter(place.meterId)?.meanKw(startMs, stepMs) ?? 0,
    bound: 0,
    share: 1,
    detail: { estimatedHours: estimatedMs / hourMs, longestHours: p.longestEstimatedHours },
  };
}

/** Learned: for how long all that came was estimated (ms), and up to when. */
export function learnEstimates(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  before: Learned | undefined,
): Learned | undefined {
  const learned = learnedOf(view, place, startMs, before);
  const sealedMs = learned?.[1] ?? 0;
  const next = isMeasured(view, place, startMs) ? 0 : sealedMs + (isEstimated(view, place, startMs) ? stepMs : 0);
  return next === 0 ? undefined : [installationOf(place), next, startMs + stepMs];
}

/** Estimated time up to the end of a slot since the last one that was measured, ms. */
function runMs(view: SiteView, place: MeterPlace, startMs: number, learned: Learned | undefined): number {
  const meter = view.meter(place.meterId)!;
  let sum = 0;
  for (let ms = startMs; ms >= meter.slots.oldestMs; ms -= stepMs) {
    if (learned?.[2] === ms + stepMs) return sum + learned[1]!;
    if (isMeasured(view, place, ms)) break;
    if (isEstimated(view, place, ms)) sum += stepMs;
  }
  return sum;
}

function isEstimated(view: SiteView, { meterId }: MeterPlace, startMs: number): boolean {
  return view.meter(meterId)?.slots.qualityAt(startMs) === 'estimated';
}

function isMeasured(view: SiteView, { meterId }: MeterPlace, startMs: number): boolean {
  return view.meter(meterId)?.slots.qualityAt(startMs) === 'measured';
}
