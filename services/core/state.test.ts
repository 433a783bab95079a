import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeState, encodeState } from './state.ts';

describe('the state of an enterprise as bytes', () => {
  test('comes back exactly: numbers to the last bit, words, and blocks as they were', () => {
    const finite = fc.double({ noDefaultInfinity: true, noNaN: true }).filter((x) => !Object.is(x, -0));
    const json = fc.record({
      id: fc.string({ unit: 'grapheme' }),
      numbers: fc.array(finite),
      nested: fc.dictionary(fc.string(), finite),
    });
    fc.assert(
      fc.property(json, fc.array(fc.uint8Array({ maxLength: 50 })), (value, blocks) => {
        const read = decodeState(encodeState({ json: value, blocks }));
        expect(JSON.stringify(read.json)).toBe(JSON.stringify(value));
        expect(read.blocks).toEqual(blocks);
      }),
    );
  });

  test('is read from the middle of a larger buffer, and its blocks are copies', () => {
    const bytes = encodeState({ json: { a: 1 }, blocks: [new Uint8Array([1, 2, 3])] });
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    const { json, blocks } = decodeState(larger.subarray(7, 7 + bytes.length));
    larger.fill(0);
    expect(json).toEqual({ a: 1 });
    expect(blocks).toEqual([new Uint8Array([1, 2, 3])]);
  });

  test('of another layout is refused and says so', () => {
    const bytes = encodeState({ json: {}, blocks: [] });
    new DataView(bytes.buffer).setUint32(0, 77);
    expect(() => decodeState(bytes)).toThrow('layout 77');
  });
});
