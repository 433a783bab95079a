import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bootstrapF1, type EventCounts, poissonInterval, wilsonInterval } from './scoring-confidence.ts';

const counts = (found: number, lies: number, falseFindings = 0): EventCounts => ({
  lies,
  found,
  rightFindings: found,
  falseFindings,
});

describe('intervals', () => {
  test('Wilson agrees with published values and never leaves 0 to 1', () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    const published: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [successes, trials, low, high] of published) {
      const interval = wilsonInterval(successes, trials)!;
      expect(interval.low).toBeCloseTo(low, 4);
      expect(interval.high).toBeCloseTo(high, 4);
    }
    expect(wilsonInterval(72, 72)?.high).toBe(1);
    expect(wilsonInterval(0, 0)).toBeUndefined();
  });

  test('the Poisson interval is the exact one: no event in one unit still allows 3.69', () => {
    // Garwood 1936: 0 -> 0, 3.689; 1 -> 0.0253, 5.572; 10 -> 4.795, 18.390.
    for (const [count, low, high] of [
      [0, 0, 3.6889],
      [1, 0.0253, 5.5716],
      [10, 4.7954, 18.3904],
    ] as const) {
      const interval = poissonInterval(count, 1)!;
      expect(interval.low).toBeCloseTo(low, 3);
      expect(interval.high).toBeCloseTo(high, 3);
    }
    expect(poissonInterval(0, 200)?.high).toBeCloseTo(3.6889 / 200, 5);
    expect(poissonInterval(3, 0)).toBeUndefined();
  });

  test('a large count has an interval too', () => {
    const { low, high } = poissonInterval(400, 1)!;
    expect(low).toBeCloseTo(361.76, 1);
    expect(high).toBeCloseTo(441.18, 1);
    expect(poissonInterval(5000, 1)?.high).toBeCloseTo(5000 + 1.96 * Math.sqrt(5000), -1);
  });

  test('F1 is drawn over enterprises: the same lies in fewer firms are worth less', () => {
    const many = Array.from({ length: 40 }, (_, i) => counts(i % 4 === 0 ? 0 : 1, 1));
    const few = Array.from({ length: 8 }, (_, i) => counts(i % 4 === 0 ? 0 : 5, 5));
    const width = (firms: readonly EventCounts[]) => {
      const { low, high } = bootstrapF1(firms)!;
      return high - low;
    };
    expect(width(few)).toBeGreaterThan(1.5 * width(many));
  });

  test('the same counts give the same interval', () => {
    const anyFirm = fc.record({ lies: fc.integer({ min: 1, max: 9 }), missed: fc.nat(9), falseFindings: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(anyFirm, { minLength: 5, maxLength: 30 }), (parts) => {
        const firms = parts.map((p) => counts(Math.max(0, p.lies - p.missed), p.lies, p.falseFindings));
        const interval = bootstrapF1(firms)!;
        expect(bootstrapF1(firms)).toEqual(interval);
        expect(interval.low).toBeGreaterThanOrEqual(0);
        expect(interval.high).toBeGreaterThanOrEqual(interval.low);
        expect(interval.high).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });

  test('four firms say nothing about firms', () => {
    expect(bootstrapF1([counts(1, 1), counts(1, 1), counts(1, 1), counts(1, 1)])).toBeUndefined();
  });
});
