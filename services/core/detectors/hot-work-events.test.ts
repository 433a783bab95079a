import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { SiteEvent, SiteRegistration, WorkRecord } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  anEngine,
  anEquipment,
  aSiteEvent,
  aWorkRecord,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { aHotWorkRule, aWorkshop, cameraId, registered } from '../testing/hot-work.ts';

const noPermit = aHotWorkRule('event');
const pastPermit = { ...aHotWorkRule('event', { breach: 'past-permit', sections: 'all' }), id: 'hot-work-past' };
/** Monday, ten in the morning on the site's clock. */
const tenMs = startMs + 2 * hourMs;

let ids = 0;
function aSight(atMs: number, changes: Partial<SiteEvent> = {}): Sent {
  const value = aSiteEvent({
    eventId: `s${++ids}`,
    kind: 'SPARK',
    startMs: atMs,
    endMs: null,
    sectionId: 'sanding',
    sourceId: cameraId,
    confidence: 0.9,
    reference: `clip/${ids}`,
    ...changes,
  });
  return sent('site-events', atMs + 4000, value);
}

function aPermit(fromMs: number, toMs: number, changes: Partial<WorkRecord> = {}): Sent {
  const value = aWorkRecord({
    kind: 'HOT_WORK_PERMIT',
    recordId: 'permit-7',
    startMs: fromMs,
    endMs: toMs,
    filedAtMs: fromMs - hourMs,
    sectionId: 'sanding',
    ...changes,
  });
  return sent('work-records', value.filedAtMs, value);
}

function outputs(records: readonly Sent[], rules: readonly Rule[] = [noPermit], site = aWorkshop()): Output[] {
  return runAndSettle(anEngine({ rules }), [registered(site), ...records]);
}

function found(records: readonly Sent[], rules?: readonly Rule[], site?: SiteRegistration) {
  return latestFindings(outputs(records, rules, site)).filter(({ state }) => state !== 'RETRACTED');
}

describe('sparks, flames and starts of welding sets', () => {
  test('without a permit are said the moment that they are heard of', () => {
    const [first] = findingsIn(outputs([aSight(tenMs + 20_000)]));
    expect(first).toMatchObject({
      state: 'CONFIRMED',
      subjectKind: 'SECTION',
      subjectId: 'sanding',
      reason: 'no-permit',
      firstSlotMs: tenMs + 20_000,
      saidMs: tenMs + 24_000,
      cameras: [{ sourceId: cameraId, supports: true, confidence: 0.9 }],
    });
    expect(first!.summaryEn).toBe(
      `Section 砂光车间: sparks were seen at 01-05 10:00 (source ${cameraId}, confidence 0.9); no hot-work permit is on file for it.`,
    );
    expect(first!.summaryZh).toContain('无动火作业审批记录');
  });

  test('within half an hour of each other are one finding, and two where work paused', () => {
    const minutes = [0, 12, 25, 90, 100];
    const all = found(minutes.map((m) => aSight(tenMs + m * minuteMs)));
    expect(all.map(({ firstSlotMs, lastSlotEndMs }) => [firstSlotMs - tenMs, lastSlotEndMs - tenMs])).toEqual([
      [0, 26 * minuteMs],
      [90 * minuteMs, 101 * minuteMs],
    ]);
    expect(all.map(({ summaryEn }) => /seen (\d) times/.exec(summaryEn)?.[1])).toEqual(['3', '2']);
  });

  test('that several cameras saw name each of them', () => {
    const second = '33010600001320000002';
    const cameras = [...aWorkshop().cameras, { cameraId: second, sectionId: 'sanding' }];
    const sights = [aSight(tenMs), aSight(tenMs + 9000, { sourceId: second, kind: 'FLAME' })];
    const [only] = found(sights, [noPermit], aWorkshop({ cameras }));
    expect(only!.cameras.map(({ sourceId }) => sourceId)).toEqual([cameraId, second]);
  });

  test('happen in the section of their machine or camera where they name none', () => {
    const started = aSight(tenMs, { kind: 'WELDER_START', sectionId: null, sourceId: 'chip-1', equipmentId: 'W1' });
    expect(found([started])[0]).toMatchObject({ subjectKind: 'SECTION', subjectId: 'sanding', cameras: [] });
    expect(found([aSight(tenMs, { sectionId: null })])[0]).toMatchObject({ subjectId: 'sanding' });
  });

  test('that nobody can place are said of the firm, by the rule for all that is no dust section', () => {
    const lost = aSight(tenMs, { sectionId: null, sourceId: null, kind: 'WELDER_START' });
    expect(found([lost])).toEqual([]);
    const other = aHotWorkRule('event', { sections: 'other' });
    expect(found([lost], [other])[0]).toMatchObject({ subjectKind: 'ENTERPRISE', subjectId: 'E1' });
    expect(found([aSight(tenMs)], [other])).toEqual([]);
  });

  test('in a dust enterprise that registered no sections are said of the whole firm', () => {
    const site = aWorkshop({ sections: [] });
    expect(found([aSight(tenMs)], [noPermit], site)[0]).toMatchObject({ subjectKind: 'ENTERPRISE' });
  });
});

