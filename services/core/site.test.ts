import { describe, expect, test } from '@jest/globals';
import { Refusal } from './batch.ts';
import type { Equipment, Meter } from './records.ts';
import { meterOf, Site } from './site.ts';
import { aMeter, anEquipment, aRegistration, dayMs, minuteMs, startMs } from './testing/builders.ts';

const machines = ['M1', 'M2', 'M3'].map((equipmentId) => anEquipment({ equipmentId }));

function witnessesOf(equipment: readonly Equipment[], meters: readonly Meter[]) {
  const site = new Site();
  expect(site.register(aRegistration({ equipment, meters }))).toBe(true);
  return site.latest()!.witnesses;
}

function refusalOf(changes: Parameters<typeof aRegistration>[0]): Refusal {
  const refusal = new Site().register(aRegistration(changes));
  if (!(refusal instanceof Refusal)) throw new Error('the registration was taken');
  return refusal;
}

describe('descriptions of a site', () => {
  const inForce = (site: Site, ms: number) => site.at(ms)?.registration.name;
  const described = () => {
    const site = new Site();
    site.register(aRegistration({ name: 'second', effectiveFromMs: startMs + dayMs }));
    site.register(aRegistration({ name: 'first', effectiveFromMs: startMs }));
    site.register(aRegistration({ name: 'third', effectiveFromMs: startMs + 2 * dayMs }));
    return site;
  };

  test('are in force from their date on, in whatever order they came', () => {
    const site = described();
    expect(inForce(site, startMs - 1)).toBeUndefined();
    expect(inForce(site, startMs)).toBe('first');
    expect(inForce(site, startMs + dayMs - 1)).toBe('first');
    expect(inForce(site, startMs + dayMs)).toBe('second');
    expect(inForce(site, startMs + 50 * dayMs)).toBe('third');
    expect(site.latest()!.registration.name).toBe('third');
  });

  test('are replaced by a higher revision of the same date, and by no lower or equal one', () => {
    const site = described();
    const again = (revision: number) =>
      site.register(aRegistration({ name: `second, ${revision}`, revision, effectiveFromMs: startMs + dayMs }));
    expect([again(1), again(3), again(2), again(3)]).toEqual([false, true, false, false]);
    expect(inForce(site, startMs + dayMs)).toBe('second, 3');
    expect(site.all()).toHaveLength(3);
  });

  test('are forgotten when they were replaced long ago, but never the one in force', () => {
    const site = described();
    site.prune(startMs + dayMs - 1);
    expect(site.all()).toHaveLength(3);
    site.prune(startMs + dayMs);
    expect(site.all()).toHaveLength(2);
    site.prune(startMs + 90 * dayMs);
    expect(site.all().map(({ registration }) => registration.name)).toEqual(['third']);
  });

  test('are bounded in number', () => {
    const site = new Site();
    const answers = Array.from({ length: 66 }, (_, i) =>
      site.register(aRegistration({ effectiveFromMs: startMs + i })),
    );
    expect(answers.slice(0, 64)).toEqual(Array(64).fill(true));
    expect(answers.slice(64)).toEqual(Array(2).fill(expect.objectContaining({ reason: 'too-many-registrations' })));
    // What is held can still be mended.
    expect(site.register(aRegistration({ effectiveFromMs: startMs, revision: 2 }))).toBe(true);
  });

  test('promise the longest delivery delay of any meter', () => {
    const site = described();
    expect(site.deliveryDelayMs()).toBe(0);
    const meters = [aMeter({ deliveryDelayMs: 3 * dayMs })];
    site.register(aRegistration({ effectiveFromMs: startMs + 9 * dayMs, meters }));
    expect(site.deliveryDelayMs()).toBe(3 * dayMs);
  });

  test('know their meters', () => {
    const site = described();
    expect(meterOf(site.at(startMs), 'P1')).toMatchObject({ meterId: 'P1' });
    expect(meterOf(site.at(startMs), 'P2')).toBeUndefined();
    expect(meterOf(undefined, 'P1')).toBeUndefined();
  });
});

