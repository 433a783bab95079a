import { describe, expect, test } from '@jest/globals';
import { shiftDefaults, siteEventDefaults } from './record-defaults.ts';
import type { Recording } from './recording.ts';
import type { SiteEvent } from './records.ts';
import { knowableMs } from './scoring-evidence.ts';
import { indexRecording } from './scoring-index.ts';
import { aFirm, aLie, aLoad, aMachine, aMeter, aRecording, aReport, hour, slot } from './testing/scoring.ts';

const firm = aFirm({
  equipment: [aMachine('m1', { sectionId: 'grinding' }), aMachine('m2', { sectionId: 'cutting' })],
  meters: [aMeter('p', ['m1']), aMeter('q', ['m2'])],
});
const load = [aLoad('p', [10, 60, 70, 80]), aLoad('q', [1, 1, 1, 1], { arrival: { delayMs: 0 } })];
const known = (parts: Partial<Recording>, lie: ReturnType<typeof aLie>, waitMs = 0) =>
  knowableMs(indexRecording(aRecording([firm], { power: load, ...parts })).get('e')!, lie, waitMs);

const anEvent = (parts: Partial<SiteEvent>) => ({
  arrivalMs: hour,
  value: { ...siteEventDefaults, enterpriseId: 'e', eventId: 'x', kind: 'SPARK' as const, startMs: slot, ...parts },
});

const aClaim = (startMs: number, endMs: number, arrivalMs: number) => ({
  arrivalMs,
  value: {
    enterpriseId: 'e',
    recordId: 'c',
    revision: 0,
    kind: 'CLEANING' as const,
    startMs,
    endMs,
    filedAtMs: arrivalMs,
    sectionId: 'grinding',
    equipmentId: null,
    filedBy: null,
    regime: null,
    grade: null,
    withdrawn: false,
  },
});

describe('when a lie could be known', () => {
  test('with the first reading that overlaps it, from a meter of its subject', () => {
    expect(known({}, aLie(slot + 1, 2 * slot))).toBe(2 * slot + 60_000);
  });

  test('at its start where nothing recorded could show it', () => {
    expect(known({}, aLie(slot, 2 * slot, { subjectId: 'nowhere' }))).toBe(slot);
  });

  test('once it has lasted for a while, with the first reading that overlaps the rest of it', () => {
    const lie = aLie(60_000, 4 * slot);
    expect(known({}, lie, slot)).toBe(2 * slot + 60_000);
    expect(known({}, lie, 2 * slot)).toBe(3 * slot + 60_000);
    // It was over sooner.
    expect(known({}, lie, 9 * slot)).toBe(9 * slot + 60_000);
  });

  test('an estimate does not make it known, unless the estimate is the matter', () => {
    const power = [
      aLoad('p', [60], { quality: 'ESTIMATED' }),
      aLoad('p', [60], { startMs: 0, arrival: { atMs: 9 * hour } }),
    ];
    expect(known({ power }, aLie(0, slot))).toBe(9 * hour);
    const tampering = aLie(0, slot, { detector: 'meter-tampering', subjectKind: 'METER', subjectId: 'p' });
    expect(known({ power }, tampering)).toBe(slot + 60_000);
  });

  test('a limit with the first report within it that carries readings, not with the power', () => {
    const lie = aLie(90_000, hour, { detector: 'limit' });
    const readings = [{ indicator: 'co_ppm', value: 30 }];
    expect(known({ telemetry: [aReport('m1', 0, hour, { readings })] }, lie)).toBe(180_000);
    expect(known({ telemetry: [aReport('m1', 0, hour)] }, lie)).toBe(90_000);
  });

  test('hot work with whichever came first, a sighting in the section or the load of its machines', () => {
    const lie = aLie(slot, 4 * slot, { detector: 'hot-work', subjectKind: 'SECTION', subjectId: 'grinding' });
    const at = (parts: Partial<SiteEvent>) => ({ siteEvents: [{ ...anEvent(parts), arrivalMs: slot + 2000 }] });
    expect(known(at({ sectionId: 'grinding' }), lie)).toBe(slot + 2000);
    expect(known(at({ sectionId: 'cutting' }), lie)).toBe(2 * slot + 60_000);
    expect(known(at({ sectionId: 'grinding', kind: 'PERSON_COUNT' }), lie)).toBe(2 * slot + 60_000);
  });

  describe('of cleaning', () => {
    const lie = aLie(0, 4 * slot, { detector: 'dust-cleaning', subjectKind: 'SECTION', subjectId: 'grinding' });

    test('a false claim not before it was claimed', () => {
      const workRecords = [aClaim(slot, 2 * slot, 3 * hour)];
      expect(known({ workRecords }, lie)).toBe(3 * hour);
      expect(known({ workRecords }, lie, slot)).toBe(3 * hour + slot);
    });

    test('a layer of dust when it is seen', () => {
      const siteEvents = [{ ...anEvent({ kind: 'DUST_LAYER', sectionId: 'grinding' }), arrivalMs: slot + 5000 }];
      expect(known({ siteEvents }, lie)).toBe(slot + 5000);
    });

    test('that nobody cleaned not before the shift is over, whatever people were counted meanwhile', () => {
      const sites = [
        {
          arrivalMs: 0,
          value: {
            ...firm,
            shifts: [{ ...shiftDefaults, name: 'day', startMinute: 0, endMinute: 45, daysOfWeek: 127 }],
          },
        },
      ];
      const siteEvents = [{ ...anEvent({ kind: 'PERSON_COUNT', sectionId: 'grinding' }), arrivalMs: slot + 5000 }];
      expect(known({ sites, siteEvents }, lie)).toBe(3 * slot);
      expect(known({ sites, siteEvents }, lie, slot)).toBe(4 * slot);
      expect(known({}, lie)).toBe(0);
    });
  });
});
