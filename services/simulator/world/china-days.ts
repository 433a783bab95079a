/**
 * Local days of China as whole numbers, and which of them are worked. The dates are data of the simulated world, taken
 * from the State Council's yearly notices (国务院办公厅关于部分节假日安排的通知); they are kept here and not taken from the
 * detectors' calendar, so that an error in one of the two shows.
 */

const { floor, round } = Math;

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
/** China has no summer time. */
const offsetMs = 8 * hourMs;

/** Number of the local day that holds an instant: days since 1970-01-01. */
export function localDay(ms: number): number {
  return floor((ms + offsetMs) / dayMs);
}

/** The instant of a local day's midnight. */
export function midnightMs(day: number): number {
  return day * dayMs - offsetMs;
}

/** Minutes since local midnight. */
export function minuteOfDay(ms: number): number {
  return ((((ms + offsetMs) % dayMs) + dayMs) % dayMs) / minuteMs;
}

/** 0 is Monday, as in the registry. */
export function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** Share of the year gone, 0 to 1. */
export function yearShare(ms: number): number {
  return ((ms + offsetMs) / dayMs / 365.2425) % 1;
}

/** Number of the local day of a date such as 2026-03-02; NaN when it is none. */
export function dayOfDate(date: string): number {
  return round(Date.parse(`${date}T00:00:00Z`) / dayMs);
}

/** First and last day of each holiday, and the rest days worked in exchange. */
const notices: readonly { readonly off: readonly string[]; readonly worked: readonly string[] }[] = [
  {
    off: [
      '2024-01-01',
      '2024-02-10/17',
      '2024-04-04/06',
      '2024-05-01/05',
      '2024-06-10',
      '2024-09-15/17',
      '2024-10-01/07',
    ],
    worked: [
      '2024-02-04',
      '2024-02-18',
      '2024-04-07',
      '2024-04-28',
      '2024-05-11',
      '2024-09-14',
      '2024-09-29',
      '2024-10-12',
    ],
  },
  {
    off: [
      '2025-01-01',
      '2025-01-28/31',
      '2025-02-01/04',
      '2025-04-04/06',
      '2025-05-01/05',
      '2025-05-31',
      '2025-06-01/02',
      '2025-10-01/08',
    ],
    worked: ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11'],
  },
  {
    off: [
      '2026-01-01/03',
      '2026-02-15/23',
      '2026-04-04/06',
      '2026-05-01/05',
      '2026-06-19/21',
      '2026-09-25/27',
      '2026-10-01/07',
    ],
    worked: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
  },
  {
    // The notice for 2027 is due in November 2026: the festivals' own days, without exchanges.
    off: ['2027-01-01', '2027-02-05/11', '2027-04-05', '2027-05-01/02', '2027-06-09', '2027-09-15', '2027-10-01/03'],
    worked: [],
  },
];

const holidays = new Set<number>();
const exchanged = new Set<number>();
for (const { off, worked } of notices) {
  for (const span of off) {
    const [from, last] = span.split('/');
    const first = dayOfDate(from!);
    const end = last ? dayOfDate(`${from!.slice(0, 8)}${last}`) : first;
    for (let day = first; day <= end; day++) holidays.add(day);
  }
  for (const date of worked) exchanged.add(dayOfDate(date));
}

/** Days of the new year of the lunar calendar. */
const newYears = ['2024-02-10', '2025-01-29', '2026-02-17', '2027-02-06'].map(dayOfDate);

export type DayKind = 'weekday' | 'weekend' | 'holiday' | 'exchanged';

export function dayKind(day: number): DayKind {
  if (holidays.has(day)) return 'holiday';
  if (exchanged.has(day)) return 'exchanged';
  return weekday(day) >= 5 ? 'weekend' : 'weekday';
}

/**
 * How much of the usual work is done around the Spring Festival, 0 to 1: people travel home from ten days before it,
 * and two weeks after the first of the year not all are back.
 */
export function festivalShare(day: number): number {
  for (const newYear of newYears) {
    const away = day - newYear;
    if (away < -10 || away > 21) continue;
    if (away < -2) return 0.35 + (0.65 * (-2 - away)) / 8;
    return away <= 6 ? 0 : 0.25 + (0.75 * (away - 7)) / 14;
  }
  return 1;
}
