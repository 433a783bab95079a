import type { Equipment, SiteEvent, WorkRecord } from './records.ts';
import { bucketUnitMs, type ReportedKind, type Shares, type Timeline } from './timeline.ts';

/** A machine of a group with what was reported of it. */
export interface Reported {
  readonly equipment: Equipment;
  readonly timeline: Timeline;
}

/** Machines with what was reported of them, in the order given. */
export function reportedGroup(
  view: { timeline(equipmentId: string): Timeline | undefined },
  equipment: readonly Equipment[],
): Reported[] {
  return equipment.map((machine) => ({ equipment: machine, timeline: view.timeline(machine.equipmentId)! }));
}

/** What people filed that bears on a stop: work that excuses load, and stoppages declared or ordered. */
export interface Filed {
  readonly work: readonly WorkRecord[];
  readonly events: readonly SiteEvent[];
}

/** What is held against the load: reports, a stoppage that was ordered, or one that was declared. */
export type Claim = 'reported' | 'ordered' | 'declared';

/** Codes rank: a group is running if one machine is, else on standby, unknown or stopped. */
const codeOf: Readonly<Record<ReportedKind, number>> = { stopped: 0, unknown: 1, standby: 2, running: 3 };
const minutesHeld = 24 * 60;
const grid = new Uint8Array(minutesHeld);
const own = new Uint8Array(minutesHeld);

/**
 * Shares of [fromMs, toMs) in which a whole group was reported stopped, in which it may rightly have run (a machine
 * reported running, running down after that, or a filed test run or maintenance), and in which nobody can tell.
 * Both bounds are whole minutes. A machine of which nothing was heard takes a declared or ordered stoppage as its word.
 * Where the claim is the stoppage itself, reports do not matter: what it covers is stopped, all else may run.
 */
export function groupShares(
  group: readonly Reported[],
  filed: Filed,
  fromMs: number,
  toMs: number,
  { runDownMinutes, holdReports }: { readonly runDownMinutes: number; readonly holdReports: number },
  claim: Claim,
): Shares {
  const startMs = fromMs - runDownMinutes * bucketUnitMs;
  const plain = claim === 'reported' && !isAnyFiled(filed, claim, startMs, toMs);
  const whole = plain ? uniformGroup(group, fromMs, toMs, runDownMinutes) : undefined;
  if (whole) return whole;
  const length = (toMs - startMs) / bucketUnitMs;
  grid.fill(0, 0, length);
  for (const machine of group) {
    if (claim === 'reported') {
      machine.timeline.visit(startMs, toMs, holdReports, (from, to, kind) => {
        own.fill(codeOf[kind], (from - startMs) / bucketUnitMs, (to - startMs) / bucketUnitMs);
      });
    } else own.fill(codeOf.running, 0, length);
    for (const event of filed.events) {
      if (!stops(event, claim) || !concerns(event, machine.equipment)) continue;
      eachMinute(event.startMs, event.endMs ?? toMs, startMs, length, (minute) => {
        if (claim !== 'reported' || own[minute] === codeOf.unknown) own[minute] = codeOf.stopped;
      });
    }
    for (const work of filed.work) {
      if (!excusesLoad(work) || !concerns(work, machine.equipment)) continue;
      // It may run then, and nobody says that it does: as on standby.
      eachMinute(work.startMs, work.endMs, startMs, length, (minute) => {
        own[minute] = Math.max(own[minute]!, codeOf.standby);
      });
    }
    for (let minute = 0; minute < length; minute++) grid[minute] = Math.max(grid[minute]!, own[minute]!);
  }
  let sinceNotStopped = Number.POSITIVE_INFINITY;
  const counts = [0, 0, 0, 0];
  for (let minute = 0; minute < length; minute++) {
    const code = grid[minute]!;
    sinceNotStopped = code === codeOf.stopped ? sinceNotStopped + 1 : 0;
    if (minute < runDownMinutes) continue;
    counts[sinceNotStopped > 0 && sinceNotStopped <= runDownMinutes ? codeOf.running : code]!++;
  }
  const total = length - runDownMinutes;
  const [stopped, unknown, standby, running] = counts as [number, number, number, number];
  return {
    stopped: stopped / total,
    unknown: unknown / total,
    standby: standby / total,
    running: (running + standby) / total,
  };
}

/** Whether a record is of work in which machines may run though they are reported stopped. */
export function excusesLoad({ kind, withdrawn }: WorkRecord): boolean {
  return !withdrawn && (kind === 'TEST_RUN' || kind === 'MAINTENANCE');
}

/** Whether somebody filed work on a machine, or a test run of it, that touches [fromMs, toMs). */
export function isWorkedOn({ work }: Filed, machine: Equipment, fromMs: number, toMs: number): boolean {
  for (const record of work) {
    if (!excusesLoad(record)) continue;
    if (record.startMs < toMs && record.endMs > fromMs && concerns(record, machine)) return true;
  }
  return false;
}

/** Whether anything filed that bears on a stop touches [fromMs, toMs). */
function isAnyFiled({ work, events }: Filed, claim: Claim, fromMs: number, toMs: number): boolean {
  for (const event of events) {
    if (event.startMs < toMs && (event.endMs ?? toMs) > fromMs && stops(event, claim)) return true;
  }
  for (const { kind, startMs, endMs } of work) {
    if (startMs < toMs && endMs > fromMs && (kind === 'TEST_RUN' || kind === 'MAINTENANCE')) return true;
  }
  return false;
}

function stops({ kind }: SiteEvent, claim: Claim): boolean {
  if (kind === 'STOPPAGE_ORDERED') return claim !== 'declared';
  return kind === 'STOPPAGE_DECLARED' && claim !== 'ordered';
}

const wholly: Readonly<Record<ReportedKind, Shares>> = {
  stopped: { stopped: 1, running: 0, standby: 0, unknown: 0 },
  running: { stopped: 0, running: 1, standby: 0, unknown: 0 },
  standby: { stopped: 0, running: 1, standby: 1, unknown: 0 },
  unknown: { stopped: 0, running: 0, standby: 0, unknown: 1 },
};

/** The usual case without a grid: nothing changed for any machine over the slot and the run-down before it. */
function uniformGroup(
  group: readonly Reported[],
  fromMs: number,
  toMs: number,
  runDownMinutes: number,
): Shares | undefined {
  let code = codeOf.stopped!;
  let kind: ReportedKind = 'stopped';
  for (const { timeline } of group) {
    const own = timeline.uniformKind(fromMs - runDownMinutes * bucketUnitMs, toMs);
    if (own === undefined) return undefined;
    if (codeOf[own] > code) {
      code = codeOf[own];
      kind = own;
    }
  }
  return wholly[kind];
}

/** Whether something filed for a machine, a section or (both null) the site concerns a machine. */
export function concerns(filed: { equipmentId: string | null; sectionId: string | null }, machine: Equipment): boolean {
  if (filed.equipmentId !== null) return filed.equipmentId === machine.equipmentId;
  return filed.sectionId === null || filed.sectionId === machine.sectionId;
}

/** Calls `visit` for each minute of the grid that [fromMs, toMs) touches. */
function eachMinute(
  fromMs: number,
  toMs: number,
  startMs: number,
  length: number,
  visit: (minute: number) => void,
): void {
  const first = Math.max(0, Math.floor((fromMs - startMs) / bucketUnitMs));
  const last = Math.min(length, Math.ceil((toMs - startMs) / bucketUnitMs));
  for (let minute = first; minute < last; minute++) visit(minute);
}
