/**
 * A change of scale: other current transformers multiply all loads of a meter by one factor, at work and at rest alike.
 * Less work, another season or fewer people do not: so both modes must have moved, by the same factor, and for long. What
 * a dormitory, air conditioning or a furnace draws goes with the season by day and by night, under the work too: of a meter
 * that feeds any nobody can tell. The test is a CUSUM for each of a row of factors over sealed slots (Page 1954, Biometrika 41).
 */
import type { Mode, Modes } from '../load-model.ts';
import { evidenceCap } from '../load-parameters.ts';
import type { Witness } from '../site.ts';
import { isFloor, loadKw } from '../witnessed-load.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { installationOf, isChanged, learnedOf, type MeterPlace, stepMs } from './meter-places.ts';

export interface ScaleTerms {
  readonly leastChangePercent: number;
  readonly lastingHours: number;
  readonly falseAlarmsPerMonth: number;
}

const hourMs = 3_600_000;
/** Factors from a fifth to five, each a tenth above the one before: the spread of a mode is no finer. */
const factorStep = 0.1;
const factors = Array.from({ length: 33 }, (_, i) => (i - 16) * factorStep);
/** Loads within an hour are much alike: four quarters count as one. */
const newsShare = 0.25;
/** The most that an hour counts for or against a factor, natural log. */
const mostAnHour = 3;
/** Loads this many mean deviations from both modes are news; others fit the scale as it is. */
const glance = 2;
/** Evidence beyond what is asked for is not kept: what is over is soon seen to be over. */
const mostBeyond = 6;
/** A load as small as that has no scale, kW. */
const leastKw = 0.1;

// Learned: installation, since when a change of scale stands (ms, 0 for none), its factor (log), then for each factor the
// evidence from loads at work, at rest, and since when (ms).
const head = 3;
const numbersAFactor = 3;
const scaleNumbers = head + numbersAFactor * factors.length;

export function judgeScale(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  before: Learned | undefined,
): SlotJudgement {
  if (place.witness?.hasBase) return unjudged('unknown', 'base-of-season');
  const modes = modesOf(view, place);
  if (!modes) return unjudged('unknown', 'load-not-learned');
  if (isChanged(view, place, startMs)) return unjudged('unknown', 'meter-changed-on-file');
  const learned = learnedOf(view, place, startMs, before);
  if (!learned || learned[1] === 0) return quiet('scale-as-usual');
  const kw = measuredKw(view, place.witness!, startMs);
  if (kw === undefined) return unjudged('unknown', 'load-missing');
  const [, sinceMs, logFactor] = learned as [number, number, number];
  const factor = Math.exp(logFactor);
  const news = newsOf(modes, logOwn(view, place, startMs, kw), logFactor, evidenceCap(view.load));
  return {
    kind: 'judged',
    reason: news > 0 ? 'scale-changed' : 'scale-as-usual',
    logLikelihoodRatio: news,
    seen: kw,
    bound: kw / factor,
    share: 1,
    fromMs: sinceMs,
    detail: { factor, sinceMs },
  };
}

export function learnScale(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  p: ScaleTerms,
  before: Learned | undefined,
): Learned | undefined {
  const learned = learnedOf(view, place, startMs, before);
  const modes = modesOf(view, place);
  const witness = place.witness!;
  const kw = measuredKw(view, witness, startMs);
  if (!modes || kw === undefined || kw < leastKw || isFloor(view, witness, startMs)) return learned;
  const x = logOwn(view, place, startMs, kw);
  const isUsual = fits(modes.stopped, x) || fits(modes.running, x);
  // Nothing speaks for any factor, and this load does not either: that is nearly always so.
  if (isUsual && !learned) return undefined;
  const next = learned?.slice() ?? [
    installationOf(place),
    0,
    0,
    ...Array<number>(numbersAFactor * factors.length).fill(0),
  ];
  const cap = evidenceCap(view.load);
  const most = limitOf(p) / 2 + mostBeyond;
  const least = -Math.log(1 - p.leastChangePercent / 100);
  let any = false;
  for (const [i, logFactor] of factors.entries()) {
    if (Math.abs(logFactor) < least) continue;
    // A load that may be as it always was speaks for no factor, however well it would fit: a wide mode fits many.
    const news = isUsual ? Math.min(0, newsOf(modes, x, logFactor, cap)) : newsOf(modes, x, logFactor, cap);
    const at = head + numbersAFactor * i;
    count(next, at, news, isNearer(modes.running, modes.stopped, x - logFactor), startMs);
    if (next[at]! + next[at + 1]! > 0) any = true;
  }
  settle(next, 0, most);
  settle(next, 1, most);
  stand(next, startMs, p);
  return any || next[1] !== 0 ? next : undefined;
}

