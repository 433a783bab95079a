import { stoppedButRunningSummary } from './catalogue.ts';
import {
  cloneTest,
  confirmationLimit,
  evidenceOf,
  foldSlot,
  minimumDetectableKw,
  type Run,
  type SlotJudgement,
  type StoppedButRunning,
  type TestState,
} from './detectors/stopped-but-running.ts';
import { type Claim, findingIdOf, type Revision, revise, type Said } from './findings.ts';
import { type Modes, medianKw } from './load-model.ts';
import type { EvidenceSlot, Finding, SubjectKind, SubjectStatus } from './records.ts';
import type { Rule } from './rule.ts';
import type { SiteVersion, Witness } from './site.ts';

/** One judged slot, as the enterprise hands it to its subjects. */
export interface JudgedSlot {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly kw: number | undefined;
  readonly stoppedShare: number;
  readonly judgement: SlotJudgement;
}

interface RunClaim extends Claim {
  readonly run: Run;
}

/**
 * The sequential test of one rule on one subject. It stands twice: `sealed`, which rests on sealed slots alone and is
 * final, and `head`, which goes on over the slots that may still change and is built anew from `sealed` when they do.
 */
export class Subject {
  readonly rule: Rule<StoppedButRunning>;
  readonly witnessKey: string;
  readonly meterId: string;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;

  private sealed: TestState = { cusum: 0, run: undefined };
  private head: TestState = { cusum: 0, run: undefined };
  /** Runs that ended among unsealed slots. */
  private ended: Run[] = [];
  /** Runs that ended among sealed slots and were not yet said. */
  private settled: Run[] = [];
  private readonly said = new Map<number, Said>();
  /** End of the last slot that `head` has taken. */
  headMs: number;
  /** Version of the load model that `head` was built with. */
  modelVersion = -1;
  /** Something that `head` rests on has changed. */
  stale = false;
  status: SubjectStatus;

  constructor(rule: Rule<StoppedButRunning>, witness: Witness, startMs: number) {
    this.rule = rule;
    this.witnessKey = witness.key;
    this.meterId = witness.meter.meterId;
    this.subjectKind = witness.subjectKind;
    this.subjectId = witness.subjectId;
    this.headMs = startMs;
    this.status = {
      subjectKind: this.subjectKind,
      subjectId: this.subjectId,
      meterId: this.meterId,
      verdict: 'UNKNOWN',
      reason: 'not-yet-judged',
      slotStartMs: null,
      minimumDetectableKw: null,
    };
  }

  /** True while there is something to say or to follow. */
  get busy(): boolean {
    return this.head.run !== undefined || this.ended.length > 0 || this.settled.length > 0 || this.said.size > 0;
  }

  /** Starts `head` again from the sealed slots. */
  rewind(sealedMs: number, modelVersion: number): void {
    this.head = cloneTest(this.sealed);
    this.ended = [];
    this.headMs = sealedMs;
    this.modelVersion = modelVersion;
    this.stale = false;
  }

  takeHead(slot: JudgedSlot, detectableKw: number | null): void {
    const ended = foldSlot(this.head, slot, slot.judgement, this.rule.parameters);
    if (ended) this.ended.push(ended);
    this.headMs = slot.startMs + slot.intervalMs;
    const { verdict, reason } = slot.judgement;
    this.status = { ...this.status, verdict, reason, slotStartMs: slot.startMs, minimumDetectableKw: detectableKw };
  }

  takeSealed(slot: JudgedSlot): void {
    const ended = foldSlot(this.sealed, slot, slot.judgement, this.rule.parameters);
    if (!ended) return;
    this.settled.push(ended);
    this.ended = this.ended.filter((run) => run.firstMs > ended.firstMs);
  }

  /** What is to be said now of this subject, as finding revisions. */
  revisions(nowMs: number, enterpriseId: string): Revision<RunClaim>[] {
    const claims = [
      ...this.settled.map((run) => claimOf(run, true, true)),
      ...this.ended.map((run) => claimOf(run, true, false)),
      ...(this.head.run?.provisional ? [claimOf(this.head.run, false, false)] : []),
    ];
    this.settled = [];
    if (claims.length === 0 && this.said.size === 0) return [];
    return revise(this.said, claims, nowMs, (firstMs) =>
      findingIdOf(this.rule.id, enterpriseId, this.subjectKind, this.subjectId, firstMs),
    );
  }

