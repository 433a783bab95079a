import type { Random } from './random.ts';
import { appendSpan, type Span, type StateSpan } from './reported-state.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Local minutes of the day. Every machine comes and goes some minutes around them. */
const morning = [8 * 60, 12 * 60] as const;
const afternoon = [13 * 60 + 15, 17 * 60 + 30] as const;
const evening = [18 * 60 + 30, 21 * 60] as const;
const eveningChance = 0.25;
/** Not every machine has work every day. */
const idleDayChance = 0.08;

/** Runs of one machine over whole local days, Sundays off, in order; aligned to minutes. */
export function workingRuns(localStartMs: number, days: number, offsetMs: number, random: Random): Span[] {
  const runs: Span[] = [];
  const run = (midnightMs: number, [from, to]: readonly [number, number]) => {
    const jitter = () => Math.round(random.between(-8, 8));
    const fromMs = midnightMs - offsetMs + (from + jitter()) * minuteMs;
    runs.push({ fromMs, toMs: midnightMs - offsetMs + (to + jitter()) * minuteMs });
  };
  for (let day = 0; day < days; day++) {
    const midnightMs = localStartMs + day * dayMs;
    const sunday = new Date(midnightMs).getUTCDay() === 0;
    const idle = random.next() < idleDayChance;
    const late = random.next() < eveningChance;
    if (sunday || idle) continue;
    run(midnightMs, morning);
    run(midnightMs, afternoon);
    if (late) run(midnightMs, evening);
  }
  return runs;
}

/** Hidden night shifts, local 22:00 to 23:30 until one to five hours later, one on each of the given days. */
export function nightRun(midnightMs: number, offsetMs: number, random: Random): Span {
  const fromMs = midnightMs - offsetMs + Math.round(random.between(22 * 60, 23.5 * 60)) * minuteMs;
  return { fromMs, toMs: fromMs + Math.round(random.between(60, 300)) * minuteMs };
}

/** Joins overlapping or touching spans; in order. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last && span.fromMs <= last.toMs) {
      joined[joined.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
    } else joined.push(span);
  }
  return joined;
}

/** States over [fromMs, toMs): running in `runs`; in shorter pauses within a day standby, where the machine has one. */
export function statesOf(runs: readonly Span[], fromMs: number, toMs: number, longestStandbyMs: number): StateSpan[] {
  const states: StateSpan[] = [];
  let atMs = fromMs;
  for (const run of runs) {
    if (run.toMs <= fromMs || run.fromMs >= toMs) continue;
    const pause = run.fromMs - atMs <= longestStandbyMs && atMs > fromMs ? 'STANDBY' : 'STOPPED';
    appendSpan(states, { fromMs: atMs, toMs: Math.max(atMs, run.fromMs), state: pause });
    appendSpan(states, { fromMs: Math.max(run.fromMs, atMs), toMs: Math.min(run.toMs, toMs), state: 'RUNNING' });
    atMs = Math.min(run.toMs, toMs);
  }
  appendSpan(states, { fromMs: atMs, toMs, state: 'STOPPED' });
  return states;
}