/** Whether a change of scale has come to stand, or ceased to. */
export function altersScale(before: Learned | undefined, after: Learned | undefined): boolean {
  return (
    (before?.length === scaleNumbers || after?.length === scaleNumbers) && (before?.[1] ?? 0) !== (after?.[1] ?? 0)
  );
}

/** What a load says for a factor against the scale as it is, natural log. */
function newsOf(modes: Modes, x: number, logFactor: number, cap: number): number {
  const ratio = densityOf(modes, x - logFactor, cap) - densityOf(modes, x, cap);
  return newsShare * Math.min(mostAnHour, Math.max(-mostAnHour, ratio));
}

/** A load that nobody estimated. */
function measuredKw(view: SiteView, witness: Witness, startMs: number): number | undefined {
  return view.meter(witness.meterId)?.slots.qualityAt(startMs) === 'measured'
    ? loadKw(view, witness, startMs)
    : undefined;
}

function logOwn(view: SiteView, { meterId }: MeterPlace, startMs: number, kw: number): number {
  return Math.log(Math.max(leastKw, kw - view.meter(meterId)!.extraKw(startMs)));
}

/** Adds what speaks for a factor to the mode that it was seen in, and takes what speaks against it from both. */
function count(next: number[], at: number, news: number, working: boolean, startMs: number): void {
  if (news >= 0) {
    if (next[at]! + next[at + 1]! === 0) next[at + 2] = startMs;
    next[working ? at : at + 1]! += news;
    return;
  }
  next[at] = Math.max(0, next[at]! + news);
  next[at + 1] = Math.max(0, next[at + 1]! + news);
}

/** Keeps the evidence of one mode within bounds, and the order of the factors as it is. */
function settle(next: number[], mode: 0 | 1, most: number): void {
  let best = 0;
  for (let at = head + mode; at < next.length; at += numbersAFactor) best = Math.max(best, next[at]!);
  if (best <= most) return;
  for (let at = head + mode; at < next.length; at += numbersAFactor) next[at] = Math.max(0, next[at]! - (best - most));
}

/**
 * Notes the factor for which most speaks once both modes speak for it for long enough; it stands, and as it was, until
 * little speaks for any.
 */
function stand(next: number[], startMs: number, p: ScaleTerms): void {
  const limit = limitOf(p) / 2;
  let most = 0;
  let best = 0;
  let atBest = -1;
  for (const i of factors.keys()) {
    const at = head + numbersAFactor * i;
    const [working, standing, sinceMs] = next.slice(at, at + numbersAFactor) as [number, number, number];
    most = Math.max(most, working + standing);
    if (working < limit || standing < limit || startMs - sinceMs < p.lastingHours * hourMs) continue;
    if (working + standing <= best) continue;
    best = working + standing;
    atBest = i;
  }
  if (next[1] !== 0) {
    if (most < limit) next[1] = 0;
  } else if (atBest >= 0) {
    next[1] = next[head + numbersAFactor * atBest + 2]!;
    next[2] = factors[atBest]!;
  }
}

/** Evidence at which a factor stands: the bound on false alarms, shared by all factors (Bonferroni). */
function limitOf({ falseAlarmsPerMonth }: ScaleTerms): number {
  const slotsPerMonth = (30 * 24 * hourMs) / stepMs;
  return Math.log((slotsPerMonth * factors.length) / falseAlarmsPerMonth);
}

function modesOf(view: SiteView, { meterId, meter: spec, witness }: MeterPlace): Modes | undefined {
  const meter = view.meter(meterId);
  return meter?.isInstallation(spec.installationId) && witness && !witness.hasBase ? meter.model.modes : undefined;
}

function fits({ median, below, above }: Mode, x: number): boolean {
  return x >= median - glance * below && x <= median + glance * above;
}

/** Log density of a load of either kind; never less than that of one that nobody can explain. */
function densityOf({ stopped, running }: Modes, x: number, cap: number): number {
  return Math.max(-cap, Math.log(0.5) + Math.max(logDensity(stopped, x), logDensity(running, x)));
}

function logDensity({ median, below, above }: Mode, x: number): number {
  return -Math.log(below + above) - (x < median ? (median - x) / below : (x - median) / above);
}

function isNearer(one: Mode, other: Mode, x: number): boolean {
  return logDensity(one, x) >= logDensity(other, x);
}
