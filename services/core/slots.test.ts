import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PowerQuality } from './records.ts';
import { intervalProblem, LoadSlots } from './slots.ts';
import { hourMs, minuteMs, startMs } from './testing/builders.ts';

const slotMs = 15 * minuteMs;
const qualities = fc.constantFrom<PowerQuality>('SUSPECT', 'ESTIMATED', 'MEASURED');
/** Few different loads, so that equal ones meet. */
const readings = fc.array(fc.tuple(fc.constantFrom(0, 1.5, 20, 40.25, 999.9), qualities), {
  minLength: 1,
  maxLength: 6,
});

function ring(intervalMs = slotMs, spanMs = 6 * hourMs): LoadSlots {
  return new LoadSlots(intervalMs, spanMs, startMs);
}

function joined(list: readonly (readonly [number, PowerQuality])[]) {
  const slots = ring();
  for (const [kw, quality] of list) slots.put(startMs, slotMs, kw, quality);
  const quality = slots.qualityAt(startMs);
  // Of readings that contradict each other no load is used.
  return { quality, kw: quality === 'conflicting' ? 'none' : slots.kwAt(startMs) };
}

describe('the load of a slot', () => {
  test('is the same whatever the order of its readings', () => {
    fc.assert(
      fc.property(
        readings.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => expect(joined(shuffled)).toEqual(joined(list)),
      ),
    );
  });

  test('is the same however often a reading comes', () => {
    fc.assert(
      fc.property(
        readings.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list]))),
        ([list, again]) => expect(joined([...list, ...again])).toEqual(joined(list)),
      ),
    );
  });

  test('does not depend on what is put together first', () => {
    fc.assert(
      fc.property(readings, readings, readings, (a, b, c) => {
        expect(joined([...a, ...b, ...c])).toEqual(joined([...c, ...b, ...a]));
      }),
    );
  });

  test('only becomes better known, until two measured values differ', () => {
    expect(joined([[5, 'SUSPECT']])).toEqual({ quality: 'suspect', kw: expect.closeTo(5, 4) });
    expect(
      joined([
        [5, 'SUSPECT'],
        [7, 'ESTIMATED'],
      ]),
    ).toEqual({ quality: 'estimated', kw: expect.closeTo(7, 4) });
    expect(
      joined([
        [9, 'MEASURED'],
        [7, 'ESTIMATED'],
      ]),
    ).toEqual({ quality: 'measured', kw: expect.closeTo(9, 4) });
    expect(
      joined([
        [9, 'MEASURED'],
        [7, 'MEASURED'],
      ]),
    ).toEqual({ quality: 'conflicting', kw: 'none' });
  });

  test('keeps its value to a millionth', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), qualities, (kw, quality) => {
        const slots = ring();
        slots.put(startMs, slotMs, kw, quality);
        expect(Math.abs(slots.kwAt(startMs)! / kw - 1)).toBeLessThan(1e-6);
      }),
    );
  });

  test('says whether a reading changed it', () => {
    const slots = ring();
    expect(slots.put(startMs, slotMs, 5, 'ESTIMATED')).toBe(true);
    expect(slots.put(startMs, slotMs, 5, 'ESTIMATED')).toBe(false);
    expect(slots.put(startMs, slotMs, 9, 'SUSPECT')).toBe(false);
    expect(slots.put(startMs, slotMs, 5, 'MEASURED')).toBe(true);
  });

  test('may be negative where a meter exports', () => {
    const slots = ring();
    slots.put(startMs, slotMs, -12.5, 'MEASURED');
    expect(slots.kwAt(startMs)).toBeCloseTo(-12.5, 4);
  });
});

