import type { Span } from '../reported-state.ts';
import { dayMs, minuteMs } from './china-days.ts';
import type { Firm, Machine } from './firm.ts';
import type { Planner } from './planner.ts';
import { replayDays, sensorsShowingWave } from './readings.ts';
import { clipSpans, intersectSpans, spansIn } from './spans.ts';
import { liveThrough } from './truth.ts';

/** False offline (虚假离线): silence, or data that is not of the moment, while the firm produces. */
export const darkTricks = {
  /** All gateways are unplugged for some hours of a shift. */
  'go-dark': (planner: Planner) => {
    const runs = planner.jointRuns(planner.line);
    const span = planner.inside(runs, planner.minutes(90, 200));
    if (!span) return false;
    silence(planner, gateways(planner), span);
    if (planner.random.next() < 0.5) loseSubMeters(planner, span);
    planner.label('fake-offline', 'ENTERPRISE', planner.firm.id, span, 'lie', 'go-dark');
    return true;
  },
  /** One gateway of several is unplugged. */
  'gateway-dark': (planner: Planner) => {
    const all = gateways(planner);
    const gatewayId = all.at(-1)!;
    const behind = planner.line.filter((machine) => machine.gatewayId === gatewayId);
    const span = all.length > 1 ? planner.inside(planner.jointRuns(behind), planner.minutes(90, 200)) : undefined;
    if (!span) return false;
    silence(planner, [gatewayId], span);
    planner.label('fake-offline', 'GATEWAY', gatewayId, span, 'lie', 'gateway-dark');
    return true;
  },
  /** Short dark spells again and again through one shift. */
  'flicker-dark': (planner: Planner) => {
    const span = planner.inside(planner.jointRuns(planner.line), planner.minutes(150, 200));
    if (!span) return false;
    for (let at = span.fromMs; at < span.toMs; ) {
      const toMs = Math.min(span.toMs, at + planner.minutes(14, 26) * minuteMs);
      silence(planner, gateways(planner), { fromMs: at, toMs });
      at = toMs + planner.minutes(5, 12) * minuteMs;
    }
    planner.label('fake-offline', 'ENTERPRISE', planner.firm.id, span, 'lie', 'flicker-dark');
    return true;
  },
  /** The sensors of a machine show one moment for hours. */
  frozen: (planner: Planner) => tamper(planner, 'frozen', [120, 230], 'fake-offline'),
  /** What came a week ago comes again. */
  replayed: (planner: Planner) => tamper(planner, 'replayed', [130, 230], 'fake-offline'),
  /** Nothing but zeros, and the machine said to stand, while it works. */
  zeros: (planner: Planner) => tamper(planner, 'zero', [90, 220], 'fake-offline|stopped-but-running|dust-collector'),
  /** Unrelated sensors that move as one. */
  'identical-trends': (planner: Planner) => tamper(planner, 'identical', [130, 230], 'fake-offline'),
};

function tamper(
  planner: Planner,
  how: 'frozen' | 'replayed' | 'zero' | 'identical',
  minutes: readonly [number, number],
  detector: string,
): boolean {
  const sensed = planner.firm.machines.filter(({ indicators, works }) => indicators !== null && works !== 'always');
  if (sensed.length === 0) return false;
  const machine = planner.random.pick(sensed);
  const runs = runsWithBreaks(planner, machine);
  const length = Math.min(planner.minutes(...minutes), longestMinutes(runs));
  const span = planner.inside(runs, length);
  if (!span || length < 90) return false;
  // There must be a day to show again.
  if (how === 'replayed' && span.fromMs - replayDays * dayMs < planner.firm.startMs) return false;
  const isStop = how === 'replayed' && showsStop(planner.firm, machine, span);
  planner.firm.deeds.readings.push({ machineId: machine.id, ...span, how });
  planner.label(
    isStop ? `${detector}|stopped-but-running` : detector,
    'EQUIPMENT',
    machine.id,
    span,
    'lie',
    how === 'identical' ? identicalNote(planner, machine, span) : how,
  );
  return true;
}

/** Whether what comes again is of a time in which the machine stood for longer than a slip of the clock. */
function showsStop(firm: Firm, machine: Machine, { fromMs, toMs }: Span): boolean {
  const shiftMs = replayDays * dayMs;
  const then = liveThrough(firm, fromMs - shiftMs, toMs - shiftMs).states.get(machine.id) ?? [];
  const stops = clipSpans(spansIn(then, 'STOPPED'), fromMs - shiftMs, toMs - shiftMs);
  return stops.some((stop) => stop.toMs - stop.fromMs >= 10 * minuteMs);
}

/** Two sensors that move alike may have one cause: that a curve is made up takes a third that shows it. */
function identicalNote({ firm }: Planner, machine: Machine, span: Span): string {
  return sensorsShowingWave(firm, machine, span) < 3 ? 'identical-trends, unobservable' : 'identical-trends';
}

/** Runs of a machine, or of the line that a collector follows, taken together over breaks. */
function runsWithBreaks(planner: Planner, machine: Machine): Span[] {
  const line = machine.works === 'follows' ? planner.line.filter(({ id }) => machine.serves.includes(id)) : [machine];
  return planner.jointRuns(line);
}

function longestMinutes(spans: readonly Span[]): number {
  return Math.max(0, ...spans.map(({ fromMs, toMs }) => Math.floor((toMs - fromMs) / minuteMs) - 1));
}

export function gateways(planner: Planner): string[] {
  return [...new Set(planner.firm.machines.map(({ gatewayId }) => gatewayId))].sort();
}

export function silence(planner: Planner, ids: readonly string[], span: Span, backFilled = false): void {
  for (const gatewayId of ids) planner.firm.deeds.silences.push({ gatewayId, ...span, backFilled });
}

/** Sub-meters that send through the unplugged gateway fall silent with it; the utility's meter does not. */
export function loseSubMeters(planner: Planner, span: Span): void {
  for (const { id, parentId } of planner.firm.meters) {
    if (parentId !== null) planner.firm.deeds.meters.push({ meterId: id, ...span, how: { kind: 'missing' } });
  }
}

/** True when the machines have no routine work in the span. */
export function isIdle(planner: Planner, span: Span): boolean {
  return intersectSpans(planner.jointRuns(planner.line), [span]).length === 0;
}
