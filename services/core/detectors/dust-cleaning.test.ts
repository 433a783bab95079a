import { describe, expect, test } from '@jest/globals';
import type { Finding, SiteEvent, SiteRegistration, WorkRecord } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRegistration,
  aRule,
  aSiteEvent,
  aWorkRecord,
  dayMs,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { inShift, type PlantStory, plantRecords, within } from '../testing/plant.ts';
import type { DustCleaning } from './dust-cleaning.ts';

const shift = { name: '白班', startMinute: 8 * 60, endMinute: 17 * 60, daysOfWeek: 0b0111111, onHolidays: false };
const section = {
  sectionId: 'S1',
  name: '砂光车间',
  dust: true,
  workers: 12,
  personLimit: null,
  cleanAfterRunHours: null,
};
const cameras = ['33010600001320000001', '33010600001320000002'].map((cameraId) => ({ cameraId, sectionId: 'S1' }));
const [cameraA, cameraB] = cameras.map(({ cameraId }) => cameraId) as [string, string];
const days = 6;
/** Midnight UTC is eight in the morning in China: the shift of day n is from here on, nine hours. */
const day = (n: number, hours = 0) => startMs + n * dayMs + hours * hourMs;
const last = days - 1;

const bySign = {
  'missed-shift': {
    sign: 'missed-shift',
    afterShiftMinutes: 30,
    afterDayMinutes: 720,
    leastRunMinutes: 30,
    lateFilingHours: 4,
  },
  'missed-run-hours': { sign: 'missed-run-hours', runToleranceMinutes: 30 },
  'claimed-while-running': { sign: 'claimed-while-running', overlapMinutes: 10 },
  'contradicted-by-camera': {
    sign: 'contradicted-by-camera',
    leastConfidence: 0.6,
    leastSeenPercent: 50,
    waitMinutes: 30,
  },
  'dust-layer': { sign: 'dust-layer', highestLayerMm: 1, leastConfidence: 0.6 },
  'air-blowing': { sign: 'air-blowing', leastConfidence: 0.6, clearAfterMinutes: 60 },
} as const satisfies { [S in DustCleaning['sign']]: DustCleaning };

function ruleOf(sign: DustCleaning['sign']): Rule {
  const parameters = bySign[sign];
  return { ...aRule(), id: `cleaning-${sign}`, detector: 'dust-cleaning', parameters } as Rule;
}

interface Case {
  readonly site?: Partial<SiteRegistration>;
  /** Cleaned at the end of every shift but these. */
  readonly notCleanedOn?: readonly number[];
  readonly ran?: PlantStory['ran'];
  readonly said?: PlantStory['said'];
  readonly work?: readonly (Partial<WorkRecord> & { readonly arrivalMs?: number })[];
  readonly events?: readonly Partial<SiteEvent>[];
  readonly metered?: boolean;
}

const works: PlantStory['ran'] = (_, ms) => ms < day(days) && inShift(ms, 0.25, 8.5);

function storyOf({ site, ran = works, said, metered = true }: Case): PlantStory {
  return {
    registration: aRegistration({
      equipment: [anEquipment()],
      meters: metered ? [aMeter()] : [],
      sections: [section],
      shifts: [shift],
      cameras,
      ...site,
    }),
    fromMs: startMs,
    toMs: day(days, 2),
    seed: 7,
    load: { M1: { workingKw: 45, standingKw: 2 } },
    ran,
    said,
  };
}

function recordsOf(one: Case): Sent[] {
  const cleanings: NonNullable<Case['work']>[number][] = Array.from({ length: days }, (_, n) => n)
    .filter((n) => !(one.notCleanedOn ?? []).includes(n))
    .map((n) => ({ recordId: `C${n}`, startMs: day(n, 8.6), endMs: day(n, 9) }));
  const work = [...cleanings, ...(one.work ?? [])].map((record, i) => {
    const value = aWorkRecord({ recordId: `W${i}`, kind: 'CLEANING', sectionId: 'S1', ...record });
    const filedAtMs = record.filedAtMs ?? value.endMs;
    return sent('work-records', record.arrivalMs ?? filedAtMs + 1000, { ...value, filedAtMs });
  });
  const events = (one.events ?? []).map((changes, i) => {
    const value = aSiteEvent({ eventId: `V${i}`, sectionId: 'S1', endMs: null, ...changes });
    return sent('site-events', (value.endMs ?? value.startMs) + 20_000, value);
  });
  return [...plantRecords(storyOf(one)), ...work, ...events];
}

