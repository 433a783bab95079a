import { describe, expect, test } from '@jest/globals';
import { RateSlots } from './rate-slots.ts';
import { aRandom, hourMs, minuteMs, startMs } from './testing/builders.ts';

function rates(samples: readonly (readonly [ms: number, value: number])[], leastPerMinute = 5): RateSlots {
  const slots = new RateSlots(leastPerMinute, 2 * hourMs, startMs - hourMs);
  for (const [ms, value] of samples) slots.observe(startMs + ms, value);
  return slots;
}

const ramp = (perMinute: number) =>
  Array.from({ length: 60 }, (_, i) => [i * 5000, 100 + (perMinute * i) / 12] as const);

describe('the rate of an indicator', () => {
  test('of a ramp is the ramp', () => {
    expect(rates(ramp(8)).perMinuteAt(startMs + 2 * minuteMs)).toBeCloseTo(8, 4);
    expect(rates(ramp(-3)).perMinuteAt(startMs + 2 * minuteMs)).toBeCloseTo(3, 4);
  });

  test('of a jump is its height, as soon as it is sampled', () => {
    const slots = rates([[0, 100]]);
    expect(slots.observe(startMs + 5000, 104)).toBe(false);
    expect(slots.observe(startMs + 10_000, 108)).toBe(true);
    expect(slots.perMinuteAt(startMs)).toBe(8);
  });

  test('between two minutes that hold a value each is the step between them; after silence there is none', () => {
    const slots = rates([
      [0, 100],
      [minuteMs, 107],
      [5 * minuteMs, 90],
    ]);
    expect(slots.perMinuteAt(startMs + minuteMs)).toBe(7);
    expect(slots.perMinuteAt(startMs + 2 * minuteMs)).toBeNaN();
    expect(slots.perMinuteAt(startMs + 5 * minuteMs)).toBe(0);
  });

  test('tells where the calm ends', () => {
    const slots = rates([...ramp(2), [5 * minuteMs, 140]]);
    expect(slots.calmUntilMs(startMs, startMs + hourMs, 5)).toBe(startMs + 5 * minuteMs);
    expect(slots.calmUntilMs(startMs, startMs + minuteMs, 5)).toBe(startMs + minuteMs);
  });

  test('does not depend on the order of samples, and survives its state', () => {
    const random = aRandom(1);
    const samples = Array.from({ length: 300 }, (_, i) => [i * 7000, 100 + 20 * random()] as const);
    const shuffled = samples.toSorted(() => random() - 0.5);
    const { json, blocks } = rates(shuffled).toState();
    const restored = RateSlots.fromState(json, [...blocks]);
    const expected = rates(samples);
    for (let ms = 0; ms < 36 * minuteMs; ms += minuteMs) {
      expect(restored.perMinuteAt(startMs + ms)).toEqual(expected.perMinuteAt(startMs + ms));
    }
    expect(restored.leastPerMinute).toBe(5);
  });
});
