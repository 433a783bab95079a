import type { Refusal } from './batch.ts';
import { detectorOf } from './detectors/index.ts';
import { unchanged } from './filed-records.ts';
import { floorTo } from './grid.ts';
import { Hearing } from './hearing.ts';
import { Holdings, type HoldingsOptions, rulesFor } from './holdings.ts';
import { Judging, sealStepMs } from './judging.ts';
import type { AlarmAction, Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from './records.ts';
import { longestStuckMs } from './repeated-load.ts';
import { type Say, Voice } from './voice.ts';
import { Watch } from './watch.ts';

export interface EngineOptions extends HoldingsOptions {
  /** How late data may come and still count, ms; longer where a meter is registered with a longer delivery delay. */
  readonly latenessHorizonMs: number;
  /** Late data is taken together for this long before verdicts are made anew, ms: a back-fill comes record by record. */
  readonly lateReviewMs: number;
  readonly engineVersion: string;
}

/** Margin over a declared delivery delay, for the transfer itself. */
const deliveryMarginMs = 2 * 3_600_000;
/** What is held before the oldest open slot in any case, ms: a hold, a run-down and a meter that is stuck reach back to it. */
const leastLookBackMs = longestStuckMs + sealStepMs;
/** Reviews begin on this grid, ms. */
const reviewGridMs = 60_000;
const noOwners: ReadonlySet<string> = new Set();

/** The lateness horizon of an enterprise whose meters deliver up to `deliveryDelayMs` late, ms. */
export function horizonFor(deliveryDelayMs: number, latenessHorizonMs: number): number {
  const promisedMs = deliveryDelayMs === 0 ? 0 : deliveryDelayMs + deliveryMarginMs;
  return Math.max(latenessHorizonMs, Math.ceil(promisedMs / sealStepMs) * sealStepMs);
}

/** Everything that the engine knows and says of one enterprise. */
export class Enterprise {
  readonly id: string;
  /** Changed since the last snapshot; kept by the engine. */
  dirty = false;
  /** Waits for evaluation; kept by the engine. */
  pending = false;
  /** Its places are kept as they were derived; kept by the engine. */
  atHand = false;
  /** For when a review is scheduled, 0 for none; kept by the engine. */
  reviewAtMs = 0;
  /** Derived: when late data or a changed model make unsealed verdicts due again; `Infinity` when nothing does. */
  nextReviewMs = Number.POSITIVE_INFINITY;

  private options: EngineOptions;
  private readonly held: Holdings;
  private readonly judging: Judging;
  private readonly voice: Voice;
  private hearing = new Hearing();
  private watches: readonly Watch[] = [];
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
    this.held.horizonMs = options.latenessHorizonMs;
    this.judging = new Judging(this.held);
    this.voice = new Voice(this.held, this.judging);
    this.voice.engineVersion = options.engineVersion;
    this.held.sealedMs = sealedBy(arrivalMs - this.horizonMs);
    this.makeRoom();
  }

  /** Every slot that ends at or before is sealed. */
  get sealedMs(): number {
    return this.held.sealedMs;
  }

  /** How late what comes may be and still count, ms. */
  get horizonMs(): number {
    return this.held.horizonMs;
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
      held.horizonMs = Math.max(held.horizonMs, promisedMs);
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
    return this.voice.act(action, nowMs, say);
  }

  // Time

  /** Seals every slot that ends at or before `untilMs`: judges it for good, then lets the models learn it. */
  seal(untilMs: number): void {
    // More than a step is sealed at once only where nothing happened: then there is nothing to judge or learn.
    if (untilMs - this.sealedMs <= sealStepMs) {
      for (const watch of this.watches) if (!watch.withdrawn) this.judging.judgeSealed(watch, untilMs);
      this.held.learn(this.sealedMs, untilMs);
    }
    for (const watch of this.watches)
      if (watch.headMs < untilMs) watch.rewind(untilMs, this.judging.modelVersion(watch));
    this.held.sealedMs = untilMs;
    const keepMs = untilMs - this.lookBackMs;
    this.held.prune(keepMs);
    if (this.watches.some((watch) => !this.judging.placeAt(watch, untilMs))) this.forgetPlaces();
    this.voice.prune(keepMs);
    const busyOn = (meterId: string): boolean =>
      this.watches.some((watch) => watch.busy && this.judging.placeAt(watch, untilMs)?.meterId === meterId);
    this.held.forgetUnnamed(untilMs, busyOn);
    this.deriveDue();
    this.deriveReview();
  }

  /** Brings every watch up to what has come and says what has changed. */
  evaluate(nowMs: number, say: Say): void {
    let isSomeDone = false;
    let isSomeJudged = false;
    let nextReviewMs = Number.POSITIVE_INFINITY;
    for (const watch of this.watches) {
      if (watch.withdrawn) {
        this.voice.withdraw(watch, nowMs, say);
        isSomeDone ||= !watch.busy;
        continue;
      }
      let reviewMs = this.reviewMs(watch);
      // Most records bear on few of many watches: the others are left alone.
      if (reviewMs <= nowMs || watch.busy || this.judging.isDue(watch)) {
        isSomeJudged = true;
        if (reviewMs <= nowMs) {
          const stepMs = this.judging.placeAt(watch, watch.headMs)?.stepMs ?? sealStepMs;
          watch.review(this.sealedMs, this.judging.modelVersion(watch), stepMs);
          watch.reviewedMs = nowMs;
        }
        this.judging.advance(watch);
        if (watch.busy) this.voice.sayFindings(watch, nowMs, say);
        reviewMs = this.reviewMs(watch);
      }
      if (reviewMs < nextReviewMs) nextReviewMs = reviewMs;
    }
    this.nextReviewMs = nextReviewMs;
    if (isSomeDone) this.watches = this.watches.filter((watch) => !watch.withdrawn || watch.busy);
    if (isSomeJudged) this.deriveDue();
    this.voice.sayStatus(this.watches, nowMs, say);
    this.sayHearing(nowMs, say);
  }

  /** Says whether it is heard at all, where that is news. */
  sayHearing(nowMs: number, say: Say): void {
    for (const value of this.hearing.statements(this.held, nowMs)) say({ topic: 'enterprise-silence', value });
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
    const isFiled = work.length + events.length > 0;
    return this.watches.some((watch) => {
      const drive = this.judging.placeAt(watch, this.judging.clockMs)?.drive;
      return drive === 'time' || drive === 'samples' || (isFiled && drive === 'filed');
    });
  }

  /** Lets go of what can be derived again. */
  putAway(): void {
    this.atHand = false;
    for (const watch of this.watches) watch.forgetPlace();
  }

  /** Takes other rules: what goes on under the same id keeps its history, what is gone is taken back. */
  useRules(options: EngineOptions, nowMs: number, say: Say): void {
    this.options = options;
    this.held.options = options;
    this.held.askAnew();
    for (const watch of this.watches) {
      const rule = options.rules.find(({ id, detector }) => id === watch.rule.id && detector === watch.rule.detector);
      if (!rule) {
        // What it has said is kept until it is settled: should the rule come back, its findings go on.
        watch.withdrawn = true;
        this.voice.withdraw(watch, nowMs, say);
      } else if (watch.withdrawn || rule.hash !== watch.rule.hash) {
        watch.withdrawn = false;
        watch.rule = rule;
        watch.markStale(Number.NEGATIVE_INFINITY);
        watch.reviewedMs = 0;
      }
      watch.forgetPlace();
    }
    this.watches = this.watches.filter((watch) => !watch.withdrawn || watch.busy);
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
        said: this.voice,
      },
      blocks,
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  static fromState(json: any, blocks: Uint8Array[], options: EngineOptions): Enterprise {
    const enterprise = new Enterprise(json.id, options, 0);
    enterprise.held.sealedMs = json.sealedMs;
    enterprise.held.horizonMs = json.horizonMs;
    enterprise.lookBackMs = json.lookBackMs;
    enterprise.makeRoom();
    enterprise.held.restore(json.held, blocks);
    enterprise.hearing = Hearing.fromJSON(json.hearing);
    enterprise.watches = json.watches.flatMap((item: readonly unknown[]) => {
      const watch = Watch.fromJSON(item, options.rules);
      return watch ? [watch] : [];
    });
    // A rule that is new since the snapshot starts where everything stands.
    enterprise.watchPlaces();
    enterprise.voice.restore(json.said);
    enterprise.deriveDue();
    enterprise.deriveReview();
    return enterprise;
  }

  private makeRoom(): void {
    this.held.spanMs = this.horizonMs + this.lookBackMs + this.options.futureToleranceMs;
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
        for (const { key, equipmentId, awaits, meterId, awaitsMeter, awaitsKinds } of detector.places(version, rule)) {
          // What it awaits may come late: until then as much must be held as if it had come.
          lookBackMs = Math.max(lookBackMs, detector.lookBackMs?.(rule.parameters) ?? 0);
          this.aheadMs = Math.max(this.aheadMs, detector.aheadMs?.(rule.parameters) ?? 0);
          if (awaits !== undefined && !this.held.levels(equipmentId, awaits)) continue;
          if (awaitsMeter !== undefined && !this.held.meter(meterId)?.has(awaitsMeter)) continue;
          if (awaitsKinds && !awaitsKinds.some((kind) => this.held.kinds.has(kind))) continue;
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
    if (this.held.kindAnew) {
      this.held.kindAnew = false;
      this.watchPlaces();
    }
    this.markStale(fromMs - this.aheadMs);
    return fromMs !== unchanged;
  }

  /** Marks what has judged with the load or reports that have now changed; true when anything has. */
  private changed(fromMs: number): boolean {
    if (fromMs >= this.judgedMs) return false;
    for (const watch of this.watches) if (fromMs < watch.headMs && this.judging.heeds(watch)) watch.markStale(fromMs);
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
      const place = this.judging.placeAt(watch, watch.headMs);
      if (place?.drive === 'samples' && (ownerId === undefined || place.equipmentId === ownerId)) watch.markStale(atMs);
    }
    return true;
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
      const place = this.judging.placeAt(watch, headMs);
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

  private deriveReview(): void {
    this.nextReviewMs = Number.POSITIVE_INFINITY;
    for (const watch of this.watches) this.nextReviewMs = Math.min(this.nextReviewMs, this.reviewMs(watch));
  }

  private reviewMs(watch: Watch): number {
    if (watch.withdrawn) return Number.POSITIVE_INFINITY;
    const isOutdated = watch.stale || watch.modelVersion !== this.judging.modelVersion(watch);
    if (!isOutdated) return Number.POSITIVE_INFINITY;
    // On a common grid: what many watches are late with is taken together.
    return Math.ceil((watch.reviewedMs + this.options.lateReviewMs) / reviewGridMs) * reviewGridMs;
  }
}

/** End of the newest slot that may be sealed at `ms`. */
export function sealedBy(ms: number): number {
  return floorTo(ms, sealStepMs);
}
