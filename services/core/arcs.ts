/**
 * What a meter that shows extremes can tell of electric arcs. An electrode burns for one to two minutes and is changed:
 * within minutes the power leaps from the floor to the arc and falls back to it, again and again, and the source draws
 * next to nothing in between (IEC 60974-1 rates welding sources over cycles of ten minutes). What else leaps like that
 * behind the same meter is learned, so that it is no news.
 */
import { stoppedUpperKw } from './load-model.ts';
import { evidenceLimit, type LoadParameters } from './load-parameters.ts';
import type { MeterState } from './meter-state.ts';
import { MinuteExtremes } from './minute-extremes.ts';
import type { Power, WorkRecord } from './records.ts';
import { concerns } from './shares.ts';
import type { Witness } from './site.ts';

/** Slots in which bursts are counted. */
export const arcStepMs = 300_000;
const minuteMs = 60_000;
/** The rating cycle of welding sources, ms: what a slot is seen within. */
const cycleMs = 600_000;
const slotMinutes = arcStepMs / minuteMs;
const cycleMinutes = cycleMs / minuteMs;
/** Minutes of the cycle, and of the slot, that must have been read. */
const leastCycleMinutes = 8;
const leastSlotMinutes = 4;
/**
 * Least power of an arc, kW: 100 A at 20 V + 0.04 V/A (IEC 60974-1), with a source of 80 % efficiency. The motors of the
 * largest angle grinders take 2.6 kW.
 */
export const leastArcKw = 3;
/** A source that waits draws up to 50 W. */
const idleKw = 0.05;
/** Lights and sockets sway by a tenth around what they draw. */
const baseSway = 0.1;
/** An arc stands out from that by this much. */
const arcOverSway = 3;
/** A burst of two minutes fills at most two whole minutes; what stays on for longer is a machine. */
const longestFullMinutes = 2;
/** Peaks of one source are alike within this factor: its current is set once for a job. */
const peakFactor = 1.5;
/** Tangents of power factors 0.97 and 0.58: 0.95 and 0.6, and what a meter of class 1 adds. */
const leastTangent = 0.25;
const mostTangent = 1.4;
/** Below this a ratio of two small differences says nothing, kW. */
const leastExcessKw = 0.5;
/** Share of arc within the cycle: 15 to 60 % are rated, and a window seldom begins with a cycle. */
const leastDuty = 0.08;
const mostDuty = 0.7;

/** What was read of one slot. */
export interface ArcReading {
  /** Bursts that began or ended in the slot, each end a half. */
  readonly bursts: number;
  /** Bursts in the whole cycle. */
  readonly cycleBursts: number;
  /** What the load comes back to within the cycle, kW. */
  readonly baseKw: number;
  /** Median power of the arcs above that, kW; 0 without any. */
  readonly arcKw: number;
}

/** Extremes of one meter over the horizon, and how often its own machines leapt like an arc in sealed slots. */
export class ArcTrace {
  extremes: MinuteExtremes;
  private bursts = 0;
  private slots = 0;
  /** Slots that the rate in use rests on: a mature rate moves slowly, so that verdicts are not made anew all the time. */
  private ratedSlots = 0;
  private rate = 0;
  /** Rises whenever the rate in use changes. */
  version = 0;

  constructor(extremes: MinuteExtremes) {
    this.extremes = extremes;
  }

  /** Time over which it was learned how often the meter leaps by itself, ms. */
  get learnedMs(): number {
    return this.ratedSlots * arcStepMs;
  }

  /** Bursts a slot that are no news. */
  get ownRate(): number {
    return this.rate;
  }

  /** Takes a measured reading within one minute; false when it changes nothing. */
  put({ intervalMs, meanKw, minKw, maxKw, meanKvar }: Power, startMs: number): boolean {
    // Of a part of a minute alone nobody knows which load its reactive power goes with.
    const kvar = intervalMs === minuteMs ? meanKvar : null;
    return this.extremes.put(startMs, minKw ?? meanKw, maxKw ?? meanKw, kvar);
  }

  /** Learns one sealed slot in which nobody was permitted to weld. */
  learn({ bursts }: ArcReading, { memoryDays }: LoadParameters): void {
    this.bursts += bursts;
    this.slots++;
    if (this.slots * arcStepMs > memoryDays * 86_400_000) {
      this.bursts /= 2;
      this.slots >>= 1;
      this.ratedSlots = 0;
    }
    if (this.slots - this.ratedSlots < Math.max(cycleMinutes, this.ratedSlots / 32)) return;
    this.ratedSlots = this.slots;
    // Half a burst that was not seen: never is not known after a day.
    this.rate = (this.bursts + 0.5) / this.slots;
    this.version++;
  }

  /** Another meter or other transformers: what was learned is of another scale. */
  forget(): void {
    this.bursts = 0;
    this.slots = 0;
    this.ratedSlots = 0;
    this.rate = 0;
    this.version++;
  }

  toState(): { json: readonly unknown[]; block: Uint8Array } {
    const { json, block } = this.extremes.toState();
    return { json: [json, this.bursts, this.slots, this.ratedSlots, this.rate, this.version], block };
  }

