import type { PowerRun } from '../../core/recording.ts';
import type { PowerQuality } from '../../core/records.ts';
import { createRandom } from '../random.ts';
import { addBackgroundLoad } from './background-load.ts';
import { dayMs, hourMs, localDay, midnightMs, minuteMs } from './china-days.ts';
import type { MeterDeed } from './deeds.ts';
import type { Firm, FirmMeter } from './firm.ts';
import { addMachineLoad } from './machine-load.ts';
import { jitter, seedOf } from './noise.ts';
import type { Truth } from './truth.ts';
import { addWelding } from './welding.ts';

// Looked up once: they stand in loops over every minute of a world.
const { abs, floor, max, min } = Math;
const { isNaN: isMissing, NEGATIVE_INFINITY: lowest, POSITIVE_INFINITY: highest } = Number;

/** Power through one meter in truth, one value a minute. */
export interface TrueLoad {
  readonly kw: Float64Array;
  readonly kvar: Float64Array;
  /** Highest and lowest within the minute beside the mean of what does not weld. */
  readonly peakKw: Float64Array;
  readonly floorKw: Float64Array;
}

/** Lost between a meter and the ones below it. */
const lossShare = 0.01;
/** Bank of capacitors at the transformer, switched in steps, kvar. */
const bankStepKvar = 20;
/** A meter of class 0.5: what it shows is off by about this share. */
const meterError = 0.002;

/** True loads of all meters over the window, from what runs behind them. */
export function trueLoads(firm: Firm, truth: Truth): Map<string, TrueLoad> {
  const minutes = Math.round((truth.toMs - truth.fromMs) / minuteMs);
  const loads = new Map<string, TrueLoad>();
  for (const meter of firm.meters) {
    const make = () => new Float64Array(minutes);
    loads.set(meter.id, { kw: make(), kvar: make(), peakKw: make(), floorKw: make() });
  }
  for (const meter of childrenFirst(firm.meters)) {
    const load = loads.get(meter.id)!;
    addOwn(firm, meter, truth, load);
    dropInCuts(firm, truth, load);
    const parent = meter.parentId === null ? undefined : loads.get(meter.parentId);
    if (!parent) continue;
    for (const part of ['kw', 'kvar', 'peakKw', 'floorKw'] as const) {
      for (let i = 0; i < minutes; i++) parent[part][i]! += load[part][i]! * (1 + lossShare);
    }
  }
  return loads;
}

function childrenFirst(meters: readonly FirmMeter[]): FirmMeter[] {
  const depth = (meter: FirmMeter): number => {
    const parent = meters.find(({ id }) => id === meter.parentId);
    return parent ? 1 + depth(parent) : 0;
  };
  return [...meters].sort((a, b) => depth(b) - depth(a));
}

function addOwn(firm: Firm, meter: FirmMeter, truth: Truth, load: TrueLoad): void {
  const { kw, kvar, peakKw, floorKw } = load;
  const one = new Float64Array(kw.length);
  const put = (tanPhi: number) => {
    for (let i = 0; i < one.length; i++) {
      const value = one[i]!;
      kw[i]! += value;
      kvar[i]! += max(0, value) * tanPhi;
      // Within a minute a motor's load sways by some per cent.
      peakKw[i]! += value + 0.06 * abs(value);
      floorKw[i]! += value - 0.05 * abs(value);
    }
    one.fill(0);
  };
  for (const id of meter.feeds) {
    const seed = seedOf(firm.seed, id);
    const machine = firm.machines.find((candidate) => candidate.id === id);
    const background = firm.backgrounds.find((candidate) => candidate.id === id);
    const welder = firm.welders.find((candidate) => candidate.id === id);
    if (machine) {
      addMachineLoad(one, seed, machine.traits, truth.states.get(id)!, truth.fromMs);
      put(machine.traits.tanPhi);
    } else if (background) {
      addBackgroundLoad(one, background.kind, seed, background.scaleKw, firm, truth.fromMs);
      put(background.kind === 'photovoltaic' ? 0 : 0.3);
    } else if (welder) {
      addWelding(load, seed, welder, firm.deeds.welding, truth.fromMs);
    }
  }
}

function dropInCuts(firm: Firm, truth: Truth, load: TrueLoad): void {
  for (const cut of firm.deeds.cuts) {
    const from = max(0, Math.round((cut.fromMs - truth.fromMs) / minuteMs));
    const to = min(load.kw.length, Math.round((cut.toMs - truth.fromMs) / minuteMs));
    for (const part of [load.kw, load.kvar, load.peakKw, load.floorKw]) if (to > from) part.fill(0, from, to);
  }
}

interface Shown {
  kw: number;
  quality: PowerQuality;
  minKw: number;
  maxKw: number;
  kvar: number;
  registerKwh: number;
}

/**
 * What the meters of a firm sent of the window, which begins and ends on whole quarters of an hour. `registers` holds
 * each meter's energy register, kWh, from window to window.
 */
export function meterRuns(
  firm: Firm,
  truth: Truth,
  loads: ReadonlyMap<string, TrueLoad>,
  registers: Map<string, number>,
): PowerRun[] {
  return firm.meters.flatMap((meter) => runsOf(firm, meter, truth, loads.get(meter.id)!, registers));
}

