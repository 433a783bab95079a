import { joinSpans } from '../plant-schedule.ts';
import { appendSpan, type Span, type StateSpan } from '../reported-state.ts';
import { hourMs, localDay, minuteMs } from './china-days.ts';
import type { Firm, Machine } from './firm.ts';
import { hash01 } from './noise.ts';
import { spells } from './schedule.ts';
import { bridgeSpans, clipSpans, overlayState, spansIn, subtractSpans } from './spans.ts';

const { floor, min } = Math;

/** What the machines of a firm truly did over a window, and what was said of them. */
export interface Truth {
  readonly fromMs: number;
  readonly toMs: number;
  /** In order and without gaps; the first span keeps its true start, which may lie before the window. */
  readonly states: ReadonlyMap<string, readonly StateSpan[]>;
  readonly reported: ReadonlyMap<string, readonly StateSpan[]>;
}

/** After a power cut machines are started one by one, the collector first. */
const restartMs = 12 * minuteMs;
/** Runs before the window decide what a pause at its start is. */
const marginMs = 16 * hourMs;
/** GB 15577 asks for the fan first and last; five and fifteen minutes are the usual orders. */
const leadMinutes = 5;
export const trailMinutes = 15;

/** The same firm and window give the same truth; neighbouring windows fit together. */
export function liveThrough(firm: Firm, fromMs: number, toMs: number): Truth {
  const states = new Map<string, StateSpan[]>();
  const reported = new Map<string, StateSpan[]>();
  const runs = new Map<string, Span[]>();
  for (const machine of firm.machines) {
    if (machine.works === 'follows') continue;
    const own = machineRuns(firm, machine, fromMs - marginMs, toMs + marginMs);
    runs.set(machine.id, own);
    states.set(machine.id, statesOver(own, fromMs, toMs, machine.traits.standbyMinutes));
  }
  for (const machine of firm.machines) {
    if (machine.works !== 'follows') continue;
    const wanted = collectorRuns(firm, machine, runs);
    const off = firm.deeds.collectors.filter(({ machineId, how }) => machineId === machine.id && how === 'off');
    const own = subtractSpans(wanted, [...off, ...firm.deeds.cuts]);
    states.set(machine.id, statesOver(own, fromMs, toMs, 0));
    const told = subtractSpans(wanted, [...off.filter(({ denied }) => !denied), ...firm.deeds.cuts]);
    reported.set(machine.id, withClaims(firm, machine, statesOver(told, fromMs, toMs, 0)));
  }
  for (const machine of firm.machines) {
    if (!reported.has(machine.id)) reported.set(machine.id, withClaims(firm, machine, states.get(machine.id)!));
  }
  return { fromMs, toMs, states, reported };
}

/** True runs of a machine that follows no other. */
export function machineRuns(firm: Firm, machine: Machine, fromMs: number, toMs: number): Span[] {
  const { runs, rests, cuts } = firm.deeds;
  const mine = ({ machineId }: { machineId: string }) => machineId === machine.id;
  const wanted = [...spells(firm, machine, fromMs, toMs), ...clipSpans(runs.filter(mine), fromMs, toMs)];
  const dead = cuts.map((cut) => ({ fromMs: cut.fromMs, toMs: cut.toMs + restartMs }));
  return subtractSpans(joinSpans(wanted), [...rests.filter(mine), ...dead]);
}

/** Runs that a collector ought to make: some minutes before its line to some minutes after it. */
function collectorRuns(firm: Firm, collector: Machine, runs: ReadonlyMap<string, readonly Span[]>): Span[] {
  const line = collector.serves.flatMap((id) => [...(runs.get(id) ?? [])]);
  const around = line.map((run) => {
    const day = localDay(run.fromMs);
    const lead = leadMinutes + floor(4 * hash01(firm.seed, day + 5));
    const trail = trailMinutes + floor(4 * hash01(firm.seed, day + 6));
    return { fromMs: run.fromMs - lead * minuteMs, toMs: run.toMs + trail * minuteMs };
  });
  // Nobody switches a fan off to switch it on within minutes.
  return bridgeSpans(around, 8 * minuteMs);
}

function statesOver(runs: readonly Span[], fromMs: number, toMs: number, standbyMinutes: number): StateSpan[] {
  const states: StateSpan[] = [];
  const add = (startMs: number, endMs: number, state: StateSpan['state']) => {
    if (endMs > fromMs) appendSpan(states, { fromMs: startMs, toMs: min(endMs, toMs), state });
  };
  let endedMs: number | undefined;
  for (const run of runs) {
    const pauses = endedMs !== undefined && run.fromMs - endedMs <= standbyMinutes * minuteMs;
    add(endedMs ?? fromMs - marginMs, run.fromMs, pauses ? 'STANDBY' : 'STOPPED');
    add(run.fromMs, run.toMs, 'RUNNING');
    endedMs = run.toMs;
  }
  add(endedMs ?? fromMs - marginMs, toMs, 'STOPPED');
  return states;
}

function withClaims(firm: Firm, machine: Machine, states: readonly StateSpan[]): StateSpan[] {
  const claims = firm.deeds.claims.filter(({ machineId }) => machineId === machine.id);
  return overlayState(states, joinSpans(claims), 'STOPPED');
}

export function runningSpans(truth: Truth, machineId: string): Span[] {
  return spansIn(truth.states.get(machineId) ?? [], 'RUNNING');
}
