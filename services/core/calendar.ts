import publicHolidays from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import { instantToLocal, localToInstant } from './recording-time.ts';
import type { Shift, SiteRegistration } from './records.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const saturday = 5;
const mondayToFriday = 0b11111;

/** `holiday`: a public holiday or a day off in exchange; `rest`: a weekend; `workday`: any other, swapped ones too. */
export type DayKind = 'workday' | 'rest' | 'holiday';

/** What an installation knows better: a holiday announced late, a region's own day off. */
export interface DayOverride {
  /** Local date, `YYYY-MM-DD`. */
  readonly date: string;
  readonly kind: 'holiday' | 'workday';
}

/** One shift on one day, from its first moment to just before `endMs`. */
export interface DueShift {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Calendar {
  /** What kind of day it is in the zone at that instant. Throws RangeError for an unknown zone. */
  dayKind(timeZone: string, ms: number): DayKind;
  /**
   * False when the holidays of that local date, `YYYY-MM-DD`, have not been published as far as is known here: then
   * Monday to Friday are taken for workdays, and no more is claimed.
   */
  holidayKnown(dateLocal: string): boolean;
  /**
   * The shifts that are due and overlap [fromMs, toMs), by start and then end. A shift belongs to the day on which it
   * starts. On a public holiday only those with `onHolidays` are due; those keep to their own days of the week, swapped
   * or not. A weekend day swapped into a workday takes the shifts that work Monday to Friday, and no others: which
   * weekday it stands for is not published. Throws RangeError for an unknown zone.
   */
  shiftsOverlapping(
    registration: Pick<SiteRegistration, 'timeZone' | 'shifts'>,
    fromMs: number,
    toMs: number,
  ): DueShift[];
}

/** Zones of the mainland, where the State Council's yearly notice holds. Hong Kong, Macau and Taipei have their own. */
const mainlandZones: ReadonlySet<string> = new Set([
  'Asia/Shanghai',
  'Asia/Urumqi',
  'Asia/Chongqing',
  'Asia/Chungking',
  'Asia/Harbin',
  'Asia/Kashgar',
  'PRC',
]);

// Of the package chinese-days only the table is used: its functions take the host's time zone into account, and west
// of Greenwich they are a day off.
const national = new Map<number, DayKind>();
const publishedYears = new Set<number>();
for (const date of Object.keys(publicHolidays.holidays)) {
  national.set(dayOf(date)!, 'holiday');
  publishedYears.add(Number(date.slice(0, 4)));
}
for (const date of Object.keys(publicHolidays.workdays)) national.set(dayOf(date)!, 'workday');

/**
 * The notice of a year may take days from the end of the year before; so far none before 29 December. A week is left.
 */
const newYearMonthDay = '12-25';

/**
 * Working days as the State Council's notices give them (2004 on), with an installation's own corrections, which hold
 * in every zone. Throws RangeError when a correction is no date or contradicts another.
 */
export function createCalendar(overrides: readonly DayOverride[]): Calendar {
  const own = ownDays(overrides);

  function kindOf(timeZone: string, day: number): DayKind {
    const published = own.get(day) ?? (mainlandZones.has(timeZone) ? national.get(day) : undefined);
    return published ?? (weekdayOf(day) < saturday ? 'workday' : 'rest');
  }

  return {
    dayKind: (timeZone, ms) => kindOf(timeZone, localDay(timeZone, ms)),

    holidayKnown(dateLocal) {
      const day = dayOf(dateLocal);
      if (day === undefined) return false;
      const year = Number(dateLocal.slice(0, 4));
      if (own.has(day)) return true;
      return publishedYears.has(year) && (dateLocal.slice(5) < newYearMonthDay || publishedYears.has(year + 1));
    },

    shiftsOverlapping({ timeZone, shifts }, fromMs, toMs) {
      const due: DueShift[] = [];
      if (!(fromMs < toMs) || shifts.length === 0) return due;
      const fromLocalMs = instantToLocal(timeZone, fromMs);
      const toLocalMs = instantToLocal(timeZone, toMs);
      for (const shift of shifts) {
        const firstDay = Math.floor((fromLocalMs - shift.endMinute * minuteMs) / dayMs);
        // A day more: in an hour that comes twice the clock shows less than a shift's start after it has started.
        const lastDay = Math.floor((toLocalMs - shift.startMinute * minuteMs) / dayMs) + 1;
        for (let day = firstDay; day <= lastDay; day++) {
          if (!isDue(shift, weekdayOf(day), kindOf(timeZone, day))) continue;
          const startMs = localToInstant(timeZone, day * dayMs + shift.startMinute * minuteMs);
          const endMs = localToInstant(timeZone, day * dayMs + shift.endMinute * minuteMs);
          if (startMs < toMs && endMs > fromMs && startMs < endMs) due.push({ name: shift.name, startMs, endMs });
        }
      }
      return due.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
    },
  };
}

/** Hours since Monday 00:00 on the zone's clocks, 0 to 167. Throws RangeError for an unknown zone. */
export function hourOfWeek(timeZone: string, ms: number): number {
  // The epoch was a Thursday, 72 hours into its week.
  return modulo(Math.floor(instantToLocal(timeZone, ms) / hourMs) + 72, 168);
}

function isDue(shift: Shift, weekday: number, kind: DayKind): boolean {
  const onThisDay = ((shift.daysOfWeek >> weekday) & 1) === 1;
  // Who works through holidays has no day off to make up for.
  if (shift.onHolidays) return onThisDay;
  if (kind === 'holiday') return false;
  const swapped = kind === 'workday' && weekday >= saturday;
  return swapped ? (shift.daysOfWeek & mondayToFriday) === mondayToFriday : onThisDay;
}

function ownDays(overrides: readonly DayOverride[]): Map<number, DayKind> {
  const days = new Map<number, DayKind>();
  for (const { date, kind } of overrides) {
    const day = dayOf(date);
    if (day === undefined) throw new RangeError(`holiday correction '${date}': write a date as YYYY-MM-DD`);
    if (days.has(day) && days.get(day) !== kind) {
      throw new RangeError(`holiday correction ${date} is said to be a holiday and a workday: keep one of them`);
    }
    days.set(day, kind);
  }
  return days;
}

/** Days since the epoch on the zone's clocks. */
function localDay(timeZone: string, ms: number): number {
  return Math.floor(instantToLocal(timeZone, ms) / dayMs);
}

/** Days since the epoch of a date that exists, or undefined. */
function dayOf(date: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return undefined;
  const ms = Date.parse(date);
  // Date.parse takes 30 February for 2 March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? undefined : ms / dayMs;
}

/** 0 is Monday; day 0, 1 January 1970, was a Thursday. */
function weekdayOf(day: number): number {
  return modulo(day + 3, 7);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