function found(sign: DustCleaning['sign'], one: Case): Finding[] {
  return latestFindings(runAndSettle(anEngine({ rules: [ruleOf(sign)] }), recordsOf(one)));
}

const confirmed = (findings: readonly Finding[]) => findings.filter(({ state }) => state === 'CLOSED');

describe('a shift whose cleaning was left out', () => {
  test('is found, from its beginning to its end, with what was owed in both languages', () => {
    const [finding, ...others] = found('missed-shift', { notCleanedOn: [3] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      settled: true,
      subjectKind: 'SECTION',
      subjectId: 'S1',
      equipmentIds: ['M1'],
      firstSlotMs: day(3),
      lastSlotEndMs: day(3, 9),
      reason: 'cleaning-missed',
    });
    expect(finding!.firstSaidMs).toBeLessThanOrEqual(day(3, 9.5) + 30 * minuteMs);
    expect(finding!.summaryEn).toContain('ran for 8 h 15 min in shift 白班, 01-08 08:00 to 17:00');
    expect(finding!.summaryZh).toContain('应于 01-08 17:30 前完成清扫，但无清扫记录');
  });

  test('is found of who hides that it produced: the meter tells', () => {
    const night = [day(last, 0.25), day(last, 8.5)] as const;
    const said: PlantStory['said'] = (_, ms) => (!within(ms, night) && works('M1', ms) ? 'RUNNING' : 'STOPPED');
    const [finding] = found('missed-shift', { notCleanedOn: [last], said });
    expect(finding).toMatchObject({ reason: 'cleaning-missed', firstSlotMs: day(last) });
    expect(finding!.summaryEn).toContain('by the meter alone');
  });

  test('is nothing on days without production, and on holidays', () => {
    const stands: PlantStory['ran'] = (id, ms) => ms < day(last) && works(id, ms);
    expect(found('missed-shift', { notCleanedOn: [last], ran: stands })).toEqual([]);
    // The Spring Festival of 2026 is from 15 to 23 February.
    const offset = Date.UTC(2026, 1, 16) - startMs;
    const moved = recordsOf({ notCleanedOn: [0, 1, 2, 3, 4, 5] }).map((item): Sent => {
      const value = { ...item.value } as Record<string, unknown>;
      for (const key of ['observedAtMs', 'intervalStartMs', 'startMs', 'endMs', 'filedAtMs']) {
        if (typeof value[key] === 'number') value[key] += offset;
      }
      return { ...item, arrivalMs: item.arrivalMs + offset, value } as unknown as Sent;
    });
    expect(latestFindings(runAndSettle(anEngine({ rules: [ruleOf('missed-shift')] }), moved))).toEqual([]);
  });

  test('is taken back when the record comes late, but was filed in time', () => {
    const late = { startMs: day(3, 8.6), endMs: day(3, 9), filedAtMs: day(3, 9.2), arrivalMs: day(3, 20) };
    expect(found('missed-shift', { notCleanedOn: [3], work: [late] })).toMatchObject([
      { state: 'RETRACTED', retractedBecause: 'cleaning-on-file' },
    ]);
  });

  test('is taken back when the record was filed late, and says so; it stands when that was too late', () => {
    const record = (hours: number) => ({ startMs: day(3, 8.6), endMs: day(3, 9), filedAtMs: day(3, hours) });
    expect(found('missed-shift', { notCleanedOn: [3], work: [record(12)] })).toMatchObject([
      { state: 'RETRACTED', retractedBecause: 'cleaning-filed-late' },
    ]);
    const [stands] = found('missed-shift', { notCleanedOn: [3], work: [record(14)] });
    expect(stands).toMatchObject({ state: 'CLOSED', reason: 'cleaning-filed-too-late' });
    expect(stands!.summaryZh).toContain('补报过晚');
  });

  test('is found when the record was withdrawn', () => {
    const withdrawn = { recordId: 'C3', revision: 2, startMs: day(3, 8.6), endMs: day(3, 9), withdrawn: true };
    expect(confirmed(found('missed-shift', { work: [{ ...withdrawn, filedAtMs: day(3, 10) }] }))).toHaveLength(1);
  });

  test('is not claimed where nobody can tell whether the section produced', () => {
    const said: PlantStory['said'] = (id, ms) => (ms >= day(last) ? undefined : works(id, ms) ? 'RUNNING' : 'STOPPED');
    expect(found('missed-shift', { notCleanedOn: [last], said, metered: false })).toEqual([]);
  });

  test('is not claimed for the shift in which the firm was connected', () => {
    const said: PlantStory['said'] = (id, ms) => (ms < day(0, 2) ? undefined : works(id, ms) ? 'RUNNING' : 'STOPPED');
    expect(found('missed-shift', { notCleanedOn: [0], said })).toEqual([]);
    expect(found('missed-shift', { notCleanedOn: [0] })).toHaveLength(1);
  });

  test('is the day of the whole site, where neither shifts nor sections are registered', () => {
    const site = { shifts: [], sections: [], cameras: [] };
    const [finding, ...others] = found('missed-shift', { site, notCleanedOn: [2] });
    expect(others).toEqual([]);
    // Local midnights are at 16:00 UTC.
    expect(finding).toMatchObject({
      subjectKind: 'ENTERPRISE',
      subjectId: 'E1',
      firstSlotMs: day(1, 16),
      lastSlotEndMs: day(2, 16),
    });
    const nightShift: Case = { site, ran: (_, ms) => inShift(ms, 14, 22), notCleanedOn: [0, 1, 2, 3, 4, 5] };
    const work = Array.from({ length: days }, (_, n) => ({
      recordId: `N${n}`,
      startMs: day(n, 22),
      endMs: day(n, 22.5),
    }));
    expect(found('missed-shift', { ...nightShift, work })).toEqual([]);
  });

  test('is no matter of sections without dust, or of machines that make none', () => {
    expect(found('missed-shift', { site: { sections: [{ ...section, dust: false }] }, notCleanedOn: [3] })).toEqual([]);
    const equipment = [anEquipment({ kind: 'HVAC' })];
    expect(found('missed-shift', { site: { equipment }, notCleanedOn: [3] })).toEqual([]);
  });
});

