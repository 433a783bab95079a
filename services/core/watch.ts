import { type Reason, type StoppedButRunning, unjudged, verdictOf } from './detectors/stopped-but-running.ts';
import type { SubjectKind, SubjectStatus } from './records.ts';
import type { Rule } from './rule.ts';
import type { Witness } from './site.ts';
import { type JudgedSlot, Subject } from './subject.ts';

/**
 * One rule on one meter: how far it has judged, and the subjects behind the meter that something speaks against. The
 * many against which nothing speaks have no state but the reason of their last verdict.
 */
export class Watch {
  readonly rule: Rule<StoppedButRunning>;
  readonly meterId: string;
  /** Whole minutes since the epoch fit a small integer, milliseconds would be boxed. */
  private headMinute: number;
  /** Version of the load model that unsealed slots were judged with. */
  modelVersion = -1;
  /** Something that unsealed verdicts rest on has changed. */
  stale = false;
  /** When the unsealed verdicts were last made anew. */
  reviewedMs = 0;
  /** Verdicts or their reasons have changed since the status was last said. */
  moved = false;
  private active: Map<string, Subject> | undefined;
  private reasons: readonly Reason[] = [];

  constructor(rule: Rule<StoppedButRunning>, meterId: string, startMs: number) {
    this.rule = rule;
    this.meterId = meterId;
    this.headMinute = startMs / 60_000;
  }

  /** End of the last slot that was judged; slots from here on are new. */
  get headMs(): number {
    return this.headMinute * 60_000;
  }

  set headMs(ms: number) {
    this.headMinute = ms / 60_000;
  }

  get busy(): boolean {
    return this.active !== undefined;
  }

  get subjects(): Iterable<Subject> {
    return this.active?.values() ?? [];
  }

  get openFindings(): number {
    let open = 0;
    for (const subject of this.subjects) open += subject.open;
    return open;
  }

  /** Starts the unsealed verdicts again. */
  rewind(sealedMs: number, modelVersion: number): void {
    for (const subject of this.subjects) subject.rewind();
    this.headMs = sealedMs;
    this.modelVersion = modelVersion;
    this.stale = false;
  }

  takeHead(witness: Witness | undefined, slots: readonly JudgedSlot[], endMs: number): void {
    this.take(witness, slots, endMs, (subject, slot) => subject.takeHead(slot, this.rule.parameters));
    this.headMs = endMs;
    if (slots.some((slot, i) => slot.judgement.reason !== this.reasons[i]) || slots.length !== this.reasons.length) {
      this.reasons = shared(slots.map((slot) => slot.judgement.reason));
      this.moved = true;
    }
  }

  takeSealed(witness: Witness | undefined, slots: readonly JudgedSlot[], endMs: number): void {
    this.take(witness, slots, endMs, (subject, slot) => subject.takeSealed(slot, this.rule.parameters));
  }

  forgetIdle(): void {
    for (const [key, subject] of this.active ?? []) if (subject.idle) this.active!.delete(key);
    if (this.active?.size === 0) this.active = undefined;
  }

  status(witness: Witness, intervalMs: number, minimumDetectableKw: number | null): SubjectStatus[] {
    const subjects = subjectsOf(witness);
    return subjects.map(([subjectKind, subjectId], i) => {
      const reason = this.reasons[i] ?? 'not-yet-judged';
      return {
        subjectKind,
        subjectId,
        meterId: this.meterId,
        verdict: verdictOf[reason],
        reason,
        slotStartMs: this.reasons[i] ? this.headMs - intervalMs : null,
        minimumDetectableKw: i === 0 ? minimumDetectableKw : null,
      };
    });
  }

  toJSON(): readonly unknown[] {
    const { headMs, modelVersion, stale, reviewedMs, moved, reasons } = this;
    return [this.rule.id, this.meterId, headMs, modelVersion, stale, reviewedMs, moved, reasons, [...this.subjects]];
  }

  static fromJSON(json: readonly unknown[], rule: Rule<StoppedButRunning>): Watch {
    const [, meterId, headMs, modelVersion, stale, reviewedMs, moved, reasons, active] = json as [
      string,
      string,
      number,
      number,
      boolean,
      number,
      boolean,
      Reason[],
      unknown[][],
    ];
    const watch = new Watch(rule, meterId, headMs);
    watch.modelVersion = modelVersion;
    watch.stale = stale;
    watch.reviewedMs = reviewedMs;
    watch.moved = moved;
    watch.reasons = shared(reasons);
    for (const item of active) {
      const subject = Subject.fromJSON(item);
      watch.active ??= new Map();
      watch.active.set(keyOf(subject.kind, subject.id), subject);
    }
    return watch;
  }

  private take(
    witness: Witness | undefined,
    slots: readonly JudgedSlot[],
    endMs: number,
    fold: (subject: Subject, slot: JudgedSlot) => void,
  ): void {
    if (!this.active && slots.every((slot) => slot.judgement.logLikelihoodRatio <= 0)) return;
    this.active ??= new Map();
    const known = witness ? subjectsOf(witness) : [];
    const seen = new Set<string>();
    for (const [i, slot] of slots.entries()) {
      const [kind, id] = known[i]!;
      const key = keyOf(kind, id);
      seen.add(key);
      let subject = this.active.get(key);
      if (!subject) {
        if (slot.judgement.logLikelihoodRatio <= 0) continue;
        subject = new Subject(kind, id);
        this.active.set(key, subject);
      }
      fold(subject, slot);
    }
    // A subject that the registry no longer knows here has nobody left to contradict.
    for (const [key, subject] of this.active) {
      if (seen.has(key)) continue;
      const judgement = unjudged('not-stopped', 'not-registered');
      fold(subject, { startMs: endMs, intervalMs: 0, kw: undefined, stoppedShare: 0, judgement });
    }
  }
}

/** Subjects of a witness in the order of its judged slots: the group, then its machines where they are told apart. */
function subjectsOf(witness: Witness): (readonly [SubjectKind, string])[] {
  const group = [witness.subjectKind, witness.subjectId] as const;
  if (!witness.tellsApart) return [group];
  return [group, ...witness.equipment.map((e) => ['EQUIPMENT', e.equipmentId] as const)];
}

function keyOf(kind: SubjectKind, id: string): string {
  return `${kind}/${id}`;
}

/** Lists of reasons that were seen: most watches stand alike, and each would hold its own copy. */
const lists = new Map<string, readonly Reason[]>();
const mostLists = 10_000;

function shared(reasons: readonly Reason[]): readonly Reason[] {
  const key = reasons.join(' ');
  const known = lists.get(key);
  if (known) return known;
  if (lists.size < mostLists) lists.set(key, reasons);
  return reasons;
}
