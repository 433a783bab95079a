import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isDark, solarElevationDeg } from './daylight.ts';

const minuteMs = 60_000;
const nowhere = { latitude: null, longitude: null };
const beijing = [39.9042, 116.4074] as const;
const urumqi = [43.8256, 87.6168] as const;
const harbin = [45.8038, 126.535] as const;
const sanya = [18.2528, 109.5119] as const;
const aMoment = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2040, 0, 1) });

/** The instant of a moment in China. */
function at(date: string, time: string): number {
  return Date.parse(`${date}T${time}+08:00`);
}

/** When the sun's upper limb crosses the horizon nearest to a moment within an hour of it. */
function crossingMs([latitude, longitude]: readonly [number, number], aroundMs: number): number {
  let low = aroundMs - 60 * minuteMs;
  let high = aroundMs + 60 * minuteMs;
  const isUp = (ms: number) => solarElevationDeg(latitude, longitude, ms) > -0.833;
  const upBefore = isUp(low);
  expect(isUp(high)).toBe(!upBefore);
  while (high - low > 1000) {
    const middle = (low + high) / 2;
    if (isUp(middle) === upBefore) low = middle;
    else high = middle;
  }
  return low;
}

function minutesOff(place: readonly [number, number], date: string, time: string): number {
  return Math.abs(crossingMs(place, at(date, time)) - at(date, time)) / minuteMs;
}

describe('sunrise and sunset', () => {
  test.each([
    // Published for Beijing: solstices of 2021 and of any year, tables of July 2026.
    ['Beijing', beijing, '2021-12-21', '07:32', '16:53'],
    ['Beijing', beijing, '2023-06-21', '04:46', '19:47'],
    ['Beijing', beijing, '2026-07-01', '04:49', '19:47'],
    ['Beijing', beijing, '2026-07-15', '04:58', '19:42'],
    // From here on by PyEphem 4.2.1, the VSOP87 theory, horizon at -34' for the upper limb.
    ['Beijing', beijing, '2024-03-20', '06:18', '18:26'],
    ['Beijing', beijing, '2024-09-22', '06:02', '18:11'],
    ['Urumqi', urumqi, '2024-03-20', '08:13', '20:22'],
    ['Urumqi', urumqi, '2024-06-21', '06:27', '21:55'],
    ['Urumqi', urumqi, '2024-09-22', '07:57', '20:07'],
    ['Urumqi', urumqi, '2024-12-21', '09:40', '18:35'],
    ['Harbin', harbin, '2024-03-20', '05:37', '17:46'],
    ['Harbin', harbin, '2024-06-21', '03:44', '19:27'],
    ['Harbin', harbin, '2024-09-22', '05:21', '17:31'],
    ['Harbin', harbin, '2024-12-21', '07:12', '15:52'],
    ['Sanya', sanya, '2024-03-20', '06:46', '18:53'],
    ['Sanya', sanya, '2024-06-21', '06:07', '19:21'],
    ['Sanya', sanya, '2024-09-22', '06:31', '18:38'],
    ['Sanya', sanya, '2024-12-21', '07:09', '18:11'],
  ] as const)('in %s are within two minutes of the tables', (_name, place, date, sunrise, sunset) => {
    expect(minutesOff(place, date, sunrise)).toBeLessThan(2);
    expect(minutesOff(place, date, sunset)).toBeLessThan(2);
  });

  test('leave the sun in the zenith over the tropic at noon of the solstice', () => {
    expect(solarElevationDeg(23.44, 120, at('2024-06-21', '12:02'))).toBeCloseTo(90, 0);
    expect(solarElevationDeg(90, 0, at('2024-06-21', '12:00'))).toBeCloseTo(23.44, 1);
  });
});

describe('the dark', () => {
  const [latitude, longitude] = beijing;

  test('begins some minutes after sunset and ends some minutes before sunrise', () => {
    const dark = (date: string, time: string) => isDark({ latitude, longitude }, at(date, time));
    expect([dark('2024-06-21', '19:46'), dark('2024-06-21', '19:50'), dark('2024-06-21', '19:56')]).toEqual([
      false,
      false,
      true,
    ]);
    expect([dark('2024-12-21', '07:22'), dark('2024-12-21', '07:30')]).toEqual([true, false]);
  });

  test('is later in the west, on one and the same clock', () => {
    const dark = ([latitude, longitude]: readonly [number, number]) =>
      isDark({ latitude, longitude }, at('2024-12-21', '18:00'));
    expect([dark(harbin), dark(beijing), dark(urumqi)]).toEqual([true, true, false]);
  });

  test('without coordinates is what all of the mainland has at once', () => {
    const dark = (date: string, time: string) => isDark(nowhere, at(date, time));
    // In June the north-east sees the sun rise less than three hours after the west saw it set.
    expect(['23:30', '00:30', '02:00', '02:40'].map((time) => dark('2024-06-21', time))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(['20:00', '21:00', '05:00', '06:00'].map((time) => dark('2024-12-21', time))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('without coordinates falls and ends with that of a fine grid of places, edges and corners included', () => {
    const places: [number, number][] = [];
    for (let row = 0; row <= 16; row++) {
      for (let column = 0; column <= 16; column++) places.push([18 + (35.6 * row) / 16, 73.5 + (61.6 * column) / 16]);
    }
    let moments = 0;
    for (const date of ['2026-03-20', '2026-05-05', '2026-06-21', '2026-11-07', '2026-12-21']) {
      for (let minute = 0; minute < 1440; minute += 3) {
        const ms = at(date, '00:00') + minute * minuteMs;
        const highestDeg = Math.max(...places.map((place) => solarElevationDeg(...place, ms)));
        // Between the points of the grid the sun may stand a little higher.
        if (Math.abs(highestDeg + 1.833) < 0.05) continue;
        if (isDark(nowhere, ms) !== highestDeg < -1.833) throw new Error(`${date} ${minute} min: ${highestDeg}`);
        moments++;
      }
    }
    expect(moments).toBeGreaterThan(2300);
  });

  test('without coordinates never falls while any place of the mainland has light', () => {
    const place = fc.record({
      latitude: fc.double({ min: 18, max: 53.6, noNaN: true }),
      longitude: fc.double({ min: 73.5, max: 135.1, noNaN: true }),
    });
    fc.assert(
      fc.property(aMoment, place, (ms, where) => !isDark(nowhere, ms) || isDark(where, ms)),
      { numRuns: 2000 },
    );
  });

  test('of impossible or half-stated coordinates is that of no coordinates', () => {
    const bad = [
      { latitude: Number.NaN, longitude: 116 },
      { latitude: 39, longitude: Number.POSITIVE_INFINITY },
      { latitude: 116, longitude: 39 },
      { latitude: 39, longitude: null },
      { latitude: null, longitude: 116 },
    ];
    fc.assert(fc.property(aMoment, fc.constantFrom(...bad), (ms, where) => isDark(where, ms) === isDark(nowhere, ms)));
  });
});
