import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { murmur2, partitionOf } from './partitioner.ts';
import { javaPartitionerVectors } from './partitioner-vectors.ts';

const kafkajsMurmur2: (key: Buffer) => number = createRequire(import.meta.url)(
  'kafkajs/src/producer/partitioners/default/murmur2.js',
);

describe('partitioner', () => {
  test.each(javaPartitionerVectors)('hashes %j as Java does', (key, hash, partition) => {
    expect(murmur2(key)).toBe(hash);
    expect(partitionOf(key, 12)).toBe(partition);
  });

  test('agrees with kafkajs on any key, of any length and script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (key) => {
        expect(murmur2(key)).toBe(kafkajsMurmur2(Buffer.from(key)));
      }),
    );
  });

  test('spreads ids over the partitions', () => {
    const counts = new Array<number>(12).fill(0);
    for (let i = 0; i < 12_000; i++) counts[partitionOf(`ENT-${i}`, 12)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(800);
  });
});
