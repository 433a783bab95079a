import type { Random } from './random.ts';
import type { StateSpan } from './reported-state.ts';

const minuteMs = 60_000;

/** What a machine draws, as shares of its motor's true rated power; from data sheets and shop measurements in kind. */
export interface MachineLoad {
  readonly motorKw: number;
  /** Spinning without work. */
  readonly noLoadShare: number;
  /** Added while a workpiece passes, low to high. */
  readonly workShare: readonly [number, number];
  /** Mean minutes that work and the pauses between last. */
  readonly workMinutes: number;
  readonly pauseMinutes: number;
  /** Minutes until belts, oil and air are at temperature; until then it draws more. */
  readonly warmUpMinutes: number;
  readonly standbyShare: number;
  /** Controls and heating of the cabinet, kW. */
  readonly stoppedKw: number;
}

/** Mean kW of each minute of [startMs, startMs + minutes), from what the machine truly did. */
export function machineLoad(
  machine: MachineLoad,
  truth: readonly StateSpan[],
  startMs: number,
  minutes: number,
  random: Random,
): Float64Array {
  const load = new Float64Array(minutes);
  const { motorKw } = machine;
  for (const { fromMs, toMs, state } of truth) {
    const first = Math.max(0, Math.floor((fromMs - startMs) / minuteMs));
    const end = Math.min(minutes, Math.ceil((toMs - startMs) / minuteMs));
    let working = false;
    let left = 0;
    let pieceShare = 0;
    for (let i = first; i < end; i++) {
      if (state !== 'RUNNING') {
        const kw = state === 'STANDBY' ? machine.standbyShare * motorKw : machine.stoppedKw;
        load[i] = Math.max(0, kw * (1 + 0.08 * random.normal()));
        continue;
      }
      const age = i - first;
      if (left-- <= 0) {
        working = age > 1 && !working;
        const mean = working ? machine.workMinutes : machine.pauseMinutes;
        left = Math.round(-mean * Math.log(1 - random.next()));
        pieceShare = random.between(...machine.workShare);
      }
      const cold = machine.warmUpMinutes > 0 ? 0.25 * Math.exp((-2 * age) / machine.warmUpMinutes) : 0;
      // A star-delta start: some seconds at several times the rated current lift the first minute's mean.
      const inrush = age === 0 ? 0.3 : 0;
      const share = machine.noLoadShare * (1 + cold) + (working ? pieceShare : 0) + inrush;
      load[i] = Math.max(0, share * motorKw * (1 + 0.03 * random.normal()));
    }
  }
  return load;
}