describe('a permit', () => {
  const work = [aSight(tenMs), aSight(tenMs + 20 * minuteMs)];

  test.each([
    ['its section', { sectionId: 'sanding' }],
    ['a machine in the section', { sectionId: null, equipmentId: 'M1' }],
    ['the whole site', { sectionId: null }],
  ])('for %s covers work there', (_, place) => {
    expect(findingsIn(outputs([...work, aPermit(tenMs, tenMs + 4 * hourMs, place)]))).toEqual([]);
  });

  test.each([
    ['for another section', { sectionId: 'paint' }],
    ['for a machine elsewhere', { sectionId: null, equipmentId: 'nowhere' }],
    ['of another day', { startMs: tenMs - 24 * hourMs, endMs: tenMs - 20 * hourMs }],
    ['that was withdrawn', { withdrawn: true }],
    ['of another kind', { kind: 'MAINTENANCE' as const }],
  ])('%s covers nothing', (_, changes) => {
    expect(found([...work, aPermit(tenMs, tenMs + 4 * hourMs, changes)])).toHaveLength(1);
  });

  test('may begin a quarter of an hour after the work, though the work was said first', () => {
    const said = outputs([
      ...work,
      aPermit(tenMs + 14 * minuteMs, tenMs + 4 * hourMs, { filedAtMs: tenMs + 8 * minuteMs }),
    ]);
    expect(findingsIn(said).map(({ state }) => state)).toEqual(['CONFIRMED', 'RETRACTED']);
  });

  test('that is filed late takes the finding back and says so', () => {
    const said = findingsIn(
      outputs([...work, aPermit(tenMs - hourMs, tenMs + 4 * hourMs, { filedAtMs: tenMs + 5 * hourMs })]),
    );
    expect(said[0]).toMatchObject({ state: 'CONFIRMED', reason: 'no-permit' });
    expect(said.at(-1)).toMatchObject({ state: 'RETRACTED', retractedBecause: 'permit-filed-late' });
  });

  test('that is filed the next morning is too late: the finding stands and names the permit', () => {
    const said = outputs([...work, aPermit(tenMs - hourMs, tenMs + 4 * hourMs, { filedAtMs: tenMs + 22 * hourMs })]);
    expect(latestFindings(said)).toHaveLength(1);
    expect(latestFindings(said)[0]).toMatchObject({ state: 'CLOSED', reason: 'permit-filed-too-late' });
    expect(latestFindings(said)[0]!.summaryEn).toContain(
      'permit permit-7 was filed 21 h 40 min after it, too late to count',
    );
  });

  test('that is withdrawn afterwards covers nothing any more', () => {
    const permit = aPermit(tenMs, tenMs + 4 * hourMs);
    const withdrawn = sent('work-records', tenMs + 6 * hourMs, {
      ...(permit.value as WorkRecord),
      revision: 2,
      withdrawn: true,
    });
    const said = findingsIn(outputs([...work, permit, withdrawn]));
    expect(said[0]!.saidMs).toBe(tenMs + 6 * hourMs);
  });
});

