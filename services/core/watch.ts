import {
  type Detector,
  type Learned,
  type Place,
  type SlotJudgement,
  type SubjectRef,
  unjudged,
} from './detectors/detector.ts';
import { detectorOf } from './detectors/index.ts';
import { verdictOf } from './detectors/reasons.ts';
import type { SubjectStatus } from './records.ts';
import type { Rule } from './rule.ts';
import { sharedCopy, sharedText } from './shared-copies.ts';
import type { SiteVersion } from './site.ts';
import { Subject } from './subject.ts';

/** Times are kept in whole seconds since then: that fits a small integer, milliseconds would be boxed. */
const epochMs = Date.UTC(2020, 0, 1);
/** Second that stands for no end of time. */
const never = 2 ** 30 - 1;

function secondOf(ms: number): number {
  return Math.max(-never, Math.min(never, Math.floor((ms - epochMs) / 1000)));
}

function msOf(second: number): number {
  if (second === never) return Number.POSITIVE_INFINITY;
  return second === -never ? Number.NEGATIVE_INFINITY : second * 1000 + epochMs;
}

/**
 * One rule on one place of a site: how far it has judged, and the subjects there that something speaks against. The
 * many against which nothing speaks have no state but the reason of their last verdict.
 */
export class Watch {
  detector: Detector<unknown, Place>;
  private applied: Rule;
  readonly key: string;
  /** Version of the load models that unsealed slots were judged with. */
  modelVersion = -1;
  /** From when on something that unsealed verdicts rest on has changed, ms; `Infinity` when nothing has. */
  private staleFromSecond = never;
  /** The last stretch of unsealed slots between which nothing spoke against anybody: judging can begin anew anywhere in it. */
  private calmFromSecond: number;
  private calmToSecond: number;
  /** The rule is no more: it judges nothing, and is kept until what it has said is settled. */
  withdrawn = false;
  /** When the unsealed verdicts were last made anew. */
  private reviewedSecond = -never;
  /** Verdicts or their reasons have changed since the status was last said. */
  moved = false;
  /** Derived: version of the load models as it was last asked for, and after how many lessons that was. */
  knownVersion = 0;
  knownAt = -1;
  /** The place as it was last looked up, and the description that it is of. */
  private version: SiteVersion | undefined;
  private place: Place | undefined;
  private headSecond: number;
  private active: Map<string, Subject> | undefined;
  private reasons: readonly string[] = [];
  /** What sealed slots of the place have taught the detector. */
  learned: Learned | undefined;

  constructor(rule: Rule, key: string, startMs: number) {
    this.applied = rule;
    this.detector = detectorOf(rule);
    this.key = sharedText(key);
    this.headSecond = secondOf(startMs);
    this.calmFromSecond = this.headSecond;
    this.calmToSecond = this.headSecond;
  }

  get reviewedMs(): number {
    return msOf(this.reviewedSecond);
  }

  set reviewedMs(ms: number) {
    this.reviewedSecond = secondOf(ms);
  }

  get stale(): boolean {
    return this.staleFromSecond !== never;
  }

  /** Something that bears on slots from `fromMs` on has changed. */
  markStale(fromMs: number): void {
    if (fromMs < this.headMs) this.staleFromSecond = Math.min(this.staleFromSecond, secondOf(fromMs));
  }

  get rule(): Rule {
    return this.applied;
  }

  /** Another version of the rule: what was found stays, what is not sealed is judged again. */
  set rule(rule: Rule) {
    this.applied = rule;
    this.detector = detectorOf(rule);
  }

  /** End of the last slot that was judged; slots from here on are new. */
  get headMs(): number {
    return msOf(this.headSecond);
  }

  set headMs(ms: number) {
    this.headSecond = secondOf(ms);
  }

  get busy(): boolean {
    return this.active !== undefined;
  }

  get subjects(): Iterable<Subject> {
    return this.active?.values() ?? [];
  }

  get openFindings(): number {
    if (!this.active) return 0;
    let open = 0;
    for (const subject of this.subjects) open += subject.open;
    return open;
  }

