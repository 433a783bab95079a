import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NewRecord } from '../log.ts';
import {
  type Compression,
  decodeRecords,
  encodeBatch,
  encodedBytesAtMost,
  positionAfter,
  sequenceAfter,
} from './records.ts';

const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength });
const record: fc.Arbitrary<NewRecord> = fc.record({
  topic: fc.constant('t'),
  key: fc.option(text(100)),
  value: fc.option(fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes))),
  headers: fc.dictionary(text(10), text(10), { noNullPrototype: true }),
});

interface BatchOptions {
  readonly offset: number;
  readonly producerId?: number;
  readonly transactional?: boolean;
  readonly compression?: Compression;
}

/** A batch as a broker would store it. */
function stored(records: readonly NewRecord[], options: BatchOptions): Buffer {
  const bytes = encodeBatch(
    records,
    records.reduce((sum, one) => sum + encodedBytesAtMost(one), 0),
    {
      producerId: BigInt(options.producerId ?? 7),
      producerEpoch: 0,
      baseSequence: 0,
      transactional: options.transactional ?? false,
      compression: options.compression ?? 'none',
      timeMs: 1_700_000_000_123,
    },
  );
  bytes.writeBigInt64BE(BigInt(options.offset), 0);
  return bytes;
}

const some = (count: number, name: string): NewRecord[] =>
  Array.from({ length: count }, (_, i) => ({ topic: 't', key: `${name}${i}`, value: Buffer.from(name) }));

/** The marker that ends a transaction: a control batch of one record. */
function marker(offset: number, producerId: number): Buffer {
  const bytes = stored(some(1, 'marker'), { offset, producerId, transactional: true });
  bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return bytes;
}

const keys = (bytes: Buffer, from: number, aborted: { producerId: number; firstOffset: number }[] = []) =>
  decodeRecords({ bytes, aborted }, 't', 0, from).map((one) => `${one.offset}:${one.key}`);

describe('record batches', () => {
  test('keep a header whose name is that of the prototype', () => {
    const headers = JSON.parse('{"__proto__":"x","a":"b"}') as Record<string, string>;
    const bytes = stored([{ topic: 't', key: null, value: null, headers }], { offset: 0 });
    const [found] = decodeRecords({ bytes, aborted: [] }, 't', 0, 0);
    expect(Object.entries(found!.headers!)).toEqual([
      ['__proto__', 'x'],
      ['a', 'b'],
    ]);
  });

  test('come back as they were sent, with any compression', () => {
    const compression = fc.constantFrom<Compression>('none', 'gzip', 'zstd');
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), compression, (records, packed) => {
        const bytes = stored(records, { offset: 5_000_000_000, compression: packed });
        const found = decodeRecords({ bytes, aborted: [] }, 't', 3, 0);
        expect(found).toEqual(
          records.map(({ key, value, headers = {} }, i) => ({
            topic: 't',
            partition: 3,
            offset: 5_000_000_000 + i,
            appendTimeMs: 1_700_000_000_123,
            key,
            value,
            headers: Object.keys(headers).length > 0 ? headers : null,
          })),
        );
        expect(positionAfter(bytes, 0)).toBe(5_000_000_000 + records.length);
      }),
    );
  });

  test('that begin before the position give only what follows it, and a tail that was cut off is left', () => {
    const bytes = Buffer.concat([stored(some(3, 'a'), { offset: 10 }), stored(some(2, 'b'), { offset: 13 })]);
    expect(keys(bytes, 12)).toEqual(['12:a2', '13:b0', '14:b1']);
    for (let cut = 1; cut < 60; cut++) {
      const short = bytes.subarray(0, bytes.length - cut);
      expect(keys(short, 12)).toEqual(['12:a2']);
      expect(positionAfter(short, 12)).toBe(13);
    }
  });

  test('take their time from the log where it stamps them, else from the producer', () => {
    const bytes = stored(some(1, 'a'), { offset: 0 });
    bytes.writeBigInt64BE(1_800_000_000_000n, 35);
    expect(decodeRecords({ bytes, aborted: [] }, 't', 0, 0)[0]?.appendTimeMs).toBe(1_700_000_000_123);
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x08, 21);
    expect(decodeRecords({ bytes, aborted: [] }, 't', 0, 0)[0]?.appendTimeMs).toBe(1_800_000_000_000);
  });

  test('of aborted transactions are left out, however the list of them is ordered', () => {
    const bytes = Buffer.concat([
      stored(some(2, 'open'), { offset: 0, producerId: 1, transactional: true }),
      stored(some(1, 'kept'), { offset: 2, producerId: 2, transactional: true }),
      stored(some(1, 'gone'), { offset: 3, producerId: 3, transactional: true }),
      marker(4, 3),
      stored(some(1, 'next'), { offset: 5, producerId: 3, transactional: true }),
      stored(some(1, 'still'), { offset: 6, producerId: 1, transactional: true }),
      marker(7, 1),
      stored(some(1, 'plain'), { offset: 8, producerId: 1 }),
      marker(9, 3),
    ]);
    const aborted = [
      { producerId: 3, firstOffset: 3 },
      { producerId: 1, firstOffset: 0 },
    ];
    const expected = ['2:kept0', '5:next0', '8:plain0'];
    expect(keys(bytes, 0, aborted)).toEqual(expected);
    expect(keys(bytes, 0, aborted.toReversed())).toEqual(expected);
    // A transaction that began before the position.
    expect(keys(bytes, 6, [aborted[1]!])).toEqual(['8:plain0']);
    expect(positionAfter(bytes, 0)).toBe(10);
  });

  test('that compaction has emptied move the position', () => {
    const bytes = Buffer.from(stored(some(4, 'a'), { offset: 20 }).subarray(0, 61));
    bytes.writeInt32BE(61 - 12, 8);
    bytes.writeInt32BE(0, 57);
    expect(keys(bytes, 20)).toEqual([]);
    expect(positionAfter(bytes, 20)).toBe(24);
  });

  test('are numbered on past the greatest sequence number, as the broker counts', () => {
    const greatest = 2 ** 31 - 1;
    expect(sequenceAfter(0, 5)).toBe(5);
    expect([sequenceAfter(greatest, 1), sequenceAfter(greatest - 2, 10)]).toEqual([0, 7]);
  });

  test('in a compression that is not supported, or broken, are refused with a code', () => {
    const bytes = stored(some(1, 'a'), { offset: 0 });
    const refusal = (attributes: number, change: (copy: Buffer) => void = () => {}) => {
      const copy = Buffer.from(bytes);
      copy.writeInt16BE(attributes, 21);
      change(copy);
      try {
        return keys(copy, 0);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect([refusal(2), refusal(3)]).toEqual(['UNSUPPORTED_COMPRESSION', 'UNSUPPORTED_COMPRESSION']);
    expect([refusal(1), refusal(4)]).toEqual(['CORRUPT_RECORDS', 'CORRUPT_RECORDS']);
    expect(refusal(0, (copy) => copy.writeInt32BE(2, 57))).toBe('CORRUPT_RECORDS');
    expect(refusal(0, (copy) => copy.writeInt8(1, 16))).toBe('UNSUPPORTED_FORMAT');
    for (let i = 61; i < bytes.length; i++) {
      // Whatever stands in a record, reading it ends.
      const outcome = refusal(0, (copy) => copy.writeUInt8(0xff, i));
      expect(outcome === 'CORRUPT_RECORDS' || Array.isArray(outcome)).toBe(true);
    }
  });
});
