import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Registers } from './registers.ts';
import { hourMs, minuteMs, startMs } from './testing/builders.ts';

const quarterMs = 15 * minuteMs;

describe('the registers of a meter', () => {
  test('are kept where they end a quarter of an hour', () => {
    const registers = new Registers(26 * hourMs, startMs);
    expect(registers.put(startMs + quarterMs, 1234.56)).toBe(true);
    expect(registers.put(startMs + 5 * minuteMs, 1234.1)).toBe(false);
    expect(registers.at(startMs + quarterMs)).toBe(1234.56);
    expect(registers.at(startMs + 2 * quarterMs)).toBeUndefined();
  });

  test('do not depend on order or repetition; two that differ are worth nothing', () => {
    const sent = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(10, 10.5)), { maxLength: 8 });
    const read = (list: readonly (readonly [number, number])[]) => {
      const registers = new Registers(hourMs, startMs);
      for (const [quarter, kwh] of list) registers.put(startMs + quarter * quarterMs, kwh);
      return [1, 2, 3, 4].map((quarter) => registers.at(startMs + quarter * quarterMs));
    };
    fc.assert(
      fc.property(
        sent.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length })),
        ),
        ([list, shuffled]) => expect(read(shuffled)).toEqual(read(list)),
      ),
    );
    expect(
      read([
        [1, 10],
        [1, 10.5],
      ])[0],
    ).toBeUndefined();
  });

  test('make room for newer ones, and go on after being written and read', () => {
    const registers = new Registers(hourMs, startMs);
    registers.put(startMs + quarterMs, 1);
    registers.put(startMs + 100 * quarterMs, 2);
    expect(registers.at(startMs + quarterMs)).toBeUndefined();
    expect(registers.put(startMs + quarterMs, 1)).toBe(false);
    const { json, block } = registers.toState();
    const read = Registers.fromState(json, block.slice()).spanning(6 * hourMs);
    expect(read.at(startMs + 100 * quarterMs)).toBe(2);
    expect(read.put(startMs + 99 * quarterMs, 1.5)).toBe(true);
  });
});
