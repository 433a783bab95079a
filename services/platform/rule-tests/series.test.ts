import { describe, expect, test } from '@jest/globals';
import { formatDuration, formatOffset, parseDuration, parseOffset } from './duration.ts';
import { parseSeries, samplesOf, stepsOf } from './series.ts';

const minuteMs = 60_000;
const stepMs = 15 * minuteMs;

/** The figures of a series of quarters of an hour. */
function figures(text: string | number, lengthMs?: number): (number | undefined)[] {
  const stretches = parseSeries(text, stepMs, lengthMs);
  if (typeof stretches === 'string') throw new Error(stretches);
  const samples = samplesOf(stretches, 'meter-1');
  if (typeof samples === 'string') throw new Error(samples);
  return samples.map((sample) => sample?.value);
}

describe('a series', () => {
  test('is values for a time, or counted', () => {
    expect(figures('45min 2, 15min 40')).toEqual([2, 2, 2, 40]);
    expect(figures('3x2 40')).toEqual([2, 2, 2, 40]);
    expect(figures('30min 2, 2x40 7')).toEqual([2, 2, 40, 40, 7]);
  });

  test('holds throughout where it is one value', () => {
    expect(figures(40, 30 * minuteMs)).toEqual([40, 40]);
    expect(parseSeries('RUNNING', stepMs, 30 * minuteMs)).toEqual([{ word: 'RUNNING', steps: 2 }]);
    expect(parseSeries('RUNNING', stepMs, undefined)).toContain('add length');
  });

  test('has gaps, ramps and signs', () => {
    expect(figures('2 - -1.5')).toEqual([2, undefined, -1.5]);
    expect(figures('1h 10..40')).toEqual([10, 20, 30, 40]);
    expect(figures('45min 1..0.5')).toEqual([1, 0.75, 0.5]);
  });

  test('scatters by as much as it says, always in the same way', () => {
    const scattered = figures('96x40~4') as number[];
    expect(scattered).toEqual(figures('96x40~4'));
    expect(Math.min(...scattered)).toBeGreaterThanOrEqual(36);
    expect(Math.max(...scattered)).toBeLessThanOrEqual(44);
    expect(new Set(scattered).size).toBeGreaterThan(90);
    expect(samplesOf([{ word: '40~4', steps: 2 }], 'meter-2')).not.toEqual(
      samplesOf([{ word: '40~4', steps: 2 }], 'm'),
    );
  });

  test('marks what is estimated or suspect', () => {
    expect(samplesOf([{ word: '40e', steps: 1 }], '')).toEqual([{ value: 40, quality: 'ESTIMATED' }]);
    expect(samplesOf([{ word: '40~0?', steps: 1 }], '')).toEqual([{ value: 40, quality: 'SUSPECT' }]);
  });

  test.each(['20min 2, 1h 3', '1h', '1h 2 3', '1h 2,, 1h 3'])('that cannot be read is told why: %s', (text) => {
    expect(typeof parseSeries(text, stepMs, undefined)).toBe('string');
  });

  test('counts its steps', () => {
    expect(
      stepsOf([
        { word: '2', steps: 3 },
        { word: '-', steps: 2 },
      ]),
    ).toBe(5);
  });
});

describe('times of a case', () => {
  test('are read and written alike', () => {
    for (const [text, ms] of [
      ['+2h15m', 135],
      ['-6h', -360],
      ['+26h', 1560],
      ['+45m', 45],
    ] as const) {
      expect(parseOffset(text)).toBe(ms * minuteMs);
      expect(formatOffset(ms * minuteMs)).toBe(text);
    }
    expect(parseDuration('1d')).toBe(24 * 60 * minuteMs);
    expect(parseDuration('15min')).toBe(stepMs);
    expect(parseDuration('1.5h')).toBe(90 * minuteMs);
    expect(formatDuration(90_000)).toBe('1m30s');
    expect(parseOffset(0)).toBe(0);
  });

  test('want a unit and a sign', () => {
    expect(parseDuration('15')).toBeUndefined();
    expect(parseDuration('h')).toBeUndefined();
    expect(parseOffset('2h')).toBeUndefined();
    expect(parseOffset(2)).toBeUndefined();
  });
});
