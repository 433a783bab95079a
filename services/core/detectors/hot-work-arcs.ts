/** Welding that nobody permitted, by what fast meters of a dust section show of arcs (`core/arcs.ts`). */
import { arcStepMs, leastArcKw, readArcs, standingUpperKw } from '../arcs.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { SiteRegistration } from '../records.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { type Place, quiet, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { permitDetail } from './hot-work-events.ts';
import { coverageAt, type PermitTerms } from './hot-work-permits.ts';
import { hotSections, sectionSubject } from './hot-work-sections.ts';

export interface ArcTerms extends PermitTerms {
  readonly burstsPerHour: number;
  readonly leastLearnedHours: number;
  readonly confirmAfterMinutes: number;
  readonly clearAfterMinutes: number;
  readonly falseAlarmsPerMonth: number;
}

const minuteMs = 60_000;
/** An arc makes its minute at least this uneven: less than the least arc, as the base sways, kW. */
const leastLeapKw = 2;
/** A meter that leaps by itself half as often as a welding set does cannot tell them apart. */
const highestOwnShare = 0.5;

/** The fast meters of a dust section. */
export class HotWorkArcs implements Place {
  readonly sign = 'signature';
  readonly drive = 'load';
  readonly stepMs = arcStepMs;
  readonly equipmentId = '';
  readonly registration: SiteRegistration;
  readonly sectionId: string | undefined;
  readonly witnesses: readonly Witness[];

  constructor(registration: SiteRegistration, sectionId: string | undefined, witnesses: readonly Witness[]) {
    this.registration = registration;
    this.sectionId = sectionId;
    this.witnesses = witnesses;
  }

  get key(): string {
    return this.sectionId ?? '';
  }

  get meterId(): string {
    return this.witnesses.length === 1 ? this.witnesses[0]!.meterId : '';
  }

  get subjects(): readonly SubjectRef[] {
    return [sectionSubject(this.registration, this.sectionId)];
  }
}

export function hotWorkArcPlaces(version: SiteVersion): HotWorkArcs[] {
  const { registration } = version;
  return hotSections(registration, 'dust').flatMap(({ sectionId }) => {
    const witnesses = version.witnesses.filter((witness) => showsArcs(witness, sectionId));
    return witnesses.length === 0 ? [] : [new HotWorkArcs(registration, sectionId, witnesses)];
  });
}

/** A meter by the minute, of one section alone, that somebody could weld from: a machine's own meter sits in its cabinet. */
function showsArcs({ meter, equipment }: Witness, sectionId: string | undefined): boolean {
  if (meter.intervalMs !== minuteMs || meter.exports) return false;
  if (sectionId !== undefined && equipment.some((machine) => machine.sectionId !== sectionId)) return false;
  const isOwn = meter.feeds.length === 1 && (meter.role === 'PRODUCTION' || meter.role === 'TREATMENT');
  return !isOwn || equipment[0]!.kind === 'WELDER';
}

export function judgeHotWorkArcs(view: SiteView, place: HotWorkArcs, startMs: number, terms: ArcTerms): SlotJudgement {
  const { registration, sectionId } = place;
  const coverage = coverageAt(view, registration, sectionId, startMs + arcStepMs / 2, terms);
  const { standing } = coverage;
  if (standing === 'permitted' || standing === 'permit-filed-late') return unjudged('not-claimed', standing);
  let best: SlotJudgement | undefined;
  let unread: SlotJudgement | undefined;
  let readable = 0;
  for (const witness of place.witnesses) {
    const judgement = judgeMeter(view, witness, startMs, terms);
    if (judgement.kind === 'unknown') unread ??= judgement;
    else {
      readable++;
      if (!best || judgement.logLikelihoodRatio > best.logLikelihoodRatio) best = judgement;
    }
  }
  if (!best) return unread!;
  if (best.logLikelihoodRatio <= 0) return best;
  // Whoever asks several meters is sooner misled by one of them (Bonferroni).
  const logLikelihoodRatio = best.logLikelihoodRatio - Math.log(readable);
  if (logLikelihoodRatio < evidenceLimit(view.load)) return { ...best, logLikelihoodRatio };
  const isPast = standing === 'past-permit' || standing === 'permit-expired-by-grade';
  return {
    ...best,
    logLikelihoodRatio,
    reason: isPast ? 'arcs-past-permit' : 'arcs-without-permit',
    detail: { ...best.detail, ...permitDetail(coverage, startMs) },
  };
}

/**
 * Bursts of one meter in one slot: the log-likelihood ratio of a welding set, which makes `burstsPerHour`, against what
 * leaps behind the meter by itself, both Poisson. One burst is never more than strong evidence: other tools come in
 * spells too.
 */
function judgeMeter(view: SiteView, witness: Witness, startMs: number, terms: ArcTerms): SlotJudgement {
  const { load } = view;
  const meter = view.meter(witness.meterId);
  const reading = meter && readArcs(meter, startMs);
  if (!meter?.arcs || !reading) return unjudged('unknown', 'extremes-missing');
  const upperKw = standingUpperKw(meter, witness, load);
  if (upperKw === undefined) return unjudged('unknown', 'load-not-learned');
  if (reading.baseKw > upperKw) return unjudged('unknown', 'machines-run');
  if (!meter.isInstallation(witness.meter.installationId)) return unjudged('unknown', 'load-not-learned');
  if (meter.arcs.learnedMs < terms.leastLearnedHours * 3_600_000) return unjudged('unknown', 'load-not-learned');
  const weldingRate = (terms.burstsPerHour * arcStepMs) / 3_600_000;
  if (meter.arcs.ownRate > highestOwnShare * weldingRate) return unjudged('unknown', 'meter-leaps-by-itself');
  const ownRate = Math.max(meter.arcs.ownRate, weldingRate / load.slotLikelihoodRatio);
  const { bursts, arcKw, cycleBursts } = reading;
  const llr = bursts * Math.log(weldingRate / ownRate) - (weldingRate - ownRate);
  if (bursts === 0) return { ...quiet('no-arc'), logLikelihoodRatio: llr };
  return {
    kind: 'judged',
    reason: 'few-bursts',
    logLikelihoodRatio: Math.min(llr, evidenceCap(load)),
    seen: arcKw,
    bound: leastArcKw,
    share: 1,
    detail: { meter: witness.meterId, arcKw, cycleBursts },
  };
}

/** How often what the meters of a section do by themselves was learned anew. */
export function arcLessons(view: SiteView, { witnesses }: HotWorkArcs): number {
  return witnesses.reduce((sum, { meterId }) => sum + (view.meter(meterId)?.arcs?.version ?? 0), 0);
}

/** End of the slots in which no meter leaps. */
export function nextLeapMs(view: SiteView, place: HotWorkArcs, fromMs: number, toMs: number): number {
  for (let startMs = fromMs; startMs < toMs; startMs += arcStepMs) {
    if (place.witnesses.some((witness) => leaps(view, witness, startMs))) return startMs;
  }
  return toMs;
}

function leaps(view: SiteView, { meterId }: Witness, startMs: number): boolean {
  const extremes = view.meter(meterId)?.arcs?.extremes;
  if (!extremes) return false;
  for (let ms = startMs; ms < startMs + arcStepMs; ms += minuteMs) {
    if (extremes.highAt(ms) - extremes.lowAt(ms) >= leastLeapKw) return true;
  }
  return false;
}