  static fromState(json: readonly unknown[], block: Uint8Array): ArcTrace {
    const [ring, bursts, slots, ratedSlots, rate, version] = json as [
      [number, number],
      number,
      number,
      number,
      number,
      number,
    ];
    const trace = new ArcTrace(MinuteExtremes.fromState(ring, block));
    trace.bursts = bursts;
    trace.slots = slots;
    trace.ratedSlots = ratedSlots;
    trace.rate = rate;
    trace.version = version;
    return trace;
  }
}

const lows = new Float64Array(cycleMinutes);
const highs = new Float64Array(cycleMinutes);
const excess = new Float64Array(cycleMinutes);
const reactive = new Float64Array(cycleMinutes);

/** Reads the slot that starts at `startMs` within the rating cycle that ends with it; `undefined` where too little came. */
export function readArcs({ arcs, slots }: MeterState, startMs: number): ArcReading | undefined {
  if (!arcs) return undefined;
  const { extremes } = arcs;
  const fromMs = startMs + arcStepMs - cycleMs;
  let read = 0;
  let readInSlot = 0;
  let baseKw = Number.POSITIVE_INFINITY;
  let baseKvar = Number.POSITIVE_INFINITY;
  for (let i = 0; i < cycleMinutes; i++) {
    const ms = fromMs + i * minuteMs;
    const quality = slots.qualityAt(ms);
    lows[i] = quality === 'measured' ? extremes.lowAt(ms) : Number.NaN;
    highs[i] = extremes.highAt(ms);
    excess[i] = slots.kwAt(ms) ?? 0;
    reactive[i] = extremes.kvarAt(ms);
    if (Number.isNaN(lows[i]!)) continue;
    read++;
    if (ms >= startMs) readInSlot++;
    baseKw = Math.min(baseKw, lows[i]!);
    if (!Number.isNaN(reactive[i]!)) baseKvar = Math.min(baseKvar, reactive[i]!);
  }
  if (read < leastCycleMinutes || readInSlot < leastSlotMinutes) return undefined;
  const swayKw = idleKw + baseSway * baseKw;
  const arcFromKw = baseKw + Math.max(leastArcKw, arcOverSway * swayKw);
  const leaps: number[] = [];
  let full = 0;
  let longestFull = 0;
  let sumKw = 0;
  for (let i = 0; i < cycleMinutes; i++) {
    if (Number.isNaN(lows[i]!)) continue;
    excess[i] = excess[i]! - baseKw;
    sumKw += excess[i]!;
    const arcing = highs[i]! >= arcFromKw;
    const rests = lows[i]! <= baseKw + swayKw;
    full = arcing && !rests ? full + 1 : 0;
    longestFull = Math.max(longestFull, full);
    if (arcing && rests) leaps.push(i);
  }
  const none = { bursts: 0, cycleBursts: 0, baseKw, arcKw: 0 };
  if (leaps.length === 0) return none;
  const peaks = leaps.map((i) => highs[i]! - baseKw).sort((a, b) => a - b);
  const arcKw = peaks[peaks.length >> 1]!;
  if (longestFull > longestFullMinutes) return none;
  const duty = sumKw / (read * arcKw);
  if (duty < leastDuty || duty > mostDuty) return none;
  let ends = 0;
  let endsInSlot = 0;
  for (const i of leaps) {
    const factor = (highs[i]! - baseKw) / arcKw;
    if (factor > peakFactor || factor < 1 / peakFactor || !hasPowerFactor(i, baseKvar)) continue;
    ends++;
    if (i >= cycleMinutes - slotMinutes) endsInSlot++;
  }
  return { bursts: endsInSlot / 2, cycleBursts: ends / 2, baseKw, arcKw };
}

/** Whether what was drawn beyond the base has the power factor of a welding source, or nobody can tell. */
function hasPowerFactor(i: number, baseKvar: number): boolean {
  if (Number.isNaN(reactive[i]!) || excess[i]! < leastExcessKw) return true;
  const tangent = (reactive[i]! - baseKvar) / excess[i]!;
  return tangent >= leastTangent && tangent <= mostTangent;
}

/**
 * Highest base at which the machines behind a meter stand, kW: over machines that work an arc cannot be told from their
 * own load. `undefined` before that was learned.
 */
export function standingUpperKw({ model }: MeterState, witness: Witness, load: LoadParameters): number | undefined {
  const { equipment, meter } = witness;
  if (meter.role === 'INDIRECT' || equipment.every(({ kind }) => kind === 'WELDER')) return Number.POSITIVE_INFINITY;
  return model.modes && stoppedUpperKw(model.modes, evidenceLimit(load));
}

/** Lets a meter learn the sealed slot that starts at `startMs`, unless welding was permitted there or machines ran. */
export function learnArcs(
  meter: MeterState,
  witness: Witness,
  work: readonly WorkRecord[],
  startMs: number,
  load: LoadParameters,
): void {
  const upperKw = standingUpperKw(meter, witness, load);
  if (upperKw === undefined) return;
  const reading = readArcs(meter, startMs);
  if (!reading || reading.baseKw > upperKw) return;
  for (const { kind, withdrawn, startMs: fromMs, endMs, ...place } of work) {
    if (kind !== 'HOT_WORK_PERMIT' || withdrawn || fromMs >= startMs + arcStepMs || endMs <= startMs) continue;
    if (witness.equipment.some((machine) => concerns(place, machine))) return;
  }
  meter.arcs!.learn(reading, load);
}
