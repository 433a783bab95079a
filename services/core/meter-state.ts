import { ArcTrace, arcStepMs, learnArcs } from './arcs.ts';
import { BaseProfile } from './base-profile.ts';
import type { SiteView } from './detectors/detector.ts';
import { ExplainedLoad } from './explained-load.ts';
import { LoadModel, leastKw, loadModelOptions, logLikelihoodRatio, medianKw } from './load-model.ts';
import { evidenceCap, evidenceLimit, type LoadParameters } from './load-parameters.ts';
import { MinuteExtremes } from './minute-extremes.ts';
import { OthersLoad } from './others-load.ts';
import type { Meter, Power } from './records.ts';
import { Registers } from './registers.ts';
import { RepeatedLoad } from './repeated-load.ts';
import { groupShares, reportedGroup } from './shares.ts';
import type { Witness } from './site.ts';
import { LoadSlots } from './slots.ts';
import type { Shares } from './timeline.ts';
import { isFloor, loadKw } from './witnessed-load.ts';

/** Share of a stretch of slots that must be there before their mean stands for it. */
const leastCoverage = 0.8;
/** A stop whose load strays by more than this about its median may follow the hours of the week, natural log. */
const wideStop = 0.25;
/** By day a load is of another kind than those of the night when it is this many times the highest of them. */
const aboveNight = 2;
/** The highest load of the night is forgotten at this rate an hour: by half in a month. */
const nightFadeAnHour = 0.001;
/** Counts of the loads that were learned before the base was known weigh this much beside those after. */
const unadjustedWeight = 0.25;

/** What is known of one meter: its load over the horizon and what was learned from it. */
export class MeterState {
  readonly meterId: string;
  slots: LoadSlots;
  model = new LoadModel();
  /** Where several machines share the meter, and no narrower ones or no modes of its own tell of them: what each adds to its load. */
  explained: ExplainedLoad | undefined;
  /** Where a rule asks for it and the meter shows extremes: what it tells of arcs. */
  arcs: ArcTrace | undefined;
  /** Where a rule asks for them and the meter sends any. */
  registers: Registers | undefined;
  /** The meter sent a register, or an estimate, for the first time: places may wait for it. */
  anew = false;
  private estimated = false;
  /** Where its base may move with the hours of the week. */
  base: BaseProfile | undefined;
  /** Highest load by night of a meter that the sun lowers by day, kW. */
  private nightKw = 0;
  /** Where a base is behind it too: how long the load was of the running kind while a machine was reported running. */
  private seenRunningMs = 0;
  private repeated = new RepeatedLoad();
  /** Where others than the machines may draw power too: what was drawn while all of them were said to stand. */
  private others: OthersLoad | undefined;
  /** A rule asks for extremes, for registers. */
  private seeksArcs = false;
  private seeksRegisters = false;
  private installationId: string;
  /** Whole minutes since the epoch fit a small integer, milliseconds would be boxed. */
  private newestMinute: number;

  constructor(spec: Meter, spanMs: number, startMs: number) {
    this.meterId = spec.meterId;
    this.slots = new LoadSlots(spec.intervalMs, spanMs, startMs);
    this.installationId = spec.installationId;
    this.newestMinute = startMs / 60_000;
  }

  /** End of the newest slot with a reading. */
  get newestMs(): number {
    return this.newestMinute * 60_000;
  }

  set newestMs(ms: number) {
    this.newestMinute = ms / 60_000;
  }

  /** Mean load of a slot that can be judged, kW: measured or estimated, of a meter that does not export. */
  usableKw(startMs: number, exports: boolean): number | undefined {
    return exports ? undefined : this.slotKw(startMs);
  }

  /** Mean power over [startMs, startMs + stepMs), kW, measured or estimated; `undefined` where too little of it is known. */
  meanKw(startMs: number, stepMs: number): number | undefined {
    const { intervalMs } = this.slots;
    if (stepMs <= intervalMs) return this.slotKw(startMs);
    let sum = 0;
    let count = 0;
    for (let ms = startMs; ms < startMs + stepMs; ms += intervalMs) {
      const kw = this.slotKw(ms);
      if (kw === undefined) continue;
      sum += kw;
      count++;
    }
    return count * intervalMs < leastCoverage * stepMs ? undefined : sum / count;
  }

  /** Cuts slots of another length: what is held and what was learned go on as far as they fold. */
  recut(intervalMs: number, spanMs: number): void {
    this.model.recount(this.slots.intervalMs / intervalMs);
    this.slots = this.slots.recut(intervalMs, spanMs);
  }

