import type { Span } from '../reported-state.ts';
import { dayMs, hourMs, localDay, midnightMs, minuteMs } from './china-days.ts';
import type { Machine } from './firm.ts';
import { meanRunningKw } from './machine-load.ts';
import type { Planner } from './planner.ts';
import { clipSpans, intersectSpans } from './spans.ts';

/** Reported stopped and running (明停暗开). Labels are made where claim and truth are held against each other. */
export const stopTricks = {
  /** Some machines work a hidden shift at night. */
  'night-shift': (planner: Planner) => {
    const machines = someOf(planner, planner.line, 1, 3);
    const span = planner.whileIdle(planner.line, [22, 24.5], planner.minutes(70, 300));
    if (machines.length === 0 || !span) return false;
    hide(planner, machines, span, 'night-shift');
    return true;
  },
  /** In the middle of a shift a machine is said to have stopped. */
  'day-stop': (planner: Planner) => {
    const machine = pick(planner, planner.line);
    const span = machine && planner.inside(planner.runsOf(machine), planner.minutes(45, 170));
    if (!machine || !span) return false;
    claim(planner, machine, span, 'day-stop', false);
    return true;
  },
  /** The same where other machines share its meter and work openly. */
  'one-of-many': (planner: Planner) => {
    const shared = planner.line.filter(
      (machine) => planner.line.filter(({ meterId }) => meterId === machine.meterId).length >= 3,
    );
    const largest = [...shared]
      .sort((a, b) => meanRunningKw(b.traits) - meanRunningKw(a.traits))
      .slice(0, Math.ceil(shared.length / 2));
    const machine = pick(planner, largest);
    const span = machine && planner.inside(planner.runsOf(machine), planner.minutes(60, 180));
    if (!machine || !span) return false;
    claim(planner, machine, span, 'one-of-many', false);
    return true;
  },
  /** The smallest machine on the largest shared meter: no reader of the load could know. */
  'below-detectable': (planner: Planner) => {
    const shared = planner.line.filter(
      (machine) => planner.line.filter(({ meterId }) => meterId === machine.meterId).length >= 2,
    );
    const [machine] = [...shared].sort((a, b) => meanRunningKw(a.traits) - meanRunningKw(b.traits));
    const span = machine && planner.inside(planner.runsOf(machine), planner.minutes(45, 150));
    if (!machine || !span) return false;
    claim(planner, machine, span, 'below-detectable', false);
    return true;
  },
  /** From the first day to the last the whole firm says that it stands. */
  'always-stopped': (planner: Planner) => {
    const { firm } = planner;
    for (const machine of firm.machines) {
      firm.deeds.claims.push({
        machineId: machine.id,
        fromMs: firm.startMs,
        toMs: firm.endMs,
        note: 'always-stopped',
        kind: 'lie',
        wholeFirm: true,
      });
    }
    return true;
  },
  /** One machine has never been reported to run. */
  'machine-always-stopped': (planner: Planner) => {
    const { firm } = planner;
    const machine = pick(planner, planner.line);
    if (!machine) return false;
    firm.deeds.claims.push({
      machineId: machine.id,
      fromMs: firm.startMs,
      toMs: firm.endMs,
      note: 'machine-always-stopped',
      kind: 'lie',
      wholeFirm: false,
    });
    return true;
  },
  /** An order to stop for some days: the firm works on, most often behind a report that it does not. */
  'against-order': (planner: Planner) => {
    const days = planner.minutes(2, 4);
    const span = planner.atTime([0, 0.2], days * 24 * 60, (order) =>
      planner.jointRuns(planner.line).some(({ fromMs }) => fromMs > order.fromMs && fromMs < order.toMs),
    );
    if (!span) return false;
    planner.event(
      'STOPPAGE_ORDERED',
      { startMs: span.fromMs, endMs: span.toMs, sourceId: '县应急管理局', reference: `order-${planner.firm.id}` },
      -(span.toMs - span.fromMs) - 6 * hourMs,
    );
    if (planner.random.next() < 0.3) {
      labelRuns(planner, span, 'against-order, openly');
      return true;
    }
    restAll(planner, span);
    runNights(planner, span, 'against-order');
    return true;
  },
  /** A stoppage that the firm itself declared, over rest days, and breaks. */
  'on-holiday': (planner: Planner) => {
    const days = planner.minutes(2, 3);
    const span = planner.atTime([0, 0.2], days * 24 * 60, () => true);
    if (!span) return false;
    planner.event(
      'STOPPAGE_DECLARED',
      { startMs: span.fromMs, endMs: span.toMs, sourceId: planner.firm.id },
      -(span.toMs - span.fromMs) - 20 * hourMs,
    );
    restAll(planner, span);
    runNights(planner, span, 'on-holiday');
    return true;
  },
};

