import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCameraCode } from './gb28181.ts';

function problemOf(code: string): string {
  const parsed = parseCameraCode(code);
  return parsed.ok ? 'none' : parsed.problem;
}

describe('a camera code', () => {
  test('is taken apart', () => {
    expect(parseCameraCode('34020000001320000101')).toEqual({
      ok: true,
      centre: '34020000',
      regionCode: '340200',
      industry: '00',
      type: '132',
      network: '0',
      serial: '000101',
    });
  });

  test('may be of the Xinjiang Production and Construction Corps and of either kind of camera', () => {
    expect(problemOf('66010000001317000001')).toBe('none');
    expect(problemOf('11010501041327999999')).toBe('none');
  });

  test('is nothing but 20 digits of the plain kind', () => {
    const bad = ['', 'camera-1', '3402000000132000010', '340200000013200001011', '3402000000132000010a'];
    const odd = [
      ' 4020000001320000101',
      '3402000000132000010\n',
      '３４０２００００００１３２００００１０１',
      '-4020000001320000101',
    ];
    expect([...bad, ...odd].map(problemOf)).toEqual(Array(9).fill('not-20-digits'));
  });

  test('is of a province', () => {
    const codes = ['00', '16', '20', '47', '67', '70', '83', '99'].map((province) => `${province}020000001320000101`);
    expect(codes.map(problemOf)).toEqual(Array(8).fill('unknown-province'));
  });

  test('is not that of a recorder, a server or an alarm contact', () => {
    const codes = ['111', '112', '118', '130', '133', '134', '200'].map((type) => `3402000000${type}0000101`);
    expect(codes.map(problemOf)).toEqual(Array(7).fill('not-a-camera'));
  });

  test('is whole in its parts', () => {
    const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
    fc.assert(
      fc.property(digits(6), digits(2), fc.constantFrom('131', '132'), digits(7), (place, industry, type, rest) => {
        const code = `51${place}${industry}${type}${rest}`;
        const parsed = parseCameraCode(code);
        return (
          parsed.ok &&
          code === parsed.centre + parsed.industry + parsed.type + parsed.network + parsed.serial &&
          parsed.centre.startsWith(parsed.regionCode)
        );
      }),
    );
  });
});