describe('work past its permit', () => {
  const permit = aPermit(tenMs, tenMs + hourMs);
  const late = [65, 85, 95].map((m) => aSight(tenMs + m * minuteMs));

  test('is found once the grace is over, by the rule for it alone', () => {
    const all = found([permit, aSight(tenMs + 30 * minuteMs), ...late], [noPermit, pastPermit]);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      ruleId: 'hot-work-past',
      reason: 'past-permit',
      firstSlotMs: tenMs + 85 * minuteMs,
    });
    expect(all[0]!.summaryEn).toContain('permit permit-7 had ended at 01-05 11:00');
    expect(all[0]!.summaryZh).toContain('已于 01-05 11:00 到期');
  });

  test('is work without a permit when the permit ended half a day ago', () => {
    const all = found([permit, aSight(tenMs + 14 * hourMs)], [noPermit, pastPermit]);
    expect(all.map(({ reason }) => reason)).toEqual(['no-permit']);
  });

  test('is covered by the next permit', () => {
    const next = aPermit(tenMs + hourMs, tenMs + 3 * hourMs, { recordId: 'permit-8' });
    expect(found([permit, next, ...late], [noPermit, pastPermit])).toEqual([]);
  });

  test('is past the longest time that its grade allows, whatever the permit says', () => {
    const graded = { regime: 'GB 30871-2022', grade: '1' };
    const long = aPermit(tenMs - hourMs, tenMs + 20 * hourMs, graded);
    const sights = [aSight(tenMs + 6 * hourMs), aSight(tenMs + 8 * hourMs)];
    const [only] = found([long, ...sights], [noPermit, pastPermit]);
    expect(only).toMatchObject({ reason: 'permit-expired-by-grade', firstSlotMs: tenMs + 8 * hourMs });
    expect(only!.summaryEn).toContain('permit permit-7 of grade 1 holds until 01-05 17:00 and no longer');
  });

  test('at night is past a permit of a lower grade, which is upgraded then', () => {
    const second = aPermit(tenMs, tenMs + 40 * hourMs, { regime: 'GB 30871-2022', grade: '2' });
    const evening = aSight(tenMs + 11 * hourMs);
    const night = aSight(tenMs + 13 * hourMs);
    const [only, ...rest] = found([second, evening, night], [noPermit, pastPermit]);
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ reason: 'permit-expired-by-grade', firstSlotMs: tenMs + 13 * hourMs });
  });
});

describe('what only looks like hot work', () => {
  test.each([
    ['a camera that is not sure', { confidence: 0.5 }],
    ['a camera that is not of the site', { sourceId: '33010600001320000099' }],
    ['a spark detector in a duct', { sourceId: 'spark-detector-1', equipmentId: 'D1' }],
    ['an event that happened in the paint shop', { sectionId: 'paint' }],
    ['an event of another kind', { kind: 'AIR_BLOWING' as const }],
  ])('%s is none', (_, changes) => {
    const equipment = [
      ...aWorkshop().equipment,
      anEquipment({ equipmentId: 'D1', kind: 'DUST_COLLECTOR', sectionId: 'sanding' }),
    ];
    expect(findingsIn(outputs([aSight(tenMs, changes)], [noPermit], aWorkshop({ equipment })))).toEqual([]);
  });

  test('sparks and flames of a furnace are its own, a welding set beside it is not', () => {
    const equipment = [anEquipment({ equipmentId: 'F1', kind: 'FURNACE', sectionId: 'paint' })];
    const site = aWorkshop({ sector: 'IRON_AND_STEEL', equipment, meters: [] });
    const other = aHotWorkRule('event', { sections: 'other' });
    const place = { sectionId: 'paint', sourceId: null };
    expect(found([aSight(tenMs, place)], [other], site)).toEqual([]);
    expect(found([aSight(tenMs, { ...place, kind: 'WELDER_START' })], [other], site)).toHaveLength(1);
  });

  test('an event of a clock that is years ahead makes nothing due', () => {
    const ahead = aSiteEvent({
      eventId: 'x',
      kind: 'SPARK',
      startMs: startMs + 4000 * 24 * hourMs,
      sectionId: 'sanding',
    });
    const said = findingsIn(outputs([sent('site-events', tenMs - hourMs, { ...ahead, endMs: null }), aSight(tenMs)]));
    expect(said[0]).toMatchObject({ firstSlotMs: tenMs, saidMs: tenMs + 4000 });
    expect(new Set(said.map(({ firstSlotMs }) => firstSlotMs))).toEqual(new Set([tenMs]));
  });
});
