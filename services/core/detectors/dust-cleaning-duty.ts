import { createCalendar, type DueShift } from '../calendar.ts';
import { instantToLocal, localToInstant } from '../recording-time.ts';
import type { WorkRecord } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import type { DustCleaningOf, DustPlace } from './dust-cleaning.ts';
import { minute, productionMinutes } from './production.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const calendar = createCalendar([]);

/** A shift, or a day where there are none, whose cleaning is due at a moment. */
interface Duty extends DueShift {
  readonly dueMs: number;
}

type MissedShift = DustCleaningOf<'missed-shift'>;

/**
 * Judges the duties that fall due in a slot: by then everything that bears on them is in the past, so that no slot rests
 * on what is still to come. A missed duty is told from its beginning on.
 */
export function missedShift(
  view: SiteView,
  version: SiteVersion,
  place: DustPlace,
  startMs: number,
  p: MissedShift,
  lookBackMs: number,
): SlotJudgement {
  const duties = dutiesOf(version, startMs, startMs + place.stepMs, p);
  const due = duties.filter(({ dueMs }) => dueMs > startMs && dueMs <= startMs + place.stepMs);
  if (due.length === 0) {
    // A finding that is taken back asks the slot in which its shift began for the reason.
    const begun = duties.find((duty) => duty.startMs >= startMs && duty.startMs < startMs + place.stepMs);
    const filed = begun && filedReason(view, place, begun, p);
    return unjudged('not-claimed', filed && filed !== 'cleaning-filed-too-late' ? filed : 'no-cleaning-due');
  }
  const judged = due.map((duty) => judgeDuty(view, place, startMs, duty, p, lookBackMs));
  return judged.find(({ logLikelihoodRatio }) => logLikelihoodRatio > 0) ?? judged[0]!;
}

function judgeDuty(
  view: SiteView,
  place: DustPlace,
  slotMs: number,
  duty: Duty,
  p: MissedShift,
  lookBackMs: number,
): SlotJudgement {
  if (duty.startMs < slotMs - lookBackMs) return unjudged('unknown', 'shift-too-long');
  const filed = filedReason(view, place, duty, p);
  if (filed !== undefined && filed !== 'cleaning-filed-too-late') return quiet(filed);
  const counts = countMinutes(productionMinutes(view, place.production!, duty.startMs, duty.endMs));
  if (counts.ran < p.leastRunMinutes) {
    if (counts.ran + counts.unknown >= p.leastRunMinutes) return unjudged('unknown', 'production-unknown');
    return quiet('section-stood');
  }
  // What was filed before it was connected never came here.
  if (!filed && isConnectedWithin(view, place, duty)) return unjudged('unknown', 'connected-within-shift');
  return {
    kind: 'judged',
    reason: filed ?? 'cleaning-missed',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: 1,
    fromMs: duty.startMs,
    toMs: duty.endMs,
    detail: { shift: duty.name, ranMinutes: counts.ran, meteredMinutes: counts.metered, dueMs: duty.dueMs },
  };
}

function isConnectedWithin(view: SiteView, place: DustPlace, { startMs, endMs }: Duty): boolean {
  let firstMs = Number.POSITIVE_INFINITY;
  for (const { equipmentId } of place.equipment) {
    firstMs = Math.min(firstMs, view.timeline(equipmentId)?.firstMs ?? Number.POSITIVE_INFINITY);
  }
  return firstMs > startMs && firstMs < endMs;
}

/** What the records say of a duty; `undefined` where none is of it. */
function filedReason(view: SiteView, place: DustPlace, duty: Duty, p: MissedShift): string | undefined {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const record of view.work) {
    if (!isCleaningOf(record, place)) continue;
    // A cleaning that runs into the next shift is of the one in which the middle of it lies, or of both.
    const middleMs = (record.startMs + record.endMs) / 2;
    if (middleMs >= duty.startMs && middleMs <= duty.dueMs) earliestMs = Math.min(earliestMs, record.filedAtMs);
  }
  if (earliestMs === Number.POSITIVE_INFINITY) return undefined;
  if (earliestMs <= duty.dueMs) return 'cleaning-on-file';
  return earliestMs <= duty.dueMs + p.lateFilingHours * hourMs ? 'cleaning-filed-late' : 'cleaning-filed-too-late';
}

