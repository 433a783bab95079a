import { describe, expect, test } from '@jest/globals';
import { siteEventDefaults } from './record-defaults.ts';
import type { Recording } from './recording.ts';
import type { SiteEvent } from './records.ts';
import { firstEvidenceMs } from './scoring-evidence.ts';
import { indexRecording } from './scoring-index.ts';
import { aFirm, aLie, aLoad, aMachine, aMeter, aRecording, aReport, hour, slot } from './testing/scoring.ts';

const firm = aFirm({
  equipment: [aMachine('m1', { sectionId: 'grinding' }), aMachine('m2', { sectionId: 'cutting' })],
  meters: [aMeter('p', ['m1']), aMeter('q', ['m2'])],
});
const load = [aLoad('p', [10, 60, 70, 80]), aLoad('q', [1, 1, 1, 1], { arrival: { delayMs: 0 } })];
const known = (parts: Partial<Recording>, lie: ReturnType<typeof aLie>) =>
  firstEvidenceMs(indexRecording(aRecording([firm], { power: load, ...parts })).get('e')!, lie);

const anEvent = (parts: Partial<SiteEvent>) => ({
  arrivalMs: hour,
  value: { ...siteEventDefaults, enterpriseId: 'e', eventId: 'x', kind: 'SPARK' as const, startMs: slot, ...parts },
});

describe('when a lie could be known', () => {
  test('with the first reading that overlaps it, from a meter of its subject', () => {
    expect(known({}, aLie(slot + 1, 2 * slot))).toBe(2 * slot + 60_000);
    expect(known({}, aLie(slot, 2 * slot, { subjectId: 'nowhere' }))).toBe(Number.POSITIVE_INFINITY);
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
    expect(known({ telemetry: [aReport('m1', 0, hour)] }, lie)).toBe(Number.POSITIVE_INFINITY);
  });

  test('hot work with whichever came first, an event of the section or the load of its machines', () => {
    const lie = aLie(slot, 4 * slot, { detector: 'hot-work', subjectKind: 'SECTION', subjectId: 'grinding' });
    const at = (sectionId: string, arrivalMs: number) => [{ ...anEvent({ sectionId }), arrivalMs }];
    expect(known({ siteEvents: at('grinding', slot + 2000) }, lie)).toBe(slot + 2000);
    expect(known({ siteEvents: at('cutting', slot + 2000) }, lie)).toBe(2 * slot + 60_000);
  });

  test('a false claim of cleaning not before it was claimed', () => {
    const lie = aLie(0, 4 * slot, { detector: 'dust-cleaning', subjectKind: 'SECTION', subjectId: 'grinding' });
    const claim = {
      enterpriseId: 'e',
      recordId: 'c',
      revision: 0,
      kind: 'CLEANING' as const,
      startMs: slot,
      endMs: 2 * slot,
      filedAtMs: 3 * hour,
      sectionId: 'grinding',
      equipmentId: null,
      filedBy: null,
      regime: null,
      grade: null,
      withdrawn: false,
    };
    expect(known({ workRecords: [{ arrivalMs: 3 * hour, value: claim }] }, lie)).toBe(3 * hour);
    expect(known({}, lie)).toBe(Number.POSITIVE_INFINITY);
  });
});
