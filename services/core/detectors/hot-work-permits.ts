import { createCalendar, hourOfWeek } from '../calendar.ts';
import type { SiteRegistration, WorkRecord } from '../records.ts';
import type { SiteView } from './detector.ts';

/** How permits are read: what a rule states of them. */
export interface PermitTerms {
  readonly earlyMinutes: number;
  readonly overrunMinutes: number;
  readonly lateFilingMinutes: number;
  readonly pastPermitHours: number;
  readonly gradeHours: readonly GradeHours[];
}

/** For how long a permit of a grade holds at most. */
export interface GradeHours {
  readonly regime: string;
  readonly grade: string;
  readonly hours: number;
  /** On holidays, rest days and at night, where work is upgraded then. */
  readonly offHours?: number;
}

/** How hot work at a moment stands to the permits on file; from best to worst. */
const ranks = [
  'permitted',
  'permit-filed-late',
  'permit-filed-too-late',
  'permit-expired-by-grade',
  'past-permit',
  'no-permit',
] as const;
export type PermitStanding = (typeof ranks)[number];

export interface Coverage {
  readonly standing: PermitStanding;
  readonly permit: WorkRecord | undefined;
  /** Until when the permit held, ms; 0 without one. */
  readonly validUntilMs: number;
}

const uncovered: Coverage = { standing: 'no-permit', permit: undefined, validUntilMs: 0 };
const hourMs = 3_600_000;
const minuteMs = 60_000;
/** Night is from 22:00 to 06:00 (Law on the Prevention and Control of Noise Pollution, 2021, article 88). */
const nightFromHour = 22;
const nightToHour = 6;
/** The State Council's calendar as it was published; a correction of it would move the validity of a permit by hours. */
const calendar = createCalendar([]);

/** Permits by the list of work that they are of: the list is replaced when anything in it changes. */
const permitsByWork = new WeakMap<readonly WorkRecord[], readonly WorkRecord[]>();

/** All hot-work permits that are held and were not withdrawn, by start and id. */
export function permitsOf({ work }: Pick<SiteView, 'work'>): readonly WorkRecord[] {
  let permits = permitsByWork.get(work);
  if (!permits) {
    permits = work
      .filter(({ kind, withdrawn }) => kind === 'HOT_WORK_PERMIT' && !withdrawn)
      .sort((a, b) => a.startMs - b.startMs || (a.recordId < b.recordId ? -1 : 1));
    permitsByWork.set(work, permits);
  }
  return permits;
}

/**
 * Whether a permit is for a section: it names it, a machine in it, or neither, which is the whole site. `undefined` asks
 * for work that nobody can place: any permit may be for it.
 */
export function isFor(permit: WorkRecord, sectionId: string | undefined, registration: SiteRegistration): boolean {
  if (sectionId === undefined) return true;
  if (permit.sectionId !== null) return permit.sectionId === sectionId;
  if (permit.equipmentId === null) return true;
  return registration.equipment.some((e) => e.equipmentId === permit.equipmentId && e.sectionId === sectionId);
}

/** The best that the permits on file say of hot work in a section at a moment. */
export function coverageAt(
  view: Pick<SiteView, 'work'>,
  registration: SiteRegistration,
  sectionId: string | undefined,
  atMs: number,
  terms: PermitTerms,
): Coverage {
  let best = uncovered;
  for (const permit of permitsOf(view)) {
    if (permit.startMs - terms.earlyMinutes * minuteMs > atMs) break;
    if (!isFor(permit, sectionId, registration)) continue;
    const validUntilMs = validUntil(permit, atMs, terms.gradeHours, registration.timeZone);
    const standing = standingOf(permit, validUntilMs, atMs, terms);
    // Of two that stand alike the later one is the one that people worked under.
    if (ranks.indexOf(standing) <= ranks.indexOf(best.standing) && standing !== 'no-permit') {
      best = { standing, permit, validUntilMs };
    }
  }
  return best;
}

function standingOf(permit: WorkRecord, validUntilMs: number, atMs: number, terms: PermitTerms): PermitStanding {
  const overrunMs = terms.overrunMinutes * minuteMs;
  if (atMs <= validUntilMs + overrunMs) {
    const lateMs = permit.filedAtMs - atMs;
    if (lateMs <= 0) return 'permitted';
    return lateMs <= terms.lateFilingMinutes * minuteMs ? 'permit-filed-late' : 'permit-filed-too-late';
  }
  if (atMs <= permit.endMs + overrunMs) return 'permit-expired-by-grade';
  return atMs <= validUntilMs + terms.pastPermitHours * hourMs ? 'past-permit' : 'no-permit';
}

function validUntil(
  { regime, grade, startMs, endMs }: WorkRecord,
  atMs: number,
  gradeHours: readonly GradeHours[],
  timeZone: string,
): number {
  const own = gradeHours.find((entry) => entry.regime === regime && entry.grade === grade);
  if (!own) return endMs;
  const hours = own.offHours !== undefined && isOffTime(timeZone, atMs) ? own.offHours : own.hours;
  return Math.min(endMs, startMs + hours * hourMs);
}

function isOffTime(timeZone: string, ms: number): boolean {
  const hour = hourOfWeek(timeZone, ms) % 24;
  return hour >= nightFromHour || hour < nightToHour || calendar.dayKind(timeZone, ms) !== 'workday';
}