  /** What it watches under a description of the site; `undefined` where that has no such place. */
  placeIn(version: SiteVersion | undefined): Place | undefined {
    if (version === undefined) return undefined;
    if (version !== this.version) {
      this.version = version;
      this.knownAt = -1;
      this.place = placesOf(version, this.rule).get(this.key);
    }
    return this.place;
  }

  /** Forgets the place that was looked up: the description or the rule has changed. */
  forgetPlace(): void {
    this.version = undefined;
    this.place = undefined;
    this.knownAt = -1;
  }

  /** Starts the unsealed verdicts again. */
  rewind(sealedMs: number, modelVersion: number): void {
    for (const subject of this.subjects) subject.rewind();
    this.headMs = sealedMs;
    this.modelVersion = modelVersion;
    this.staleFromSecond = never;
    this.calmFromSecond = this.isCalm ? this.headSecond : never;
    this.calmToSecond = this.headSecond;
  }

  /**
   * Starts again the verdicts that what has changed bears on: from there on where nothing spoke against anybody just
   * before, else all unsealed ones. `stepMs` is the length of its slots.
   */
  review(sealedMs: number, modelVersion: number, stepMs: number): void {
    const changedMs = Math.floor(msOf(this.staleFromSecond) / stepMs) * stepMs;
    const fromMs = Math.min(changedMs, msOf(this.calmToSecond));
    if (modelVersion !== this.modelVersion || changedMs < msOf(this.calmFromSecond) || fromMs <= sealedMs) {
      this.rewind(sealedMs, modelVersion);
      return;
    }
    for (const subject of this.subjects) subject.rewindTo(fromMs);
    this.headMs = fromMs;
    this.calmToSecond = this.headSecond;
    this.staleFromSecond = never;
  }

  takeHead(place: Place | undefined, judgements: readonly SlotJudgement[], startMs: number, stepMs: number): void {
    const policy = this.detector.policy(this.rule.parameters, stepMs, place);
    const wasCalm = this.isCalm;
    this.take(place, judgements, (subject, judgement) => subject.takeHead(startMs, stepMs, judgement, policy));
    this.headMs = startMs + stepMs;
    if (wasCalm) this.calmToSecond = Math.max(this.calmToSecond, secondOf(startMs));
    if (this.isCalm) {
      if (!wasCalm) this.calmFromSecond = this.headSecond;
      this.calmToSecond = this.headSecond;
    }
    const { reasons } = this;
    if (judgements.length === reasons.length && judgements.every(({ reason }, i) => reason === reasons[i])) return;
    this.reasons = shared(judgements.map(({ reason }) => reason));
    this.moved = true;
  }

  takeSealed(place: Place | undefined, judgements: readonly SlotJudgement[], startMs: number, stepMs: number): void {
    const policy = this.detector.policy(this.rule.parameters, stepMs, place);
    this.take(place, judgements, (subject, judgement) => subject.takeSealed(startMs, stepMs, judgement, policy));
  }

  forgetIdle(): void {
    for (const [key, subject] of this.active ?? []) if (subject.idle) this.active!.delete(key);
    if (this.active?.size === 0) this.active = undefined;
  }

  status(place: Place, detectableKw: (subject: SubjectRef, index: number) => number | null): SubjectStatus[] {
    return this.detector.subjects(place).map((subject, i) => {
      const reason = this.reasons[i] ?? 'not-yet-judged';
      return {
        subjectKind: subject.kind,
        subjectId: subject.id,
        meterId: place.meterId,
        verdict: verdictOf(reason),
        reason,
        slotStartMs: this.reasons[i] ? this.headMs - place.stepMs : null,
        minimumDetectableKw: detectableKw(subject, i),
        ruleId: this.rule.id,
      };
    });
  }

