import type { Span } from '../reported-state.ts';
import { dayMs, hourMs, minuteMs } from './china-days.ts';
import type { Machine } from './firm.ts';
import type { Planner } from './planner.ts';
import { cloggedAboveLimitMs, cloggedSinceMs } from './readings.ts';
import { clipSpans } from './spans.ts';
import { trailMinutes } from './truth.ts';

/** A line that makes dust without its collector, or with one that does not draw. */
export const collectorTricks = {
  'collector-off': (planner: Planner) =>
    forCollector(planner, (collector, runs) => {
      const span = planner.inside(runs, planner.minutes(35, 150));
      if (span) turnOff(planner, collector, span, span, 'collector-off');
      return span !== undefined;
    }),
  'collector-late': (planner: Planner) =>
    forCollector(planner, (collector, runs) => {
      const run = edge(planner, runs, 'before');
      if (!run) return false;
      const lateMs = planner.minutes(14, 28) * minuteMs;
      const off = { fromMs: run.fromMs - 40 * minuteMs, toMs: run.fromMs + lateMs };
      if (!planner.book(off)) return false;
      turnOff(planner, collector, off, { fromMs: run.fromMs, toMs: off.toMs }, 'collector-late');
      return true;
    }),
  'collector-early': (planner: Planner) =>
    forCollector(planner, (collector, runs) => {
      const run = edge(planner, runs, 'after');
      if (!run) return false;
      const off = { fromMs: run.toMs - planner.minutes(14, 30) * minuteMs, toMs: run.toMs + 40 * minuteMs };
      if (!planner.book(off)) return false;
      turnOff(planner, collector, off, { fromMs: off.fromMs, toMs: run.toMs }, 'collector-early');
      return true;
    }),
  /** The bags are blinded and nobody shakes them: pressure leaves its reference, and of a filter that was dear before, its limit. */
  clogged: (planner: Planner) => {
    const dry = planner.collectors.filter(({ indicators }) => indicators === 'dry-collector');
    if (dry.length === 0) return false;
    const collector = planner.random.pick(dry);
    const runs = planner.jointRuns(planner.line.filter(({ id }) => collector.serves.includes(id)));
    for (let i = 0; i < 40 && runs.length > 0; i++) {
      const run = planner.random.pick(runs);
      const span = { fromMs: run.fromMs, toMs: run.fromMs + planner.minutes(30, 54) * hourMs };
      const first = runs.find(({ toMs }) => toMs > cloggedSinceMs(span.fromMs) + 20 * minuteMs);
      const last = runs.filter(({ fromMs }) => fromMs < span.toMs).at(-1);
      if (!first || !last || first.fromMs >= span.toMs || !planner.book(span)) continue;
      planner.firm.deeds.collectors.push({ machineId: collector.id, ...span, how: 'clogged', denied: false });
      const aboveMs = cloggedAboveLimitMs(
        planner.firm,
        collector,
        span.fromMs,
        clipSpans(runs, span.fromMs, span.toMs),
      );
      const sinceMs = Math.max(first.fromMs, cloggedSinceMs(span.fromMs));
      const fromMs = Math.min(sinceMs, aboveMs ?? sinceMs);
      planner.label(
        aboveMs === undefined ? 'dust-collector' : 'dust-collector|limit',
        'EQUIPMENT',
        collector.id,
        // The fan blows on after its line.
        { fromMs, toMs: Math.min(last.toMs + trailMinutes * minuteMs, span.toMs) },
        'lie',
        'clogged',
      );
      return true;
    }
    return false;
  },
};

function forCollector(planner: Planner, attempt: (collector: Machine, runs: readonly Span[]) => boolean): boolean {
  if (planner.collectors.length === 0) return false;
  for (let i = 0; i < 20; i++) {
    const collector = planner.random.pick(planner.collectors);
    const line = planner.line.filter(({ id }) => collector.serves.includes(id));
    if (attempt(collector, planner.jointRuns(line))) return true;
  }
  return false;
}

function turnOff(planner: Planner, collector: Machine, off: Span, wrong: Span, note: string): void {
  const denied = planner.random.next() < 0.5;
  planner.firm.deeds.collectors.push({ machineId: collector.id, ...off, how: 'off', denied });
  // Sensors of a fan that is said to run and stands are below their limits, which is as true a finding.
  const detector = denied ? 'dust-collector|limit' : 'dust-collector';
  planner.label(detector, 'EQUIPMENT', collector.id, wrong, 'lie', denied ? `${note}, reported running` : note);
}

/** A run of over an hour with two quiet hours before or after it, where the start or stop order shows. */
function edge(planner: Planner, runs: readonly Span[], side: 'before' | 'after'): Span | undefined {
  const quietMs = 2 * hourMs;
  const fit = runs.filter((run, i) => {
    const gapMs =
      side === 'before'
        ? run.fromMs - (runs[i - 1]?.toMs ?? run.fromMs - dayMs)
        : (runs[i + 1]?.fromMs ?? run.toMs + dayMs) - run.toMs;
    return run.toMs - run.fromMs > hourMs && gapMs > quietMs;
  });
  return fit.length === 0 ? undefined : planner.random.pick(fit);
}
