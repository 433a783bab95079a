import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogRecord } from './log.ts';
import { ChunkWriter, readChunk } from './sqlite-log-chunk.ts';

const record = fc.record({
  key: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 })),
  value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
  headers: fc.option(
    fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { noNullPrototype: true }),
    { nil: undefined },
  ),
});

describe('a chunk', () => {
  test('gives back its records from any offset on, with the gaps that compaction left', () => {
    const writer = new ChunkWriter();
    fc.assert(
      fc.property(fc.array(fc.tuple(record, fc.nat(3)), { maxLength: 40 }), fc.nat(50), (entries, from) => {
        const expected: LogRecord[] = [];
        let delta = 0;
        writer.take();
        for (const [{ key, value, headers }, gap] of entries) {
          delta += gap;
          writer.add(delta, headers ? { key, value, headers } : { key, value });
          const kept = headers && Object.keys(headers).length > 0 ? headers : null;
          const found = {
            topic: 't',
            partition: 3,
            offset: 1_000 + delta,
            appendTimeMs: 77,
            key,
            value,
            headers: kept,
          };
          if (found.offset >= 1_000 + from) expected.push(found);
          delta++;
        }
        const records: LogRecord[] = [];
        const chunk = { firstOffset: 1_000, appendTimeMs: 77, bytes: Uint8Array.from(writer.take()) };
        readChunk(chunk, 't', 3, 1_000 + from, records);
        expect(records).toEqual(expected);
      }),
    );
  });
});
