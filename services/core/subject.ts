import type { SlotJudgement, SubjectRef, TestPolicy } from './detectors/detector.ts';
import { type Claim, findingIdOf, type Revision, revise, type Said } from './findings.ts';
import type { SubjectKind } from './records.ts';
import type { Rule } from './rule.ts';
import { cloneTest, foldSlot, type Run, type TestState } from './sequential-test.ts';

export interface RunClaim extends Claim {
  readonly run: Run;
}

const none: readonly Run[] = [];

/**
 * The sequential test of one rule on one subject that something speaks against. It stands twice: `sealed`, which rests
 * on sealed slots alone and is final, and `head`, which goes on over the slots that may still change and is built anew
 * from `sealed` when they do.
 */
export class Subject {
  readonly kind: SubjectKind;
  readonly id: string;
  equipmentIds: readonly string[];
  private sealed: TestState = { cusum: 0, run: undefined };
  private head: TestState = { cusum: 0, run: undefined };
  /** Runs that ended among unsealed slots. */
  private ended: readonly Run[] = none;
  /** Runs that ended among sealed slots and were not yet said. */
  private settled: readonly Run[] = none;
  private readonly said = new Map<number, Said>();

  constructor({ kind, id, equipmentIds }: SubjectRef) {
    this.kind = kind;
    this.id = id;
    this.equipmentIds = equipmentIds;
  }

  /** True when nothing speaks against the subject and nothing is left to say: it can be forgotten. */
  get idle(): boolean {
    const { sealed, head } = this;
    return !sealed.run && !head.run && this.ended.length === 0 && this.settled.length === 0 && this.said.size === 0;
  }

  /** Starts `head` again from the sealed slots. */
  rewind(): void {
    this.head = cloneTest(this.sealed);
    this.ended = none;
  }

  /** Starts `head` again at a slot before which nothing spoke against the subject. */
  rewindTo(fromMs: number): void {
    this.head = { cusum: 0, run: undefined };
    if (this.ended.length > 0) this.ended = this.ended.filter((run) => run.firstMs < fromMs);
  }

  /** True when nothing among the unsealed slots speaks against it any more. */
  get isCalm(): boolean {
    return this.head.run === undefined && this.head.cusum === 0;
  }

  takeHead(startMs: number, intervalMs: number, judgement: SlotJudgement, policy: TestPolicy): void {
    const ended = foldSlot(this.head, startMs, intervalMs, judgement, policy);
    if (ended) this.ended = [...this.ended, ended];
  }

  takeSealed(startMs: number, intervalMs: number, judgement: SlotJudgement, policy: TestPolicy): void {
    const ended = foldSlot(this.sealed, startMs, intervalMs, judgement, policy);
    if (!ended) return;
    this.settled = [...this.settled, ended];
    this.ended = this.ended.filter((run) => run.firstMs > ended.firstMs);
  }

  /** What is to be said now, as finding revisions. `whyGone` tells why what was said is claimed no more. */
  revisions(
    nowMs: number,
    sealedMs: number,
    enterpriseId: string,
    rule: Rule,
    whyGone: (said: Said) => string,
  ): Revision<RunClaim>[] {
    const claims = [
      ...this.settled.map((run) => claimOf(run, true, true)),
      ...this.ended.map((run) => claimOf(run, true, false)),
      ...(this.head.run?.provisional ? [claimOf(this.head.run, false, false)] : []),
    ];
    this.settled = none;
    if (claims.length === 0 && this.said.size === 0) return [];
    const openMs = this.sealed.run?.firstMs;
    const isFinal = (said: Said): boolean => said.lastEndMs <= sealedMs && said.firstMs !== openMs;
    const idOf = (firstMs: number): string => findingIdOf(rule.id, enterpriseId, this.kind, this.id, firstMs);
    return revise(this.said, claims, nowMs, isFinal, idOf, whyGone);
  }

  /** Takes back all that was said: the rule is no more. */
  withdraw(nowMs: number, sealedMs: number, enterpriseId: string, rule: Rule): Revision<RunClaim>[] {
    this.sealed = { cusum: 0, run: undefined };
    this.head = { cusum: 0, run: undefined };
    this.ended = none;
    this.settled = none;
    return this.revisions(nowMs, sealedMs, enterpriseId, rule, () => 'rule-withdrawn');
  }

  /** Confirmed findings that have not ended. */
  get open(): number {
    let open = 0;
    for (const { state } of this.said.values()) if (state === 'CONFIRMED' || state === 'REVISED') open++;
    return open;
  }

  toJSON(): readonly unknown[] {
    return [this.kind, this.id, this.equipmentIds, this.sealed, this.head, this.ended, [...this.said.values()]];
  }

  static fromJSON(json: readonly unknown[]): Subject {
    const [kind, id, equipmentIds, sealed, head, ended, said] = json as [
      SubjectKind,
      string,
      string[],
      TestState,
      TestState,
      Run[],
      Said[],
    ];
    const subject = new Subject({ kind, id, equipmentIds });
    subject.sealed = { cusum: sealed.cusum, run: sealed.run };
    subject.head = { cusum: head.cusum, run: head.run };
    subject.ended = ended;
    for (const item of said) subject.said.set(item.firstMs, item);
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
    seenMs: run.seenMs,
    boundMs: run.boundMs,
    logLikelihoodRatio: run.logLikelihoodRatio,
    reason: run.reason,
    cause: run.cause,
    cameras: run.cameras,
    detail: run.detail,
  };
}