/** Whether a record is of a cleaning there: of the section, of the whole site, or of a machine in it. */
export function isCleaningOf(record: WorkRecord, { sectionId, equipment }: DustPlace): boolean {
  if (record.kind !== 'CLEANING' || record.withdrawn) return false;
  if (record.equipmentId !== null) return equipment.some((e) => e.equipmentId === record.equipmentId);
  return record.sectionId === null || sectionId === undefined || record.sectionId === sectionId;
}

/** Duties that begin or fall due in the slot: of shifts by the calendar, of local days where no shifts are registered. */
function dutiesOf({ registration }: SiteVersion, startMs: number, endMs: number, p: MissedShift): Duty[] {
  const { shifts, timeZone } = registration;
  if (shifts.length === 0) return daysOf(timeZone, startMs, endMs, p.afterDayMinutes * minuteMs);
  const graceMs = p.afterShiftMinutes * minuteMs;
  const overlapping = calendar.shiftsOverlapping(registration, startMs - graceMs - 1, endMs);
  // Of shifts that begin together the longest owes the cleaning: they would be told as one finding.
  return overlapping
    .filter((shift, i) => overlapping[i + 1]?.startMs !== shift.startMs)
    .map((shift) => ({ ...shift, dueMs: shift.endMs + graceMs }));
}

function daysOf(timeZone: string, startMs: number, endMs: number, graceMs: number): Duty[] {
  const first = Math.floor(instantToLocal(timeZone, startMs - graceMs) / dayMs) - 1;
  const last = Math.floor(instantToLocal(timeZone, endMs) / dayMs);
  const days: Duty[] = [];
  for (let day = first; day <= last; day++) {
    const dayEndMs = localToInstant(timeZone, (day + 1) * dayMs);
    days.push({
      name: '',
      startMs: localToInstant(timeZone, day * dayMs),
      endMs: dayEndMs,
      dueMs: dayEndMs + graceMs,
    });
  }
  return days;
}

/**
 * Production since the last cleaning against the hours that the registry allows between two. What was overdue when the
 * line stopped stays so until it is cleaned.
 */
export function missedRunHours(
  view: SiteView,
  place: DustPlace,
  startMs: number,
  p: DustCleaningOf<'missed-run-hours'>,
  lookBackMs: number,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  let sinceMs = startMs - lookBackMs;
  let cleaned = false;
  for (const record of view.work) {
    if (!isCleaningOf(record, place) || record.startMs >= endMs || record.endMs <= sinceMs) continue;
    // While it is being cleaned, the count stands at nothing.
    sinceMs = Math.min(record.endMs, endMs);
    cleaned = true;
  }
  const allowedMinutes = place.cleanAfterRunHours! * 60 + p.runToleranceMinutes;
  const fromMs = Math.ceil(sinceMs / minuteMs) * minuteMs;
  const minutes = productionMinutes(view, place.production!, fromMs, endMs);
  let ran = 0;
  let crossedMs: number | undefined;
  let inSlot = 0;
  for (let at = 0; at < minutes.length; at++) {
    if (minutes[at]! < minute.reported) continue;
    ran++;
    if (ran <= allowedMinutes) continue;
    crossedMs ??= fromMs + at * minuteMs;
    if (fromMs + at * minuteMs >= startMs) inSlot++;
  }
  if (crossedMs === undefined) {
    return cleaned ? quiet('within-run-hours') : unjudged('unknown', 'last-cleaning-not-held');
  }
  if (inSlot === 0) return unjudged('unknown', 'run-hours-exceeded-and-standing');
  return {
    kind: 'judged',
    reason: 'run-hours-exceeded',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: (inSlot * minuteMs) / place.stepMs,
    fromMs: Math.max(crossedMs, startMs),
    detail: { ranMinutes: ran, allowedHours: place.cleanAfterRunHours!, atLeast: cleaned ? 0 : 1 },
  };
}

function countMinutes(minutes: Uint8Array): { ran: number; metered: number; unknown: number } {
  let ran = 0;
  let metered = 0;
  let unknown = 0;
  for (const code of minutes) {
    if (code >= minute.reported) ran++;
    if (code === minute.metered) metered++;
    if (code === minute.unknown) unknown++;
  }
  return { ran, metered, unknown };
}
