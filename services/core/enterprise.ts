import { alarmAfterAction, alarmAfterFinding, alarmIdOf } from './alarm.ts';
import { type Output, Refusal } from './batch.ts';
import { judgeMachine, judgeSomeMachine } from './detectors/shared-meter.ts';
import {
  judgeSlot,
  loadModelOptions,
  minimumDetectableKw,
  type SlotJudgement,
  type StoppedButRunning,
} from './detectors/stopped-but-running.ts';
import { ExplainedLoad } from './explained-load.ts';
import { LoadModel, leastKw } from './load-model.ts';
import type {
  Alarm,
  AlarmAction,
  Equipment,
  Power,
  SiteEvent,
  SiteRegistration,
  Telemetry,
  WorkRecord,
} from './records.ts';
import type { Rule } from './rule.ts';
import { groupShares, type Reported } from './shares.ts';
import { Site, type Witness } from './site.ts';
import { intervalProblem, LoadSlots } from './slots.ts';
import { findingOf, type JudgedSlot, Subject } from './subject.ts';
import { type Shares, stateBit, Timeline } from './timeline.ts';

export interface EngineOptions {
  /** How late data may come and still count, ms; longer where a meter is registered with a longer delivery delay. */
  readonly latenessHorizonMs: number;
  /** How far device time may run ahead of arrival, ms. */
  readonly futureToleranceMs: number;
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

interface Machine {
  timeline: Timeline;
  /** End of the newest slot that was judged with this timeline. */
  judgedMs: number;
}

interface MeterState {
  slots: LoadSlots;
  model: LoadModel;
  /** Where several machines share the meter: what each of them adds to its load. */
  explained: ExplainedLoad | undefined;
  installationId: string;
  /** End of the newest slot with a reading. */
  newestMs: number;
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

  private readonly options: EngineOptions;
  private readonly machines = new Map<string, Machine>();
  private readonly meters = new Map<string, MeterState>();
  private readonly subjects = new Map<string, Subject>();
  readonly work = new Map<string, WorkRecord>();
  readonly events = new Map<string, SiteEvent>();
  private readonly alarms = new Map<string, Alarm>();
  private statusSaid = '';

  constructor(id: string, options: EngineOptions, arrivalMs: number) {
    this.id = id;
    this.options = options;
    this.horizonMs = options.latenessHorizonMs;
    this.sealedMs = floorTo(arrivalMs - this.horizonMs, sealStepMs);
  }

  /** When the next slots are to be sealed. */
  get nextSealMs(): number {
    return this.sealedMs + sealStepMs + this.horizonMs;
  }

  // Input: each returns a refusal, or whether anything that was judged must be judged again.

  register(registration: SiteRegistration): Refusal | boolean {
    const taken = this.site.register(registration);
    if (taken !== true) return taken;
    const longestMs = this.site.deliveryDelayMs() + deliveryMarginMs;
    // The horizon only grows: shrinking it would seal at once what was promised to stay open.
    this.horizonMs = Math.max(this.horizonMs, floorTo(longestMs + sealStepMs - 1, sealStepMs));
    for (const equipment of registration.equipment) {
      const machine = this.machines.get(equipment.equipmentId);
      if (!machine) {
        this.machines.set(equipment.equipmentId, {
          timeline: new Timeline(equipment.reportIntervalMs),
          judgedMs: 0,
        });
      } else if (this.site.latest()!.registration === registration) {
        const width = new Timeline(equipment.reportIntervalMs).widthMinutes;
        if (machine.timeline.widthMinutes !== width) {
          machine.timeline = machine.timeline.withInterval(equipment.reportIntervalMs);
        }
      }
    }
    for (const meter of registration.meters) {
      const state = this.meters.get(meter.meterId);
      const spanMs = this.horizonMs + sealStepMs + this.options.futureToleranceMs;
      if (!state || state.slots.intervalMs !== meter.intervalMs) {
        this.meters.set(meter.meterId, {
          slots: new LoadSlots(meter.intervalMs, spanMs, this.sealedMs),
          model: new LoadModel(),
          explained: undefined,
          installationId: meter.installationId,
          newestMs: this.sealedMs,
        });
      } else state.slots = state.slots.spanning(spanMs);
    }
    for (const version of this.site.all()) {
      for (const witness of version.witnesses) this.openSubjects(witness);
    }
    this.markStale();
    return true;
  }

