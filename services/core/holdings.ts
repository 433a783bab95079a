import { Refusal } from './batch.ts';
import type { Channel } from './channel.ts';
import type { SiteView } from './detectors/detector.ts';
import { detectorOf } from './detectors/index.ts';
import { lastMs, refusalOf, replaced, sharedKinds, unchanged, without } from './filed-records.ts';
import { floorTo, gridStart } from './grid.ts';
import type { LevelTimeline } from './level-timeline.ts';
import type { LoadParameters } from './load-parameters.ts';
import { changesMeter } from './meter-change.ts';
import { MeterState } from './meter-state.ts';
import type { RateSlots } from './rate-slots.ts';
import type { Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from './records.ts';
import { Routes } from './routes.ts';
import type { Rule, RuleSet } from './rule.ts';
import { Samples } from './samples.ts';
import { meterOf, Site, type SiteVersion, witnessOf } from './site.ts';
import { intervalProblem } from './slots.ts';
import { stateBit, Timeline } from './timeline.ts';
import { applies } from './watch.ts';

/** Machines and meters held at most, each, over all descriptions within the horizon. */
const maxHeld = 4096;
/** Up to so many meters a list is searched as fast as an index. */
const fewMeters = 3;

const noWork: readonly WorkRecord[] = [];
const noEvents: readonly SiteEvent[] = [];
const noKinds: ReadonlySet<string> = new Set();
export interface HoldingsOptions extends RuleSet {
  /** How far device time may run ahead of arrival, ms. */
  readonly futureToleranceMs: number;
  /** How long after its end a slot that no meter drives is judged, ms: reports are on their way that long. */
  readonly reportMarginMs: number;
  /** Highest mean power that a meter of one enterprise can show, kW. */
  readonly highestKw: number;
}

/**
 * All that was said of one enterprise within the lateness horizon, and what sealed slots have taught. Every part of it
 * joins without regard to order and repetition. It judges nothing.
 */
export class Holdings implements SiteView {
  readonly id: string;
  readonly site = new Site();
  options: HoldingsOptions;
  /** Filed work and events, each id once; most enterprises have none within the horizon. */
  work = noWork;
  events = noEvents;
  /** Kinds of events and work that ever came; places may wait for one. */
  kinds = noKinds;
  /** A kind came for the first time. */
  kindAnew = false;
  /** Sites have few meters: a list weighs less than a map. */
  meters: readonly MeterState[] = [];
  /** Newest device time of any report. */
  heardMs = 0;
  /** Newest start of any event. */
  notedMs = 0;
  /** Every slot that ends at or before is sealed: what speaks of it comes too late. */
  sealedMs = 0;
  /** How late what comes may be and still count, ms. */
  horizonMs = 0;
  /** How much time is held, ms. */
  spanMs = 0;
  /** A meter sent something for the first time that places may wait for. */
  meterAnew = false;
  /** Derived: how often the models have learned. */
  lessons = 0;
  /** Derived: the meters by id, and the list that the index is of. */
  private meterIndex: ReadonlyMap<string, MeterState> | undefined;
  private indexed: readonly MeterState[] | undefined;
  private readonly timelines = new Map<string, Timeline>();
  readonly samples = new Samples(this);
  private routes = new Routes();

  constructor(id: string, options: HoldingsOptions) {
    this.id = id;
    this.options = options;
  }

  get load(): LoadParameters {
    return this.options.load;
  }

  timeline(equipmentId: string): Timeline | undefined {
    return this.timelines.get(equipmentId);
  }

  meter(meterId: string): MeterState | undefined {
    const { meters } = this;
    if (meters.length <= fewMeters) return meters.find((meter) => meter.meterId === meterId);
    if (this.indexed !== meters) {
      this.indexed = meters;
      this.meterIndex = new Map(meters.map((meter) => [meter.meterId, meter]));
    }
    return this.meterIndex?.get(meterId);
  }

  channel(ownerId: string, indicator: string): Channel | undefined {
    return this.samples.of(ownerId, indicator)?.channel;
  }

  levels(ownerId: string, indicator: string): LevelTimeline | undefined {
    return this.samples.of(ownerId, indicator)?.levels;
  }

  rates(ownerId: string, indicator: string): RateSlots | undefined {
    return this.samples.of(ownerId, indicator)?.rates;
  }

  indicatorsOf(ownerId: string): readonly string[] {
    return this.samples.indicatorsOf(ownerId);
  }

  channelsOf(ownerId: string): readonly Channel[] {
    return this.samples.channelsOf(ownerId);
  }

  gatewayAt(equipmentId: string, ms: number): string | undefined {
    return this.routes.gatewayAt(equipmentId, ms);
  }

  /** End of the newest slot of any meter that has a reading. */
  get readMs(): number {
    let readMs = 0;
    for (const { newestMs } of this.meters) readMs = Math.max(readMs, newestMs);
    return readMs;
  }

  /** True when nothing that was said speaks of a time after `ms`. */
  isOlderThan(ms: number): boolean {
    if (this.heardMs > ms || this.work.length + this.events.length > 0) return false;
    return this.meters.every((meter) => meter.newestMs <= ms);
  }

  // Input: each returns a refusal, or the earliest time that it changes anything for.

  /** Takes a description; `prepare` sees it before room is made for what comes. */
  register(registration: SiteRegistration, prepare: () => void): Refusal | boolean {
    const machines = registration.equipment.filter((e) => !this.timelines.has(e.equipmentId)).length;
    const meters = registration.meters.filter((m) => !this.meter(m.meterId)).length;
    if (this.timelines.size + machines > maxHeld || this.meters.length + meters > maxHeld) {
      return new Refusal('too-many-registrations', `more than ${maxHeld} machines or meters within the horizon`);
    }
    const taken = this.site.register(registration);
    if (taken !== true) return taken;
    const { equipment, meters: specs, effectiveFromMs } = this.site.at(registration.effectiveFromMs)!.registration;
    const latest = this.site.latest()!.registration.effectiveFromMs === effectiveFromMs;
    for (const { equipmentId, reportIntervalMs } of equipment) {
      const held = this.timelines.get(equipmentId);
      const fresh = new Timeline(reportIntervalMs);
      if (!held) this.timelines.set(equipmentId, fresh);
      else if (latest && held.widthMinutes !== fresh.widthMinutes) {
        this.timelines.set(equipmentId, held.withInterval(reportIntervalMs));
      }
    }
    prepare();
    for (const spec of specs) {
      const meter = this.meter(spec.meterId);
      if (!meter) this.meters = this.meters.concat(new MeterState(spec, this.spanMs, this.sealedMs));
      else if (latest && meter.slots.intervalMs !== spec.intervalMs) meter.recut(spec.intervalMs, this.spanMs);
    }
    this.askAnew();
    return true;
  }

  /** What rules ask for may have changed, and so may the time that is held. */
  askAnew(): void {
    this.samples.askAnew();
    this.askMeters();
  }

  observe(telemetry: Telemetry, arrivalMs: number): Refusal | number {
    const { equipmentId, observedAtMs, readings, gatewayId } = telemetry;
    const timeline = this.timelines.get(equipmentId);
    if (!timeline) return new Refusal('unknown-equipment', `equipment ${equipmentId} is not registered`);
    const untimely = this.untimely(observedAtMs, observedAtMs, arrivalMs);
    if (untimely) return untimely;
    for (let i = 0; i < readings.length; i++) {
      const { indicator, value } = readings[i]!;
      if (!Number.isFinite(value)) return new Refusal('not-a-number', `${indicator} is ${value}`);
    }
    if (observedAtMs > this.heardMs) this.heardMs = observedAtMs;
    this.samples.moved = false;
    let changed = timeline.observe(observedAtMs, stateBit[telemetry.state]);
    for (let i = 0; i < readings.length; i++) {
      const { indicator, value } = readings[i]!;
      if (this.samples.put(equipmentId, indicator, observedAtMs, value)) changed = true;
    }
    if (gatewayId !== null) this.routes.hear(equipmentId, gatewayId, observedAtMs);
    return changed ? floorTo(observedAtMs, timeline.widthMs) : unchanged;
  }

  measure(power: Power, arrivalMs: number): Refusal | number {
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
    const startMs = gridStart(intervalStartMs, intervalMs);
    if (startMs === undefined) {
      return new Refusal(
        'bad-interval',
        `start is ${intervalStartMs - Math.round(intervalStartMs / intervalMs) * intervalMs} ms off the grid of ${intervalMs} ms`,
      );
    }
    const untimely = this.untimely(startMs, startMs + intervalMs, arrivalMs);
    if (untimely) return untimely;
    const changed = meter.put(power, startMs);
    if (meter.anew) {
      meter.anew = false;
      this.meterAnew = true;
    }
    if (!changed) return unchanged;
    const slotMs = floorTo(startMs, spec.intervalMs);
    meter.newestMs = Math.max(meter.newestMs, slotMs + spec.intervalMs);
    return slotMs;
  }

  file(record: WorkRecord): Refusal | number {
    if (!(record.endMs >= record.startMs)) return new Refusal('bad-interval', 'the work ends before it starts');
    const held = this.work.find(({ recordId }) => recordId === record.recordId);
    const refused = refusalOf(record, held, this.work.length);
    if (refused !== undefined) return refused;
    this.work = replaced(this.work, held, { ...record, enterpriseId: this.id });
    this.meet(record.kind);
    return Math.min(record.startMs, held?.startMs ?? record.startMs);
  }

  note(event: SiteEvent, arrivalMs: number): Refusal | number {
    if (event.endMs !== null && !(event.endMs >= event.startMs)) {
      return new Refusal('bad-interval', 'the event ends before it starts');
    }
    // Counts come by the minute: they are samples of their section, not events to be kept one by one.
    if (event.kind === 'PERSON_COUNT') return this.count(event, arrivalMs);
    const held = this.events.find(({ eventId }) => eventId === event.eventId);
    const refused = refusalOf(event, held, this.events.length);
    if (refused !== undefined) return refused;
    this.events = replaced(this.events, held, { ...event, enterpriseId: this.id });
    this.meet(event.kind);
    return Math.min(event.startMs, held?.startMs ?? event.startMs);
  }

  // Sealing

  /** Learns the sealed slots of [fromMs, untilMs) after they were judged. */
  learn(fromMs: number, untilMs: number): void {
    this.lessons++;
    for (const meter of this.meters) {
      const { meterId } = meter;
      const { intervalMs } = meter.slots;
      const endMs = Math.min(untilMs, meter.newestMs);
      for (let startMs = fromMs; startMs < endMs; startMs += intervalMs) {
        const version = this.site.at(startMs);
        const spec = meterOf(version, meterId);
        if (spec) meter.follow(spec.installationId, this.changes(version!, meterId, startMs, startMs + intervalMs));
        const witness = witnessOf(version, meterId);
        if (witness) meter.learn(witness, this, startMs);
      }
    }
    this.samples.learn(fromMs, untilMs, (ownerId) => this.timelines.get(ownerId));
  }

  /** Whether it was filed that a meter was replaced in [fromMs, toMs). */
  private changes({ registration }: SiteVersion, meterId: string, fromMs: number, toMs: number): boolean {
    for (const event of this.events) {
      if (event.startMs >= toMs || (event.endMs ?? event.startMs) < fromMs) continue;
      if (changesMeter(event, meterId, registration)) return true;
    }
    return false;
  }

  /** Forgets what ended before `keepMs`. */
  prune(keepMs: number): void {
    for (const timeline of this.timelines.values()) timeline.prune(keepMs);
    this.samples.prune(keepMs);
    this.routes.prune(keepMs);
    this.work = without(this.work, (record) => record.endMs < keepMs);
    this.events = without(this.events, (event) => lastMs(event) < keepMs);
    this.site.prune(keepMs);
  }

  /** Forgets machines and meters that no description names and that were silent over the horizon. */
  forgetUnnamed(sealedMs: number, isWatched: (meterId: string) => boolean): void {
    const { equipment, meters } = this.site.latest()!.registration;
    if (this.timelines.size === equipment.length && this.meters.length === meters.length) return;
    const named = this.site.all().map((version) => version.registration);
    const ids = new Set(named.flatMap((site) => site.equipment.map((e) => e.equipmentId)));
    const sections = new Set(named.flatMap((site) => site.sections.map((s) => s.sectionId)));
    for (const [id, timeline] of this.timelines) if (!ids.has(id) && timeline.isEmpty) this.timelines.delete(id);
    this.samples.forget((id) => this.timelines.has(id) || sections.has(id));
    this.routes.forget((id) => this.timelines.has(id));
    this.meters = this.meters.filter(
      ({ meterId, newestMs }) =>
        newestMs > sealedMs ||
        isWatched(meterId) ||
        named.some((site) => site.meters.some((m) => m.meterId === meterId)),
    );
  }

  /** Meters keep extremes where a rule asks for them. */
  private askMeters(): void {
    const version = this.site.latest();
    if (!version) return;
    const rules = rulesFor(this.options.rules, version);
    for (const meter of this.meters) {
      const extremes = rules.some((rule) => detectorOf(rule).extremes?.(version, meter.meterId, rule) ?? false);
      const registers = rules.some((rule) => detectorOf(rule).registers?.(version, meter.meterId, rule) ?? false);
      meter.hold(this.spanMs, extremes, registers);
    }
  }

  // State

  toState(): { json: unknown; blocks: Uint8Array[] } {
    const meters = this.meters.map((meter) => meter.toState());
    const samples = this.samples.toState();
    return {
      json: {
        heardMs: this.heardMs,
        notedMs: this.notedMs,
        site: this.site.all().map((version) => version.registration),
        timelines: [...this.timelines],
        meters: meters.map(({ json }) => json),
        samples: samples.json,
        routes: this.routes,
        work: this.work,
        events: this.events,
        kinds: [...this.kinds],
      },
      blocks: meters.flatMap(({ blocks }) => blocks).concat(samples.blocks),
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  restore(json: any, blocks: Uint8Array[]): void {
    this.heardMs = json.heardMs;
    this.notedMs = json.notedMs;
    for (const registration of json.site) this.site.register(registration);
    for (const [id, timeline] of json.timelines) this.timelines.set(id, Timeline.fromJSON(timeline));
    this.meters = json.meters.map((meter: readonly unknown[]) => MeterState.fromState(meter, blocks));
    this.samples.restore(json.samples, blocks);
    this.askMeters();
    this.routes = Routes.fromJSON(json.routes);
    if (json.work.length > 0) this.work = json.work;
    if (json.kinds.length > 0) this.kinds = sharedKinds(json.kinds);
    if (json.events.length > 0) this.events = json.events;
  }

  /** Takes counted persons as a sample, for every rule in its own way. */
  private count(event: SiteEvent, arrivalMs: number): Refusal | number {
    const { startMs } = event;
    const untimely = this.untimely(startMs, startMs, arrivalMs);
    if (untimely) return untimely;
    const version = this.site.at(startMs);
    if (!version) return unchanged;
    this.samples.moved = false;
    let took = false;
    for (const rule of rulesFor(this.options.rules, version)) {
      const sample = detectorOf(rule).sampleOf?.(version, event, rule);
      if (sample && this.samples.put(sample.ownerId, sample.indicator, startMs, sample.value)) took = true;
    }
    if (startMs > this.heardMs) this.heardMs = startMs;
    return took ? startMs : unchanged;
  }

  private meet(kind: string): void {
    if (this.kinds.has(kind)) return;
    this.kinds = sharedKinds([...this.kinds, kind]);
    this.kindAnew = true;
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
}

/** Rules that have something to say of a site. */
export function rulesFor(rules: readonly Rule[], version: SiteVersion): readonly Rule[] {
  return rules.filter((rule) => applies(rule, version));
}

/** ISO 8601 for people; whatever no calendar holds is shown as it is. */
function instant(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
