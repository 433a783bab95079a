/**
 * A permit for hot work in a dust section means that its line stands (GB 15577-2018, 6.2.1): load and reports of its
 * machines are held against that for as long as the permit holds.
 */
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { EquipmentKind, SiteRegistration, WorkRecord } from '../records.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { type Place, quiet, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { isFor, permitsOf } from './hot-work-permits.ts';
import { hotSections, sectionSubject } from './hot-work-sections.ts';
import { evidenceOf, type LoadEvidence } from './load-evidence.ts';
import { producersOf } from './production.ts';

export interface LineTerms {
  readonly rampDownMinutes: number;
  readonly weldingAllowanceKw: number;
  readonly confirmAfterMinutes: number;
  readonly clearAfterMinutes: number;
  readonly falseAlarmsPerMonth: number;
}

const permitKinds = ['HOT_WORK_PERMIT'] as const;
const fineStepMs = 300_000;
const coarseStepMs = 900_000;
/** Highest rated share of arc in ten minutes (IEC 60974-1 practice): what a welding set draws at most on average. */
const highestDuty = 0.6;

const untold = {
  missing: unjudged('unknown', 'load-missing'),
  unlearned: unjudged('unknown', 'load-not-learned'),
  ambiguous: unjudged('unknown', 'which-machine-unknown'),
} as const;

/** The line of a dust section. */
export class HotWorkLine implements Place {
  readonly sign = 'process-running';
  readonly drive = 'filed';
  readonly equipmentId = '';
  readonly awaitsKinds = permitKinds;
  readonly stepMs: number;
  readonly meterId: string;
  readonly registration: SiteRegistration;
  readonly sectionId: string | undefined;
  readonly ids: ReadonlySet<string>;

  constructor(version: SiteVersion, sectionId: string | undefined, ids: readonly string[]) {
    const meters = ids.map((id) => nearestMeter(version, id));
    const isFine = meters.every((witness) => witness && fineStepMs % witness.stepMs === 0);
    this.registration = version.registration;
    this.sectionId = sectionId;
    this.ids = new Set(ids);
    this.stepMs = isFine ? fineStepMs : coarseStepMs;
    this.meterId = new Set(meters).size === 1 ? (meters[0]?.meterId ?? '') : '';
  }

  get key(): string {
    return this.sectionId ?? '';
  }

  get subjects(): readonly SubjectRef[] {
    return [{ ...sectionSubject(this.registration, this.sectionId), equipmentIds: [...this.ids] }];
  }
}

export function hotWorkLinePlaces(version: SiteVersion, kinds: readonly EquipmentKind[]): HotWorkLine[] {
  return hotSections(version.registration, 'dust').flatMap(({ sectionId }) => {
    const ids = producersOf(version, sectionId, kinds).map(({ equipmentId }) => equipmentId);
    return ids.length === 0 ? [] : [new HotWorkLine(version, sectionId, ids)];
  });
}

