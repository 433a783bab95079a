/**
 * Energy balance: the meters below another one cannot measure more than it lets through, and where machines run that
 * hang on it directly, it must let through more. Whichever of them has left its own usual range is the one that lies.
 */
import { medianKw } from '../load-model.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { Meter } from '../records.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { allUnknown, installationOf, isChanged, learnedOf, type NodePlace, stepMs } from './meter-places.ts';
import { noRest, restAt, shareFrom, shareUpTo, withRest } from './meter-rest.ts';

export interface BalanceTerms {
  readonly accuracyPercent: number;
  readonly clockSkewMinutes: number;
  readonly leastDropPercent: number;
}

/** What the meters of a node measured over a quarter of an hour, kW. */
export interface Balance {
  readonly wholeKw: number;
  readonly partKw: readonly number[];
  readonly partsKw: number;
  /** What came through beyond what the parts measured: losses, and what nobody meters. */
  readonly restKw: number;
}

const minuteMs = 60_000;
const resolutionKw = 0.05;
/** Below this the parts draw too little to tell anything, kW. */
const leastPartsKw = 1;
/** A rest is usual or not once it was seen for a day. */
const leastLearned = 96;

/** The balance of a quarter of an hour; `undefined` where any of the meters was not measured, or that one estimated. */
export function balanceAt(
  view: SiteView,
  { node }: NodePlace,
  startMs: number,
  estimatedId?: string,
): Balance | undefined {
  const measured = ({ meterId }: Meter): number => view.meter(meterId)?.slots.measuredKw(startMs, stepMs) ?? Number.NaN;
  const wholeKw = measured(node.whole);
  if (Number.isNaN(wholeKw)) return undefined;
  let partsKw = 0;
  const partKw: number[] = [];
  for (const part of node.parts) {
    const kw =
      part.meterId === estimatedId ? (view.meter(part.meterId)?.meanKw(startMs, stepMs) ?? Number.NaN) : measured(part);
    partKw.push(kw);
    partsKw += kw;
  }
  let sunKw = 0;
  for (const roof of node.roofs) sunKw += Math.abs(measured(roof));
  const restKw = wholeKw + sunKw - partsKw;
  return Number.isNaN(restKw) ? undefined : { wholeKw, partKw, partsKw, restKw };
}

/** What the balance may be off by, kW: the classes of the meters, and clocks that cut a moving load at other moments. */
function toleranceKw(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  { wholeKw, partsKw }: Balance,
  { accuracyPercent, clockSkewMinutes }: BalanceTerms,
): number {
  const before = balanceAt(view, place, startMs - stepMs);
  // Where nobody knows what it was before, all of it may have moved.
  const movedKw = Math.abs(wholeKw - (before?.wholeKw ?? 0)) + Math.abs(partsKw - (before?.partsKw ?? 0));
  const classKw = (accuracyPercent / 100) * (Math.abs(wholeKw) + Math.abs(partsKw));
  return resolutionKw + classKw + ((clockSkewMinutes * minuteMs) / stepMs) * movedKw;
}

export function judgeBalance(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  p: BalanceTerms,
  learned: Learned | undefined,
): readonly SlotJudgement[] {
  if (isChanged(view, place, startMs)) return allUnknown(place, 'meter-changed-on-file');
  const balance = balanceAt(view, place, startMs);
  if (!balance) return allUnknown(place, 'load-missing');
  if (place.isLowered(startMs)) return allUnknown(place, 'daylight-generation');
  if (balance.partsKw < leastPartsKw) return allUnknown(place, 'too-little-load');
  const { wholeKw, partsKw, partKw, restKw } = balance;
  if (restKw >= 0) {
    const judgements = [wholeKw, ...partKw].map((kw) => withRestOver(kw, balance, p));
    judgements[0] = judgeRest(view, place, startMs, balance, p, learned) ?? judgements[0]!;
    return judgements;
  }
  const judgements = Array<SlotJudgement>(place.subjects.length).fill(quiet('balance-holds'));
  const allowedKw = toleranceKw(view, place, startMs, balance, p);
  const excessKw = -restKw - allowedKw;
  if (excessKw <= 0) return judgements;
  const limit = evidenceLimit(view.load);
  const llr = Math.min(evidenceCap(view.load), (limit * excessKw) / allowedKw);
  const suspect = highPart(view, place, startMs, balance, p);
  const own = suspect < 0 ? wholeKw : partKw[suspect]!;
  judgements[1 + suspect] = {
    kind: 'judged',
    reason: llr < limit ? 'parts-near-whole' : suspect < 0 ? 'parts-exceed-whole' : 'part-exceeds-whole',
    logLikelihoodRatio: llr,
    seen: own,
    bound: suspect < 0 ? partsKw : Math.max(0, own + restKw),
    share: 1,
    detail: { wholeId: place.meterId, wholeKw, partsKw, parts: partKw.length, excessKw: -restKw },
  };
  if (suspect >= 0) judgements[0] = unjudged('unknown', 'part-reads-high');
  return judgements;
}

