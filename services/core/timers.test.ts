import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Timers } from './timers.ts';

const pushes = fc.array(
  fc.record({ dueMs: fc.integer({ min: 0, max: 20 }), id: fc.constantFrom('a', 'b', 'c', 'd') }),
  {
    maxLength: 60,
  },
);

function drain(timers: Timers<{ id: string }>): string[] {
  const order: string[] = [];
  while (timers.nextMs < Number.POSITIVE_INFINITY) order.push(`${timers.nextMs} ${timers.pop().id}`);
  return order;
}

describe('timers', () => {
  test('fire by time and then by name, in whatever order they were set', () => {
    fc.assert(
      fc.property(pushes, (list) => {
        const timers = new Timers<{ id: string }>();
        for (const { dueMs, id } of list) timers.push(dueMs, { id });
        const sorted = [...list].sort((a, b) => a.dueMs - b.dueMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
        expect(drain(timers)).toEqual(sorted.map(({ dueMs, id }) => `${dueMs} ${id}`));
      }),
    );
  });

  test('stay in order when some are taken out in between', () => {
    fc.assert(
      fc.property(pushes, pushes, fc.nat(30), (first, second, taken) => {
        const timers = new Timers<{ id: string }>();
        for (const { dueMs, id } of first) timers.push(dueMs, { id });
        const out: string[] = [];
        while (out.length < Math.min(taken, first.length)) out.push(`${timers.nextMs} ${timers.pop().id}`);
        for (const { dueMs, id } of second) timers.push(dueMs, { id });
        const rest = drain(timers);
        const times = rest.map((item) => Number(item.split(' ')[0]));
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect([...out, ...rest].sort()).toEqual([...first, ...second].map(({ dueMs, id }) => `${dueMs} ${id}`).sort());
      }),
    );
  });

  test('name no time when there are none', () => {
    expect(new Timers().nextMs).toBe(Number.POSITIVE_INFINITY);
  });
});
