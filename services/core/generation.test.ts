import { describe, expect, test } from '@jest/globals';
import { generationBehind, isSunny } from './generation.ts';
import type { Meter } from './records.ts';
import { aMeter, anEquipment, aRegistration, hourMs } from './testing/builders.ts';

const roof = (equipmentId: string) => anEquipment({ equipmentId, kind: 'PHOTOVOLTAIC' });
const total = aMeter({ meterId: 'T', role: 'ENTERPRISE_TOTAL', feeds: [], exports: true });

function behind(meter: Meter, others: readonly Meter[], roofs = ['R1']) {
  const registration = aRegistration({ equipment: [anEquipment(), ...roofs.map(roof)], meters: [meter, ...others] });
  const { meters, unmetered } = generationBehind(registration, meter);
  return { meters: meters.map(({ meterId }) => meterId), unmetered };
}

describe('what generates behind a meter', () => {
  test('is nothing without a roof, unless the meter may run backwards', () => {
    expect(behind(aMeter(), [], [])).toEqual({ meters: [], unmetered: false });
    expect(behind({ ...total, exports: false }, [], [])).toEqual({ meters: [], unmetered: false });
    expect(behind(total, [], [])).toEqual({ meters: [], unmetered: true });
  });

  test('is not known where no meter measures the roof alone', () => {
    expect(behind(total, [])).toEqual({ meters: [], unmetered: true });
    expect(behind(aMeter({ feeds: ['M1', 'R1'] }), [])).toEqual({ meters: [], unmetered: true });
  });

  test('is known where a meter does, by what it feeds or by where it hangs', () => {
    const roofMeter = aMeter({ meterId: 'G', role: 'INDIRECT', feeds: ['R1'], exports: true });
    expect(behind(total, [roofMeter])).toEqual({ meters: ['G'], unmetered: false });
    expect(behind(aMeter({ feeds: ['M1', 'R1'] }), [roofMeter])).toEqual({ meters: ['G'], unmetered: false });
    expect(behind(aMeter({ exports: true }), [{ ...roofMeter, parentMeterId: 'P1' }])).toEqual({
      meters: ['G'],
      unmetered: false,
    });
  });

  test('is known in part where one of two roofs is measured', () => {
    const roofMeter = aMeter({ meterId: 'G', feeds: ['R1'] });
    expect(behind(total, [roofMeter], ['R1', 'R2'])).toEqual({ meters: ['G'], unmetered: true });
  });

  test('is not behind a meter that feeds other things', () => {
    const roofMeter = aMeter({ meterId: 'G', feeds: ['R1'] });
    expect(behind(aMeter(), [roofMeter])).toEqual({ meters: [], unmetered: false });
  });

  test('is nothing by night', () => {
    const registration = aRegistration({ latitude: 30, longitude: 120 });
    const midnightMs = Date.UTC(2026, 2, 9, 16);
    expect(isSunny(registration, midnightMs, midnightMs + hourMs)).toBe(false);
    expect(isSunny(registration, midnightMs + 12 * hourMs, midnightMs + 13 * hourMs)).toBe(true);
    // The slot in which the sun rises.
    expect(isSunny(registration, midnightMs + 5 * hourMs, midnightMs + 8 * hourMs)).toBe(true);
  });
});