describe('hours of production without cleaning', () => {
  const site = { sections: [{ ...section, cleanAfterRunHours: 4 }] };
  const noons = Array.from({ length: days }, (_, n) => ({
    recordId: `noon${n}`,
    startMs: day(n, 4),
    endMs: day(n, 4.3),
  }));

  test('are found from the minute in which they exceed what is registered until it is cleaned', () => {
    const [finding, ...others] = found('missed-run-hours', { site, work: noons.filter((_, n) => n !== 3) });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: day(3, 4.75),
      lastSlotEndMs: day(3, 8.5),
      reason: 'run-hours-exceeded',
    });
    expect(finding!.summaryEn).toContain('cleaning is due after 4 h');
  });

  test('stay within it where cleaning comes at noon and in the evening', () => {
    expect(found('missed-run-hours', { site, work: noons })).toEqual([]);
  });

  test('are not counted where the registry states none', () => {
    expect(found('missed-run-hours', {})).toEqual([]);
  });

  test('say nothing before the first cleaning that is held, but what is held suffices', () => {
    // Two hours a day never make four within the day that is looked back at.
    const ran: PlantStory['ran'] = (_, ms) => inShift(ms, 1, 3);
    expect(found('missed-run-hours', { site, ran, notCleanedOn: [0, 1, 2, 3, 4, 5] })).toEqual([]);
    expect(found('missed-run-hours', { site, notCleanedOn: [0, 1, 2, 3, 4, 5] })).not.toEqual([]);
  });
});

