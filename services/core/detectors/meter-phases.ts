/**
 * Phase loss: current transformers that are shorted, or a phase that is not measured, take a third or more of a meter's
 * reading while its machines go on working. The meter above it still shows their current: what it lets through beyond
 * its parts rises by as much as the meter falls. A machine that truly draws less takes as much from both.
 */
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import type { Witness } from '../site.ts';
import type { Shares } from '../timeline.ts';
import { type Learned, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { type Balance, type BalanceTerms, balanceAt, toleranceKw } from './meter-balance.ts';
import { allUnknown, installationOf, isChanged, learnedOf, type NodePlace, stepMs } from './meter-places.ts';
import { noRest, restAt, shareFrom, shareUpTo, withRest } from './meter-rest.ts';

/** For each part: mean load of a quarter throughout which it was reported running, its mean deviation, and their number. */
const numbersAPart = 3;
/** A level is known from six hours of running on. */
const leastRunning = 24;
/** Memory of a level, quarters: some four weeks of one shift. */
const levelMemory = 500;
/** News count up to this share of the level: what is shown of a lie moves it little. */
const mostNews = 0.5;
const leastLearned = 96;

interface Expected {
  readonly kw: number;
  /** Mean deviation of a quarter from it, kW. */
  readonly spreadKw: number;
}

export function judgePhases(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  p: BalanceTerms,
  before: Learned | undefined,
): readonly SlotJudgement[] {
  if (isChanged(view, place, startMs)) return allUnknown(place, 'meter-changed-on-file');
  const learned = learnedOf(view, place, startMs, before);
  if (!learned) return allUnknown(place, 'load-not-learned');
  let balance: Balance | undefined | null = null;
  return place.parts.map((witness, i) => {
    const kw = view.meter(witness.meterId)?.slots.measuredKw(startMs, stepMs) ?? Number.NaN;
    if (Number.isNaN(kw)) return unjudged('unknown', 'load-missing');
    const expected = expectedOf(view, witness, startMs, learned, i);
    if (typeof expected === 'string') return unjudged('unknown', expected);
    const highestKw = expected.kw * (1 - p.leastDropPercent / 100);
    if (kw > highestKw) return asUsual(kw, expected, highestKw, view);
    balance = balance === null ? balanceAt(view, place, startMs) : balance;
    if (!balance) return unjudged('unknown', 'load-missing');
    return judgePart(view, place, startMs, p, learned, balance, kw, expected);
  });
}

export function learnPhases(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  before: Learned | undefined,
): Learned | undefined {
  const { parts } = place;
  const learned = learnedOf(view, place, startMs, before);
  const levels = learned
    ? learned.slice(1, 1 + numbersAPart * parts.length)
    : Array(numbersAPart * parts.length).fill(0);
  for (const [i, witness] of parts.entries()) {
    if (witness.equipment.length > 1) continue;
    const kw = view.meter(witness.meterId)?.slots.measuredKw(startMs, stepMs) ?? Number.NaN;
    if (Number.isNaN(kw) || sharesOf(view, witness, startMs)[0]!.running < 1) continue;
    learnLevel(levels, numbersAPart * i, kw);
  }
  const rest = learned ? learned.slice(1 + numbersAPart * parts.length) : noRest;
  const balance = place.isLowered(startMs) ? undefined : balanceAt(view, place, startMs);
  return [installationOf(place), ...levels, ...(balance ? withRest(rest, balance.restKw) : rest)];
}

function judgePart(
  view: SiteView,
  place: NodePlace,
  startMs: number,
  p: BalanceTerms,
  learned: Learned,
  balance: Balance,
  kw: number,
  expected: Expected,
): SlotJudgement {
  const rest = learned.slice(1 + numbersAPart * place.parts.length);
  if (rest[0]! < leastLearned) return unjudged('unknown', 'load-not-learned');
  const { restKw } = balance;
  const missingKw = expected.kw - kw;
  const allowedKw = toleranceKw(view, place, startMs, balance, p);
  // How usual a rest so high is by itself, and how usual once what the meter should show is taken out of it.
  const asShown = shareFrom(rest, restKw - allowedKw);
  const asExpected = shareUpTo(rest, restKw - missingKw + allowedKw + expected.spreadKw);
  const cap = evidenceCap(view.load);
  const llr = Math.min(cap, Math.max(-cap, Math.log(asExpected / asShown)));
  // The sun takes from what comes through: it can hide that something is missing, and not feign it.
  if (llr <= 0 && place.isLowered(startMs)) return unjudged('unknown', 'daylight-generation');
  return {
    kind: 'judged',
    reason: llr >= evidenceLimit(view.load) ? 'phase-lost' : llr > 0 ? 'load-low' : 'draws-less',
    logLikelihoodRatio: llr,
    seen: kw,
    bound: expected.kw,
    share: 1,
    detail: {
      wholeId: place.meterId,
      restKw,
      usualRestKw: restAt(rest, 0.5),
      highRestKw: restAt(rest, 0.95),
      missingKw,
    },
  };
}

/** The nearer a load is to what its machines usually draw, the more it speaks against a loss. */
function asUsual(kw: number, expected: Expected, highestKw: number, view: SiteView): SlotJudgement {
  const way = Math.min(1, (kw - highestKw) / Math.max(1e-9, expected.kw - highestKw));
  return {
    kind: 'judged',
    reason: 'load-as-usual',
    logLikelihoodRatio: -way * evidenceLimit(view.load),
    seen: kw,
    bound: expected.kw,
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
): Expected | string {
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
