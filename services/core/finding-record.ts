import { stoppedButRunningSummary } from './catalogue.ts';
import { minimumDetectableKw, type StoppedButRunning } from './detectors/stopped-but-running.ts';
import type { Revision } from './findings.ts';
import { type Modes, medianKw } from './load-model.ts';
import type { EvidenceSlot, Finding } from './records.ts';
import type { Rule } from './rule.ts';
import { confirmationLimit, evidenceOf } from './sequential-test.ts';
import type { SiteVersion, Witness } from './site.ts';
import type { RunClaim, Subject } from './subject.ts';

export interface FindingContext {
  readonly enterpriseId: string;
  readonly rule: Rule<StoppedButRunning>;
  /** Description and witness in force at the first slot. */
  readonly site: SiteVersion | undefined;
  readonly witness: Witness | undefined;
  readonly meterId: string;
  readonly modes: Modes | undefined;
  readonly intervalMs: number;
  readonly nowMs: number;
  readonly engineVersion: string;
}

/** The finding record of a revision, with its evidence and its sentence in both languages. */
export function findingOf(subject: Subject, revision: Revision<RunClaim>, context: FindingContext): Finding {
  const { rule, modes, witness, site } = context;
  const { said } = revision;
  const seenMeanKw = said.kwMs / said.contradictoryMs;
  const stoppedUpperKw = said.upperKwMs / said.contradictoryMs;
  // What the meter learned is of the whole group; for one machine among several it would mislead.
  const own = modes && (witness?.equipment.length === 1 || subject.kind !== 'EQUIPMENT') ? modes : undefined;
  const runningTypicalKw = own ? medianKw(own.running) : null;
  const machines = (witness?.equipment ?? []).filter(
    (machine) => subject.kind !== 'EQUIPMENT' || machine.equipmentId === subject.id,
  );
  const summary = stoppedButRunningSummary({
    subjectKind: subject.kind,
    subjectName: nameOf(subject, site),
    machineNames: machines.map((machine) => machine.name || machine.equipmentId),
    meterId: context.meterId,
    minutes: said.contradictoryMs / 60_000,
    seenKw: seenMeanKw,
    stoppedUpperKw,
    runningTypicalKw,
    logLikelihoodRatio: said.logLikelihoodRatio,
  });
  const slots: readonly EvidenceSlot[] = revision.claim ? evidenceOf(revision.claim.run) : [];
  const slotsPerMonth = (30 * 86_400_000) / context.intervalMs;
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
    enterpriseId: context.enterpriseId,
    regionCode: site?.registration.regionCode ?? '',
    subjectKind: subject.kind,
    subjectId: subject.id,
    equipmentIds: machines.map((machine) => machine.equipmentId),
    meterId: context.meterId,
    firstSlotMs: said.firstMs,
    lastSlotEndMs: said.lastEndMs,
    firstSaidMs: said.firstSaidMs,
    saidMs: context.nowMs,
    contradictoryMs: said.contradictoryMs,
    seenMeanKw,
    stoppedUpperKw,
    runningTypicalKw,
    minimumDetectableKw: own ? minimumDetectableKw(own, rule.parameters) : null,
    logLikelihoodRatio: said.logLikelihoodRatio,
    falseAlarmBound: slotsPerMonth / Math.exp(confirmationLimit(rule.parameters, context.intervalMs)),
    summaryEn: summary.en,
    summaryZh: summary.zh,
    slots,
    retractedBecause: revision.retractedBecause,
    supersededBy: revision.supersededBy,
  };
}

function nameOf(subject: Subject, site: SiteVersion | undefined): string {
  if (subject.kind === 'ENTERPRISE') return site?.registration.name || subject.id;
  return site?.registration.equipment.find((e) => e.equipmentId === subject.id)?.name || subject.id;
}