describe('a cleaning that is claimed for a time', () => {
  const claim = { recordId: 'claim', startMs: day(3, 2.1), endMs: day(3, 2.6) };

  test('in which the line ran is found, where it ran', () => {
    const [finding, ...others] = found('claimed-while-running', { work: [claim] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: claim.startMs,
      lastSlotEndMs: claim.endMs,
      reason: 'line-ran-while-cleaned',
    });
    expect(finding!.summaryEn).toContain('but the line (Belt sander 1) ran for 30 min of it, as it reported itself');
    expect(finding!.summaryZh).toContain('生产中不可能完成清扫');
  });

  test('in which it ran by the meter alone is found too', () => {
    const said: PlantStory['said'] = (id, ms) =>
      !within(ms, [day(last), day(days)]) && works(id, ms) ? 'RUNNING' : 'STOPPED';
    const hidden = { ...claim, startMs: day(last, 2), endMs: day(last, 3) };
    const [finding] = found('claimed-while-running', { said, work: [hidden] });
    expect(finding).toMatchObject({ firstSlotMs: day(last, 2), lastSlotEndMs: day(last, 3) });
    expect(finding!.summaryEn).toContain('by the meter alone');
  });

  test('right after the line stopped is believed, and one with minutes of overlap too', () => {
    expect(
      found('claimed-while-running', { work: [{ ...claim, startMs: day(3, 8.5 - 0.14), endMs: day(3, 9) }] }),
    ).toEqual([]);
  });

  test('is taken back when it is withdrawn', () => {
    const gone = { ...claim, revision: 2, withdrawn: true, filedAtMs: day(3, 12) };
    expect(found('claimed-while-running', { work: [claim, gone] })).toMatchObject([
      { state: 'RETRACTED', retractedBecause: 'nothing-claimed' },
    ]);
  });

  test('of one machine does not ask the others to stand', () => {
    const equipment = [anEquipment(), anEquipment({ equipmentId: 'M2', name: 'Belt sander 2' })];
    const meters = [aMeter(), aMeter({ meterId: 'P2', feeds: ['M2'] })];
    const story = storyOf({ site: { equipment, meters } });
    const ran: PlantStory['ran'] = (id, ms) => works(id, ms) && !(id === 'M2' && within(ms, [day(3, 2), day(3, 3)]));
    const plant = plantRecords({ ...story, load: { ...story.load, M2: { workingKw: 20, standingKw: 1 } }, ran });
    const ofMachine = (equipmentId: string | null) => {
      const value = aWorkRecord({ ...claim, kind: 'CLEANING', sectionId: 'S1', equipmentId });
      const records = [...plant, sent('work-records', claim.endMs, value)];
      return latestFindings(runAndSettle(anEngine({ rules: [ruleOf('claimed-while-running')] }), records));
    };
    expect([ofMachine('M2').length, ofMachine('M1').length, ofMachine(null).length]).toEqual([0, 1, 1]);
  });
});