describe('fast readings', () => {
  const readingMs = minuteMs;
  const minutes = Array.from({ length: 15 }, (_, minute) => minute);

  test('fold into the mean of their slot, in any order and however often they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 15, maxLength: 15 }),
        fc.shuffledSubarray([...minutes, ...minutes], { minLength: 30 }),
        (kw, order) => {
          const [slots, plain] = [ring(), ring()];
          for (const m of order) slots.put(startMs + m * minuteMs, readingMs, kw[m]!, 'MEASURED');
          for (const m of minutes) plain.put(startMs + m * minuteMs, readingMs, kw[m]!, 'MEASURED');
          expect(slots.kwAt(startMs)).toBe(plain.kwAt(startMs));
          const mean = kw.reduce((sum, value) => sum + value, 0) / 15;
          expect(Math.abs(slots.kwAt(startMs)! - mean)).toBeLessThan(0.001 + mean * 1e-6);
          expect(slots.qualityAt(startMs)).toBe('measured');
        },
      ),
    );
  });

  test('stand for the slot once four fifths of them are there', () => {
    const slots = ring();
    for (const m of minutes.slice(0, 11))
      expect(slots.put(startMs + m * minuteMs, readingMs, 30, 'MEASURED')).toBe(false);
    expect(slots.qualityAt(startMs)).toBe('missing');
    expect(slots.put(startMs + 11 * minuteMs, readingMs, 30, 'MEASURED')).toBe(true);
    expect(slots.qualityAt(startMs)).toBe('measured');
    expect(slots.kwAt(startMs)).toBeCloseTo(30, 4);
  });

  test('of suspect quality do not count', () => {
    const slots = ring();
    for (const m of minutes) slots.put(startMs + m * minuteMs, readingMs, 30, 'SUSPECT');
    expect(slots.qualityAt(startMs)).toBe('missing');
  });

  test('start anew when the ring comes round', () => {
    const slots = ring();
    for (const m of minutes) slots.put(startMs + m * minuteMs, readingMs, 30, 'MEASURED');
    const nextMs = startMs + slots.capacity * slotMs;
    slots.advance(nextMs);
    for (const m of minutes.slice(0, 11)) slots.put(nextMs + m * minuteMs, readingMs, 90, 'MEASURED');
    expect(slots.qualityAt(nextMs)).toBe('missing');
    slots.put(nextMs + 11 * minuteMs, readingMs, 90, 'MEASURED');
    expect(slots.kwAt(nextMs)).toBeCloseTo(90, 4);
  });
});

describe('the ring', () => {
  const steps = fc.array(
    fc.record({ ahead: fc.integer({ min: -20, max: 40 }), kw: fc.integer({ min: 1, max: 500 }) }),
    {
      maxLength: 60,
    },
  );

  test('holds exactly the newest slots of its span, as a map would', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const slots = ring();
        const held = new Map<number, number>();
        let head = startMs / slotMs + slots.capacity;
        for (const { ahead, kw } of list) {
          const slot = head - 1 + ahead;
          if (slot < head - slots.capacity) continue;
          slots.advance(slot * slotMs);
          head = Math.max(head, slot + 1);
          if (!held.has(slot)) slots.put(slot * slotMs, slotMs, kw, 'MEASURED');
          if (!held.has(slot)) held.set(slot, kw);
        }
        expect(slots.oldestMs).toBe((head - slots.capacity) * slotMs);
        for (let slot = head - slots.capacity - 5; slot < head + 5; slot++) {
          const expected = slot >= head - slots.capacity ? held.get(slot) : undefined;
          const kw = slots.kwAt(slot * slotMs);
          expect(kw === undefined ? undefined : Math.round(kw)).toBe(expected);
        }
      }),
    );
  });

  test('keeps everything when it is made wider, and when it is written and read', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (list, fast) => {
        const readingMs = fast ? slotMs / 5 : slotMs;
        const slots = ring();
        for (const { ahead, kw } of list) {
          const ms = slots.oldestMs + (slots.capacity - 1 + Math.max(ahead, -20)) * slotMs;
          slots.advance(ms);
          for (let r = 0; r < 1 + (kw % 5); r++) slots.put(ms + r * readingMs, readingMs, kw, 'MEASURED');
        }
        const { head, readingMs: folded, blocks } = slots.toBlocks();
        const read = LoadSlots.ofCapacity(slotMs, slots.capacity);
        read.restore(
          head,
          folded,
          blocks.map((block) => block.slice()),
        );
        const wider = slots.spanning(20 * hourMs);
        expect(wider.capacity).toBeGreaterThan(slots.capacity);
        expect(slots.spanning(hourMs)).toBe(slots);
        const newestMs = slots.oldestMs + (slots.capacity - 1) * slotMs;
        for (const other of [read, wider]) {
          for (let ms = slots.oldestMs; ms <= newestMs; ms += slotMs) {
            expect([other.kwAt(ms), other.qualityAt(ms)]).toEqual([slots.kwAt(ms), slots.qualityAt(ms)]);
          }
        }
        // The rest of the fast readings completes a slot in the copies as in the original.
        for (const each of [slots, read, wider]) {
          for (let r = 0; r < 5; r++) each.put(newestMs + r * (slotMs / 5), slotMs / 5, 7, 'MEASURED');
        }
        expect([read.kwAt(newestMs), wider.kwAt(newestMs)]).toEqual([slots.kwAt(newestMs), slots.kwAt(newestMs)]);
      }),
    );
  });
});