  observe(telemetry: Telemetry, arrivalMs: number): Refusal | boolean {
    const machine = this.machines.get(telemetry.equipmentId);
    if (!machine) return new Refusal('unknown-equipment', `equipment ${telemetry.equipmentId} is not registered`);
    const { observedAtMs } = telemetry;
    const untimely = this.untimely(observedAtMs, observedAtMs, arrivalMs);
    if (untimely) return untimely;
    for (let i = 0; i < telemetry.readings.length; i++) {
      const reading = telemetry.readings[i]!;
      if (!Number.isFinite(reading.value)) {
        return new Refusal('not-a-number', `${reading.indicator} is ${reading.value}`);
      }
    }
    const { timeline } = machine;
    if (!timeline.observe(observedAtMs, stateBit[telemetry.state])) return false;
    if (observedAtMs - timeline.widthMs >= machine.judgedMs) return false;
    for (const subject of this.subjects.values()) subject.stale = true;
    return true;
  }

  measure(power: Power, arrivalMs: number): Refusal | boolean {
    const meter = this.meters.get(power.meterId);
    const spec = this.site.at(power.intervalStartMs)?.meters.get(power.meterId);
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
    for (const subject of this.subjects.values()) {
      if (subject.meterId === power.meterId && slotMs < subject.headMs) subject.stale = true;
    }
    return true;
  }

  file(record: WorkRecord): Refusal | boolean {
    if (!(record.endMs >= record.startMs)) return new Refusal('bad-interval', 'the work ends before it starts');
    return this.keep(this.work, record.recordId, record);
  }

  note(event: SiteEvent): Refusal | boolean {
    if (event.endMs !== null && event.endMs < event.startMs) {
      return new Refusal('bad-interval', 'the event ends before it starts');
    }
    return this.keep(this.events, event.eventId, event);
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
    for (const [meterId, meter] of this.meters) {
      const { intervalMs } = meter.slots;
      const subjects = [...this.subjects.values()].filter((subject) => subject.meterId === meterId);
      for (let startMs = this.sealedMs; startMs < untilMs; startMs += intervalMs) {
        const spec = this.site.at(startMs)?.meters.get(meterId);
        if (spec && spec.installationId !== meter.installationId) {
          // Another meter or other transformers: what was learned is of another scale.
          meter.model = LoadModel.following(meter.model);
          meter.explained = undefined;
          meter.installationId = spec.installationId;
        }
        for (const subject of subjects) {
          const slot = this.judge(subject, meter, startMs);
          if (slot) subject.takeSealed(slot);
        }
        const kw = this.usableKw(meter, startMs);
        const rule = subjects[0]?.rule;
        if (kw === undefined || !rule) continue;
        meter.model.learn(kw, intervalMs, loadModelOptions(rule.parameters));
        this.explain(meter, meterId, startMs, kw, rule.parameters);
      }
      for (const subject of subjects) {
        if (subject.headMs < untilMs) subject.rewind(untilMs, meter.model.version);
      }
    }
    this.sealedMs = untilMs;
    const keepMs = untilMs - 3_600_000;
    for (const machine of this.machines.values()) machine.timeline.prune(keepMs);
    for (const [id, record] of this.work) if (record.endMs < keepMs) this.work.delete(id);
    for (const [id, event] of this.events) if (event.endMs !== null && event.endMs < keepMs) this.events.delete(id);
    this.site.prune(keepMs);
  }

  /** Brings every subject up to the newest reading and says what has changed. */
  evaluate(nowMs: number, say: Say): void {
    for (const subject of this.subjects.values()) {
      const meter = this.meters.get(subject.meterId)!;
      const due = subject.stale || subject.headMs < meter.newestMs || subject.busy;
      if (!due) continue;
      if (subject.stale || subject.modelVersion !== meter.model.version) {
        subject.rewind(this.sealedMs, meter.model.version);
      }
      this.advance(subject, meter);
      for (const revision of subject.revisions(nowMs, this.id)) {
        const site = this.site.at(revision.said.firstMs) ?? this.site.latest();
        const finding = findingOf(subject, revision, {
          enterpriseId: this.id,
          site,
          witness: site?.witnesses.find((w) => w.key === subject.witnessKey),
          modes: meter.model.modes,
          intervalMs: meter.slots.intervalMs,
          nowMs,
          engineVersion: this.options.engineVersion,
        });
        say({ topic: 'findings', value: finding });
        const alarm = alarmAfterFinding(this.alarms.get(alarmIdOf(finding.findingId)), finding, subject.rule);
        if (alarm) this.sayAlarm(alarm, say);
      }
    }
    this.sayStatus(nowMs, say);
  }

  /** True while something stands that a seal must be followed by an evaluation for. */
  get busy(): boolean {
    for (const subject of this.subjects.values()) if (subject.busy) return true;
    return false;
  }

  // State

