import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Equipment } from '../records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aWorkRecord,
  dayMs,
  findingsIn,
  hourMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { aHotWorkRule, aWorkshop } from '../testing/hot-work.ts';
import { inShift, plantRecords, within } from '../testing/plant.ts';

const rule = aHotWorkRule('suspicion');
const days = 7;
/** The evening of the last day, long after the sander has stopped. */
const welding = [startMs + 6 * dayMs + 12 * hourMs, startMs + 6 * dayMs + 14 * hourMs] as const;
const set: Equipment = anEquipment({
  equipmentId: 'W1',
  name: '电焊机',
  kind: 'WELDER',
  sectionId: 'sanding',
  ratedPowerKw: 10,
});

/** A sander and sockets behind one meter of a quarter of an hour; `baseKw` is what the sockets draw. */
function lived(baseKw: (ms: number) => number, welder: Equipment = set, extra: readonly Sent[] = []): Output[] {
  const registration = aWorkshop({
    equipment: [anEquipment({ sectionId: 'sanding' }), welder],
    meters: [aMeter({ meterId: 'hall', role: 'MIXED', feeds: ['M1', 'W1'] })],
  });
  const records = plantRecords({
    registration,
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: 7,
    load: { M1: { workingKw: 45, standingKw: 1 }, W1: { workingKw: 0, standingKw: 0 } },
    ran: (id, ms) => id === 'M1' && inShift(ms, 0, 9),
    // A welding set at the sockets reports nothing.
    said: (id, ms) => (id === 'W1' ? undefined : inShift(ms, 0, 9) ? 'RUNNING' : 'STOPPED'),
    baseKw,
  });
  return runAndSettle(anEngine({ rules: [rule] }), [...records, ...extra]);
}

const welds = (ms: number) => (within(ms, welding) ? 3.5 + 0.6 * Math.sin(ms / 61_000) : 0.5);

describe('a load of about a welding set while all else stands, on a meter of a quarter of an hour', () => {
  test('is said as a suspicion, never confirmed, raises no alarm, and lapses', () => {
    const outputs = lived(welds);
    const said = findingsIn(outputs);
    expect(said.map(({ state }) => state)).toEqual(['PROVISIONAL', 'RETRACTED']);
    expect(said[0]).toMatchObject({
      subjectKind: 'EQUIPMENT',
      subjectId: 'W1',
      reason: 'welder-load-suspected',
      firstSlotMs: welding[0],
      falseAlarmBound: 0,
    });
    expect(said.at(-1)).toMatchObject({ lastSlotEndMs: welding[0] + hourMs / 4 });
    expect(outputs.filter(({ topic }) => topic === 'alarms')).toEqual([]);
  });

  test('says that it is no more than that, and on what it rests', () => {
    const [first] = findingsIn(lived(welds));
    expect(first!.summaryEn).toMatch(
      /^Suspicion only: meter hall showed [\d.]+ kW on average for 15 min while all else behind it was reported stopped; a stop typically shows 1\.5 kW, and welding at 电焊机 \(10 kW\) adds 1\.5 to 6 kW on average\. No hot-work permit covers it\.$/,
    );
    expect(first!.summaryZh).toMatch(/^仅为疑点：/);
  });

  test('is nothing under a permit', () => {
    const permit = aWorkRecord({
      kind: 'HOT_WORK_PERMIT',
      startMs: welding[0],
      endMs: welding[1] + hourMs,
      filedAtMs: welding[0] - hourMs,
      sectionId: 'sanding',
    });
    expect(findingsIn(lived(welds, set, [sent('work-records', permit.filedAtMs, permit)]))).toEqual([]);
  });

  test.each([
    ['less than a welding set draws', () => 1],
    ['more than a welding set draws', () => 12],
    ['what the sockets draw every evening', (ms: number) => (inShift(ms, 12, 15) ? 3.5 : 0.5)],
  ])('%s is none', (_, kw) => {
    const usual = (ms: number) => (inShift(ms, 12, 15) ? 3.5 : 0.5);
    const isDaily = kw.length > 0;
    const baseKw = (ms: number) => (isDaily ? usual(ms) : within(ms, welding) ? kw(ms) : 0.5);
    const said = findingsIn(lived(baseKw)).filter(({ firstSlotMs }) => firstSlotMs >= welding[0]);
    expect(said).toEqual([]);
  });

  test('is none of a welding set without a rating', () => {
    expect(findingsIn(lived(welds, { ...set, ratedPowerKw: null }))).toEqual([]);
  });
});
