/**
 * Phase loss: current transformers that are shorted, or a phase that is not measured, take a third or more of a meter's
 * reading while its machines go on working; so do estimates that are far too low. The meter above it still shows their
 * current: what it lets through beyond its parts rises by as much as the meter falls, and goes with it from then on. A
 * machine that truly draws less takes as much from both.
 */
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import type { Witness } from '../site.ts';
import type { Shares } from '../timeline.ts';
import { type Learned, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { type Balance, balanceAt } from './meter-balance.ts';
import {
  countsOf,
  excessCount,
  excessOf,
  lossEvidence,
  noExcess,
  type Quarter,
  type UsualExcess,
  type UsualLoad,
  usualness,
  withBalance,
} from './meter-excess.ts';
import { allUnknown, installationOf, isChanged, learnedOf, type NodePlace, stepMs } from './meter-places.ts';
import { restAt } from './meter-rest.ts';

export interface PhaseTerms {
  readonly accuracyPercent: number;
  readonly leastDropPercent: number;
}

/** For each part: mean load of a quarter throughout which it was reported running, its mean deviation, and their number. */
const numbersAPart = 3;
/** A level is known from six hours of running on. */
const leastRunning = 24;
/** Memory of a level, quarters: some four weeks of one shift. */
const levelMemory = 500;
/** News count up to this share of the level: what is shown of a lie moves it little. */
const mostNews = 0.5;
/** What comes through is usual or not once it was seen over a day of work. */
const leastLearned = 96;
/** From this evidence on, natural log, a quarter teaches nothing: of two explanations it takes the dishonest one. */
const leastOfLoss = 1;
/** What comes through is no news within this chance to either side. */
const glance = 0.1;
/** Quarters at work that tell how the excess goes, within so many before. */
const mostBefore = 12;
const longestBefore = 24;

export function judgePhases(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  p: PhaseTerms,
  before: Learned | undefined,
): readonly SlotJudgement[] {
  if (isChanged(view, place, startMs)) return allUnknown(place, 'meter-changed-on-file');
  const learned = learnedOf(view, place, startMs, before);
  if (!learned) return allUnknown(place, 'load-not-learned');
  const usual = usualOf(place, learned);
  let measured: Balance | undefined | null = null;
  return place.parts.map((witness, i) => {
    const estimated = isEstimated(view, witness, startMs);
    const kw = shownKw(view, witness, startMs, estimated);
    if (Number.isNaN(kw)) return unjudged('unknown', 'load-missing');
    const expected = expectedOf(view, witness, startMs, learned, i);
    if (typeof expected === 'string') return unjudged('unknown', expected);
    if (excessCount(usual) < leastLearned) return unjudged('unknown', 'load-not-learned');
    if (!estimated && measured === null) measured = balanceAt(view, place, startMs);
    const balance = estimated ? balanceAt(view, place, startMs, witness.meterId) : measured;
    if (!balance) return unjudged('unknown', 'load-missing');
    const load = { kw: expected.kw, spreadKw: Math.max(expected.spreadKw, (p.accuracyPercent / 100) * expected.kw) };
    return judgePart(view, place, witness, startMs, p, usual, balance, { kw, estimated }, load);
  });
}

export function learnPhases(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  p: PhaseTerms,
  before: Learned | undefined,
): Learned | undefined {
  const { parts } = place;
  const learned = learnedOf(view, place, startMs, before);
  const levels = learned
    ? learned.slice(1, 1 + numbersAPart * parts.length)
    : Array(numbersAPart * parts.length).fill(0);
  let works = false;
  // What a lie shows, or lets through, must not become usual.
  const judgements = learned ? judgePhases(view, place, startMs, p, before) : [];
  for (const [i, witness] of parts.entries()) {
    const shares = sharesOf(view, witness, startMs);
    if (shares.some(({ running }) => running >= 0.5)) works = true;
    if (witness.equipment.length > 1 || shares[0]!.running < 1 || speaksOfLoss(judgements[i])) continue;
    const kw = shownKw(view, witness, startMs, false);
    if (!Number.isNaN(kw)) learnLevel(levels, numbersAPart * i, kw);
  }
  const usual = learned ? usualOf(place, learned) : noExcess;
  const balance = works && !place.isLowered(startMs) ? balanceAt(view, place, startMs) : undefined;
  const learns =
    balance && isPossible(balance, p) && !judgements.some(speaksOfLoss) && !isStrange(judgements, usual, balance, p);
  return [installationOf(place), ...levels, ...(learns ? withBalance(usual, balance) : usual)];
}

/** Parts that are more than the whole tell of a whole that lies, and not of what usually comes through. */
function isPossible({ wholeKw, partsKw, restKw }: Balance, { accuracyPercent }: PhaseTerms): boolean {
  return restKw >= -(accuracyPercent / 100) * (Math.abs(wholeKw) + Math.abs(partsKw));
}

/** Less is shown of a part than usual while more comes through than usual: whichever it is, it must not become usual. */
function isStrange(
  judgements: readonly SlotJudgement[],
  usual: UsualExcess,
  balance: Balance,
  { leastDropPercent }: PhaseTerms,
): boolean {
  const excessKw = excessOf(usual, balance);
  if (excessKw <= 0 || usualness(countsOf(usual), excessKw) > glance) return false;
  return judgements.some(({ seen, bound }) => seen !== undefined && seen <= (1 - leastDropPercent / 100) * bound);
}

function speaksOfLoss(judgement: SlotJudgement | undefined): boolean {
  return judgement !== undefined && judgement.logLikelihoodRatio >= leastOfLoss;
}

function judgePart(
  view: SiteView,
  place: NodePlace,
  witness: Witness,
  startMs: number,
  p: PhaseTerms,
  usual: UsualExcess,
  balance: Balance,
  { kw, estimated }: { readonly kw: number; readonly estimated: boolean },
  load: UsualLoad,
): SlotJudgement {
  const counts = countsOf(usual);
  const mostShare = 1 - p.leastDropPercent / 100;
  const now = { kw, excessKw: excessOf(usual, balance) };
  const isLow = kw <= mostShare * load.kw;
  if (!isLow && (now.excessKw <= 0 || usualness(counts, now.excessKw) > glance)) {
    return asUsual(kw, load, mostShare * load.kw, view);
  }
  const before = quartersBefore(view, place, witness, startMs, usual);
  const most = { limit: evidenceLimit(view.load), cap: evidenceCap(view.load) };
  const llr = lossEvidence(usual, load, now, before, mostShare, most);
  // The sun takes from what comes through: it can hide that something is missing, and not feign it.
  if (llr <= 0 && place.isLowered(startMs)) return unjudged('unknown', 'daylight-generation');
  const lost = estimated ? 'estimates-low' : 'phase-lost';
  return {
    kind: 'judged',
    reason: llr >= evidenceLimit(view.load) ? lost : llr > 0 ? 'load-low' : isLow ? 'draws-less' : 'load-as-usual',
    logLikelihoodRatio: llr,
    seen: kw,
    bound: load.kw,
    share: 1,
    detail: {
      wholeId: place.meterId,
      restKw: balance.restKw,
      usualRestKw: balance.restKw - now.excessKw + restAt(counts, 0.5),
      estimated: estimated ? 1 : 0,
    },
  };
}

/** Quarters before, the latest first, throughout which the machines worked and what came through is known. */
function quartersBefore(
  view: SiteView,
  place: NodePlace,
  witness: Witness,
  startMs: number,
  usual: UsualExcess,
): readonly Quarter[] {
  const quarters: Quarter[] = [];
  for (let back = 1; back <= longestBefore && quarters.length < mostBefore; back++) {
    const ms = startMs - back * stepMs;
    if (isChanged(view, place, ms) || place.isLowered(ms)) break;
    if (!sharesOf(view, witness, ms).some(({ running, standby }) => running === 1 && standby === 0)) continue;
    const estimated = isEstimated(view, witness, ms);
    const kw = shownKw(view, witness, ms, estimated);
    const balance = balanceAt(view, place, ms, estimated ? witness.meterId : undefined);
    if (balance) quarters.push({ kw, excessKw: excessOf(usual, balance) });
  }
  return quarters;
}

function usualOf({ parts }: NodePlace, learned: Learned): UsualExcess {
  return learned.slice(1 + numbersAPart * parts.length);
}

function isEstimated(view: SiteView, { meterId }: Witness, startMs: number): boolean {
  return view.meter(meterId)?.slots.qualityAt(startMs) === 'estimated';
}

function shownKw(view: SiteView, { meterId }: Witness, startMs: number, estimated: boolean): number {
  const meter = view.meter(meterId);
  return (estimated ? meter?.meanKw(startMs, stepMs) : meter?.slots.measuredKw(startMs, stepMs)) ?? Number.NaN;
}

/** The nearer a load is to what its machines usually draw, the more it speaks against a loss. */
function asUsual(kw: number, load: UsualLoad, highestKw: number, view: SiteView): SlotJudgement {
  const way = Math.min(1, (kw - highestKw) / Math.max(1e-9, load.kw - highestKw));
  return {
    kind: 'judged',
    reason: 'load-as-usual',
    logLikelihoodRatio: -way * evidenceLimit(view.load),
    seen: kw,
    bound: load.kw,
    share: 1,
  };
}

/** What the machines behind a meter draw that are said to run; a reason where nobody can tell. */
function expectedOf(
  view: SiteView,
  witness: Witness,
  startMs: number,
  learned: Learned,
  index: number,
): UsualLoad | string {
  const shares = sharesOf(view, witness, startMs);
  if (shares.some(({ unknown, standby }) => unknown + standby > 0)) return 'state-unknown';
  if (!shares.some(({ running }) => running >= 0.5)) return 'not-reported-running';
  if (witness.equipment.length === 1) {
    if (shares[0]!.running < 1) return 'not-reported-running';
    const [kw, spreadKw, count] = learned.slice(1 + numbersAPart * index) as [number, number, number];
    return count < leastRunning ? 'load-not-learned' : { kw, spreadKw };
  }
  const meter = view.meter(witness.meterId);
  const explained = meter?.isInstallation(witness.meter.installationId) ? meter.explained : undefined;
  if (!explained || !witness.tellsApart) return 'load-not-learned';
  const { kw, sdKw } = explained.explain(shares.map(({ running }) => running));
  // A mean deviation is 0.8 of a standard one (normal distribution).
  return kw <= 2 * sdKw ? 'load-not-learned' : { kw: kw + meter!.extraKw(startMs), spreadKw: 0.8 * sdKw };
}

function sharesOf(view: SiteView, witness: Witness, startMs: number): readonly Shares[] {
  return reportedGroup(view, witness.equipment).map((machine) =>
    groupShares([machine], view, startMs, startMs + stepMs, view.load, 'reported'),
  );
}

function learnLevel(levels: number[], at: number, kw: number): void {
  const count = Math.min(levelMemory, levels[at + 2]! + 1);
  const most = count <= leastRunning ? Number.POSITIVE_INFINITY : mostNews * levels[at]!;
  const news = Math.min(most, Math.max(-most, kw - levels[at]!));
  levels[at] = levels[at]! + news / count;
  levels[at + 1] = levels[at + 1]! + ((count === 1 ? 0 : Math.abs(news)) - levels[at + 1]!) / count;
  levels[at + 2] = count;
}