function runsOf(
  firm: Firm,
  meter: FirmMeter,
  truth: Truth,
  load: TrueLoad,
  registers: Map<string, number>,
): PowerRun[] {
  const per = meter.intervalMs / minuteMs;
  const seed = seedOf(firm.seed, meter.id);
  const deeds = firm.deeds.meters.filter(({ meterId }) => meterId === meter.id);
  const bundleMs = meter.delivery === 'bulk' ? dayMs : hourMs;
  const runs: PowerRun[] = [];
  let rows: Shown[] = [];
  let rowsFromMs = truth.fromMs;
  let register = registers.get(meter.id) ?? 1000 + (abs(seed) % 90_000);
  const flush = () => {
    if (rows.some(({ kw }) => !isMissing(kw))) runs.push(runOf(firm, meter, seed, rowsFromMs, rows));
    rows = [];
  };
  for (let at = 0; at + per <= load.kw.length; at += per) {
    const fromMs = truth.fromMs + at * minuteMs;
    const shown = show(
      meter,
      load,
      at,
      per,
      seed,
      fromMs,
      deeds.filter((deed) => deed.fromMs <= fromMs && fromMs < deed.toMs),
    );
    const exchanged = deeds.find(
      ({ how, fromMs: when }) => how.kind === 'installed' && fromMs <= when && when < fromMs + meter.intervalMs,
    );
    if (exchanged) register = 0;
    const backwards = deeds.some(
      (deed) => deed.how.kind === 'register-back' && deed.fromMs <= fromMs && fromMs < deed.toMs,
    );
    if (!isMissing(shown.kw)) register += ((backwards ? -0.6 : 1) * shown.kw * meter.intervalMs) / hourMs;
    shown.registerKwh = hundredths(register);
    const last = rows.at(-1);
    const breaks = floor((fromMs + 8 * hourMs) / bundleMs) !== floor((rowsFromMs + 8 * hourMs) / bundleMs);
    if (last && (breaks || last.quality !== shown.quality)) flush();
    if (rows.length === 0) rowsFromMs = fromMs;
    rows.push(shown);
  }
  flush();
  registers.set(meter.id, register);
  return runs;
}

function show(
  meter: FirmMeter,
  load: TrueLoad,
  at: number,
  per: number,
  seed: number,
  fromMs: number,
  deeds: readonly MeterDeed[],
): Shown {
  let kw = 0;
  let kvar = 0;
  let minKw = highest;
  let maxKw = lowest;
  for (let i = at; i < at + per; i++) {
    kw += load.kw[i]! / per;
    kvar += load.kvar[i]! / per;
    minKw = min(minKw, load.floorKw[i]!);
    maxKw = max(maxKw, load.peakKw[i]!);
  }
  if (meter.parentId === null) kvar -= bankStepKvar * floor(max(0, kvar) / bankStepKvar + 0.25);
  const error = 1 + meterError * jitter(seed, fromMs / minuteMs);
  let quality: PowerQuality = 'MEASURED';
  for (const { how } of deeds) {
    if (how.kind === 'scaled' || how.kind === 'estimated') {
      kw *= how.factor;
      kvar *= how.factor;
      minKw *= how.factor;
      maxKw *= how.factor;
    }
    if (how.kind === 'flat') kw = minKw = maxKw = how.kw / error;
    if (how.kind === 'estimated') quality = 'ESTIMATED';
    if (how.kind === 'missing') kw = Number.NaN;
  }
  return {
    kw: hundredths(kw * error),
    quality,
    minKw: hundredths(min(minKw, kw) * error),
    maxKw: hundredths(max(maxKw, kw) * error),
    kvar: hundredths(kvar),
    registerKwh: 0,
  };
}

function runOf(firm: Firm, meter: FirmMeter, seed: number, startMs: number, rows: readonly Shown[]): PowerRun {
  const random = createRandom(seed, `delivery ${startMs}`);
  const fast = meter.intervalMs < 900_000;
  const delayMs = Math.round(fast ? random.between(4, 20) : random.between(60, 280)) * 1000;
  const bulkAtMs = midnightMs(localDay(startMs) + 1) + 6 * hourMs;
  const known = (value: (row: Shown) => number) => rows.map((row) => (isMissing(row.kw) ? Number.NaN : value(row)));
  return {
    enterpriseId: firm.id,
    meterId: meter.id,
    startMs,
    intervalMs: meter.intervalMs,
    quality: rows[0]!.quality,
    arrival: meter.delivery === 'bulk' ? { atMs: bulkAtMs } : { delayMs },
    meanKw: rows.map(({ kw }) => kw),
    extras: meter.rich
      ? {
          minKw: known((row) => row.minKw),
          maxKw: known((row) => row.maxKw),
          meanKvar: known((row) => row.kvar),
          registerKwh: known((row) => row.registerKwh),
        }
      : {},
  };
}

function hundredths(value: number): number {
  // Adding zero makes of a negative zero a plain one.
  return floor(value * 100 + 0.5) / 100 + 0;
}
