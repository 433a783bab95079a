import { createRandom } from '../random.ts';
import type { Span, StateSpan } from '../reported-state.ts';
import { localDay, midnightMs, minuteMs } from './china-days.ts';
import { hash01, jitter, seedOf, wander } from './noise.ts';

const { exp, floor, log, max, min, round } = Math;

/** What a machine draws, as shares of its motor's true power; after data sheets and shop-floor measurements in kind. */
export interface MachineTraits {
  readonly motorKw: number;
  /** Turning without work. */
  readonly noLoadShare: number;
  /** Added while a workpiece passes, from light to heavy orders. */
  readonly workShare: readonly [number, number];
  /** Mean minutes of work and of the pauses between. */
  readonly workMinutes: number;
  readonly pauseMinutes: number;
  /** Minutes to full load: furnaces and fans ramp. */
  readonly rampMinutes: number;
  /** A drive that follows the work: power goes with about the cube of its speed. */
  readonly variableSpeed: boolean;
  readonly standbyShare: number;
  /** Left energised over breaks of this many minutes. */
  readonly standbyMinutes: number;
  /** Cabinet heating and controls, kW. */
  readonly stoppedKw: number;
  /** Lag of current behind voltage: reactive over active power. */
  readonly tanPhi: number;
}

/** Orders change the work about this often. */
const orderMinutes = 45;

/** Adds the machine's mean kW of each minute of [startMs, …) to `load`. Runs begin and end on whole minutes. */
export function addMachineLoad(
  load: Float64Array,
  seed: number,
  traits: MachineTraits,
  states: readonly StateSpan[],
  startMs: number,
): void {
  const firstMinute = floor(startMs / minuteMs);
  const noise = seedOf(seed, 'idle');
  for (const span of states) {
    if (span.state === 'RUNNING') {
      addRun(load, seed, traits, span, firstMinute);
      continue;
    }
    const kw = span.state === 'STANDBY' ? traits.standbyShare * traits.motorKw : traits.stoppedKw;
    const from = max(0, floor(span.fromMs / minuteMs) - firstMinute);
    const to = min(load.length, floor(span.toMs / minuteMs) - firstMinute);
    for (let i = from; i < to; i++) load[i]! += kw * (1 + 0.07 * jitter(noise, firstMinute + i));
  }
}

/** Each local day of a run is a sequence of its own, from its start: a part of it needs no more than its day. */
function addRun(load: Float64Array, seed: number, traits: MachineTraits, run: Span, firstMinute: number): void {
  const windowMs = firstMinute * minuteMs;
  let fromMs = run.fromMs;
  while (fromMs < run.toMs) {
    const toMs = min(run.toMs, midnightMs(localDay(fromMs) + 1));
    if (toMs > windowMs) addPieces(load, seed, traits, { fromMs, toMs }, run.fromMs, firstMinute);
    fromMs = toMs;
  }
}

function addPieces(
  load: Float64Array,
  seed: number,
  traits: MachineTraits,
  part: Span,
  startedMs: number,
  firstMinute: number,
): void {
  const from = floor(part.fromMs / minuteMs) - firstMinute;
  const to = min(load.length, floor(part.toMs / minuteMs) - firstMinute);
  const started = floor(startedMs / minuteMs) - firstMinute;
  const random = createRandom(seed, `run ${from + firstMinute}`);
  const orders = seedOf(seed, 'orders');
  const { motorKw, workShare, rampMinutes } = traits;
  let working = false;
  let left = 0;
  let share = 0;
  for (let i = from; i < to; i++) {
    const age = i - started;
    if (left-- <= 0) {
      working = age > 0 && !working;
      const mean = working ? traits.workMinutes : traits.pauseMinutes;
      left = round(-mean * log(1 - random.next()));
      const order = 0.5 + 0.5 * wander(orders, (firstMinute + i) / orderMinutes);
      const piece = 0.65 * order + 0.35 * random.next();
      share = workShare[0] + (workShare[1] - workShare[0]) * piece;
    }
    if (i < 0) continue;
    const rise = rampMinutes === 0 ? 1 : 1 - exp((-2.2 * (age + 0.5)) / rampMinutes);
    const speed = traits.variableSpeed ? (0.72 + (working ? 0.28 * (share / workShare[1]) : 0)) ** 3 : 1;
    const kw = motorKw * speed * (traits.noLoadShare + (working ? share : 0)) * rise;
    load[i]! += kw * (1 + 0.025 * (2 * hash01(orders, firstMinute + i) - 1));
  }
}

/** Mean load while it runs, kW, over many runs; for judging what a meter could ever show of it. */
export function meanRunningKw({
  motorKw,
  noLoadShare,
  workShare,
  workMinutes,
  pauseMinutes,
  variableSpeed,
}: MachineTraits): number {
  const busy = workMinutes / (workMinutes + pauseMinutes);
  const work = (workShare[0] + workShare[1]) / 2;
  if (!variableSpeed) return motorKw * (noLoadShare + busy * work);
  const fast = (0.72 + 0.28 * (work / workShare[1])) ** 3;
  return motorKw * (busy * fast * (noLoadShare + work) + (1 - busy) * 0.72 ** 3 * noLoadShare);
}
