import { ArcTrace, arcStepMs, learnArcs } from './arcs.ts';
import type { SiteView } from './detectors/detector.ts';
import { ExplainedLoad } from './explained-load.ts';
import { LoadModel, leastKw, loadModelOptions } from './load-model.ts';
import type { LoadParameters } from './load-parameters.ts';
import { MinuteExtremes } from './minute-extremes.ts';
import type { Meter, Power } from './records.ts';
import { groupShares, reportedGroup } from './shares.ts';
import type { Witness } from './site.ts';
import { LoadSlots } from './slots.ts';
import type { Shares } from './timeline.ts';

/** What is known of one meter: its load over the horizon and what was learned from it. */
export class MeterState {
  readonly meterId: string;
  slots: LoadSlots;
  model = new LoadModel();
  /** Where several machines share the meter: what each of them adds to its load. */
  explained: ExplainedLoad | undefined;
  /** Where a rule asks for it and the meter shows extremes: what it tells of arcs. */
  arcs: ArcTrace | undefined;
  /** A rule asks for extremes. */
  private seeksArcs = false;
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
    if (exports) return undefined;
    const quality = this.slots.qualityAt(startMs);
    return quality === 'measured' || quality === 'estimated' ? this.slots.kwAt(startMs) : undefined;
  }

  /** Version of all that sealed slots have taught of the meter. */
  get version(): number {
    return this.model.version + (this.arcs?.version ?? 0);
  }

  /** Makes room for `spanMs`, and keeps extremes or keeps them no more. */
  hold(spanMs: number, seeksArcs: boolean): void {
    this.slots = this.slots.spanning(spanMs);
    this.seeksArcs = seeksArcs;
    if (!seeksArcs) this.arcs = undefined;
    else if (this.arcs) this.arcs.extremes = this.arcs.extremes.spanning(spanMs);
  }

  /** Takes a reading whose interval begins at `startMs`; false when it changes nothing. */
  put(power: Power, startMs: number): boolean {
    const { intervalMs, meanKw, quality } = power;
    this.slots.advance(startMs);
    const changed = this.slots.put(startMs, intervalMs, meanKw, quality);
    return this.seeksArcs && this.putExtremes(power, startMs) ? true : changed;
  }

  /** Whether what was learned is of this installation of the meter. */
  isInstallation(installationId: string): boolean {
    return installationId === this.installationId;
  }

  /** Learns one sealed slot. Sealed slots come in event-time order. */
  learn(witness: Witness, view: SiteView, startMs: number): void {
    const { load } = view;
    if (this.arcs && (startMs + this.slots.intervalMs) % arcStepMs === 0) {
      learnArcs(this, witness, view.work, startMs + this.slots.intervalMs - arcStepMs, load);
    }
    const kw = this.usableKw(startMs, witness.meter.exports);
    if (kw === undefined) return;
    this.model.learn(kw, this.slots.intervalMs, loadModelOptions(load));
    if (!witness.tellsApart) return;
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
    this.explained!.learn(
      each.map((s) => s.running),
      kw,
      this.slots.intervalMs,
    );
  }

  /** Another meter or other transformers: what was learned is of another scale. */
  follow(installationId: string): void {
    if (installationId === this.installationId) return;
    this.model = LoadModel.following(this.model);
    this.explained = undefined;
    this.arcs?.forget();
    this.installationId = installationId;
  }

  toState(): { json: readonly unknown[]; blocks: Uint8Array[] } {
    const { head, readingMs, blocks } = this.slots.toBlocks();
    const { intervalMs, capacity } = this.slots;
    const ring = [intervalMs, capacity, head, readingMs, blocks.length];
    const arcs = this.arcs?.toState();
    return {
      json: [
        this.meterId,
        this.installationId,
        this.newestMs,
        ring,
        this.model,
        this.explained ?? null,
        arcs?.json ?? null,
      ],
      blocks: arcs ? [...blocks, arcs.block] : blocks,
    };
  }

  /** Rebuilds from `toState`; takes its blocks from the front of the list. */
  static fromState(json: readonly unknown[], blocks: Uint8Array[]): MeterState {
    const [meterId, installationId, newestMs, ring, model, explained, arcs] = json as [
      string,
      string,
      number,
      [number, number, number, number, number],
      unknown[],
      unknown[] | null,
      unknown[] | null,
    ];
    const [intervalMs, capacity, head, readingMs, count] = ring;
    const meter = new MeterState({ meterId, intervalMs, installationId } as Meter, intervalMs, 0);
    meter.slots = LoadSlots.ofCapacity(intervalMs, capacity);
    meter.slots.restore(head, readingMs, blocks.splice(0, count));
    meter.model = LoadModel.fromJSON(model);
    meter.explained = explained ? ExplainedLoad.fromJSON(explained) : undefined;
    if (arcs) meter.arcs = ArcTrace.fromState(arcs, blocks.shift()!);
    meter.newestMs = newestMs;
    return meter;
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
