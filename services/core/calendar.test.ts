import { describe, expect, test } from '@jest/globals';
import publicHolidays from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import fc from 'fast-check';
import { createCalendar, type DueShift, hourOfWeek } from './calendar.ts';
import type { Shift } from './records.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const calendar = createCalendar([]);
const china = 'Asia/Shanghai';

/** The instant of a moment in China. */
function at(date: string, time = '12:00'): number {
  return Date.parse(`${date}T${time}+08:00`);
}

function aShift(changes: Partial<Shift> = {}): Shift {
  return { name: 'day', startMinute: 480, endMinute: 1020, daysOfWeek: 0b11111, onHolidays: false, ...changes };
}

/** Shifts that start on each of the dates, as `date name`. */
function dueOn(dates: readonly string[], shifts: readonly Shift[]): string[] {
  return dates.flatMap((date) =>
    calendar
      .shiftsOverlapping({ timeZone: china, shifts }, at(date, '00:00'), at(date, '00:00') + dayMs)
      .filter((due) => due.startMs >= at(date, '00:00'))
      .map((due) => `${date} ${due.name}`),
  );
}

describe('kinds of days', () => {
  test('follow the notice of 2026 for Spring Festival: nine days off, two weekend days worked', () => {
    const kinds = (dates: readonly string[]) => dates.map((date) => calendar.dayKind(china, at(date)));
    const off = ['15', '16', '17', '18', '19', '20', '21', '22', '23'].map((day) => `2026-02-${day}`);
    expect(new Set(kinds(off))).toEqual(new Set(['holiday']));
    expect(kinds(['2026-02-14', '2026-02-28'])).toEqual(['workday', 'workday']);
    expect(kinds(['2026-02-24', '2026-03-01', '2026-03-07'])).toEqual(['workday', 'rest', 'rest']);
  });

  test('know the days by which Spring Festival of 2020 was extended', () => {
    expect(calendar.dayKind(china, at('2020-01-31'))).toBe('holiday');
    expect(calendar.dayKind(china, at('2020-02-03'))).toBe('workday');
  });

  test('change at midnight in China, not in UTC', () => {
    expect(calendar.dayKind(china, at('2026-09-30', '23:59'))).toBe('workday');
    expect(calendar.dayKind(china, at('2026-10-01', '00:00'))).toBe('holiday');
  });

  test('know no Chinese holiday outside the mainland', () => {
    expect(calendar.dayKind('Asia/Seoul', at('2026-10-01'))).toBe('workday');
    expect(calendar.dayKind('Asia/Hong_Kong', at('2026-02-14'))).toBe('rest');
    expect(calendar.dayKind('Asia/Urumqi', at('2026-10-01'))).toBe('holiday');
  });

  test('of a year without a notice are weekdays and weekends, and it is said that no more is known', () => {
    expect(calendar.dayKind(china, at('2100-10-01'))).toBe('workday');
    expect(calendar.dayKind(china, at('2100-10-02'))).toBe('rest');
    expect(['2003-12-31', '2004-01-01', '2026-10-01', '2100-10-01'].map(calendar.holidayKnown)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('of the last week of a year are known only with the notice of the next', () => {
    const years = Object.keys(publicHolidays.holidays).map((date) => Number(date.slice(0, 4)));
    const last = Math.max(...years);
    expect(calendar.holidayKnown(`${last}-12-24`)).toBe(true);
    expect(calendar.holidayKnown(`${last}-12-25`)).toBe(false);
    expect(calendar.holidayKnown('2018-12-29')).toBe(true);
    expect(calendar.dayKind(china, at('2018-12-29'))).toBe('workday');
  });

  test('are what an installation says, where it says so', () => {
    const own = createCalendar([
      { date: '2100-10-01', kind: 'holiday' },
      { date: '2100-10-02', kind: 'workday' },
      { date: '2026-10-01', kind: 'workday' },
    ]);
    const kinds = ['2100-10-01', '2100-10-02', '2026-10-01', '2026-10-02'].map((date) => own.dayKind(china, at(date)));
    expect(kinds).toEqual(['holiday', 'workday', 'workday', 'holiday']);
    expect(own.dayKind('Asia/Seoul', at('2100-10-01'))).toBe('holiday');
    expect(own.holidayKnown('2100-10-01')).toBe(true);
    expect(own.holidayKnown('2100-10-03')).toBe(false);
  });

  test('are not corrected by what is no date or contradicts itself', () => {
    for (const date of ['2026-02-30', '2026-2-3', '20260203', '']) {
      expect(() => createCalendar([{ date, kind: 'holiday' }])).toThrow(`'${date}'`);
      expect(calendar.holidayKnown(date)).toBe(false);
    }
    const twice = [
      { date: '2026-02-03', kind: 'holiday' },
      { date: '2026-02-03', kind: 'workday' },
    ] as const;
    expect(() => createCalendar(twice)).toThrow('2026-02-03');
    expect(() => createCalendar([twice[0], twice[0]])).not.toThrow();
  });

  test('are those of the published table on every day of its years', () => {
    const { holidays, workdays } = publicHolidays as { holidays: object; workdays: object };
    for (let ms = at('2004-01-01'); ms < at('2027-01-01'); ms += dayMs) {
      const local = new Date(ms + 8 * hourMs);
      const date = local.toISOString().slice(0, 10);
      const weekend = local.getUTCDay() === 0 || local.getUTCDay() === 6;
      const expected = date in workdays ? 'workday' : date in holidays ? 'holiday' : weekend ? 'rest' : 'workday';
      if (calendar.dayKind(china, ms) !== expected) throw new Error(`${date} should be ${expected}`);
    }
  });
});

describe('shifts that are due', () => {
  test('are none on a Monday that is a holiday, but for those that work on holidays', () => {
    const shifts = [aShift(), aShift({ name: 'furnace', daysOfWeek: 127, onHolidays: true })];
    expect(dueOn(['2026-02-16', '2026-03-02'], shifts)).toEqual([
      '2026-02-16 furnace',
      '2026-03-02 day',
      '2026-03-02 furnace',
    ]);
  });

  test('on a swapped Saturday are those of Monday to Friday', () => {
    const shifts = [
      aShift(),
      aShift({ name: 'six days', daysOfWeek: 0b111111 }),
      aShift({ name: 'Saturday', daysOfWeek: 0b100000 }),
      aShift({ name: 'Friday', daysOfWeek: 0b10000 }),
      aShift({ name: 'never off', onHolidays: true }),
    ];
    expect(dueOn(['2026-02-28'], shifts)).toEqual(['2026-02-28 day', '2026-02-28 six days']);
    expect(dueOn(['2026-03-07'], shifts)).toEqual(['2026-03-07 six days', '2026-03-07 Saturday']);
  });

  test('over midnight belong to the day on which they start', () => {
    const night = aShift({ name: 'night', startMinute: 22 * 60, endMinute: 30 * 60 });
    const over = calendar.shiftsOverlapping(
      { timeZone: china, shifts: [night] },
      at('2026-10-01', '00:00'),
      at('2026-10-08', '23:00'),
    );
    // The night into the holiday is worked; the first one after it starts on the evening of the 8th.
    expect(over).toEqual([
      { name: 'night', startMs: at('2026-09-30', '22:00'), endMs: at('2026-10-01', '06:00') },
      { name: 'night', startMs: at('2026-10-08', '22:00'), endMs: at('2026-10-09', '06:00') },
    ]);
  });

  test('come by start and then end, and touch the window with more than an edge', () => {
    const shifts = [
      aShift({ name: 'late', startMinute: 960, endMinute: 1440 }),
      aShift({ name: 'long', startMinute: 480, endMinute: 1080 }),
      aShift({ name: 'early', startMinute: 480, endMinute: 960 }),
    ];
    const names = (from: string, to: string) =>
      calendar
        .shiftsOverlapping({ timeZone: china, shifts }, at('2026-03-03', from), at('2026-03-03', to))
        .map((due) => due.name);
    expect(names('00:00', '23:00')).toEqual(['early', 'long', 'late']);
    expect(names('16:00', '18:00')).toEqual(['long', 'late']);
    expect(names('06:00', '08:00')).toEqual([]);
    expect(names('08:00', '08:00')).toEqual([]);
    expect(names('18:00', '08:00')).toEqual([]);
  });

  test('that end before they start are never due', () => {
    expect(dueOn(['2026-03-03'], [aShift({ startMinute: 1320, endMinute: 360 })])).toEqual([]);
  });

  test('keep wall-clock times through a change of clocks', () => {
    // Berlin loses the hour from 02:00 on 29 March 2026.
    const night = aShift({ name: 'night', startMinute: 22 * 60, endMinute: 30 * 60, daysOfWeek: 127 });
    const site = { timeZone: 'Europe/Berlin', shifts: [night] };
    const [due] = calendar.shiftsOverlapping(site, Date.UTC(2026, 2, 29), Date.UTC(2026, 2, 29, 1));
    expect(due).toEqual({ name: 'night', startMs: Date.UTC(2026, 2, 28, 21), endMs: Date.UTC(2026, 2, 29, 4) });
  });

  test('that start in an hour that comes twice start the first time', () => {
    // Berlin has the hour from 02:00 twice on 25 October 2026; the window ends at 02:10 of the second.
    const site = { timeZone: 'Europe/Berlin', shifts: [aShift({ startMinute: 150, endMinute: 210, daysOfWeek: 127 })] };
    const [due] = calendar.shiftsOverlapping(site, Date.UTC(2026, 9, 25, 0, 50), Date.UTC(2026, 9, 25, 1, 10));
    expect(due).toEqual({ name: 'day', startMs: Date.UTC(2026, 9, 25, 0, 30), endMs: Date.UTC(2026, 9, 25, 2, 30) });
  });

  test('are those that a slow search minute by minute finds', () => {
    const shift = fc
      .record({
        startMinute: fc.integer({ min: 0, max: 47 }).map((half) => half * 30),
        length: fc.integer({ min: 1, max: 48 }).map((half) => half * 30),
        daysOfWeek: fc.integer({ min: 0, max: 127 }),
        onHolidays: fc.boolean(),
      })
      .map(({ startMinute, length, ...rest }) => aShift({ startMinute, endMinute: startMinute + length, ...rest }));
    fc.assert(
      fc.property(
        fc.constantFrom(china, 'Asia/Kolkata', 'Asia/Urumqi', 'America/New_York', 'Europe/Berlin'),
        fc.array(shift, { maxLength: 3 }),
        // Around swapped days, and around both changes of clocks in Berlin and New York.
        fc.constantFrom(
          '2026-02-13',
          '2026-02-27',
          '2026-03-07',
          '2026-03-28',
          '2026-10-09',
          '2026-10-24',
          '2026-10-31',
        ),
        fc.integer({ min: 0, max: 1440 }),
        fc.integer({ min: 1, max: 2 * 1440 }),
        (timeZone, drawn, date, minutes, length) => {
          const shifts = drawn.map((s, i) => ({ ...s, name: `${i}` }));
          const fromMs = at(date, '00:00') + minutes * minuteMs;
          const toMs = fromMs + length * minuteMs;
          const skipped = drawn.some((s) => [s.startMinute, s.endMinute].some((m) => m % 1440 >= 60 && m % 1440 < 180));
          fc.pre(!skipped || !/America|Europe/.test(timeZone));
          const found = calendar.shiftsOverlapping({ timeZone, shifts }, fromMs, toMs);
          expect(byName(found)).toEqual(byName(slowly(timeZone, shifts, fromMs, toMs)));
          const starts = found.map((due) => due.startMs);
          expect(starts).toEqual([...starts].sort((a, b) => a - b));
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('hours of the week', () => {
  test('begin on Monday at midnight in China', () => {
    expect(hourOfWeek(china, at('2026-03-02', '00:00'))).toBe(0);
    expect(hourOfWeek(china, at('2026-03-01', '23:59'))).toBe(167);
    expect(hourOfWeek(china, at('2026-03-04', '12:30'))).toBe(60);
  });

  test('are those of the wall clock, in any zone', () => {
    const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
    fc.assert(
      fc.property(
        fc.constantFrom(china, 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Chatham', 'UTC'),
        fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2040, 0, 1) }),
        (timeZone, ms) => {
          const { weekday, hour } = wallClock(timeZone, ms);
          return hourOfWeek(timeZone, ms) === days.indexOf(weekday) * 24 + hour;
        },
      ),
    );
  });
});

function byName(found: readonly DueShift[]): DueShift[] {
  return [...found].sort((a, b) => a.name.localeCompare(b.name) || a.startMs - b.startMs);
}

const wallClocks = new Map<string, Intl.DateTimeFormat>();

function wallClock(timeZone: string, ms: number) {
  let format = wallClocks.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    wallClocks.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return {
    weekday: part.weekday!,
    date: `${part.year}-${part.month}-${part.day}`,
    hour: Number(part.hour),
    minute: Number(part.minute),
  };
}

/** Walks from half-hour to half-hour and starts or ends a shift whenever the wall clock says so. */
function slowly(timeZone: string, shifts: readonly Shift[], fromMs: number, toMs: number): DueShift[] {
  const { holidays, workdays } = publicHolidays as { holidays: object; workdays: object };
  const chinese = timeZone === china || timeZone === 'Asia/Urumqi';
  const found: DueShift[] = [];
  const first = Math.floor(fromMs / (30 * minuteMs)) * 30 * minuteMs - 4 * dayMs;
  const clock: { ms: number; date: string; weekday: string; minuteOfDay: number }[] = [];
  for (let ms = first; ms < toMs + 4 * dayMs; ms += 30 * minuteMs) {
    const { date, weekday, hour, minute } = wallClock(timeZone, ms);
    clock.push({ ms, date, weekday, minuteOfDay: hour * 60 + minute });
  }
  const dates = [...new Set(clock.map((c) => c.date))];
  for (const shift of shifts) {
    for (const start of clock) {
      if (
        start.minuteOfDay !== shift.startMinute ||
        clock.find((c) => c.date === start.date && c.minuteOfDay === start.minuteOfDay) !== start
      )
        continue;
      const weekdayIndex = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(start.weekday);
      const named = [...shift.daysOfWeek.toString(2).padStart(7, '0')].reverse();
      let due = named[weekdayIndex] === '1';
      if (!shift.onHolidays && chinese) {
        if (start.date in holidays) due = false;
        if (start.date in workdays && weekdayIndex > 4) due = named.slice(0, 5).every((bit) => bit === '1');
      }
      if (!due) continue;
      const endDate = dates[dates.indexOf(start.date) + Math.floor(shift.endMinute / 1440)];
      const end = clock.find((c) => c.date === endDate && c.minuteOfDay === shift.endMinute % 1440);
      if (end && start.ms < toMs && end.ms > fromMs) found.push({ name: shift.name, startMs: start.ms, endMs: end.ms });
    }
  }
  return found;
}