/** Learns the rest while machines run that hang on the meter directly. */
export function learnBalance(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  before: Learned | undefined,
): Learned | undefined {
  const learned = learnedOf(view, place, startMs, before);
  if (place.node.besideIds.length === 0 || place.isLowered(startMs) || !runsBeside(view, place, startMs))
    return learned;
  const balance = balanceAt(view, place, startMs);
  return balance ? [installationOf(place), ...withRest(learned?.slice(1) ?? noRest, balance.restKw)] : learned;
}

/** A meter is right, where what it would be off by if it lied could not be hidden in what is left over. */
function withRestOver(kw: number, { wholeKw, partsKw, restKw }: Balance, p: BalanceTerms): SlotJudgement {
  const hiddenKw = restKw + resolutionKw + (p.accuracyPercent / 100) * (wholeKw + partsKw);
  return (p.leastDropPercent / 100) * kw > hiddenKw
    ? quiet('balance-holds')
    : unjudged('unknown', 'below-detectable-load');
}

/**
 * Whether the meter lets through as much as usual while machines that hang on it directly are said to run; `undefined`
 * where the rest tells nothing.
 */
function judgeRest(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  balance: Balance,
  p: BalanceTerms,
  before: Learned | undefined,
): SlotJudgement | undefined {
  const learned = learnedOf(view, place, startMs, before);
  if (!learned || learned[1]! < leastLearned) return undefined;
  const rest = learned.slice(1);
  const { wholeKw, partsKw, restKw } = balance;
  const least = p.leastDropPercent / 100;
  const missingKw = (wholeKw * least) / (1 - least);
  // Far more often than not a glance is enough.
  const glance = shareUpTo(rest, restKw);
  if (glance > 0.05 || !runsBeside(view, place, startMs)) return undefined;
  const allowedKw = toleranceKw(view, place, startMs, balance, p);
  const llr = Math.log(shareFrom(rest, restKw + missingKw - allowedKw) / shareUpTo(rest, restKw + allowedKw));
  if (llr <= 0) return undefined;
  return {
    kind: 'judged',
    reason: llr < evidenceLimit(view.load) ? 'rest-low' : 'rest-collapsed',
    logLikelihoodRatio: Math.min(evidenceCap(view.load), llr),
    seen: wholeKw,
    bound: partsKw + restAt(rest, 0.05),
    share: 1,
    detail: { wholeId: place.meterId, wholeKw, partsKw, restKw, usualRestKw: restAt(rest, 0.5) },
  };
}

/** All machines that hang on the meter past its parts are reported running throughout, as far as they produce. */
function runsBeside(view: SiteView, { node, registration }: NodePlace, startMs: number): boolean {
  const beside = registration.equipment.filter((e) => node.besideIds.includes(e.equipmentId));
  if (beside.length === 0) return false;
  return reportedGroup(view, beside).every(
    (machine) => groupShares([machine], view, startMs, startMs + stepMs, view.load, 'reported').running === 1,
  );
}

/**
 * The part that reads too much where it, and not the whole, has left what is usual while its machines do what they are
 * reported to, and by itself makes up for what is too much; -1 where the whole shows too little, or nobody can tell.
 */
function highPart(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  { wholeKw, partKw, restKw }: Balance,
  p: BalanceTerms,
): number {
  const usual = place.node.parts.map((part, i) => usualKw(view, place, part, startMs) ?? partKw[i]!);
  const wholeUsualKw = usual.reduce((sum, kw) => sum + kw, 0);
  const wholeDrop = Math.log(wholeUsualKw / Math.max(wholeKw, resolutionKw));
  let suspect = -1;
  let mostRise = Math.max(wholeDrop, -Math.log(1 - p.leastDropPercent / 100));
  for (const [i, usualKw] of usual.entries()) {
    if (partKw[i]! - usualKw < -restKw / 2) continue;
    const rise = Math.log(partKw[i]! / usualKw);
    if (rise <= mostRise) continue;
    mostRise = rise;
    suspect = i;
  }
  return suspect;
}

/** What a part usually shows while its machines do what they are reported to; `undefined` where that was not learned. */
function usualKw(
  view: SiteView,
  place: NodePlace,
  { meterId, installationId }: Meter,
  startMs: number,
): number | undefined {
  const meter = view.meter(meterId);
  const witness = place.parts.find((part) => part.meterId === meterId);
  const modes = meter?.isInstallation(installationId) ? meter.model.modes : undefined;
  if (!modes || !witness) return undefined;
  const group = reportedGroup(view, witness.equipment);
  const { stopped } = groupShares(group, view, startMs, startMs + stepMs, view.load, 'reported');
  return medianKw(stopped === 1 ? modes.stopped : modes.running);
}
