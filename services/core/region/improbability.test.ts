import { describe, expect, test } from '@jest/globals';
import { chanceOfTogether } from './improbability.ts';

describe('the chance of silences together', () => {
  test('is the binomial tail where much is known', () => {
    // P(X >= 3), n = 10, p = 0.1.
    expect(chanceOfTogether(3, 10, 1e8, 9e8)).toBeCloseTo(0.0701908, 6);
    expect(chanceOfTogether(10, 10, 1e8, 9e8)).toBeCloseTo(1e-10, 15);
  });

  test('is the rule of succession where little is known', () => {
    // One chance, after a quiet windows and one onset: 1 / (1 + a).
    expect(chanceOfTogether(1, 1, 1, 9)).toBeCloseTo(0.1, 12);
    // Two of two: 1/10 times 2/11.
    expect(chanceOfTogether(2, 2, 1, 9)).toBeCloseTo(2 / 110, 12);
  });

  test('is one for nobody, never above one, and falls with each enterprise', () => {
    expect(chanceOfTogether(0, 5, 1, 9)).toBe(1);
    let last = 1;
    for (let least = 1; least <= 3000; least += 100) {
      const chance = chanceOfTogether(least, 3000, 5, 2000);
      expect(chance).toBeLessThanOrEqual(last);
      last = chance;
    }
    expect(last).toBeLessThan(1e-300);
  });

  test('does not vanish where half of many are silent at any time', () => {
    expect(chanceOfTogether(10_000, 20_000, 5e5, 5e5)).toBeGreaterThan(0.4);
  });
});
