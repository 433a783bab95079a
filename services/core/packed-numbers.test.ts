import { describe, expect, test } from '@jest/globals';
import { numberAt, packed, unpacked } from './packed-numbers.ts';

describe('packed numbers', () => {
  test('come back as they were, with their signs', () => {
    const numbers = [0, 1, -1, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31)];
    expect(unpacked(packed(numbers))).toEqual(numbers);
    expect(numberAt(packed(numbers), 2)).toBe(-1);
  });

  test('may be more than a call takes arguments', () => {
    const numbers = Array.from({ length: 300_000 }, (_, i) => i * 7);
    expect(unpacked(packed(numbers))).toEqual(numbers);
  });
});