  get openFindings(): number {
    let open = 0;
    for (const { state } of this.said.values()) if (state === 'CONFIRMED' || state === 'REVISED') open++;
    return open;
  }

  toJSON(): readonly unknown[] {
    return [
      this.rule.id,
      this.witnessKey,
      [this.meterId, this.subjectKind, this.subjectId],
      this.sealed,
      this.head,
      this.ended,
      [...this.said.values()],
      [this.headMs, this.modelVersion, this.stale],
      this.status,
    ];
  }

  static fromJSON(json: readonly unknown[], rule: Rule<StoppedButRunning>): Subject {
    const [, key, [meterId, subjectKind, subjectId], sealed, head, ended, said, [headMs, modelVersion, stale], status] =
      json as [
        string,
        string,
        [string, SubjectKind, string],
        TestState,
        TestState,
        Run[],
        Said[],
        [number, number, boolean],
        SubjectStatus,
      ];
    const witness = { key, meter: { meterId }, subjectKind, subjectId } as unknown as Witness;
    const subject = new Subject(rule, witness, headMs);
    subject.sealed = { cusum: sealed.cusum, run: sealed.run };
    subject.head = { cusum: head.cusum, run: head.run };
    subject.ended = ended;
    for (const item of said) subject.said.set(item.firstMs, item);
    subject.modelVersion = modelVersion;
    subject.stale = stale;
    subject.status = status;
    return subject;
  }
}

function claimOf(run: Run, ended: boolean, settled: boolean): RunClaim {
  return {
    run,
    ended,
    settled,
    firstMs: run.firstMs,
    lastEndMs: run.lastEndMs,
    confirmed: run.confirmed,
    contradictoryMs: Math.round(run.contradictoryMs),
    kwMs: run.kwMs,
    upperKwMs: run.upperKwMs,
    logLikelihoodRatio: run.logLikelihoodRatio,
  };
}

/** The finding record of a revision, with its evidence and its sentence in both languages. */
export function findingOf(
  subject: Subject,
  revision: Revision<RunClaim>,
  context: {
    readonly enterpriseId: string;
    readonly site: SiteVersion | undefined;
    readonly witness: Witness | undefined;
    readonly modes: Modes | undefined;
    readonly intervalMs: number;
    readonly nowMs: number;
    readonly engineVersion: string;
  },
): Finding {
  const { rule } = subject;
  const { said } = revision;
  const { modes, witness, site } = context;
  const seenMeanKw = said.kwMs / said.contradictoryMs;
  const stoppedUpperKw = said.upperKwMs / said.contradictoryMs;
  const runningTypicalKw = modes ? medianKw(modes.running) : null;
  const machines = witness?.equipment ?? [];
  const summary = stoppedButRunningSummary({
    subjectKind: subject.subjectKind,
    subjectName: nameOf(subject, site),
    machineNames: machines.map((m) => m.name || m.equipmentId),
    meterId: subject.meterId,
    minutes: said.contradictoryMs / 60_000,
    seenKw: seenMeanKw,
    stoppedUpperKw,
    runningTypicalKw,
    logLikelihoodRatio: said.logLikelihoodRatio,
  });
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
    enterpriseId: context.enterpriseId,
    regionCode: site?.registration.regionCode ?? '',
    subjectKind: subject.subjectKind,
    subjectId: subject.subjectId,
    equipmentIds: machines.map((m) => m.equipmentId),
    meterId: subject.meterId,
    firstSlotMs: said.firstMs,
    lastSlotEndMs: said.lastEndMs,
    firstSaidMs: said.firstSaidMs,
    saidMs: context.nowMs,
    contradictoryMs: said.contradictoryMs,
    seenMeanKw,
    stoppedUpperKw,
    runningTypicalKw,
    minimumDetectableKw: modes ? minimumDetectableKw(modes, rule.parameters) : null,
    logLikelihoodRatio: said.logLikelihoodRatio,
    falseAlarmBound:
      (30 * 86_400_000) / context.intervalMs / Math.exp(confirmationLimit(rule.parameters, context.intervalMs)),
    summaryEn: summary.en,
    summaryZh: summary.zh,
    slots,
    retractedBecause: revision.retractedBecause,
    supersededBy: revision.supersededBy,
  };
}

function nameOf(subject: Subject, site: SiteVersion | undefined): string {
  if (subject.subjectKind === 'ENTERPRISE') return site?.registration.name || subject.subjectId;
  return site?.equipment.get(subject.subjectId)?.name || subject.subjectId;
}
