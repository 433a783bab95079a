import { describe, expect, test } from '@jest/globals';
import { MinuteExtremes } from './minute-extremes.ts';
import { aRandom, hourMs, minuteMs, startMs } from './testing/builders.ts';

const spanMs = 2 * hourMs;

function shown(extremes: MinuteExtremes, ms: number): number[] {
  return [extremes.lowAt(ms), extremes.highAt(ms), extremes.kvarAt(ms)];
}

describe('extremes of each minute', () => {
  test.each([0, 0.0004, 0.05, 1, 37.5, 12_345, 999_999])('hold %d kW to a fiftieth of a per cent', (kw) => {
    const extremes = new MinuteExtremes(spanMs, startMs);
    extremes.put(startMs, kw, kw, kw);
    for (const value of shown(extremes, startMs)) expect(Math.abs(value - kw)).toBeLessThanOrEqual(0.001 + kw / 5000);
  });

  test('do not depend on the order or repetition of readings', () => {
    const random = aRandom(3);
    const readings = Array.from({ length: 300 }, () => ({
      ms: startMs + Math.floor(random() * 100) * minuteMs + Math.floor(random() * 60) * 1000,
      low: random() * 5,
      high: 5 + random() * 5,
      kvar: random() < 0.3 ? null : random() * 4,
    }));
    const one = new MinuteExtremes(spanMs, startMs);
    const other = new MinuteExtremes(spanMs, startMs);
    for (const { ms, low, high, kvar } of readings) one.put(ms, low, high, kvar);
    for (const { ms, low, high, kvar } of [...readings].reverse()) {
      other.put(ms, low, high, kvar);
      expect(other.put(ms, low, high, kvar)).toBe(false);
    }
    for (let ms = startMs; ms < startMs + spanMs; ms += minuteMs) expect(shown(other, ms)).toEqual(shown(one, ms));
  });

  test('are unknown where nothing was read, where it is too old, and reactive power where it is capacitive', () => {
    const extremes = new MinuteExtremes(spanMs, startMs);
    expect(shown(extremes, startMs)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    extremes.put(startMs, 1, 2, -3);
    expect(extremes.kvarAt(startMs)).toBeNaN();
    extremes.put(startMs + 5 * hourMs, 1, 2, 1);
    expect(extremes.lowAt(startMs)).toBeNaN();
    expect(extremes.put(startMs, 1, 2, 1)).toBe(false);
  });

  test('go on in a wider ring and after a restart', () => {
    const extremes = new MinuteExtremes(spanMs, startMs);
    for (let i = 0; i < 60; i++) extremes.put(startMs + i * minuteMs, i, 2 * i, i / 2);
    const wider = extremes.spanning(3 * spanMs);
    const { json, block } = wider.toState();
    const restored = MinuteExtremes.fromState(json, block);
    for (let ms = startMs; ms < startMs + hourMs; ms += minuteMs) {
      expect(shown(wider, ms)).toEqual(shown(extremes, ms));
      expect(shown(restored, ms)).toEqual(shown(extremes, ms));
    }
    expect(extremes.spanning(hourMs)).toBe(extremes);
  });
});