  /** Version of all that sealed slots have taught of the meter. */
  get version(): number {
    return this.model.version + (this.base?.version ?? 0) + (this.others?.version ?? 0);
  }

  /** Makes room for `spanMs`, and keeps extremes and registers or keeps them no more. */
  hold(spanMs: number, seeksArcs: boolean, seeksRegisters: boolean): void {
    this.slots = this.slots.spanning(spanMs);
    this.seeksArcs = seeksArcs;
    this.seeksRegisters = seeksRegisters;
    this.registers = seeksRegisters ? this.registers?.spanning(spanMs) : undefined;
    if (!seeksArcs) this.arcs = undefined;
    else if (this.arcs) this.arcs.extremes = this.arcs.extremes.spanning(spanMs);
  }

  /** Takes a reading whose interval begins at `startMs`; false when it changes nothing. */
  put(power: Power, startMs: number): boolean {
    const { intervalMs, meanKw, quality } = power;
    this.slots.advance(startMs + Math.max(0, intervalMs - this.slots.intervalMs));
    let changed = this.slots.put(startMs, intervalMs, meanKw, quality);
    if (this.seeksArcs && this.putExtremes(power, startMs)) changed = true;
    if (this.seeksRegisters && power.registerKwh !== null && this.putRegister(power, startMs)) changed = true;
    if (quality === 'ESTIMATED' && !this.estimated) {
      this.estimated = true;
      this.anew = true;
    }
    return changed;
  }

  /** Whether the meter ever sent such. */
  has(what: 'registers' | 'estimates'): boolean {
    return what === 'registers' ? this.registers !== undefined : this.estimated;
  }

  /** Whether what was learned is of this installation of the meter. */
  isInstallation(installationId: string): boolean {
    return installationId === this.installationId;
  }

  /** What the base draws in the hour of a slot beyond its level, kW: no work of the machines that stand or run on it. */
  extraKw(startMs: number): number {
    return this.base?.extraKw(startMs) ?? 0;
  }

  /**
   * Whether the modes of the load are those of the machines, and not of a dormitory or a thermostat behind the same meter:
   * then they were seen to run when they were reported to.
   */
  showsMachines({ hasBase }: Witness, { leastModeHours }: LoadParameters): boolean {
    return !hasBase || this.seenRunningMs >= leastModeHours * 3_600_000;
  }

  /** Up to where a load through the meter may be of others that nobody registered, kW; at any hour where none is given. */
  othersKw(witness: Witness, load: LoadParameters, startMs?: number): number {
    return startMs !== undefined && this.others?.isUnusualAt(startMs) ? 0 : this.partKw(witness, load);
  }

  /** The same of what the machines reported running leave over. */
  othersBesideWorkKw(witness: Witness, load: LoadParameters): number {
    return this.others?.isUnusual ? 0 : this.partKw(witness, load);
  }

  /**
   * Whether the meter has shown the very same load for so long that work does not explain it at evidence `limit`: it
   * measures nothing any more, and is no witness of work.
   */
  isStuck(startMs: number, limit: number): boolean {
    const { intervalMs } = this.slots;
    const kw = this.slotKw(startMs);
    if (kw === undefined || kw <= leastKw) return false;
    const before = this.repeated.slotsToStuck(intervalMs, limit);
    if (before === Number.POSITIVE_INFINITY) return false;
    for (let back = 1; back <= before; back++) if (this.slotKw(startMs - back * intervalMs) !== kw) return false;
    return true;
  }

  /** Learns one sealed slot. Sealed slots come in event-time order. */
  learn(witness: Witness, view: SiteView, startMs: number): void {
    const { load } = view;
    const { intervalMs } = this.slots;
    if (this.arcs && (startMs + intervalMs) % arcStepMs === 0) {
      learnArcs(this, witness, view.work, startMs + intervalMs - arcStepMs, load);
    }
    const kw = loadKw(view, witness, startMs);
    if (kw === undefined) return;
    const ownKw = kw - this.extraKw(startMs);
    const lowered = isFloor(view, witness, startMs);
    if (this.teaches(kw, witness, lowered)) this.model.learn(ownKw, intervalMs, loadModelOptions(load));
    if (lowered) return;
    this.learnRepeats(startMs, ownKw, load);
    if (!witness.dedicated) this.learnParts(witness, view, startMs, ownKw);
    this.learnBase(witness, startMs, kw, ownKw, load);
    if (witness.hasBase) this.learnRunning(witness, view, startMs, ownKw);
    // Of a plant that never rests as a whole the total shows no two modes: what its machines add tells what it does.
    if (witness.tellsApart || (witness.isShared && !this.model.modes)) {
      this.learnMachines(witness, view, startMs, ownKw);
    } else this.explained = undefined;
  }