describe('a cleaning that cameras watched', () => {
  const span = { startMs: day(3, 8.6), endMs: day(3, 9) };
  const unseen = {
    ...span,
    kind: 'CLEANING_NOT_SEEN',
    sourceId: cameraA,
    confidence: 0.9,
    reference: 'clip/1',
  } as const;

  test('and did not see is found, with the camera that says so', () => {
    const [finding, ...others] = found('contradicted-by-camera', { events: [unseen] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: span.startMs,
      lastSlotEndMs: span.endMs,
      reason: 'cleaning-not-seen',
      cameras: [{ sourceId: cameraA, supports: true, confidence: 0.9, reference: 'clip/1' }],
    });
    expect(finding!.summaryEn).toContain('watched 100 % of that time and saw none (confidence 90 %)');
    expect(finding!.summaryZh).toContain('未见清扫');
  });

  test.each<[string, readonly Partial<SiteEvent>[]]>([
    ['another camera saw it', [unseen, { ...unseen, kind: 'CLEANING_SEEN', sourceId: cameraB }]],
    ['the camera is not one of the section', [{ ...unseen, sourceId: '33010600001320000009' }]],
    ['the camera is not sure', [{ ...unseen, confidence: 0.4 }]],
    ['it watched a small part', [{ ...unseen, startMs: day(3, 8.9) }]],
    ['it was covered meanwhile', [unseen, { kind: 'CAMERA_BLIND', sourceId: cameraA, startMs: day(3, 8) }]],
    ['it looked at another time', [{ ...unseen, startMs: day(3, 10), endMs: day(3, 11) }]],
  ])('is not doubted where %s', (_, events) => {
    expect(found('contradicted-by-camera', { events })).toEqual([]);
  });

  test('is believed after all when the other camera speaks late', () => {
    const seen = aSiteEvent({ ...span, eventId: 'late', kind: 'CLEANING_SEEN', sectionId: 'S1', sourceId: cameraB });
    const records = [...recordsOf({ events: [unseen] }), sent('site-events', day(3, 15), seen)];
    const outputs = runAndSettle(anEngine({ rules: [ruleOf('contradicted-by-camera')] }), records);
    expect(latestFindings(outputs)).toMatchObject([{ state: 'RETRACTED', retractedBecause: 'cameras-disagree' }]);
  });
});

describe('a layer of dust', () => {
  const layer = { kind: 'DUST_LAYER', startMs: day(3, 5.1), value: 2.4, sourceId: 'gauge-1', confidence: 0.9 } as const;

  test('deeper than allowed is found, and over once it was cleaned', () => {
    const [finding, ...others] = found('dust-layer', { events: [layer] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: layer.startMs,
      reason: 'layer-too-deep',
      indicator: 'dust_layer_mm',
      bound: 1,
    });
    expect(finding!.seen).toBeCloseTo(2.4);
    expect(finding!.summaryEn).toContain('2.4 mm');
    expect(finding!.summaryZh).toContain('测得积尘厚度 2.4 毫米');
  });

  test('stands until somebody cleans or measures: silence does not take it away', () => {
    const open = found('dust-layer', { events: [layer], notCleanedOn: [3, 4, 5] });
    expect(open).toMatchObject([{ state: 'CONFIRMED' }]);
    const again = { ...layer, startMs: day(4, 1), value: 0.4 };
    expect(found('dust-layer', { events: [layer, again], notCleanedOn: [3, 4, 5] })).toMatchObject([
      { state: 'CLOSED' },
    ]);
  });

  test.each<[string, Partial<SiteEvent>]>([
    ['as deep as allowed', { ...layer, value: 1 }],
    ['of a gauge that is not sure', { ...layer, confidence: 0.3 }],
    ['of another section', { ...layer, sectionId: 'S2' }],
    ['by a camera that nobody registered', { ...layer, sourceId: '33010600001320000009' }],
  ])('is no finding when it is %s', (_, event) => {
    expect(found('dust-layer', { events: [event] })).toEqual([]);
  });
});

describe('dust blown with compressed air', () => {
  const blown = {
    kind: 'AIR_BLOWING',
    startMs: day(3, 8.6),
    endMs: day(3, 8.8),
    sourceId: cameraA,
    confidence: 0.85,
    reference: 'clip/7',
  } as const;

  test('is found while it lasts, with the camera; more of it within the hour belongs to it', () => {
    const more = { ...blown, startMs: day(3, 9.2), endMs: day(3, 9.3), reference: 'clip/8' };
    const [finding, ...others] = found('air-blowing', { events: [blown, more] });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ state: 'CLOSED', firstSlotMs: blown.startMs, lastSlotEndMs: more.endMs });
    expect(finding!.contradictoryMs).toBe(18 * minuteMs);
    expect(finding!.cameras.map(({ reference }) => reference)).toEqual(['clip/7', 'clip/8']);
    expect(finding!.summaryEn).toContain('compressed air was used on dust from 01-08 16:36');
  });

  test('is none where the source is not sure', () => {
    expect(found('air-blowing', { events: [{ ...blown, confidence: 0.5 }] })).toEqual([]);
  });
});
