import { describe, expect, test } from '@jest/globals';
import { meterNodes } from './meter-tree.ts';
import type { Meter } from './records.ts';
import { aMeter, anEquipment, aRegistration } from './testing/builders.ts';

const equipment = ['M1', 'M2', 'M3'].map((equipmentId) => anEquipment({ equipmentId }));
const roof = anEquipment({ equipmentId: 'R1', kind: 'PHOTOVOLTAIC' });
const total = aMeter({ meterId: 'T', role: 'ENTERPRISE_TOTAL', feeds: [] });
const sub = (meterId: string, feeds: string[], parentMeterId: string | null = 'T') =>
  aMeter({ meterId, feeds, parentMeterId });

function nodes(meters: readonly Meter[], machines = equipment) {
  return meterNodes(aRegistration({ equipment: machines, meters })).map(({ whole, parts, roofs, ...rest }) => ({
    whole: whole.meterId,
    parts: parts.map(({ meterId }) => meterId),
    roofs: roofs.map(({ meterId }) => meterId),
    ...rest,
  }));
}

describe('the meters of a site', () => {
  test('hang under each other as registered', () => {
    expect(nodes([total, sub('A', ['M1']), sub('B', ['M2', 'M3']), sub('C', ['M2'], 'B')])).toEqual([
      { whole: 'T', parts: ['A', 'B'], roofs: [], unmeteredSun: false, besideIds: [] },
      { whole: 'B', parts: ['C'], roofs: [], unmeteredSun: false, besideIds: ['M3'] },
    ]);
  });

  test('hang under the only total where none names a parent', () => {
    const meters = [total, sub('A', ['M1'], null), sub('B', ['M2'], null)];
    expect(nodes(meters)).toEqual([
      { whole: 'T', parts: ['A', 'B'], roofs: [], unmeteredSun: false, besideIds: ['M3'] },
    ]);
    expect(nodes([...meters, { ...total, meterId: 'T2' }])).toEqual([]);
    expect(
      nodes([{ ...total, feeds: ['M1', 'M2'] }, sub('A', ['M1'], null), sub('B', ['M3'], null)])[0]!.parts,
    ).toEqual(['A']);
  });

  test('are no node where there is nothing below, or the site is retired', () => {
    expect(nodes([total])).toEqual([]);
    expect(meterNodes(aRegistration({ retired: true, equipment, meters: [total, sub('A', ['M1'])] }))).toEqual([]);
  });

  test('of photovoltaics bring in, and do not draw', () => {
    const meters = [total, sub('A', ['M1']), sub('G', ['R1'])];
    expect(nodes(meters, [...equipment, roof])).toEqual([
      { whole: 'T', parts: ['A'], roofs: ['G'], unmeteredSun: false, besideIds: ['M2', 'M3'] },
    ]);
    expect(nodes([total, sub('A', ['M1'])], [...equipment, roof])[0]!.unmeteredSun).toBe(true);
  });
});
