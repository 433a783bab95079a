import { alarmAfterAction, alarmAfterFinding, alarmIdOf } from './alarm.ts';
import { type Output, Refusal } from './batch.ts';
import type { Place, SlotJudgement } from './detectors/detector.ts';
import { detectorOf } from './detectors/index.ts';
import { verdictOf } from './detectors/reasons.ts';
import { findingOf } from './finding-record.ts';
import type { Revision, Said } from './findings.ts';
import { Hearing } from './hearing.ts';
import { floorTo, Holdings, type HoldingsOptions, maxFiled, rulesFor, unchanged } from './holdings.ts';
import type { Alarm, AlarmAction, Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from './records.ts';
import { statusOf } from './status.ts';
import type { RunClaim, Subject } from './subject.ts';
import { Watch } from './watch.ts';

export interface EngineOptions extends HoldingsOptions {
  /** How late data may come and still count, ms; longer where a meter is registered with a longer delivery delay. */
  readonly latenessHorizonMs: number;
  /** Late data is taken together for this long before verdicts are made anew, ms: a back-fill comes record by record. */
  readonly lateReviewMs: number;
  /** How long after its end a slot that no meter drives is judged, ms: reports are on their way that long. */
  readonly reportMarginMs: number;
  readonly engineVersion: string;
}

/** Slots are sealed on this grid: a multiple of every possible slot length. */
export const sealStepMs = 900_000;
/** Margin over a declared delivery delay, for the transfer itself. */
const deliveryMarginMs = 2 * 3_600_000;
/** What is held before the oldest open slot in any case, ms: a hold and a run-down reach back to it. */
const leastLookBackMs = 3_600_000;
/** After this long a machine whose samples drive a watch is said to be unheard, ms; back-filled samples correct it. */
const unheardAfterMs = 3_600_000;

/** Verdicts that only change are said this often at most, ms: minute slots change their reasons all the time. */
const statusEveryMs = 300_000;

/** Slots that are asked why a finding is claimed no more. */
const whySlots = 4;

const noAlarms: ReadonlyMap<string, Alarm> = new Map();
const nothing: readonly never[] = [];
const noOwners: ReadonlySet<string> = new Set();

/** The lateness horizon of an enterprise whose meters deliver up to `deliveryDelayMs` late, ms. */
export function horizonFor(deliveryDelayMs: number, latenessHorizonMs: number): number {
  const promisedMs = deliveryDelayMs === 0 ? 0 : deliveryDelayMs + deliveryMarginMs;
  return Math.max(latenessHorizonMs, Math.ceil(promisedMs / sealStepMs) * sealStepMs);
}

type Say = (output: Output) => void;

/** Everything that the engine knows and says of one enterprise. */
export class Enterprise {
  readonly id: string;
  horizonMs: number;
  /** Changed since the last snapshot; kept by the engine. */
  dirty = false;
  /** Waits for evaluation; kept by the engine. */
  pending = false;
  /** For when a review is scheduled, 0 for none; kept by the engine. */
  reviewAtMs = 0;

  private options: EngineOptions;
  private readonly held: Holdings;
  private hearing = new Hearing();
  private watches: readonly Watch[] = [];
  private alarms: ReadonlyMap<string, Alarm> = noAlarms;
  private openSaid = 0;
  private statusSaidMs = 0;
  /** Derived: the newest slot end that any watch has judged, and when reports make new slots due. */
  private judgedMs = 0;
  private reportsDueMs = Number.POSITIVE_INFINITY;
  /** Machines and sections of which a fast detector has something in hand: each sample is to be judged at once. */
  private sampling: ReadonlySet<string> = noOwners;
  private lookBackMs = leastLookBackMs;
  /** Derived: how long before its own start what is filed may bear on a slot, ms. */
  private aheadMs = 0;

  constructor(id: string, options: EngineOptions, arrivalMs: number) {
    this.id = id;
    this.options = options;
    this.held = new Holdings(id, options);
    this.horizonMs = options.latenessHorizonMs;
    this.held.sealedMs = sealedBy(arrivalMs - this.horizonMs);
    this.makeRoom();
  }

  /** Every slot that ends at or before is sealed. */
  get sealedMs(): number {
    return this.held.sealedMs;
  }

  /** When the next slots are to be sealed. */
  get nextSealMs(): number {
    return this.sealedMs + sealStepMs + this.horizonMs;
  }

  // Input: each returns a refusal, or whether anything is to be judged.

  register(registration: SiteRegistration): Refusal | boolean {
    const { held } = this;
    const taken = held.register(registration, () => {
      // The horizon only grows: shrinking it would seal at once what was promised to stay open.
      const promisedMs = horizonFor(held.site.deliveryDelayMs(), this.options.latenessHorizonMs);
      this.horizonMs = Math.max(this.horizonMs, promisedMs);
      this.watchPlaces();
    });
    if (taken !== true) return taken;
    for (const watch of this.watches) watch.forgetPlace();
    this.markStale(Number.NEGATIVE_INFINITY);
    return true;
  }

  observe(telemetry: Telemetry, arrivalMs: number): Refusal | boolean {
    const { held } = this;
    const fromMs = held.observe(telemetry, arrivalMs);
    if (typeof fromMs !== 'number') return fromMs;
    const { equipmentId, observedAtMs } = telemetry;
    const isNews = this.hearing.isNews;
    this.hearing.hear(observedAtMs, arrivalMs);
    const urgent = held.samples.moved && this.takeMoved(equipmentId, observedAtMs);
    const isDue = isNews || this.sampling.has(equipmentId) || held.heardMs >= this.reportsDueMs;
    return this.changed(fromMs) || urgent || isDue;
  }

  measure(power: Power, arrivalMs: number): Refusal | boolean {
    const fromMs = this.held.measure(power, arrivalMs);
    if (typeof fromMs !== 'number') return fromMs;
    if (this.held.meterAnew) {
      this.held.meterAnew = false;
      this.watchPlaces();
    }
    this.changed(fromMs);
    return fromMs !== unchanged;
  }

  file(record: WorkRecord): Refusal | boolean {
    return this.takeFiled(this.held.file(record));
  }

  note(event: SiteEvent, arrivalMs: number): Refusal | boolean {
    const { held } = this;
    const fromMs = held.note(event, arrivalMs);
    if (event.kind !== 'PERSON_COUNT' || typeof fromMs !== 'number') {
      // A clock that is far ahead must not make slots due that nobody can know anything of.
      const timely = event.startMs <= arrivalMs + this.options.futureToleranceMs;
      if (timely && typeof fromMs === 'number') held.notedMs = Math.max(held.notedMs, event.startMs);
      return this.takeFiled(fromMs);
    }
    const urgent = held.samples.moved && this.takeMoved(undefined, event.startMs);
    return this.changed(fromMs) || urgent || this.sampling.size > 0 || held.heardMs >= this.reportsDueMs;
  }

  act(action: AlarmAction, nowMs: number, say: Say): Refusal | boolean {
    const standing = this.alarms.get(action.alarmId);
    if (!standing) return new Refusal('unknown-alarm', `alarm ${action.alarmId} does not stand`);
    const alarm = alarmAfterAction(standing, action, nowMs);
    if (alarm) this.sayAlarm(alarm, say);
    return false;
  }

  // Time

  /** Seals every slot that ends at or before `untilMs`: judges it for good, then lets the models learn it. */
  seal(untilMs: number): void {
    // More than a step is sealed at once only where nothing happened: then there is nothing to judge or learn.
    if (untilMs - this.sealedMs <= sealStepMs) {
      for (const watch of this.watches) this.judgeSealed(watch, untilMs);
      this.held.learn(this.sealedMs, untilMs);
    }
    for (const watch of this.watches) if (watch.headMs < untilMs) watch.rewind(untilMs, this.modelVersion(watch));
    this.held.sealedMs = untilMs;
    const keepMs = untilMs - this.lookBackMs;
    this.held.prune(keepMs);
    if (this.watches.some((watch) => !this.placeAt(watch, untilMs))) this.forgetPlaces();
    // An alarm that is done with is kept until its finding is settled: what is said of it till then raises no new one.
    if (this.alarms.size > 0) {
      const kept = [...this.alarms].filter(([, alarm]) => alarm.state !== 'NORMAL' || alarm.changedMs >= keepMs);
      if (kept.length < this.alarms.size) this.alarms = new Map(kept);
    }
    const busyOn = (meterId: string): boolean =>
      this.watches.some((watch) => watch.busy && this.placeAt(watch, untilMs)?.meterId === meterId);
    this.held.forgetUnnamed(untilMs, busyOn);
  }

  /** Brings every watch up to what has come and says what has changed. */
  evaluate(nowMs: number, say: Say): void {
    for (const watch of this.watches) {
      if (this.reviewMs(watch) <= nowMs) {
        const stepMs = this.placeAt(watch, watch.headMs)?.stepMs ?? sealStepMs;
        watch.review(this.sealedMs, this.modelVersion(watch), stepMs);
        watch.reviewedMs = nowMs;
      }
      this.advance(watch);
      if (watch.busy) this.sayFindings(watch, nowMs, say);
    }
    this.deriveDue();
    this.sayStatus(nowMs, say);
    this.sayHearing(nowMs, say);
  }

  /** Says whether it is heard at all, where that is news. */
  sayHearing(nowMs: number, say: Say): void {
    for (const value of this.hearing.statements(this.held, nowMs)) say({ topic: 'enterprise-silence', value });
  }

  /** When late data or a changed model make the unsealed verdicts due again; `Infinity` when nothing does. */
  get nextReviewMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const watch of this.watches) nextMs = Math.min(nextMs, this.reviewMs(watch));
    return nextMs;
  }

  /** True when sealing any later slot would change nothing: nothing newer than the sealed ones came, no run is open. */
  get idle(): boolean {
    if (this.busy || !this.held.isOlderThan(this.sealedMs - this.lookBackMs)) return false;
    return this.held.site.latest()!.registration.effectiveFromMs <= this.sealedMs;
  }

  /** True while something stands that a seal must be followed by an evaluation for. */
  get busy(): boolean {
    return this.watches.some((watch) => watch.busy);
  }

  /** True where time alone makes slots due. */
  get timed(): boolean {
    const { work, events } = this.held;
    const isFiled = work.size + events.size > 0;
    return this.watches.some((watch) => {
      const drive = this.placeAt(watch, this.clockMs)?.drive;
      return drive === 'time' || drive === 'samples' || (isFiled && drive === 'filed');
    });
  }

  /** Takes other rules: what goes on under the same id keeps its history, what is gone is taken back. */
  useRules(options: EngineOptions, nowMs: number, say: Say): void {
    this.options = options;
    this.held.options = options;
    this.held.askAnew();
    const gone: Watch[] = [];
    const kept = this.watches.filter((watch) => {
      const rule = options.rules.find(({ id, detector }) => id === watch.rule.id && detector === watch.rule.detector);
      if (!rule) gone.push(watch);
      else if (rule.hash !== watch.rule.hash) {
        watch.rule = rule;
        watch.markStale(Number.NEGATIVE_INFINITY);
        watch.reviewedMs = 0;
      }
      watch.forgetPlace();
      return rule !== undefined;
    });
    for (const watch of gone) {
      for (const subject of watch.subjects) {
        for (const revision of subject.withdraw(nowMs, this.id, watch.rule)) {
          this.sayRevision(watch, subject, revision, nowMs, say);
        }
      }
    }
    this.watches = kept;
    this.watchPlaces();
    this.evaluate(nowMs, say);
  }

  // State

  toState(): { json: unknown; blocks: Uint8Array[] } {
    const { json, blocks } = this.held.toState();
    return {
      json: {
        id: this.id,
        sealedMs: this.sealedMs,
        horizonMs: this.horizonMs,
        lookBackMs: this.lookBackMs,
        held: json,
        hearing: this.hearing,
        watches: this.watches,
        alarms: [...this.alarms.values()],
        openSaid: this.openSaid,
        statusSaidMs: this.statusSaidMs,
      },
      blocks,
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  static fromState(json: any, blocks: Uint8Array[], options: EngineOptions): Enterprise {
    const enterprise = new Enterprise(json.id, options, 0);
    enterprise.held.sealedMs = json.sealedMs;
    enterprise.horizonMs = json.horizonMs;
    enterprise.lookBackMs = json.lookBackMs;
    enterprise.makeRoom();
    enterprise.held.restore(json.held, blocks);
    enterprise.hearing = Hearing.fromJSON(json.hearing);
    enterprise.watches = json.watches.flatMap((item: readonly unknown[]) => {
      const rule = options.rules.find((candidate) => candidate.id === item[0]);
      return rule ? [Watch.fromJSON(item, rule)] : [];
    });
    // A rule that is new since the snapshot starts where everything stands.
    enterprise.watchPlaces();
    if (json.alarms.length > 0) enterprise.alarms = new Map(json.alarms.map((a: Alarm) => [a.alarmId, a]));
    enterprise.openSaid = json.openSaid;
    enterprise.statusSaidMs = json.statusSaidMs;
    enterprise.deriveDue();
    return enterprise;
  }

  private makeRoom(): void {
    this.held.spanMs = this.horizonMs + this.lookBackMs + this.options.futureToleranceMs;
  }

  /** The clock by which slots that time drives fall due: it moves with the seals, so it is the same in every host. */
  private get clockMs(): number {
    return this.sealedMs + this.horizonMs;
  }

  /** Begins a watch for every place of every rule that has none yet. */
  private watchPlaces(): void {
    const known = new Set(this.watches.map((watch) => `${watch.rule.id}/${watch.key}`));
    const fresh: Watch[] = [];
    let lookBackMs = this.lookBackMs;
    this.aheadMs = 0;
    for (const version of this.held.site.all()) {
      for (const rule of rulesFor(this.options.rules, version)) {
        const detector = detectorOf(rule);
        for (const { key, equipmentId, awaits, meterId, awaitsMeter } of detector.places(version, rule)) {
          if (awaits !== undefined && !this.held.levels(equipmentId, awaits)) continue;
          if (awaitsMeter !== undefined && !this.held.meter(meterId)?.has(awaitsMeter)) continue;
          lookBackMs = Math.max(lookBackMs, detector.lookBackMs?.(rule.parameters) ?? 0);
          this.aheadMs = Math.max(this.aheadMs, detector.aheadMs?.(rule.parameters) ?? 0);
          const id = `${rule.id}/${key}`;
          if (known.has(id)) continue;
          known.add(id);
          fresh.push(new Watch(rule, key, this.sealedMs));
        }
      }
    }
    this.lookBackMs = lookBackMs;
    this.makeRoom();
    if (fresh.length > 0) this.watches = this.watches.concat(fresh);
  }

  /** Forgets watches on places that no description has any more. */
  private forgetPlaces(): void {
    const versions = this.held.site.all();
    this.watches = this.watches.filter(
      (watch) => watch.busy || versions.some((version) => watch.placeIn(version) !== undefined),
    );
  }

  private takeFiled(fromMs: Refusal | number): Refusal | boolean {
    if (typeof fromMs !== 'number') return fromMs;
    this.markStale(fromMs - this.aheadMs);
    return fromMs !== unchanged;
  }

  /** Marks what has judged with the load or reports that have now changed; true when anything has. */
  private changed(fromMs: number): boolean {
    if (fromMs >= this.judgedMs) return false;
    for (const watch of this.watches) if (fromMs < watch.headMs && this.heeds(watch)) watch.markStale(fromMs);
    return true;
  }

  /** An indicator of a machine (or of any section) moved: what has judged without is stale, and new places may begin. */
  private takeMoved(ownerId: string | undefined, atMs: number): true {
    const { samples } = this.held;
    if (samples.anew) {
      samples.anew = false;
      this.watchPlaces();
    }
    for (const watch of this.watches) {
      if (atMs >= watch.headMs) continue;
      const place = this.placeAt(watch, watch.headMs);
      if (place?.drive === 'samples' && (ownerId === undefined || place.equipmentId === ownerId)) watch.markStale(atMs);
    }
    return true;
  }

  /** Whether loads or reports bear on what it judges. */
  private heeds(watch: Watch): boolean {
    const drive = this.placeAt(watch, watch.headMs)?.drive;
    return drive !== 'samples' && drive !== 'noted';
  }

  private markStale(fromMs: number): void {
    for (const watch of this.watches) watch.markStale(fromMs);
  }

  /** Newest judged slot, and when reports make a slot due that was not judged yet. */
  private deriveDue(): void {
    this.judgedMs = 0;
    this.reportsDueMs = Number.POSITIVE_INFINITY;
    let sampling: Set<string> | undefined;
    for (const watch of this.watches) {
      const { headMs } = watch;
      const place = this.placeAt(watch, headMs);
      if (place?.drive === 'samples') {
        if (watch.busy) {
          sampling ??= new Set();
          sampling.add(place.equipmentId);
        }
        continue;
      }
      if (place?.drive === 'noted') continue;
      this.judgedMs = Math.max(this.judgedMs, headMs);
      if (place?.drive !== 'reports') continue;
      this.reportsDueMs = Math.min(this.reportsDueMs, headMs + place.stepMs + this.options.reportMarginMs);
    }
    this.sampling = sampling ?? noOwners;
  }

  private reviewMs(watch: Watch): number {
    const outdated = watch.stale || watch.modelVersion !== this.modelVersion(watch);
    return outdated ? watch.reviewedMs + this.options.lateReviewMs : Number.POSITIVE_INFINITY;
  }

  /** Version of all that sealed slots have taught and the watch rests on. */
  private modelVersion(watch: Watch): number {
    const { held } = this;
    const place = this.placeAt(watch, watch.headMs);
    // Models learn at seals only: in between what was looked up still holds.
    if (watch.knownAt === held.lessons) return watch.knownVersion;
    watch.knownAt = held.lessons;
    if (place && place.meterId !== '') watch.knownVersion = held.meter(place.meterId)?.version ?? 0;
    else watch.knownVersion = this.heeds(watch) ? held.meters.reduce((sum, { version }) => sum + version, 0) : 0;
    return watch.knownVersion;
  }

  private placeAt(watch: Watch, ms: number): Place | undefined {
    const { site } = this.held;
    return watch.placeIn(site.at(ms) ?? site.all()[0]);
  }

  /** Up to where slots of a place may be judged. */
  private dueMs({ drive, stepMs, meterId, equipmentId }: Place): number {
    switch (drive) {
      case 'load':
        return floorTo(meterId === '' ? this.held.readMs : (this.held.meter(meterId)?.newestMs ?? 0), stepMs);
      case 'reports':
        return floorTo(this.held.heardMs - this.options.reportMarginMs, stepMs);
      case 'time':
        return floorTo(this.clockMs - this.options.reportMarginMs, stepMs);
      case 'samples':
        return Math.max(this.held.samples.untilMs(equipmentId), floorTo(this.clockMs - unheardAfterMs, stepMs));
      case 'filed':
        return floorTo(this.toldMs(stepMs), stepMs);
      case 'noted':
        return floorTo(Math.max(this.clockMs - this.options.reportMarginMs, this.held.notedMs + stepMs), stepMs);
    }
  }

  /** Up to where anything was heard; where nothing is filed the clock is enough. */
  private toldMs(stepMs: number): number {
    const { held } = this;
    const { reportMarginMs } = this.options;
    const clockMs = this.clockMs - reportMarginMs;
    if (held.work.size + held.events.size === 0) return clockMs;
    return Math.max(clockMs, held.heardMs - reportMarginMs, held.readMs, held.notedMs + stepMs);
  }

  private advance(watch: Watch): void {
    const first = this.placeAt(watch, watch.headMs);
    if (!first) return;
    // Slots of another length since: the open ones are cut anew.
    if (watch.headMs % first.stepMs !== 0) watch.rewind(this.sealedMs, this.modelVersion(watch));
    const judgedMs = this.judgeSlots(watch, watch.headMs, this.dueMs(first), (place, judgements, startMs, stepMs) =>
      watch.takeHead(place, judgements, startMs, stepMs),
    );
    watch.headMs = judgedMs;
  }

  private judgeSealed(watch: Watch, untilMs: number): void {
    const place = this.placeAt(watch, this.sealedMs);
    // Beyond what has come there is nothing to judge unless a run is open or time alone makes slots due.
    const endMs = watch.busy || !place || place.drive === 'time' ? untilMs : Math.min(untilMs, this.dueMs(place));
    const { detector, rule } = watch;
    this.judgeSlots(watch, this.sealedMs, endMs, (slotPlace, judgements, startMs, stepMs) => {
      watch.takeSealed(slotPlace, judgements, startMs, stepMs);
      const version = detector.learn && this.held.site.at(startMs);
      if (version && slotPlace) {
        watch.learned = detector.learn!(this.held, version, slotPlace, startMs, rule, watch.learned);
      }
    });
  }

  /** Judges slots of [fromMs, endMs) in turn and hands each on; returns the end of the last one. */
  private judgeSlots(
    watch: Watch,
    fromMs: number,
    endMs: number,
    take: (place: Place | undefined, judgements: readonly SlotJudgement[], startMs: number, stepMs: number) => void,
  ): number {
    const { detector, rule } = watch;
    let startMs = fromMs;
    for (;;) {
      const version = this.held.site.at(startMs);
      const place = watch.placeIn(version);
      const stepMs = place?.stepMs ?? sealStepMs;
      if (startMs + stepMs > endMs) return startMs;
      if (place && !watch.busy && detector.quietUntil) {
        // The last slot is judged in any case: it gives the reason that the status shows.
        const calmEndMs = Math.min(endMs - stepMs, this.held.site.nextChangeMs(startMs));
        const calmMs = detector.quietUntil(this.held, place, startMs, calmEndMs, rule);
        if (calmMs > startMs) {
          startMs = calmMs;
          continue;
        }
      }
      take(place, this.judge(watch, place, startMs), startMs, stepMs);
      startMs += stepMs;
    }
  }

  private judge(watch: Watch, place: Place | undefined, startMs: number): readonly SlotJudgement[] {
    const version = this.held.site.at(startMs);
    if (!version || !place) return nothing;
    return watch.detector.judge(this.held, version, place, startMs, watch.rule, watch.learned);
  }

  private sayFindings(watch: Watch, nowMs: number, say: Say): void {
    for (const subject of watch.subjects) {
      const whyGone = (said: Said): string => this.whyGone(watch, subject, said);
      for (const revision of subject.revisions(nowMs, this.sealedMs, this.id, watch.rule, whyGone)) {
        this.sayRevision(watch, subject, revision, nowMs, say);
      }
    }
    watch.forgetIdle();
  }

  private sayRevision(watch: Watch, subject: Subject, revision: Revision<RunClaim>, nowMs: number, say: Say): void {
    const { rule } = watch;
    const { site } = this.held;
    // A contradiction may have begun under a description that is forgotten by now: the oldest one held is next to it.
    const version = site.at(revision.said.firstMs) ?? site.all()[0];
    const finding = findingOf(subject, revision, {
      view: this.held,
      rule,
      site: version,
      place: watch.placeIn(version),
      nowMs,
      engineVersion: this.options.engineVersion,
    });
    say({ topic: 'findings', value: finding });
    const alarm = alarmAfterFinding(this.alarms.get(alarmIdOf(finding.findingId)), finding, rule);
    if (alarm) this.sayAlarm(alarm, say);
  }

  /** What the first slot of a finding that is claimed no more is now said to be, or the first after it that claims anything. */
  private whyGone(watch: Watch, subject: Subject, { firstMs, lastEndMs }: Said): string {
    const place = this.placeAt(watch, firstMs);
    const firstSlotMs = place && floorTo(firstMs, place.stepMs);
    if (!place || firstSlotMs === undefined || firstSlotMs < this.sealedMs) return 'evidence-fell';
    const known = watch.detector.subjects(place);
    const endMs = Math.min(lastEndMs, firstSlotMs + whySlots * place.stepMs);
    let why: string | undefined;
    for (let startMs = firstSlotMs; startMs < endMs; startMs += place.stepMs) {
      const judgement = this.judge(watch, place, startMs).find((each, i) => {
        const { kind, id } = each.subject ?? known[i]!;
        return kind === subject.kind && id === subject.id;
      });
      // A contradiction is dated back to its beginning, which may lie in a slot that claims nothing.
      if (judgement?.kind !== 'not-claimed') {
        why = judgement?.reason;
        break;
      }
      why ??= judgement.reason;
    }
    return why === undefined || verdictOf(why) === 'CONTRADICTORY' ? 'evidence-fell' : why;
  }

  private sayAlarm(alarm: Alarm, say: Say): void {
    say({ topic: 'alarms', value: alarm });
    const others = new Map([...this.alarms].filter(([id]) => id !== alarm.alarmId));
    // Nobody looks at the oldest of a thousand: its record stays in the log, the machine forgets it.
    const oldest = others.size >= maxFiled ? [...others.values()].find((other) => !other.conditionActive) : undefined;
    if (oldest) others.delete(oldest.alarmId);
    this.alarms = others.set(alarm.alarmId, alarm);
  }

  private sayStatus(nowMs: number, say: Say): void {
    const openFindings = this.watches.reduce((sum, watch) => sum + watch.openFindings, 0);
    const due = nowMs >= this.statusSaidMs + statusEveryMs && this.watches.some((watch) => watch.moved);
    if (openFindings === this.openSaid && !due) return;
    this.openSaid = openFindings;
    this.statusSaidMs = nowMs;
    for (const watch of this.watches) watch.moved = false;
    say({ topic: 'enterprise-status', value: statusOf(this.held, this.watches, openFindings, nowMs) });
  }
}

/** End of the newest slot that may be sealed at `ms`. */
export function sealedBy(ms: number): number {
  return floorTo(ms, sealStepMs);
}