describe('what a meter bears witness of', () => {
  test('is the machine, where it feeds one', () => {
    expect(witnessesOf([anEquipment({ ratedPowerKw: 60 })], [aMeter()])).toMatchObject([
      {
        subjectKind: 'EQUIPMENT',
        subjectId: 'M1',
        tellsApart: false,
        ratedKw: 60,
        smallestRatedKw: 60,
        dedicated: true,
      },
    ]);
  });

  test('is the group and each of its machines, where it feeds several', () => {
    const equipment = machines.map((machine, i) => ({ ...machine, ratedPowerKw: 10 * (i + 1) }));
    const [witness] = witnessesOf(equipment, [aMeter({ feeds: ['M1', 'M2', 'M3'], role: 'MIXED' })]);
    expect(witness).toMatchObject({
      subjectKind: 'METER',
      subjectId: 'P1',
      tellsApart: true,
      ratedKw: 60,
      smallestRatedKw: 10,
      dedicated: false,
    });
  });

  test('is the whole firm, where it is the total', () => {
    const total = aMeter({ meterId: 'T1', role: 'ENTERPRISE_TOTAL', feeds: [] });
    const [witness] = witnessesOf(machines, [total]);
    expect(witness).toMatchObject({ subjectKind: 'ENTERPRISE', subjectId: 'E1', tellsApart: true });
    expect(witness!.equipment.map((e) => e.equipmentId)).toEqual(['M1', 'M2', 'M3']);
  });

  test('leaves each machine to its nearest meter', () => {
    const total = aMeter({ meterId: 'T1', role: 'ENTERPRISE_TOTAL', feeds: [] });
    const line = aMeter({ meterId: 'L1', feeds: ['M1', 'M2'], parentMeterId: 'T1' });
    const own = aMeter({ meterId: 'P3', feeds: ['M3'], parentMeterId: 'T1' });
    const witnesses = witnessesOf(machines, [total, line, own]);
    expect(witnesses.map((w) => [w.meter.meterId, w.tellsApart])).toEqual([
      ['T1', false],
      ['L1', true],
      ['P3', false],
    ]);
  });

  test('counts what may rightly run as base load, and says that the meter is not for production alone', () => {
    const dormitory = anEquipment({ equipmentId: 'D1', kind: 'DORMITORY' });
    const furnace = anEquipment({ equipmentId: 'H1', kind: 'HOLDING_FURNACE' });
    const [witness, ...others] = witnessesOf(
      [anEquipment(), dormitory, furnace],
      [aMeter({ feeds: ['M1', 'D1'] }), aMeter({ meterId: 'P2', feeds: ['H1'] })],
    );
    expect(witness).toMatchObject({ subjectKind: 'EQUIPMENT', subjectId: 'M1', dedicated: false });
    expect(others).toEqual([]);
  });

  test('has no sum of nameplates where one is missing', () => {
    const [witness] = witnessesOf(
      [anEquipment(), anEquipment({ equipmentId: 'M2', ratedPowerKw: null })],
      [aMeter({ feeds: ['M1', 'M2'] })],
    );
    expect([witness!.ratedKw, witness!.smallestRatedKw]).toEqual([undefined, undefined]);
  });

  test('is the group alone where there are too many machines to tell apart', () => {
    const many = Array.from({ length: 25 }, (_, i) => anEquipment({ equipmentId: `M${i}` }));
    const feeds = many.map((machine) => machine.equipmentId);
    expect(witnessesOf(many, [aMeter({ feeds })])[0]!.tellsApart).toBe(false);
    expect(witnessesOf(many, [aMeter({ feeds: feeds.slice(0, 24) })])[0]!.tellsApart).toBe(true);
  });

  test('is nothing on a site that is retired', () => {
    const site = new Site();
    site.register(aRegistration({ retired: true }));
    expect(site.latest()!.witnesses).toEqual([]);
  });
});