describe('an interval', () => {
  test.each([
    [1000, minuteMs],
    [minuteMs, minuteMs],
    [20_000, 5 * minuteMs],
    [minuteMs, slotMs],
    [5 * minuteMs, slotMs],
    [slotMs, slotMs],
  ])('of %d ms folds into slots of %d ms', (readingMs, intervalMs) => {
    expect(intervalProblem(readingMs, intervalMs)).toBeUndefined();
  });

  test.each([
    [0, 'under a second'],
    [1500.5, 'under a second'],
    [Number.NaN, 'under a second'],
    [30 * minuteMs, 'longer than'],
    [7 * minuteMs, 'do not divide'],
    [10_000, 'more than 64'],
  ])('of %d ms does not, and the reason is said', (ms, reason) => {
    expect(intervalProblem(ms, slotMs)).toContain(reason);
  });
});

describe('slots of another length', () => {
  const fiveMs = 5 * minuteMs;
  // Well within the ring: its oldest slots make room for the newest.
  const fromMs = startMs + hourMs;

  test('each stand for the long slot that they were part of', () => {
    const long = ring();
    long.put(fromMs, slotMs, 30, 'MEASURED');
    long.put(fromMs + slotMs, slotMs, 50, 'ESTIMATED');
    const short = long.recut(fiveMs, 6 * hourMs);
    for (const part of [0, 1, 2]) {
      expect(short.kwAt(fromMs + part * fiveMs)).toBeCloseTo(30, 4);
      expect(short.qualityAt(fromMs + slotMs + part * fiveMs)).toBe('estimated');
    }
    expect(short.qualityAt(fromMs + 2 * slotMs)).toBe('missing');
    // What comes late of the long slots joins as it would have before.
    expect(short.put(fromMs, slotMs, 30, 'MEASURED')).toBe(false);
    expect(short.put(fromMs + slotMs, slotMs, 52, 'MEASURED')).toBe(true);
    expect(short.kwAt(fromMs + slotMs + 2 * fiveMs)).toBeCloseTo(52, 3);
  });

  test('are the mean of the short ones that they are made of, and take what comes late of them', () => {
    const short = ring(fiveMs);
    for (const [part, kw] of [10, 20, 60].entries()) short.put(fromMs + part * fiveMs, fiveMs, kw, 'MEASURED');
    short.put(fromMs + slotMs, fiveMs, 40, 'MEASURED');
    const long = short.recut(slotMs, 6 * hourMs);
    expect(long.kwAt(fromMs)).toBeCloseTo(30, 3);
    expect(long.qualityAt(fromMs + slotMs)).toBe('missing');
    long.put(fromMs + slotMs + fiveMs, fiveMs, 40, 'MEASURED');
    long.put(fromMs + slotMs + 2 * fiveMs, fiveMs, 70, 'MEASURED');
    expect(long.kwAt(fromMs + slotMs)).toBeCloseTo(50, 3);
    expect(long.put(fromMs, fiveMs, 99, 'MEASURED')).toBe(false);
  });

  test('keep the fast readings that were folded so far', () => {
    const short = ring(fiveMs);
    for (let minute = 0; minute < 12; minute++)
      short.put(fromMs + minute * minuteMs, minuteMs, 10 + minute, 'MEASURED');
    const long = short.recut(slotMs, 6 * hourMs);
    expect(long.kwAt(fromMs)).toBeCloseTo(15.5, 2);
    for (let minute = 12; minute < 15; minute++)
      long.put(fromMs + minute * minuteMs, minuteMs, 10 + minute, 'MEASURED');
    expect(long.kwAt(fromMs)).toBeCloseTo(17, 2);
  });

  test('begin empty where neither length divides the other', () => {
    const slots = ring(2 * minuteMs);
    slots.put(fromMs, 2 * minuteMs, 10, 'MEASURED');
    expect(slots.recut(3 * minuteMs, hourMs).qualityAt(fromMs)).toBe('missing');
  });

  test('are read as they were written', () => {
    const short = ring(fiveMs);
    short.put(fromMs, fiveMs, 10, 'MEASURED');
    const long = short.recut(slotMs, 6 * hourMs);
    const { head, readingMs, blocks } = long.toBlocks();
    const read = LoadSlots.ofCapacity(slotMs, long.capacity);
    read.restore(
      head,
      readingMs,
      blocks.map((block) => block.slice()),
    );
    for (const slots of [long, read]) {
      for (const part of [1, 2]) slots.put(fromMs + part * fiveMs, fiveMs, 25, 'MEASURED');
    }
    expect(read.kwAt(fromMs)).toBe(long.kwAt(fromMs));
    expect(read.kwAt(fromMs)).toBeCloseTo(20, 3);
  });
});
