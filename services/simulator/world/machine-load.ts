import { createRandom } from '../random.ts';
import type { Span, StateSpan } from '../reported-state.ts';
import { minuteMs } from './china-days.ts';
import { hash01, jitter, seedOf, wander } from './noise.ts';

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
  const firstMinute = Math.floor(startMs / minuteMs);
  const noise = seedOf(seed, 'idle');
  for (const span of states) {
    if (span.state === 'RUNNING') {
      addRun(load, seed, traits, span, firstMinute);
      continue;
    }
    const kw = span.state === 'STANDBY' ? traits.standbyShare * traits.motorKw : traits.stoppedKw;
    const from = Math.max(0, Math.floor(span.fromMs / minuteMs) - firstMinute);
    const to = Math.min(load.length, Math.floor(span.toMs / minuteMs) - firstMinute);
    for (let i = from; i < to; i++) load[i]! += kw * (1 + 0.07 * jitter(noise, firstMinute + i));
  }
}

/** Sequential from the run's true start, so that a run is the same whichever part of it is asked for. */
function addRun(load: Float64Array, seed: number, traits: MachineTraits, run: Span, firstMinute: number): void {
  const runStart = Math.floor(run.fromMs / minuteMs);
  const from = runStart - firstMinute;
  const to = Math.min(load.length, Math.floor(run.toMs / minuteMs) - firstMinute);
  const random = createRandom(seed, `run ${runStart}`);
  const orders = seedOf(seed, 'orders');
  const { motorKw, workShare, rampMinutes } = traits;
  let working = false;
  let left = 0;
  let share = 0;
  for (let i = from; i < to; i++) {
    const age = i - from;
    if (left-- <= 0) {
      working = age > 0 && !working;
      const mean = working ? traits.workMinutes : traits.pauseMinutes;
      left = Math.round(-mean * Math.log(1 - random.next()));
      const order = 0.5 + 0.5 * wander(orders, (firstMinute + i) / orderMinutes);
      const piece = 0.65 * order + 0.35 * random.next();
      share = workShare[0] + (workShare[1] - workShare[0]) * piece;
    }
    if (i < 0) continue;
    const rise = rampMinutes === 0 ? 1 : 1 - Math.exp((-2.2 * (age + 0.5)) / rampMinutes);
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