  /** Another meter or other transformers, by the registry or as filed: what was learned is of another scale. */
  follow(installationId: string, isFiled: boolean): void {
    if (installationId === this.installationId && !isFiled) return;
    this.model = LoadModel.following(this.model);
    this.explained = undefined;
    this.base = undefined;
    this.nightKw = 0;
    this.seenRunningMs = 0;
    this.repeated = new RepeatedLoad();
    this.others = this.others && OthersLoad.following(this.others);
    this.arcs?.forget();
    this.installationId = installationId;
  }

  toState(): { json: readonly unknown[]; blocks: Uint8Array[] } {
    const { head, readingMs, blocks } = this.slots.toBlocks();
    const { intervalMs, capacity } = this.slots;
    const ring = [intervalMs, capacity, head, readingMs, blocks.length];
    const arcs = this.arcs?.toState();
    const base = this.base?.toState();
    const registers = this.registers?.toState();
    const parts = [arcs, base, registers].flatMap((part) => part?.block ?? []);
    return {
      json: [
        this.meterId,
        this.installationId,
        this.newestMs,
        ring,
        this.model,
        this.explained ?? null,
        arcs?.json ?? null,
        base?.json ?? null,
        this.nightKw,
        this.seenRunningMs,
        registers?.json ?? null,
        this.estimated,
        this.repeated,
        this.others ?? null,
      ],
      blocks: parts.length > 0 ? [...blocks, ...parts] : blocks,
    };
  }

  /** Rebuilds from `toState`; takes its blocks from the front of the list. */
  static fromState(json: readonly unknown[], blocks: Uint8Array[]): MeterState {
    const [
      meterId,
      installationId,
      newestMs,
      ring,
      model,
      explained,
      arcs,
      base,
      nightKw,
      seenRunningMs,
      registers,
      estimated,
      repeated,
      others,
    ] = json as [
      string,
      string,
      number,
      [number, number, number, number, number],
      unknown[],
      unknown[] | null,
      unknown[] | null,
      unknown[] | null,
      number,
      number,
      [number, number] | null,
      boolean,
      number[],
      unknown[] | null,
    ];
    const [intervalMs, capacity, head, readingMs, count] = ring;
    const meter = new MeterState({ meterId, intervalMs, installationId } as Meter, intervalMs, 0);
    meter.slots = LoadSlots.ofCapacity(intervalMs, capacity);
    meter.slots.restore(head, readingMs, blocks.splice(0, count));
    meter.model = LoadModel.fromJSON(model);
    meter.explained = explained ? ExplainedLoad.fromJSON(explained) : undefined;
    if (arcs) meter.arcs = ArcTrace.fromState(arcs, blocks.shift()!);
    if (base) meter.base = BaseProfile.fromState(base, blocks.shift()!);
    if (registers) meter.registers = Registers.fromState(registers, blocks.shift()!);
    meter.estimated = estimated;
    meter.repeated = RepeatedLoad.fromJSON(repeated);
    meter.others = others ? OthersLoad.fromJSON(others) : undefined;
    meter.nightKw = nightKw;
    meter.seenRunningMs = seenRunningMs;
    meter.newestMs = newestMs;
    return meter;
  }

  /**
   * Whether a load tells what the machines draw. One that the sun has lowered is of no known kind, unless it is far above
   * all of the night: then at least so much was drawn, and a plant that works by day alone shows how it runs.
   */
  private teaches(kw: number, { generation }: Witness, lowered: boolean): boolean {
    if (lowered) return this.nightKw > 0 && kw > aboveNight * this.nightKw;
    if (generation.unmetered) {
      const fade = (nightFadeAnHour * this.slots.intervalMs) / 3_600_000;
      this.nightKw = Math.max(kw, this.nightKw * (1 - fade));
    }
    return true;
  }

  private learnBase(witness: Witness, startMs: number, kw: number, ownKw: number, load: LoadParameters): void {
    const { modes } = this.model;
    if (!modes) return;
    if (!this.base) {
      if (!witness.hasBase && Math.max(modes.stopped.below, modes.stopped.above) < wideStop) return;
      this.base = new BaseProfile();
    }
    if (logLikelihoodRatio(modes, ownKw, evidenceCap(load)) >= 0) return;
    if (this.base.learn(startMs, kw, this.slots.intervalMs)) this.model.recount(unadjustedWeight);
  }