  toState(): { json: unknown; blocks: Uint8Array[] } {
    const blocks: Uint8Array[] = [];
    const meters = [...this.meters].map(([id, meter]) => {
      const { head, readingMs, blocks: own } = meter.slots.toBlocks();
      blocks.push(...own);
      return [
        id,
        meter.installationId,
        meter.newestMs,
        meter.slots.intervalMs,
        meter.slots.capacity,
        head,
        readingMs,
        own.length,
        meter.model,
        meter.explained ?? null,
      ];
    });
    return {
      json: {
        id: this.id,
        sealedMs: this.sealedMs,
        horizonMs: this.horizonMs,
        site: this.site.all().map((version) => version.registration),
        machines: [...this.machines].map(([id, machine]) => [id, machine.judgedMs, machine.timeline]),
        meters,
        subjects: [...this.subjects.values()],
        work: [...this.work.values()],
        events: [...this.events.values()],
        alarms: [...this.alarms.values()],
        statusSaid: this.statusSaid,
      },
      blocks,
    };
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is the one that toState wrote.
  static fromState(json: any, blocks: readonly Uint8Array[], options: EngineOptions): Enterprise {
    const enterprise = new Enterprise(json.id, options, 0);
    enterprise.sealedMs = json.sealedMs;
    enterprise.horizonMs = json.horizonMs;
    for (const registration of json.site) enterprise.site.register(registration);
    for (const [id, judgedMs, timeline] of json.machines) {
      enterprise.machines.set(id, { timeline: Timeline.fromJSON(timeline), judgedMs });
    }
    let block = 0;
    for (const [
      id,
      installationId,
      newestMs,
      intervalMs,
      capacity,
      head,
      readingMs,
      own,
      model,
      explained,
    ] of json.meters) {
      const slots = new LoadSlots(intervalMs, (capacity - 2) * intervalMs, 0);
      slots.restore(head, readingMs, blocks.slice(block, block + own));
      block += own;
      enterprise.meters.set(id, {
        slots,
        model: LoadModel.fromJSON(model),
        explained: explained ? ExplainedLoad.fromJSON(explained) : undefined,
        installationId,
        newestMs,
      });
    }
    for (const item of json.subjects) {
      const rule = options.rules.find((candidate) => candidate.id === item[0]);
      if (!rule) continue;
      const subject = Subject.fromJSON(item, rule);
      enterprise.subjects.set(subjectKey(rule, subject.witnessKey), subject);
    }
    for (const record of json.work) enterprise.work.set(record.recordId, record);
    for (const event of json.events) enterprise.events.set(event.eventId, event);
    for (const alarm of json.alarms) enterprise.alarms.set(alarm.alarmId, alarm);
    enterprise.statusSaid = json.statusSaid;
    return enterprise;
  }

  private openSubjects(witness: Witness): void {
    for (const rule of this.options.rules) {
      const sector = this.site.latest()!.registration.sector;
      if (rule.sectors.length > 0 && !rule.sectors.includes(sector)) continue;
      const key = subjectKey(rule, witness.key);
      if (!this.subjects.has(key)) this.subjects.set(key, new Subject(rule, witness, this.sealedMs));
    }
  }

  private markStale(): void {
    for (const subject of this.subjects.values()) subject.stale = true;
  }

  private keep<T extends { revision: number }>(into: Map<string, T>, id: string, record: T): Refusal | boolean {
    const held = into.get(id);
    if (held && held.revision >= record.revision) return false;
    if (!held && into.size >= maxFiled) {
      return new Refusal('too-many-records', `more than ${maxFiled} records within the horizon`);
    }
    into.set(id, record);
    this.markStale();
    return true;
  }

  private untimely(fromMs: number, toMs: number, arrivalMs: number): Refusal | undefined {
    if (!(toMs <= arrivalMs + this.options.futureToleranceMs)) {
      return new Refusal('future-timestamp', `${toMs} is ${toMs - arrivalMs} ms after its arrival`);
    }
    if (fromMs < this.sealedMs) {
      return new Refusal('beyond-horizon', `${fromMs} is ${this.sealedMs - fromMs} ms before the oldest open slot`);
    }
    return undefined;
  }

  private usableKw(meter: MeterState, startMs: number): number | undefined {
    const quality = meter.slots.qualityAt(startMs);
    return quality === 'measured' || quality === 'estimated' ? meter.slots.kwAt(startMs) : undefined;
  }

  private advance(subject: Subject, meter: MeterState): void {
    const { intervalMs } = meter.slots;
    const { modes } = meter.model;
    const detectableKw = modes ? minimumDetectableKw(modes, subject.rule.parameters) : null;
    for (let startMs = subject.headMs; startMs + intervalMs <= meter.newestMs; startMs += intervalMs) {
      const slot = this.judge(subject, meter, startMs);
      if (slot) subject.takeHead(slot, detectableKw);
      else subject.headMs = startMs + intervalMs;
    }
  }

  /** One slot of one subject; `undefined` where the registry knows no such subject at that time. */
  private judge(subject: Subject, meter: MeterState, startMs: number): JudgedSlot | undefined {
    const { intervalMs } = meter.slots;
    const witness = this.site.at(startMs)?.witnesses.find((candidate) => candidate.key === subject.witnessKey);
    if (!witness) return undefined;
    const { parameters } = subject.rule;
    const kw = witness.meter.exports ? undefined : this.usableKw(meter, startMs);
    const endMs = startMs + intervalMs;
    const group = witness.equipment.map((equipment) => this.reported(equipment, parameters, endMs));
    const shares = groupShares(group, this, startMs, endMs, parameters.runDownMinutes);
    const shared = witness.behind.length > 1 && meter.explained;
    let judgement: SlotJudgement | undefined;
    if (witness.equipment.length < witness.behind.length) {
      const index = witness.behind.indexOf(witness.equipment[0]!);
      const all = shares.stopped === 1 ? this.machineShares(witness, parameters, startMs, endMs) : [];
      if (shares.stopped < 1) all[index] = shares;
      judgement = judgeMachine(index, all, kw, meter.explained, parameters);
    } else if (shared && shares.stopped < 1) {
      judgement = judgeSomeMachine(
        this.machineShares(witness, parameters, startMs, endMs),
        kw,
        meter.explained,
        parameters,
      );
    }
    const sameMeter = witness.meter.installationId === meter.installationId;
    judgement ??= judgeSlot(
      kw,
      shares,
      {
        modes: sameMeter ? meter.model.modes : undefined,
        ratedKw: witness.ratedKw,
        smallestRatedKw: witness.smallestRatedKw,
        machines: witness.equipment.length,
        dedicated: witness.dedicated,
      },
      parameters,
    );
    return { startMs, intervalMs, kw, stoppedShare: shares.stopped, judgement };
  }

  private reported(equipment: Equipment, parameters: StoppedButRunning, judgedMs: number): Reported {
    const { equipmentId, sectionId } = equipment;
    const machine = this.machines.get(equipmentId)!;
    machine.judgedMs = Math.max(machine.judgedMs, judgedMs);
    return { equipmentId, sectionId, timeline: machine.timeline, holdReports: parameters.holdReports };
  }

  /** Shares of one slot for each machine behind the meter. */
  private machineShares(witness: Witness, parameters: StoppedButRunning, startMs: number, endMs: number): Shares[] {
    return witness.behind.map((equipment) =>
      groupShares([this.reported(equipment, parameters, endMs)], this, startMs, endMs, parameters.runDownMinutes),
    );
  }

  /** Lets the explanation of a shared meter learn one sealed slot, where every machine's state is known. */
  private explain(
    meter: MeterState,
    meterId: string,
    startMs: number,
    kw: number,
    parameters: StoppedButRunning,
  ): void {
    const witness = this.site
      .at(startMs)
      ?.witnesses.find((w) => w.meter.meterId === meterId && w.equipment.length < w.behind.length);
    if (!witness) return;
    const ids = witness.behind.map((e) => e.equipmentId);
    if (meter.explained?.equipmentIds.join('\n') !== ids.join('\n')) {
      const rated = witness.behind.map((e) => e.ratedPowerKw);
      meter.explained = new ExplainedLoad(ids, rated, 10 * Math.max(kw, leastKw));
    }
    const shares = this.machineShares(witness, parameters, startMs, startMs + meter.slots.intervalMs);
    if (shares.every((s) => s.unknown === 0))
      meter.explained!.learn(
        shares.map((s) => s.running),
        kw,
      );
  }

  private sayAlarm(alarm: Alarm, say: Say): void {
    say({ topic: 'alarms', value: alarm });
    this.alarms.delete(alarm.alarmId);
    if (alarm.state === 'NORMAL') return;
    this.alarms.set(alarm.alarmId, alarm);
    if (this.alarms.size <= maxFiled) return;
    // Nobody looks at the oldest of a thousand: the record stays in the log, the machine forgets it.
    for (const [id, { conditionActive }] of this.alarms) {
      if (conditionActive) continue;
      this.alarms.delete(id);
      return;
    }
  }

  private sayStatus(nowMs: number, say: Say): void {
    const subjects = [...this.subjects.values()];
    const openFindings = subjects.reduce((sum, subject) => sum + subject.openFindings, 0);
    const said = `${openFindings} ${subjects.map(({ status }) => `${status.verdict}:${status.reason}`).join(' ')}`;
    if (said === this.statusSaid) return;
    this.statusSaid = said;
    say({
      topic: 'enterprise-status',
      value: {
        enterpriseId: this.id,
        regionCode: this.site.latest()?.registration.regionCode ?? '',
        asOfMs: nowMs,
        openFindings,
        subjects: subjects.map(({ status }) => status),
      },
    });
  }
}

function subjectKey(rule: Rule, witnessKey: string): string {
  return `${rule.id}/${witnessKey}`;
}

function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
