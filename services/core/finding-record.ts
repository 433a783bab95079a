import type { FindingFacts, Place, SiteView } from './detectors/detector.ts';
import { detectorOf } from './detectors/index.ts';
import { detectableKwOf } from './detectors/stopped-but-running.ts';
import type { Revision } from './findings.ts';
import { medianKw } from './load-model.ts';
import type { EvidenceSlot, Finding, SubjectKind } from './records.ts';
import type { Rule } from './rule.ts';
import { confirmationLimit, evidenceOf } from './sequential-test.ts';
import type { SiteVersion } from './site.ts';
import type { RunClaim, Subject } from './subject.ts';

export interface FindingContext {
  readonly view: SiteView;
  readonly rule: Rule;
  /** Description and place in force at the first slot; the oldest that is held where those are forgotten. */
  readonly site: SiteVersion | undefined;
  readonly place: Place | undefined;
  readonly nowMs: number;
  readonly engineVersion: string;
}

/** The finding record of a revision, with its evidence and its sentence in both languages. */
export function findingOf(subject: Subject, revision: Revision<RunClaim>, context: FindingContext): Finding {
  const { rule, place, site, view } = context;
  const { said } = revision;
  const detector = detectorOf(rule);
  const { kind: subjectKind, id: subjectId, equipmentIds } = subject;
  // Where several meters may bear witness, the one that did is named with its figures.
  const meterId = place?.meterId || String(said.detail.meterId ?? '');
  const indicator = place ? detector.indicator(place, rule) : null;
  const ofPower = indicator === null && meterId !== '' && said.seenMs !== 0;
  const seen = said.contradictoryMs > 0 ? said.seenMs / said.contradictoryMs : 0;
  const bound = said.contradictoryMs > 0 ? said.boundMs / said.contradictoryMs : 0;
  const policy = detector.policy(rule.parameters, place?.stepMs ?? 900_000, place);
  const chance = policy.falseAlarmsPerMonth !== undefined;
  const load = loadOf(context, meterId, subjectKind, equipmentIds, said.firstMs);
  const facts: FindingFacts = {
    rule,
    subjectKind,
    subjectName: nameOf(subjectKind, subjectId, site),
    machineNames: equipmentIds.map((id) => nameOf('EQUIPMENT', id, site)),
    meterId,
    reason: said.reason,
    cause: said.cause ?? null,
    indicator,
    firstMs: said.firstMs,
    lastEndMs: said.lastEndMs,
    timeZone: site?.registration.timeZone ?? 'Asia/Shanghai',
    minutes: said.contradictoryMs / 60_000,
    seen,
    bound,
    runningTypicalKw: load.typicalKw,
    logLikelihoodRatio: said.logLikelihoodRatio,
    cameras: said.cameras,
    detail: said.detail,
  };
  const summary = detector.sentence(facts);
  const slots: readonly EvidenceSlot[] = revision.claim ? evidenceOf(revision.claim.run) : [];
  return {
    findingId: said.findingId,
    revision: said.revision,
    state: said.state,
    settled: revision.settled,
    detector: rule.detector,
    ruleId: rule.id,
    ruleVersion: rule.version,
    ruleHash: rule.hash,
    engineVersion: context.engineVersion,
    level: rule.level,
    enterpriseId: view.id,
    regionCode: site?.registration.regionCode ?? '',
    subjectKind,
    subjectId,
    equipmentIds: equipmentIds.slice(0, 256),
    meterId,
    firstSlotMs: said.firstMs,
    lastSlotEndMs: said.lastEndMs,
    firstSaidMs: said.firstSaidMs,
    saidMs: context.nowMs,
    contradictoryMs: said.contradictoryMs,
    seenMeanKw: ofPower ? seen : null,
    stoppedUpperKw: ofPower ? bound : null,
    runningTypicalKw: ofPower ? load.typicalKw : null,
    minimumDetectableKw: ofPower ? load.detectableKw : null,
    logLikelihoodRatio: chance ? said.logLikelihoodRatio : 0,
    falseAlarmBound: chance && place ? slotsPerMonth(place) / Math.exp(confirmationLimit(policy, place.stepMs)) : 0,
    summaryEn: summary.en,
    summaryZh: summary.zh,
    slots,
    retractedBecause: revision.retractedBecause,
    supersededBy: revision.supersededBy,
    reason: said.reason,
    cause: said.cause ?? null,
    indicator,
    seen: indicator === null ? null : seen,
    bound: indicator === null ? null : bound,
    cameras: said.cameras,
  };
}

function slotsPerMonth(place: Place): number {
  return (30 * 86_400_000) / place.stepMs;
}

/** What the meter has learned of the subject; for one machine among several, what it learned of all would mislead. */
function loadOf(
  { view, site }: FindingContext,
  meterId: string,
  kind: SubjectKind,
  equipmentIds: readonly string[],
  startMs: number,
) {
  const meter = meterId === '' ? undefined : view.meter(meterId);
  const modes = meter?.model.modes;
  const behind = meter?.explained?.equipmentIds.length ?? 1;
  if (!meter || !modes || (kind === 'EQUIPMENT' && behind > equipmentIds.length))
    return { typicalKw: null, detectableKw: null };
  return { typicalKw: medianKw(modes.running), detectableKw: detectableKwOf(view, site, meterId, startMs) };
}

/** Name of a subject as people at the site know it; its id where nobody named it. */
export function nameOf(kind: SubjectKind, id: string, site: SiteVersion | undefined): string {
  const registration = site?.registration;
  switch (kind) {
    case 'ENTERPRISE':
      return registration?.name || id;
    case 'EQUIPMENT':
      return registration?.equipment.find((e) => e.equipmentId === id)?.name || id;
    case 'SECTION':
      return registration?.sections.find((section) => section.sectionId === id)?.name || id;
    default:
      return id;
  }
}