  private learnRepeats(startMs: number, ownKw: number, load: LoadParameters): void {
    const { modes } = this.model;
    if (!modes || logLikelihoodRatio(modes, ownKw, evidenceCap(load)) <= 0) return;
    const { intervalMs } = this.slots;
    const [beforeKw, earlierKw] = [this.slotKw(startMs - intervalMs), this.slotKw(startMs - 2 * intervalMs)];
    this.repeated.learn(this.slotKw(startMs)!, beforeKw, earlierKw);
  }

  private learnParts(witness: Witness, view: SiteView, startMs: number, ownKw: number): void {
    const { load } = view;
    const { modes } = this.model;
    if (!modes) return;
    const { intervalMs } = this.slots;
    const group = reportedGroup(view, witness.equipment);
    const shares = groupShares(group, view, startMs, startMs + intervalMs, load, 'reported');
    const isOver = logLikelihoodRatio(modes, ownKw, evidenceCap(load)) > 0;
    const isPart = isOver && ownKw < this.partKw(witness, load);
    this.others ??= new OthersLoad();
    this.others.learn(startMs, shares, isPart);
  }

  private learnRunning(witness: Witness, view: SiteView, startMs: number, ownKw: number): void {
    const { load } = view;
    const { modes } = this.model;
    if (this.seenRunningMs >= load.leastModeHours * 3_600_000 || !modes) return;
    const endMs = startMs + this.slots.intervalMs;
    const { running } = groupShares(reportedGroup(view, witness.equipment), view, startMs, endMs, load, 'reported');
    if (running < 1 || logLikelihoodRatio(modes, ownKw, evidenceCap(load)) < evidenceLimit(load)) return;
    this.seenRunningMs += this.slots.intervalMs;
  }

  private learnMachines(witness: Witness, view: SiteView, startMs: number, kw: number): void {
    const { load } = view;
    const { equipmentIds: ids } = witness;
    if (this.explained && isSameList(this.explained.equipmentIds, ids)) this.explained.equipmentIds = ids;
    else {
      const rated = witness.equipment.map((e) => e.ratedPowerKw);
      // Ten times the first load seen is wide enough for any base: the first slots decide.
      this.explained = new ExplainedLoad(ids, rated, 10 * Math.max(kw, leastKw));
    }
    const each = this.machineShares(witness, view, startMs, load);
    const bare = this.machineShares(witness, view, startMs, { ...load, runDownMinutes: 0 });
    // A machine that runs down, stands by or is silent draws anything between nothing and its load: that teaches nothing.
    const clear = each.every((s, i) => s.unknown + s.standby === 0 && s.running === bare[i]!.running);
    if (!clear) return;
    this.explained.learn(
      each.map((s) => s.running),
      kw,
      this.slots.intervalMs,
    );
  }

  /** Up to where a load is part of what the machines draw at work, of a meter that may feed others, kW. */
  private partKw({ dedicated }: Witness, { highestStoppedRatio }: LoadParameters): number {
    const { modes } = this.model;
    return dedicated || !modes ? 0 : medianKw(modes.running) * highestStoppedRatio;
  }

  private slotKw(startMs: number): number | undefined {
    const quality = this.slots.qualityAt(startMs);
    return quality === 'measured' || quality === 'estimated' ? this.slots.kwAt(startMs) : undefined;
  }

  private putRegister({ intervalMs, registerKwh }: Power, startMs: number): boolean {
    if (!this.registers) {
      const { capacity, oldestMs } = this.slots;
      this.registers = new Registers(capacity * this.slots.intervalMs, oldestMs);
      this.anew = true;
    }
    return this.registers.put(startMs + intervalMs, registerKwh!);
  }

  private putExtremes(power: Power, startMs: number): boolean {
    const { intervalMs, minKw, maxKw, quality } = power;
    // A mean of a whole minute alone shows no leap within it.
    if (quality !== 'MEASURED' || (intervalMs >= 60_000 && (minKw === null || maxKw === null))) return false;
    const { capacity, oldestMs } = this.slots;
    this.arcs ??= new ArcTrace(new MinuteExtremes(capacity * this.slots.intervalMs, oldestMs));
    return this.arcs.put(power, startMs);
  }

  private machineShares(witness: Witness, view: SiteView, startMs: number, load: LoadParameters): Shares[] {
    const endMs = startMs + this.slots.intervalMs;
    return reportedGroup(view, witness.equipment).map((machine) =>
      groupShares([machine], view, startMs, endMs, load, 'reported'),
    );
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
