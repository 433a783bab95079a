import { expect, test } from '@jest/globals';
import { RowBinary } from './row-binary.ts';

test('writes numbers little endian, also times beyond 32 bits', () => {
  const rows = new RowBinary(1);
  rows.uint8(200);
  rows.uint32(4_000_000_000);
  rows.uint64(Date.UTC(2099, 11, 31));
  rows.float64(-1.5);
  const bytes = rows.finish();
  expect(bytes[0]).toBe(200);
  expect(bytes.readUInt32LE(1)).toBe(4_000_000_000);
  expect(bytes.readBigUInt64LE(5)).toBe(BigInt(Date.UTC(2099, 11, 31)));
  expect(bytes.readDoubleLE(13)).toBe(-1.5);
  expect(bytes).toHaveLength(21);
});

test.each(['', 'machine-1', '停', `${'a'.repeat(62)}é`, 'x'.repeat(64), '炉'.repeat(5000)])(
  'writes a text behind its length in bytes: %.10s',
  (value) => {
    const rows = new RowBinary(1);
    rows.text(value);
    const bytes = rows.finish();
    let length = 0;
    let at = 0;
    for (let shift = 0; ; shift += 7) {
      length |= (bytes[at]! & 127) << shift;
      if (bytes[at++]! < 128) break;
    }
    expect(bytes.subarray(at).toString()).toBe(value);
    expect(length).toBe(bytes.length - at);
  },
);

test('writes null as one byte and arrays behind their count', () => {
  const rows = new RowBinary(1);
  rows.nullable<string>(null, rows.text);
  rows.nullable('a', rows.text);
  rows.array([1, 2], rows.uint8);
  expect([...rows.finish()]).toEqual([1, 0, 1, 97, 2, 1, 2]);
});
