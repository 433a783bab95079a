import type { Arrival, TelemetryRun } from '../../core/recording.ts';
import type { Reading } from '../../core/records.ts';
import type { Span, StateSpan } from '../reported-state.ts';
import { dayMs, minuteMs } from './china-days.ts';
import type { Firm, Machine } from './firm.ts';
import { hash01, seedOf } from './noise.ts';
import { readingsAt, replayDays } from './readings.ts';
import { clipSpans, intersectSpans, overlayState, spansIn, subtractSpans } from './spans.ts';
import { liveThrough, type Truth } from './truth.ts';

const { ceil, floor, min } = Math;

/** From the machine to the log on a good line. */
const usualDelayMs = 2000;
/** A gateway that was away sends what it kept within a minute of being back. */
const backFillMs = 40_000;

/** What the gateways of a firm sent of the window. */
export function telemetryRuns(firm: Firm, truth: Truth): TelemetryRun[] {
  return firm.machines.flatMap((machine) => machineReports(firm, machine, truth));
}

function machineReports(firm: Firm, machine: Machine, truth: Truth): TelemetryRun[] {
  const told = tampered(firm, machine, truth);
  const silences = firm.deeds.silences.filter(({ gatewayId }) => gatewayId === machine.gatewayId);
  const silent = [...silences, ...firm.deeds.cuts];
  const whole = [{ fromMs: truth.fromMs, toMs: truth.toMs }];
  const usual: Arrival = { delayMs: usualDelayMs - firm.clockSkewMs };
  const runs = reports(firm, machine, truth, told, subtractSpans(whole, silent), usual);
  for (const silence of silences) {
    if (!silence.backFilled) continue;
    const kept = subtractSpans(clipSpans([silence], truth.fromMs, truth.toMs), firm.deeds.cuts);
    runs.push(...reports(firm, machine, truth, told, kept, { atMs: silence.toMs + backFillMs }));
  }
  return runs;
}

/** The reported states, with deeds on the data itself: states frozen, zeroed or of another day. */
function tampered(firm: Firm, machine: Machine, truth: Truth): readonly StateSpan[] {
  let told = truth.reported.get(machine.id)!;
  for (const deed of firm.deeds.readings) {
    if (deed.machineId !== machine.id || deed.toMs <= truth.fromMs || deed.fromMs >= truth.toMs) continue;
    if (deed.how === 'zero') told = overlayState(told, [deed], 'STOPPED');
    if (deed.how === 'replayed') {
      const then = liveThrough(firm, deed.fromMs - replayDays * dayMs, deed.toMs - replayDays * dayMs);
      for (const { fromMs, toMs, state } of then.reported.get(machine.id)!) {
        const shown = { fromMs: fromMs + replayDays * dayMs, toMs: toMs + replayDays * dayMs };
        told = overlayState(told, clipSpans([shown], deed.fromMs, deed.toMs), state);
      }
    }
  }
  return told;
}

function reports(
  firm: Firm,
  machine: Machine,
  truth: Truth,
  told: readonly StateSpan[],
  within: readonly Span[],
  arrival: Arrival,
): TelemetryRun[] {
  const runs: TelemetryRun[] = [];
  const { reportMs: everyMs } = machine;
  // Not all devices report on the full minute; the phase is a whole second.
  const phaseMs = floor(hash01(seedOf(firm.seed, machine.id), 17) * min(everyMs, minuteMs) * 0.001) * 1000;
  const firstIn = (ms: number) => ceil((ms - phaseMs) / everyMs) * everyMs + phaseMs;
  const sees = readingSource(firm, machine, truth);
  for (const state of ['RUNNING', 'STANDBY', 'STOPPED'] as const) {
    for (const span of intersectSpans(spansIn(told, state), within)) {
      const endMs = firstIn(span.toMs);
      for (let fromMs = firstIn(span.fromMs); fromMs < endMs; ) {
        const readings = sees(fromMs);
        let toMs = sees === noReadings ? endMs : fromMs + everyMs;
        while (toMs < endMs && sameReadings(readings, sees(toMs))) toMs += everyMs;
        runs.push({
          enterpriseId: firm.id,
          equipmentId: machine.id,
          fromMs: fromMs + firm.clockSkewMs,
          toMs: toMs + firm.clockSkewMs,
          everyMs,
          state,
          arrival,
          gatewayId: machine.gatewayId,
          readings,
        });
        fromMs = toMs;
      }
    }
  }
  return runs;
}

const noReadings = (): Reading[] => [];

/** Readings at a moment, by what the machine truly does; a replayed day needs what it did a week before. */
function readingSource(firm: Firm, machine: Machine, truth: Truth): (ms: number) => Reading[] {
  if (!machine.indicators) return noReadings;
  const states = truth.states.get(machine.id)!;
  const replays = firm.deeds.readings.filter(({ machineId, how }) => machineId === machine.id && how === 'replayed');
  const past = replays.map((deed) => ({
    deed,
    states: liveThrough(firm, deed.fromMs - replayDays * dayMs, deed.toMs - replayDays * dayMs).states.get(machine.id)!,
  }));
  return (ms) => {
    const replay = past.find(({ deed }) => deed.fromMs <= ms && ms < deed.toMs);
    return readingsAt(firm, machine, replay ? replay.states : states, ms);
  };
}

function sameReadings(a: readonly Reading[], b: readonly Reading[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ value, indicator }, i) => value === b[i]!.value && indicator === b[i]!.indicator)
  );
}
