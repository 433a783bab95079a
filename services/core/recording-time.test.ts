import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatInstant,
  instantToLocal,
  isTimeZone,
  localToInstant,
  parseInstant,
  zoneOffsetMs,
} from './recording-time.ts';

describe('instants', () => {
  test('any instant survives being written and read', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 4e12 }), (ms) => parseInstant(formatInstant(ms)) === ms));
  });

  test('a time without a zone is no instant, nor is a day that does not exist', () => {
    expect(parseInstant('2018-01-01T00:15+09:00')).toBe(Date.UTC(2017, 11, 31, 15, 15));
    for (const text of ['2018-01-01T00:15', '2018-01-01', '2018-13-01T00:15Z', '1514732400000', '']) {
      expect(parseInstant(text)).toBeUndefined();
    }
  });
});

describe('wall clocks', () => {
  test('a zone without clock changes is a constant shift', () => {
    expect(localToInstant('Asia/Shanghai', Date.UTC(2026, 6, 1))).toBe(Date.UTC(2026, 5, 30, 16));
    expect(instantToLocal('Asia/Seoul', Date.UTC(2017, 11, 31, 15))).toBe(Date.UTC(2018, 0, 1));
  });

  test('of the hour that comes twice the first is meant; the hour that is skipped moves on', () => {
    // Berlin goes back at 01:00 UTC on 25 October 2026 and forward at 01:00 UTC on 29 March 2026.
    expect(localToInstant('Europe/Berlin', Date.UTC(2026, 9, 25, 2, 30))).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(localToInstant('Europe/Berlin', Date.UTC(2026, 2, 29, 2, 30))).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(localToInstant('Europe/Berlin', Date.UTC(2026, 2, 29, 3, 30))).toBe(Date.UTC(2026, 2, 29, 1, 30));
  });
});

describe('offsets of zones', () => {
  /** As the runtime writes the wall clock, without what is kept between calls. */
  function askedOffsetMs(timeZone: string, ms: number): number {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    const [day, month, year, hour, minute, second] = format.format(ms).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - Math.floor(ms / 1000) * 1000;
  }

  test('are those of the runtime at any time, however often and in whatever order they are asked for', () => {
    const zones = ['Asia/Shanghai', 'Australia/Lord_Howe', 'America/St_Johns', 'Europe/Berlin', 'Africa/Monrovia'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(fc.integer({ min: 0, max: 2e12 }), { minLength: 1, maxLength: 5 }),
        (zone, times) => times.every((ms) => zoneOffsetMs(zone, ms) === askedOffsetMs(zone, ms)),
      ),
    );
  });

  test('change at the very moment: on Lord Howe by half an hour at half past', () => {
    const changeMs = Date.UTC(2026, 9, 3, 15, 30);
    expect(zoneOffsetMs('Australia/Lord_Howe', changeMs - 1)).toBe(10.5 * 3_600_000);
    expect(zoneOffsetMs('Australia/Lord_Howe', changeMs)).toBe(11 * 3_600_000);
    expect(zoneOffsetMs('Asia/Shanghai', Date.UTC(1991, 6, 1))).toBe(9 * 3_600_000);
  });

  test('are refused for a zone that nobody knows', () => {
    expect(['Asia/Shanghai', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
    expect(() => zoneOffsetMs('Mars/Olympus', 0)).toThrow(RangeError);
  });
});