describe('a broken registration', () => {
  test('is refused for limits that no value can keep, or that are stated twice', () => {
    const sound = {
      indicator: 'co_ppm',
      low: null,
      high: 24,
      onDelayMs: 0,
      deadBand: 1,
      offDelayMs: 0,
      ratePerMinute: null,
    };
    const takes = (...limits: (typeof sound)[]) =>
      new Site().register(aRegistration({ equipment: [anEquipment({ limits })] }));
    expect(takes(sound, { ...sound, indicator: 'o2_percent' })).toBe(true);
    for (const broken of [
      { high: Number.NaN },
      { low: 30 as unknown as null },
      { deadBand: -1 },
      { onDelayMs: -1 },
      { offDelayMs: 1e9 },
      { ratePerMinute: 0 as unknown as null },
    ]) {
      expect(takes({ ...sound, ...broken })).toBeInstanceOf(Refusal);
    }
    expect(takes(sound, sound)).toMatchObject({
      detail: expect.stringContaining("limits of 'co_ppm' are listed twice"),
    });
  });

  test('is refused with everything that is wrong at once', () => {
    const { reason, detail } = refusalOf({
      equipment: [anEquipment({ ratedPowerKw: -1 }), anEquipment({ equipmentId: 'M2', reportIntervalMs: 10 })],
      meters: [aMeter({ intervalMs: 7 * minuteMs, feeds: ['M1', 'M8'], parentMeterId: 'T9' })],
    });
    expect(reason).toBe('broken-registration');
    for (const part of ['M1 is -1 kW', 'M2 is 10 ms', 'P1 are 420000 ms', 'equipment M8', 'parent T9']) {
      expect(detail).toContain(part);
    }
  });

  const shift = { name: 'day', startMinute: 480, endMinute: 1020, daysOfWeek: 0b11111, onHolidays: false };
  const section = {
    sectionId: 'S1',
    name: '',
    dust: true,
    workers: null,
    personLimit: null,
    cleanAfterRunHours: null,
  };
  const cameraId = '33010600001320000001';

  test.each<[string, Parameters<typeof aRegistration>[0], string]>([
    ['a zone that no clock keeps', { timeZone: 'Asia/Atlantis' }, "'Asia/Atlantis'"],
    ['more shifts than a week has', { shifts: Array(65).fill(shift) }, '65 shifts'],
    ['a shift that starts on another day', { shifts: [{ ...shift, startMinute: 1440, endMinute: 1500 }] }, '1440 to'],
    ['a shift that ends before it starts', { shifts: [{ ...shift, endMinute: 480 }] }, '480 to 480'],
    ['a shift of more than two days', { shifts: [{ ...shift, endMinute: 480 + 2881 }] }, "'day' goes"],
    ['a section listed twice', { sections: [section, section] }, "section id 'S1'"],
    ['a section without id', { sections: [{ ...section, sectionId: '' }] }, "section id ''"],
    ['too many cameras', { cameras: Array(257).fill({ cameraId, sectionId: '' }) }, '257 cameras'],
    [
      'a camera whose code is of a recorder',
      { cameras: [{ cameraId: '33010600001110000001', sectionId: '' }] },
      'not-a-camera',
    ],
    [
      'a camera in a section that is not there',
      { sections: [section], cameras: [{ cameraId, sectionId: 'S9' }] },
      "'S9'",
    ],
    [
      'a collector that serves a machine that is not there',
      { equipment: [anEquipment({ serves: ['M7'] })] },
      'M1 serves unknown equipment M7',
    ],
  ])('is one with %s', (_, changes, part) => {
    const { reason, detail } = refusalOf(changes);
    expect(reason).toBe('broken-registration');
    expect(detail).toContain(part);
  });

  test('is not one with night shifts, or with cameras of sections that were never registered', () => {
    const shifts = [{ ...shift, startMinute: 1380, endMinute: 1860 }];
    const sound = aRegistration({ shifts, cameras: [{ cameraId, sectionId: 'S1' }] });
    expect(new Site().register(sound)).toBe(true);
    expect(new Site().register({ ...sound, sections: [section] })).toBe(true);
  });

  test('does not become a flood: a few problems stand for many', () => {
    const equipment = Array.from({ length: 500 }, (_, i) => anEquipment({ equipmentId: `M${i}`, ratedPowerKw: 0 }));
    expect(refusalOf({ equipment, meters: [] }).detail.split(';')).toHaveLength(8);
  });

  test.each<[string, readonly Meter[]]>([
    ['two meters side by side', [aMeter(), aMeter({ meterId: 'P2' })]],
    [
      'two children of one total',
      [
        aMeter({ meterId: 'T1', role: 'ENTERPRISE_TOTAL', feeds: [] }),
        aMeter({ parentMeterId: 'T1' }),
        aMeter({ meterId: 'P2', parentMeterId: 'T1' }),
      ],
    ],
  ])('has an equipment behind %s', (_, meters) => {
    const { reason, detail } = refusalOf({ meters });
    expect(reason).toBe('equipment-in-two-places');
    expect(detail).toContain('M1 is behind meters P1 and P2');
  });

  test.each<[string, readonly Meter[]]>([
    ['one meter behind another', [aMeter({ meterId: 'L1' }), aMeter({ parentMeterId: 'L1' })]],
    [
      'meters two steps apart',
      [
        aMeter({ meterId: 'L1' }),
        aMeter({ meterId: 'L2', feeds: [], parentMeterId: 'L1' }),
        aMeter({ parentMeterId: 'L2' }),
      ],
    ],
    ['the total that names it', [aMeter({ meterId: 'T1', role: 'ENTERPRISE_TOTAL' }), aMeter()]],
  ])('is not one with an equipment behind %s', (_, meters) => {
    expect(new Site().register(aRegistration({ meters }))).toBe(true);
  });

  test('may name a ring of parents without anybody going round for ever', () => {
    const meters = [aMeter({ parentMeterId: 'P2' }), aMeter({ meterId: 'P2', feeds: [], parentMeterId: 'P1' })];
    expect(new Site().register(aRegistration({ meters }))).toBe(true);
    const twice = [...meters, aMeter({ meterId: 'P3' })];
    expect(refusalOf({ meters: twice }).reason).toBe('equipment-in-two-places');
  });

  test('leaves the description before it in force', () => {
    const site = new Site();
    site.register(aRegistration({ name: 'sound' }));
    expect(site.register(aRegistration({ revision: 2, meters: [aMeter({ feeds: ['M8'] })] }))).toBeInstanceOf(Refusal);
    expect(site.latest()!.registration.name).toBe('sound');
  });
});