export function judgeHotWorkLine(
  view: SiteView,
  version: SiteVersion,
  place: HotWorkLine,
  startMs: number,
  terms: LineTerms,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  const touching = permitsOf(view).filter((permit) => touches(permit, place, startMs, endMs));
  if (touching.length === 0) return unjudged('not-claimed', 'no-permit-in-force');
  const rampDownMs = terms.rampDownMinutes * 60_000;
  const permit = touching.find((one) => one.startMs + rampDownMs <= startMs && one.endMs >= endMs);
  // Machines are stopped as the work begins, and started again as it ends.
  if (!permit) return unjudged('unknown', 'permit-begins-or-ends');
  const allowedKw = (witness: Witness): number => weldingKw(witness, version, terms);
  const evidence = evidenceOf(view, version, place.ids, startMs, endMs, 1, allowedKw);
  const limit = evidenceLimit(view.load);
  const stands = evidence.kind === 'told' && evidence.isVisible && evidence.logLikelihoodRatio <= -limit;
  const said = stands ? undefined : reportedRunning(view, place, startMs, endMs);
  const seen = { seen: evidence.kind === 'told' ? evidence.kw : undefined, bound: evidence.upperKw, share: 1 };
  if (evidence.kind === 'told' && evidence.logLikelihoodRatio >= limit) {
    return {
      kind: 'judged',
      reason: 'line-runs-under-permit',
      logLikelihoodRatio: evidence.logLikelihoodRatio,
      ...seen,
      detail: { ...detailOf(permit, evidence), machine: said ?? '' },
    };
  }
  if (said !== undefined) {
    // The firm's own word that it runs: as strong as a slot can be.
    return {
      kind: 'judged',
      reason: 'line-reported-running-under-permit',
      logLikelihoodRatio: evidenceCap(view.load),
      ...seen,
      detail: { ...detailOf(permit, evidence), machine: said },
    };
  }
  if (evidence.kind !== 'told') return untold[evidence.kind];
  if (stands) return quiet('line-stands');
  return {
    kind: 'judged',
    reason: evidence.logLikelihoodRatio <= -limit ? 'line-partly-unseen' : 'load-between-modes',
    logLikelihoodRatio: evidence.logLikelihoodRatio,
    ...seen,
  };
}

/** End of the slots that no permit touches. */
export function nextPermitMs(view: SiteView, place: HotWorkLine, fromMs: number, toMs: number): number {
  if (view.work.length === 0) return toMs;
  for (const permit of permitsOf(view)) {
    if (permit.startMs >= toMs) break;
    if (touches(permit, place, fromMs, toMs)) {
      return Math.max(fromMs, Math.floor(permit.startMs / place.stepMs) * place.stepMs);
    }
  }
  return toMs;
}

function touches(permit: WorkRecord, { sectionId, registration }: HotWorkLine, fromMs: number, toMs: number): boolean {
  return permit.startMs < toMs && permit.endMs > fromMs && isFor(permit, sectionId, registration);
}

/** Whoever has a permit may plug in a welding set, except behind a machine's own meter. */
function weldingKw({ meter, equipment }: Witness, { registration }: SiteVersion, terms: LineTerms): number {
  if (equipment.length === 1 && meter.feeds.length === 1) return 0;
  let ratedKw = 0;
  for (const { kind, equipmentId, ratedPowerKw } of registration.equipment) {
    if (kind === 'WELDER' && meter.feeds.includes(equipmentId)) ratedKw += ratedPowerKw ?? 0;
  }
  return Math.max(terms.weldingAllowanceKw, highestDuty * ratedKw);
}

/** Name of a machine that was reported running for most of the slot, if any. */
function reportedRunning(
  view: SiteView,
  { ids, registration }: HotWorkLine,
  startMs: number,
  endMs: number,
): string | undefined {
  for (const id of ids) {
    let runningMs = 0;
    view.timeline(id)?.visit(startMs, endMs, view.load.holdReports, (fromMs, toMs, kind) => {
      if (kind === 'running') runningMs += toMs - fromMs;
    });
    if (2 * runningMs > endMs - startMs) {
      return registration.equipment.find(({ equipmentId }) => equipmentId === id)?.name || id;
    }
  }
  return undefined;
}

function detailOf(permit: WorkRecord, evidence: LoadEvidence): Record<string, string | number> {
  return {
    permit: permit.recordId,
    permitFromMs: permit.startMs,
    validUntilMs: permit.endMs,
    meter: evidence.meterId,
  };
}

/** The meter that sees the least beside a machine. */
function nearestMeter({ witnesses }: SiteVersion, id: string): Witness | undefined {
  let nearest: Witness | undefined;
  for (const witness of witnesses) {
    if (!witness.equipmentIds.includes(id)) continue;
    if (!nearest || witness.equipment.length < nearest.equipment.length) nearest = witness;
  }
  return nearest;
}