/** The machine runs in the span and is said not to; its collector hides with it unless others work openly. */
export function hide(planner: Planner, machines: readonly Machine[], span: Span, note: string): void {
  for (const machine of machines) {
    planner.firm.deeds.runs.push({ machineId: machine.id, ...span });
    claim(planner, machine, span, note, false);
  }
}

function claim(planner: Planner, machine: Machine, span: Span, note: string, wholeFirm: boolean): void {
  const { claims, runs } = planner.firm.deeds;
  claims.push({ machineId: machine.id, ...span, note, kind: 'lie', wholeFirm });
  if (!runs.some(({ machineId, fromMs }) => machineId === machine.id && fromMs === span.fromMs)) return;
  const around = { fromMs: span.fromMs - 12 * minuteMs, toMs: span.toMs + 25 * minuteMs };
  for (const collector of planner.collectors) {
    if (!collector.serves.includes(machine.id)) continue;
    const openly = planner.jointRuns(planner.firm.machines.filter(({ id }) => collector.serves.includes(id)));
    if (intersectSpans(openly, [around]).length > 0) continue;
    if (claims.some(({ machineId, fromMs }) => machineId === collector.id && fromMs === around.fromMs)) continue;
    claims.push({ machineId: collector.id, ...around, note, kind: 'lie', wholeFirm });
  }
}

function restAll(planner: Planner, span: Span): void {
  for (const machine of planner.line)
    planner.firm.deeds.rests.push({ machineId: machine.id, fromMs: span.fromMs, toMs: span.toMs });
}

/** Some hours in each night of the span, with all that the line needs; the whole firm is said to stand. */
function runNights(planner: Planner, span: Span, note: string): void {
  const { deeds } = planner.firm;
  const machines = someOf(planner, planner.line, 2, 4);
  // Rests win over runs, so they are cut where the night's work is.
  const nights: Span[] = [];
  for (let day = localDay(span.fromMs); midnightMs(day) + dayMs <= span.toMs; day++) {
    const fromMs = midnightMs(day) + planner.minutes(60, 150) * minuteMs;
    nights.push({ fromMs, toMs: fromMs + planner.minutes(90, 240) * minuteMs });
  }
  for (const machine of machines) {
    const rests = deeds.rests.filter((rest) => rest.machineId === machine.id && rest.fromMs === span.fromMs);
    for (const rest of rests) deeds.rests.splice(deeds.rests.indexOf(rest), 1);
    let fromMs = span.fromMs;
    for (const night of nights) {
      deeds.rests.push({ machineId: machine.id, fromMs, toMs: night.fromMs });
      deeds.runs.push({ machineId: machine.id, ...night });
      fromMs = night.toMs;
    }
    deeds.rests.push({ machineId: machine.id, fromMs, toMs: span.toMs });
  }
  for (const machine of planner.firm.machines) {
    deeds.claims.push({
      machineId: machine.id,
      fromMs: span.fromMs,
      toMs: span.toMs,
      note,
      kind: 'lie',
      wholeFirm: true,
    });
  }
}

/** One label for the firm on each day of open work against an order. */
function labelRuns(planner: Planner, span: Span, note: string): void {
  for (let day = localDay(span.fromMs); midnightMs(day) < span.toMs; day++) {
    const runs = clipSpans(
      planner.jointRuns(planner.line),
      Math.max(span.fromMs, midnightMs(day)),
      Math.min(span.toMs, midnightMs(day) + dayMs),
    );
    if (runs.length === 0) continue;
    planner.label(
      'stopped-but-running',
      'ENTERPRISE',
      planner.firm.id,
      { fromMs: runs[0]!.fromMs, toMs: runs.at(-1)!.toMs },
      'lie',
      note,
    );
  }
}

export function someOf(planner: Planner, machines: readonly Machine[], low: number, high: number): Machine[] {
  const left = [...machines];
  const picked: Machine[] = [];
  for (let i = Math.min(left.length, planner.minutes(low, high)); i > 0; i--) {
    picked.push(left.splice(Math.floor(planner.random.next() * left.length), 1)[0]!);
  }
  return picked;
}

function pick(planner: Planner, machines: readonly Machine[]): Machine | undefined {
  return machines.length === 0 ? undefined : planner.random.pick(machines);
}