  toJSON(): readonly unknown[] {
    const { headSecond, modelVersion, moved, reasons } = this;
    const { staleFromSecond, calmFromSecond, calmToSecond, reviewedSecond } = this;
    const review = [modelVersion, staleFromSecond, calmFromSecond, calmToSecond, reviewedSecond];
    const rule = this.withdrawn ? this.rule : this.rule.id;
    return [rule, this.key, headSecond, review, moved, reasons, [...this.subjects], this.learned ?? null];
  }

  /** Rebuilds from `toJSON`; a withdrawn rule is its own, of the others one of `rules`. `undefined` where that is none. */
  static fromJSON(json: readonly unknown[], rules: readonly Rule[]): Watch | undefined {
    const withdrawn = typeof json[0] !== 'string';
    const rule = withdrawn ? (json[0] as Rule) : rules.find(({ id }) => id === json[0]);
    if (!rule) return undefined;
    const [, key, headSecond, review, moved, reasons, active, learned] = json as [
      string,
      string,
      number,
      [number, number, number, number, number],
      boolean,
      string[],
      unknown[][],
      number[] | null,
    ];
    const watch = new Watch(rule, key, msOf(headSecond));
    watch.withdrawn = withdrawn;
    const [modelVersion, staleFromSecond, calmFromSecond, calmToSecond, reviewedSecond] = review;
    watch.modelVersion = modelVersion;
    watch.staleFromSecond = staleFromSecond;
    watch.calmFromSecond = calmFromSecond;
    watch.calmToSecond = calmToSecond;
    watch.reviewedSecond = reviewedSecond;
    watch.moved = moved;
    watch.reasons = shared(reasons);
    watch.learned = learned ?? undefined;
    for (const item of active) {
      const subject = Subject.fromJSON(item);
      watch.active ??= new Map();
      watch.active.set(keyOf(subject), subject);
    }
    return watch;
  }

  /** True when nothing among the unsealed slots speaks against anybody any more. */
  private get isCalm(): boolean {
    if (!this.active) return true;
    for (const subject of this.active.values()) if (!subject.isCalm) return false;
    return true;
  }

  private take(
    place: Place | undefined,
    judgements: readonly SlotJudgement[],
    fold: (subject: Subject, judgement: SlotJudgement) => void,
  ): void {
    if (!this.active && judgements.every(({ logLikelihoodRatio }) => logLikelihoodRatio <= 0)) return;
    this.active ??= new Map();
    const known = place ? this.detector.subjects(place) : [];
    const seen = new Set<string>();
    for (const [i, judgement] of judgements.entries()) {
      const ref = judgement.subject ?? known[i]!;
      const key = keyOf(ref);
      seen.add(key);
      let subject = this.active.get(key);
      if (!subject) {
        if (judgement.logLikelihoodRatio <= 0) continue;
        subject = new Subject(ref);
        this.active.set(key, subject);
      }
      fold(subject, judgement);
    }
    // A subject that the registry no longer knows here has nobody left to contradict.
    for (const [key, subject] of this.active) {
      if (!seen.has(key)) fold(subject, unjudged('not-claimed', 'not-registered'));
    }
  }
}

/** The places of one rule in one description, as last derived: all watches of a rule ask in turn. */
let derived: { version: SiteVersion; rule: Rule; places: ReadonlyMap<string, Place> } | undefined;

function placesOf(version: SiteVersion, rule: Rule): ReadonlyMap<string, Place> {
  if (derived?.version !== version || derived.rule !== rule) {
    const places = applies(rule, version) ? detectorOf(rule).places(version, rule) : [];
    derived = { version, rule, places: new Map(places.map((place) => [place.key, place])) };
  }
  return derived.places;
}

/** Whether a rule has anything to say of a site of that kind. */
export function applies(rule: Rule, { registration }: SiteVersion): boolean {
  return rule.sectors.length === 0 || rule.sectors.includes(registration.sector);
}

function keyOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind}/${id}`;
}

/** Lists of reasons that were seen: most watches stand alike, and each would hold its own copy. */
const lists = new Map<string, readonly string[]>();

function shared(reasons: readonly string[]): readonly string[] {
  return sharedCopy(lists, reasons.join(' '), () => reasons);
}
