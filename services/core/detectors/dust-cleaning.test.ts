import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aWorkRecord,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import {
  cleaningRule,
  day,
  days,
  found,
  last,
  type SectionCase,
  section,
  sectionRecords,
  storyOf,
  works,
} from '../testing/dust-section.ts';
import { inShift, type PlantStory, plantRecords, within } from '../testing/plant.ts';

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
    const moved = sectionRecords({ notCleanedOn: [0, 1, 2, 3, 4, 5] }).map((item): Sent => {
      const value = { ...item.value } as Record<string, unknown>;
      for (const key of ['observedAtMs', 'intervalStartMs', 'startMs', 'endMs', 'filedAtMs']) {
        if (typeof value[key] === 'number') value[key] += offset;
      }
      return { ...item, arrivalMs: item.arrivalMs + offset, value } as unknown as Sent;
    });
    expect(latestFindings(runAndSettle(anEngine({ rules: [cleaningRule('missed-shift')] }), moved))).toEqual([]);
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
    const nightShift: SectionCase = { site, ran: (_, ms) => inShift(ms, 14, 22), notCleanedOn: [0, 1, 2, 3, 4, 5] };
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
      return latestFindings(runAndSettle(anEngine({ rules: [cleaningRule('claimed-while-running')] }), records));
    };
    expect([ofMachine('M2').length, ofMachine('M1').length, ofMachine(null).length]).toEqual([0, 1, 1]);
  });
});
