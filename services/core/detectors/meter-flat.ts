/**
 * Flat line: a load that stays the same from quarter to quarter where it never did before. How often it stays is learned
 * for work and for stops apart: a plant that stands may draw the same all night.
 */
import { stoppedUpperKw } from '../load-model.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { installationOf, isChanged, learnedOf, type MeterPlace, stepMs } from './meter-places.ts';

export interface FlatTerms {
  readonly constantWithinPercent: number;
}

/**
 * For each kind of load: quarters that were compared with the one before, how many of them stayed; the same of those that
 * followed two that stayed. A line that is flat for long counts by its first three quarters, or it would teach that it is
 * usual.
 */
const numbersAKind = 4;
const kinds = { standing: 0, working: 1 } as const;
/** How often a load stays is known from a day of its kind on. */
const leastLearned = 96;
/** Memory, quarters: eight weeks. */
const memory = 56 * 96;
/** What was seen of all quarters counts as much as this many that followed two that stayed. */
const priorCount = 2;
/** The smallest load that a meter resolves to a hundredth part, kW; next to nothing is always the same. */
const leastKw = 0.5;

export function judgeFlat(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  p: FlatTerms,
  before: Learned | undefined,
): SlotJudgement {
  const kw = quarterKw(view, place, startMs);
  if (Number.isNaN(kw)) return unjudged('unknown', 'load-missing');
  if (!stays(view, place, startMs, p)) return quiet('load-varies');
  if (kw < leastKw) return unjudged('unknown', 'too-little-load');
  if (isChanged(view, place, startMs)) return unjudged('unknown', 'meter-changed-on-file');
  const kind = kindOf(view, place, kw);
  const learned = learnedOf(view, place, startMs, before);
  if (kind === undefined || !learned) return unjudged('unknown', 'load-not-learned');
  if (kind === 'standing' && !isSaidToRun(view, place, startMs)) return unjudged('unknown', 'not-reported-running');
  if (!stays(view, place, startMs - stepMs, p) || !stays(view, place, startMs - 2 * stepMs, p)) {
    return unjudged('unknown', 'flat-for-long-enough');
  }
  const [count, stayed, laterCount, laterStayed] = learned.slice(1 + numbersAKind * kinds[kind]) as Four;
  if (count < leastLearned) return unjudged('unknown', 'load-not-learned');
  const usually = (stayed + 1) / (count + 2);
  if (usually >= 0.5) return unjudged('unknown', 'always-flat');
  const chance = (laterStayed + priorCount * usually) / (laterCount + priorCount);
  const llr = Math.min(evidenceCap(view.load), -Math.log(chance));
  return {
    kind: 'judged',
    // By itself a slot that ends an hour of standstill tells as much as the hour does; what is new in it is less.
    reason: llr - Math.log(usually) >= evidenceLimit(view.load) ? 'load-flat' : 'flat-so-far',
    logLikelihoodRatio: llr,
    seen: kw,
    bound: kw * (1 + p.constantWithinPercent / 100),
    share: 1,
    detail: { usuallyPercent: 100 * usually, withinPercent: p.constantWithinPercent, working: kinds[kind] },
  };
}

export function learnFlat(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  p: FlatTerms,
  before: Learned | undefined,
): Learned | undefined {
  const learned = learnedOf(view, place, startMs, before);
  const kw = quarterKw(view, place, startMs);
  const kind = kindOf(view, place, kw);
  if (kind === undefined || !(kw >= leastKw) || Number.isNaN(quarterKw(view, place, startMs - stepMs))) return learned;
  const followed = stays(view, place, startMs - stepMs, p) && stays(view, place, startMs - 2 * stepMs, p);
  if (followed && stays(view, place, startMs - 3 * stepMs, p)) return learned;
  const next = learned?.slice() ?? [installationOf(place), ...Array<number>(2 * numbersAKind).fill(0)];
  const at = 1 + numbersAKind * kinds[kind];
  const stayed = stays(view, place, startMs, p) ? 1 : 0;
  if (next[at]! >= memory) for (let i = 0; i < numbersAKind; i++) next[at + i] = next[at + i]! / 2;
  next[at]! += 1;
  next[at + 1]! += stayed;
  if (followed) {
    next[at + 2]! += 1;
    next[at + 3]! += stayed;
  }
  return next;
}

type Four = [count: number, stayed: number, laterCount: number, laterStayed: number];

function quarterKw(view: SiteView, { meterId }: MeterPlace, startMs: number): number {
  return view.meter(meterId)?.slots.measuredKw(startMs, stepMs) ?? Number.NaN;
}

/** Whether a load is the same as the one before, by the share that meters and clocks leave open. */
function stays(view: SiteView, place: MeterPlace, startMs: number, { constantWithinPercent }: FlatTerms): boolean {
  const kw = quarterKw(view, place, startMs);
  const beforeKw = quarterKw(view, place, startMs - stepMs);
  return Math.abs(kw - beforeKw) <= (constantWithinPercent / 100) * Math.abs(kw);
}

function kindOf(view: SiteView, { meter: spec, meterId }: MeterPlace, kw: number): keyof typeof kinds | undefined {
  const meter = view.meter(meterId);
  const modes = meter?.isInstallation(spec.installationId) ? meter.model.modes : undefined;
  return modes && (kw > stoppedUpperKw(modes, evidenceLimit(view.load)) ? 'working' : 'standing');
}

function isSaidToRun(view: SiteView, { witness }: MeterPlace, startMs: number): boolean {
  if (!witness) return false;
  const group = reportedGroup(view, witness.equipment);
  return groupShares(group, view, startMs, startMs + stepMs, view.load, 'reported').running >= 0.5;
}
