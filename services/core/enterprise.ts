import { alarmAfterAction, alarmAfterFinding, alarmIdOf } from './alarm.ts';
import { type Output, Refusal } from './batch.ts';
import { loadModelOptions, minimumDetectableKw, type StoppedButRunning } from './detectors/stopped-but-running.ts';
import { findingOf } from './finding-record.ts';
import { MeterState } from './meter-state.ts';
import type { Alarm, AlarmAction, Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from './records.ts';
import type { Rule } from './rule.ts';
import type { Reported } from './shares.ts';
import { meterOf, Site, type SiteVersion, type Witness } from './site.ts';
import { intervalProblem } from './slots.ts';
import { stateBit, Timeline } from './timeline.ts';
import { Watch } from './watch.ts';

export interface EngineOptions {
  /** How late data may come and still count, ms; longer where a meter is registered with a longer delivery delay. */
  readonly latenessHorizonMs: number;
  /** How far device time may run ahead of arrival, ms. */
  readonly futureToleranceMs: number;
  /** Late data is taken together for this long before verdicts are made anew, ms: a back-fill comes record by record. */
  readonly lateReviewMs: number;
  /** Highest mean power that a meter of one enterprise can show, kW. */
  readonly highestKw: number;
  readonly engineVersion: string;
  readonly rules: readonly Rule<StoppedButRunning>[];
}

/** Slots are sealed on this grid: a multiple of every possible slot length. */
export const sealStepMs = 900_000;
/** Margin over a declared delivery delay, for the transfer itself. */
const deliveryMarginMs = 2 * 3_600_000;
/** Filed work, events and standing alarms kept at most, each. */
const maxFiled = 1024;
/** Machines and meters held at most, each, over all descriptions within the horizon. */
const maxHeld = 4096;

const noWork: ReadonlyMap<string, WorkRecord> = new Map();
const noEvents: ReadonlyMap<string, SiteEvent> = new Map();
const noAlarms: ReadonlyMap<string, Alarm> = new Map();

/** The lateness horizon of an enterprise whose meters deliver up to `deliveryDelayMs` late, ms. */
export function horizonFor(deliveryDelayMs: number, latenessHorizonMs: number): number {
  const promisedMs = deliveryDelayMs === 0 ? 0 : deliveryDelayMs + deliveryMarginMs;
  return Math.max(latenessHorizonMs, Math.ceil(promisedMs / sealStepMs) * sealStepMs);
}

type Say = (output: Output) => void;

/** Everything that the engine knows of one enterprise. */
export class Enterprise {
  readonly id: string;
  readonly site = new Site();
  /** Every slot that ends at or before is sealed. */
  sealedMs: number;
  horizonMs: number;
  /** Changed since the last snapshot; kept by the engine. */
  dirty = false;
  /** Waits for evaluation; kept by the engine. */
  pending = false;
  /** For when a review is scheduled, 0 for none; kept by the engine. */
  reviewAtMs = 0;

  private readonly options: EngineOptions;
  private readonly timelines = new Map<string, Timeline>();
  /** Sites have few meters: a list weighs less than a map. */
  private meters: readonly MeterState[] = [];
  private watches: Watch[] = [];
  /** Filed work and events by id; most enterprises have none within the horizon. */
  work: ReadonlyMap<string, WorkRecord> = noWork;
  events: ReadonlyMap<string, SiteEvent> = noEvents;
  private alarms: ReadonlyMap<string, Alarm> = noAlarms;
  private openSaid = 0;

  constructor(id: string, options: EngineOptions, arrivalMs: number) {
    this.id = id;
    this.options = options;
    this.horizonMs = options.latenessHorizonMs;
    this.sealedMs = sealedBy(arrivalMs - this.horizonMs);
  }

  /** When the next slots are to be sealed. */
  get nextSealMs(): number {
    return this.sealedMs + sealStepMs + this.horizonMs;
  }

  // Input: each returns a refusal, or whether anything that was judged must be judged again.

  register(registration: SiteRegistration): Refusal | boolean {
    const machines = registration.equipment.filter((e) => !this.timelines.has(e.equipmentId)).length;
    const meters = registration.meters.filter((m) => !this.meter(m.meterId)).length;
    if (this.timelines.size + machines > maxHeld || this.meters.length + meters > maxHeld) {
      return new Refusal('too-many-registrations', `more than ${maxHeld} machines or meters within the horizon`);
    }
    const taken = this.site.register(registration);
    if (taken !== true) return taken;
    // The horizon only grows: shrinking it would seal at once what was promised to stay open.
    this.horizonMs = Math.max(this.horizonMs, horizonFor(this.site.deliveryDelayMs(), this.options.latenessHorizonMs));
    const latest = this.site.latest()!.registration.effectiveFromMs === registration.effectiveFromMs;
    for (const { equipmentId, reportIntervalMs } of registration.equipment) {
      const held = this.timelines.get(equipmentId);
      const fresh = new Timeline(reportIntervalMs);
      if (!held) this.timelines.set(equipmentId, fresh);
      else if (latest && held.widthMinutes !== fresh.widthMinutes) {
        this.timelines.set(equipmentId, held.withInterval(reportIntervalMs));
      }
    }
    const spanMs = this.horizonMs + sealStepMs + this.options.futureToleranceMs;
    for (const spec of registration.meters) {
      const meter = this.meter(spec.meterId);
      if (!meter || meter.slots.intervalMs !== spec.intervalMs) {
        this.meters = this.meters
          .filter((other) => other !== meter)
          .concat(new MeterState(spec, spanMs, this.sealedMs));
      } else meter.slots = meter.slots.spanning(spanMs);
    }
    for (const { meter } of this.site.all().flatMap((version) => version.witnesses)) this.watch(meter.meterId);
    this.markStale();
    return true;
  }

  observe(telemetry: Telemetry, arrivalMs: number): Refusal | boolean {
    const timeline = this.timelines.get(telemetry.equipmentId);
    if (!timeline) return new Refusal('unknown-equipment', `equipment ${telemetry.equipmentId} is not registered`);
    const { observedAtMs } = telemetry;
    const untimely = this.untimely(observedAtMs, observedAtMs, arrivalMs);
    if (untimely) return untimely;
    for (let i = 0; i < telemetry.readings.length; i++) {
      const reading = telemetry.readings[i]!;
      if (!Number.isFinite(reading.value)) {
        return new Refusal('not-a-number', `${reading.indicator} is ${reading.value}`);
      }
    }
    if (!timeline.observe(observedAtMs, stateBit[telemetry.state])) return false;
    if (floorTo(observedAtMs, timeline.widthMs) >= timeline.judgedMinute * 60_000) return false;
    this.markStale();
    return true;
  }

  measure(power: Power, arrivalMs: number): Refusal | boolean {
    const meter = this.meter(power.meterId);
    const spec = meterOf(this.site.at(power.intervalStartMs), power.meterId);
    if (!meter || !spec) {
      return new Refusal('unknown-meter', `meter ${power.meterId} is not registered for that time`);
    }
    const { meanKw, intervalMs, intervalStartMs } = power;
    if (!Number.isFinite(meanKw)) return new Refusal('not-a-number', `mean power is ${meanKw}`);
    if (meanKw < 0 && !spec.exports)
      return new Refusal('negative-power', `${meanKw} kW on a meter that does not export`);
    if (Math.abs(meanKw) > this.options.highestKw) {
      return new Refusal('absurd-power', `${meanKw} kW is beyond ${this.options.highestKw} kW`);
    }
    const problem = intervalProblem(intervalMs, spec.intervalMs);
    if (problem) return new Refusal('bad-interval', problem);
    // A clock that is a little off moves a reading to the nearest interval; more than a quarter is no longer a reading of it.
    const startMs = Math.round(intervalStartMs / intervalMs) * intervalMs;
    if (Math.abs(startMs - intervalStartMs) > intervalMs / 4) {
      return new Refusal('bad-interval', `start is ${intervalStartMs - startMs} ms off the grid of ${intervalMs} ms`);
    }
    const untimely = this.untimely(startMs, startMs + intervalMs, arrivalMs);
    if (untimely) return untimely;
    meter.slots.advance(startMs);
    if (!meter.slots.put(startMs, intervalMs, meanKw, power.quality)) return false;
    const slotMs = floorTo(startMs, spec.intervalMs);
    meter.newestMs = Math.max(meter.newestMs, slotMs + spec.intervalMs);
    for (const watch of this.watches) {
      if (watch.meterId === power.meterId && slotMs < watch.headMs) watch.stale = true;
    }
    return true;
  }

  file(record: WorkRecord): Refusal | boolean {
    if (!(record.endMs >= record.startMs)) return new Refusal('bad-interval', 'the work ends before it starts');
    return this.keep(record, this.work.get(record.recordId), this.work.size, () => {
      this.work = new Map(this.work).set(record.recordId, record);
    });
  }

  note(event: SiteEvent): Refusal | boolean {
    if (event.endMs !== null && !(event.endMs >= event.startMs)) {
      return new Refusal('bad-interval', 'the event ends before it starts');
    }
    return this.keep(event, this.events.get(event.eventId), this.events.size, () => {
      this.events = new Map(this.events).set(event.eventId, event);
    });
  }

  act(action: AlarmAction, nowMs: number, say: Say): Refusal | boolean {
    const standing = this.alarms.get(action.alarmId);
    if (!standing) return new Refusal('unknown-alarm', `alarm ${action.alarmId} does not stand`);
    const alarm = alarmAfterAction(standing, action, nowMs);
    if (alarm) this.sayAlarm(alarm, say);
    return false;
  }

  // Time

  /** Seals every slot that ends at or before `untilMs`: judges it for good, then lets the load model learn it. */
  seal(untilMs: number): void {
    for (const meter of this.meters) {
      const { meterId } = meter;
      const { intervalMs } = meter.slots;
      const watches = this.watches.filter((watch) => watch.meterId === meterId);
      // Beyond the newest reading there is nothing to learn, and nothing to judge unless a run is open.
      const endMs = watches.some((watch) => watch.busy) ? untilMs : Math.min(untilMs, meter.newestMs);
      for (let startMs = this.sealedMs; startMs < endMs; startMs += intervalMs) {
        const spec = meterOf(this.site.at(startMs), meterId);
        if (spec) meter.follow(spec.installationId);
        const witness = this.witnessAt(startMs, meterId);
        const group = this.groupOf(witness, startMs);
        for (const watch of watches) {
          const slots = witness ? meter.judge(witness, group, this, startMs, watch.rule.parameters) : [];
          watch.takeSealed(witness, slots, startMs + intervalMs);
        }
        const parameters = watches[0]?.rule.parameters;
        if (witness && parameters) {
          meter.learn(witness, group, this, startMs, loadModelOptions(parameters), parameters);
        }
      }
      for (const watch of watches) if (watch.headMs < untilMs) watch.rewind(untilMs, meter.model.version);
    }
    this.sealedMs = untilMs;
    const keepMs = untilMs - 3_600_000;
    for (const timeline of this.timelines.values()) timeline.prune(keepMs);
    if (this.work.size > 0) this.work = without(this.work, (record) => record.endMs < keepMs);
    if (this.events.size > 0) this.events = without(this.events, (event) => lastMs(event) < keepMs);
    // An alarm that is done with is kept until its finding is settled: what is said of it till then raises no new one.
    const done = ({ state, changedMs }: Alarm): boolean => state === 'NORMAL' && changedMs < keepMs;
    if (this.alarms.size > 0) this.alarms = without(this.alarms, done);
    this.site.prune(keepMs);
    this.forgetUnnamed();
  }

  /** Brings every watch up to the newest reading and says what has changed. */
  evaluate(nowMs: number, say: Say): void {
    for (const watch of this.watches) {
      const meter = this.meter(watch.meterId)!;
      if (this.reviewMs(watch) <= nowMs) {
        watch.rewind(this.sealedMs, meter.model.version);
        watch.reviewedMs = nowMs;
      }
      this.advance(watch, meter);
      if (watch.busy) this.sayFindings(watch, meter, nowMs, say);
    }
    this.sayStatus(nowMs, say);
  }

  /** When late data or a changed model make the unsealed verdicts due again; `Infinity` when nothing does. */
  get nextReviewMs(): number {
    return Math.min(...this.watches.map((watch) => this.reviewMs(watch)), Number.POSITIVE_INFINITY);
  }

  /** True when sealing any later slot would change nothing: no reading is newer than the sealed ones, no run is open. */
  get idle(): boolean {
    return !this.busy && this.meters.every((meter) => meter.newestMs <= this.sealedMs);
  }

  /** True while something stands that a seal must be followed by an evaluation for. */
  get busy(): boolean {
    return this.watches.some((watch) => watch.busy);
  }

  // State

  toState(): { json: unknown; blocks: Uint8Array[] } {
    const meters = this.meters.map((meter) => meter.toState());
    return {
      json: {
        id: this.id,
        sealedMs: this.sealedMs,
        horizonMs: this.horizonMs,
        site: this.site.all().map((version) => version.registration),
        timelines: [...this.timelines],
        meters: meters.map(({ json }) => json),
        watches: this.watches,
        work: [...this.work.values()],
        events: [...this.events.values()],
        alarms: [...this.alarms.values()],
        openSaid: this.openSaid,
      },
      blocks: meters.flatMap(({ blocks }) => blocks),
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  static fromState(json: any, blocks: Uint8Array[], options: EngineOptions): Enterprise {
    const enterprise = new Enterprise(json.id, options, 0);
    enterprise.sealedMs = json.sealedMs;
    enterprise.horizonMs = json.horizonMs;
    for (const registration of json.site) enterprise.site.register(registration);
    for (const [id, timeline] of json.timelines) enterprise.timelines.set(id, Timeline.fromJSON(timeline));
    enterprise.meters = json.meters.map((meter: readonly unknown[]) => MeterState.fromState(meter, blocks));
    for (const item of json.watches) {
      const rule = options.rules.find((candidate) => candidate.id === item[0]);
      if (rule) enterprise.watches.push(Watch.fromJSON(item, rule));
    }
    // A rule that is new since the snapshot starts where everything stands.
    for (const { meter } of enterprise.site.all().flatMap((version) => version.witnesses)) {
      enterprise.watch(meter.meterId);
    }
    if (json.work.length > 0) enterprise.work = new Map(json.work.map((r: WorkRecord) => [r.recordId, r]));
    if (json.events.length > 0) enterprise.events = new Map(json.events.map((e: SiteEvent) => [e.eventId, e]));
    if (json.alarms.length > 0) enterprise.alarms = new Map(json.alarms.map((a: Alarm) => [a.alarmId, a]));
    enterprise.openSaid = json.openSaid;
    return enterprise;
  }

  private watch(meterId: string): void {
    const { sector } = this.site.latest()!.registration;
    for (const rule of this.options.rules) {
      if (rule.sectors.length > 0 && !rule.sectors.includes(sector)) continue;
      if (this.watches.some((watch) => watch.meterId === meterId && watch.rule === rule)) continue;
      this.watches = this.watches.concat(new Watch(rule, meterId, this.sealedMs));
    }
  }

  /** Forgets machines and meters that no description names and that were silent over the horizon. */
  private forgetUnnamed(): void {
    const { equipment, meters } = this.site.latest()!.registration;
    if (this.timelines.size === equipment.length && this.meters.length === meters.length) return;
    const named = this.site.all().map((version) => version.registration);
    const ids = new Set(named.flatMap((site) => site.equipment.map((e) => e.equipmentId)));
    for (const [id, timeline] of this.timelines) if (!ids.has(id) && timeline.isEmpty) this.timelines.delete(id);
    const forgotten = ({ meterId, newestMs }: MeterState): boolean =>
      newestMs <= this.sealedMs &&
      !named.some((site) => site.meters.some((m) => m.meterId === meterId)) &&
      !this.watches.some((watch) => watch.busy && watch.meterId === meterId);
    const gone = this.meters.filter(forgotten);
    if (gone.length === 0) return;
    this.meters = this.meters.filter((meter) => !gone.includes(meter));
    this.watches = this.watches.filter((watch) => this.meter(watch.meterId));
  }

  private reviewMs(watch: Watch): number {
    const outdated = watch.stale || watch.modelVersion !== this.meter(watch.meterId)!.model.version;
    return outdated ? watch.reviewedMs + this.options.lateReviewMs : Number.POSITIVE_INFINITY;
  }

  private meter(meterId: string): MeterState | undefined {
    return this.meters.find((meter) => meter.meterId === meterId);
  }

  private markStale(): void {
    for (const watch of this.watches) watch.stale = true;
  }

  private keep<T extends { revision: number }>(
    record: T,
    held: T | undefined,
    count: number,
    put: () => void,
  ): Refusal | boolean {
    if (held && held.revision >= record.revision) return false;
    if (!held && count >= maxFiled) {
      return new Refusal('too-many-records', `more than ${maxFiled} records within the horizon`);
    }
    put();
    this.markStale();
    return true;
  }

  private untimely(fromMs: number, toMs: number, arrivalMs: number): Refusal | undefined {
    if (!(toMs <= arrivalMs + this.options.futureToleranceMs)) {
      return new Refusal('future-timestamp', `${instant(toMs)} is after its arrival at ${instant(arrivalMs)}`);
    }
    if (fromMs < this.sealedMs) {
      return new Refusal(
        'beyond-horizon',
        `${instant(fromMs)} is before the oldest open slot, ${instant(this.sealedMs)}`,
      );
    }
    return undefined;
  }

  private advance(watch: Watch, meter: MeterState): void {
    const { intervalMs } = meter.slots;
    for (let startMs = watch.headMs; startMs + intervalMs <= meter.newestMs; startMs += intervalMs) {
      const witness = this.witnessAt(startMs, watch.meterId);
      const slots = witness
        ? meter.judge(witness, this.groupOf(witness, startMs + intervalMs), this, startMs, watch.rule.parameters)
        : [];
      watch.takeHead(witness, slots, startMs + intervalMs);
    }
  }

  private witnessAt(ms: number, meterId: string): Witness | undefined {
    const version = this.site.at(ms);
    return version && witnessOf(version, meterId);
  }

  /** The witness's machines with their timelines, which are marked as judged up to `judgedMs`. */
  private groupOf(witness: Witness | undefined, judgedMs: number): Reported[] {
    return (witness?.equipment ?? []).map((equipment) => {
      const timeline = this.timelines.get(equipment.equipmentId)!;
      timeline.judgedMinute = Math.max(timeline.judgedMinute, judgedMs / 60_000);
      return { equipment, timeline };
    });
  }

  private sayFindings(watch: Watch, meter: MeterState, nowMs: number, say: Say): void {
    for (const subject of watch.subjects) {
      for (const revision of subject.revisions(nowMs, this.sealedMs, this.id, watch.rule)) {
        // A contradiction may have begun under a description that is forgotten by now: the oldest one held is next to it.
        const site = this.site.at(revision.said.firstMs) ?? this.site.all()[0];
        const finding = findingOf(subject, revision, {
          enterpriseId: this.id,
          rule: watch.rule,
          site,
          witness: site && witnessOf(site, watch.meterId),
          meterId: watch.meterId,
          modes: meter.model.modes,
          intervalMs: meter.slots.intervalMs,
          nowMs,
          engineVersion: this.options.engineVersion,
        });
        say({ topic: 'findings', value: finding });
        const alarm = alarmAfterFinding(this.alarms.get(alarmIdOf(finding.findingId)), finding, watch.rule);
        if (alarm) this.sayAlarm(alarm, say);
      }
    }
    watch.forgetIdle();
  }

  private sayAlarm(alarm: Alarm, say: Say): void {
    say({ topic: 'alarms', value: alarm });
    const others = without(this.alarms, ({ alarmId }) => alarmId === alarm.alarmId);
    // Nobody looks at the oldest of a thousand: its record stays in the log, the machine forgets it.
    const oldest = others.size >= maxFiled ? [...others.values()].find((other) => !other.conditionActive) : undefined;
    if (oldest) others.delete(oldest.alarmId);
    this.alarms = others.set(alarm.alarmId, alarm);
  }

  private sayStatus(nowMs: number, say: Say): void {
    const openFindings = this.watches.reduce((sum, watch) => sum + watch.openFindings, 0);
    if (openFindings === this.openSaid && !this.watches.some((watch) => watch.moved)) return;
    this.openSaid = openFindings;
    for (const watch of this.watches) watch.moved = false;
    const subjects = this.watches.flatMap((watch) => {
      const { model, slots } = this.meter(watch.meterId)!;
      const witness = this.witnessAt(watch.headMs - slots.intervalMs, watch.meterId);
      if (!witness) return [];
      const detectableKw = model.modes ? minimumDetectableKw(model.modes, watch.rule.parameters) : null;
      return watch.status(witness, slots.intervalMs, detectableKw);
    });
    const regionCode = this.site.latest()?.registration.regionCode ?? '';
    say({
      topic: 'enterprise-status',
      value: { enterpriseId: this.id, regionCode, asOfMs: nowMs, openFindings, subjects },
    });
  }
}

function witnessOf(version: SiteVersion, meterId: string): Witness | undefined {
  return version.witnesses.find((witness) => witness.meter.meterId === meterId);
}

/** End of the newest slot that may be sealed at `ms`. */
export function sealedBy(ms: number): number {
  return floorTo(ms, sealStepMs);
}

/** When an event ceases to matter: a stoppage lasts until somebody ends it, all else without an end is of its moment. */
function lastMs({ kind, startMs, endMs }: SiteEvent): number {
  const lasts = kind === 'STOPPAGE_DECLARED' || kind === 'STOPPAGE_ORDERED';
  return endMs ?? (lasts ? Number.POSITIVE_INFINITY : startMs);
}

function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}

function without<T>(map: ReadonlyMap<string, T>, gone: (value: T) => boolean): Map<string, T> {
  return new Map([...map].filter(([, value]) => !gone(value)));
}

/** ISO 8601 for people; whatever no calendar holds is shown as it is. */
function instant(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
