import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignAlike } from './group.ts';

test('each partition goes to one member, spread evenly, whatever the order in which the members are named', () => {
  const members = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(members, fc.nat(40), (ids, partitions) => {
      const assigned = assignAlike(ids, partitions);
      expect(assigned).toEqual(assignAlike(ids.toReversed(), partitions));
      const all = [...assigned.values()].flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: partitions }, (_, p) => p));
      const sizes = [...assigned.values()].map((theirs) => theirs.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(assigned.size).toBe(ids.length);
    }),
  );
});
