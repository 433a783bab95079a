import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { SiteRegistration } from '../records.ts';
import {
  anEngine,
  aRandom,
  aRegistration,
  aSiteEvent,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  settledFindings,
  startMs,
} from '../testing/builders.ts';
import { aRuleOf, registered, steps } from '../testing/sampled.ts';

const rule = aRuleOf('overcrowding', {
  leastConfidence: 0.6,
  onDelayMinutes: 10,
  offDelayMinutes: 10,
  shiftChangeMinutes: 15,
});
const camera = '33010600001320000001';
const other = '33010600001320000002';

function workshop(changes: Partial<SiteRegistration> = {}): SiteRegistration {
  return aRegistration({
    equipment: [],
    meters: [],
    sections: [
      { sectionId: 'S1', name: 'Polishing', dust: true, workers: 9, personLimit: 9, cleanAfterRunHours: null },
    ],
    cameras: [
      { cameraId: camera, sectionId: 'S1' },
      { cameraId: other, sectionId: 'S1' },
    ],
    ...changes,
  });
}

interface Counts {
  readonly fromMs?: number;
  readonly everyMs?: number;
  readonly sourceId?: string | null;
  readonly confidence?: number | null;
}

function counts(values: readonly (number | null)[], { fromMs, everyMs, sourceId, confidence }: Counts = {}): Sent[] {
  return values.flatMap((count, i) => {
    if (count === null) return [];
    const atMs = (fromMs ?? startMs) + i * (everyMs ?? minuteMs);
    const event = aSiteEvent({
      kind: 'PERSON_COUNT',
      eventId: `${sourceId ?? camera}-${atMs}`,
      startMs: atMs,
      endMs: null,
      sectionId: 'S1',
      sourceId: sourceId === undefined ? camera : sourceId,
      confidence: confidence ?? 0.9,
      count,
    });
    return [sent('site-events', atMs + 2000, event)];
  });
}

const judged = (records: readonly Sent[], registration = workshop()): Output[] =>
  runAndSettle(anEngine({ rules: [rule] }), [registered(registration), ...records], 1);

const reasonsOf = (outputs: readonly Output[]): string[] =>
  outputs.flatMap((output) => (output.topic === 'enterprise-status' ? output.value.subjects.map((s) => s.reason) : []));

describe('people in a section', () => {
  test('above its limit for the delay are found at the count that reaches it', () => {
    const outputs = judged(counts(steps([6, 30], [13, 30], [6, 60])));
    const [first] = findingsIn(outputs);
    expect(first).toMatchObject({
      state: 'CONFIRMED',
      reason: 'too-many-persons',
      subjectKind: 'SECTION',
      subjectId: 'S1',
      indicator: 'persons',
      seen: 13,
      bound: 9,
      firstSlotMs: startMs + 30 * minuteMs,
      saidMs: startMs + 40 * minuteMs + 2000,
      cameras: [{ sourceId: camera, supports: true, confidence: null, reference: null }],
    });
    expect(latestFindings(outputs)[0]).toMatchObject({ state: 'CLOSED', lastSlotEndMs: startMs + hourMs });
    expect(first!.summaryEn).toContain(
      'In section Polishing 13 people were counted on average for 15 min in all; at most 9',
    );
    expect(first!.summaryZh).toContain('区域“Polishing”内平均有 13 人');
  });

  test('counted every five minutes are found as well', () => {
    const [finding] = latestFindings(judged(counts(steps([6, 6], [13, 6], [6, 12]), { everyMs: 5 * minuteMs })));
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: startMs + 30 * minuteMs,
      contradictoryMs: 30 * minuteMs,
    });
  });

  test('up to the limit, or above it for a moment, are nothing', () => {
    expect(findingsIn(judged(counts(steps([9, 60], [14, 4], [9, 60]))))).toEqual([]);
  });

  test('in a count that its source hardly trusts are nothing', () => {
    expect(findingsIn(judged(counts(steps([13, 60]), { confidence: 0.4 })))).toEqual([]);
  });

  test('of an unregistered camera are unknown, whatever it counts', () => {
    const outputs = judged(counts(steps([40, 60]), { sourceId: '33010600001320000099' }));
    expect(findingsIn(outputs)).toEqual([]);
    expect(reasonsOf(outputs)).toContain('camera-not-registered');
  });

  test('not counted any more do not clear an alarm', () => {
    const outputs = judged(counts(steps([13, 30])));
    expect(latestFindings(outputs)[0]!.state).toBe('CONFIRMED');
    expect(reasonsOf(outputs).at(-1)).toBe('persons-not-counted');
  });

  test('seen by one camera and not by another are found, and the finding says which saw what', () => {
    const outputs = judged([...counts(steps([13, 40])), ...counts(steps([4, 40]), { sourceId: other })]);
    const [finding] = latestFindings(outputs);
    expect(finding!.cameras.map(({ sourceId, supports }) => [sourceId, supports])).toEqual([
      [camera, true],
      [other, false],
    ]);
    expect(finding!.summaryEn).toContain(
      `Counted by camera ${camera}; 1 more of its cameras saw no more than allowed.`,
    );
  });

  const shifts = [
    { name: 'early', startMinute: 0, endMinute: 9 * 60, daysOfWeek: 127, onHolidays: true },
    { name: 'late', startMinute: 9 * 60, endMinute: 18 * 60, daysOfWeek: 127, onHolidays: true },
  ];
  // 08:00 in China as the tests begin: shifts change an hour later.
  const crowd = counts(steps([6, 50], [15, 22], [6, 60]));

  test('of two shifts that change are let be; the same crowd at any other time is not', () => {
    expect(findingsIn(judged(crowd, workshop({ shifts })))).toEqual([]);
    expect(findingsIn(judged(crowd, workshop({ shifts: [shifts[0]!] })))).not.toEqual([]);
  });

  test('of a change of shifts that was said are let be', () => {
    const said = aSiteEvent({
      kind: 'SHIFT_CHANGE',
      startMs: startMs + 60 * minuteMs,
      endMs: startMs + 65 * minuteMs,
      sectionId: 'S1',
    });
    expect(findingsIn(judged([...crowd, sent('site-events', startMs, said)]))).toEqual([]);
  });

  test('make the same settled findings in any order, and however often they come', () => {
    const random = aRandom(5);
    let present = 7;
    const values = Array.from({ length: 24 * 60 }, () => {
      if (random() < 0.03) present = random() < 0.5 ? 6 : 13;
      return random() < 0.1 ? null : present;
    });
    const world = counts(values);
    const expected = settledFindings(judged(world));
    expect(expected.length).toBeGreaterThan(3);
    const shuffled = world.flatMap((item) => {
      const moved = { ...item, arrivalMs: item.arrivalMs + Math.floor(random() * 20 * hourMs) };
      return random() < 0.2 ? [moved, { ...moved, arrivalMs: moved.arrivalMs + 60_000 }] : [moved];
    });
    const engine = anEngine({ rules: [rule], lateReviewMs: 2 * hourMs });
    expect(settledFindings(runAndSettle(engine, [registered(workshop()), ...shuffled], 501))).toEqual(expected);
  });
});
