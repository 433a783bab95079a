import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { SiteEvent, SiteRegistration, WorkRecord } from '../records.ts';
import {
  anEngine,
  anEquipment,
  aRegistration,
  aSiteEvent,
  aWorkRecord,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { aRuleOf, registered, samples, steps } from '../testing/sampled.ts';

const camera = '33010600001320000001';
const section = (workers: number | null, dust = true) => ({
  sectionId: 'S1',
  name: 'Polishing',
  dust,
  workers,
  personLimit: null,
  cleanAfterRunHours: null,
});

describe('a dust section with more than thirty workers', () => {
  const rule = aRuleOf('camera-watch', { sign: 'missing', workersAbove: 30 });
  const site = (changes: Partial<SiteRegistration>) => aRegistration({ equipment: [], meters: [], ...changes });
  const judged = (...registrations: SiteRegistration[]): Output[] =>
    runAndSettle(
      anEngine({ rules: [rule] }),
      registrations.map((value, i) => sent('site-registry', startMs + i * 3 * dayMs, value)),
    );

  test('and no camera is found within the hour, from the day on that it is registered so', () => {
    const outputs = judged(site({ sections: [section(42)] }));
    const [first, ...others] = findingsIn(outputs);
    expect(first).toMatchObject({
      state: 'CONFIRMED',
      reason: 'camera-missing',
      subjectKind: 'SECTION',
      subjectId: 'S1',
      firstSlotMs: startMs - 30 * dayMs,
    });
    expect(first!.saidMs).toBeLessThanOrEqual(startMs + hourMs);
    // Said again once a day.
    expect(others.length).toBeLessThanOrEqual(4);
    expect(first!.summaryEn).toBe(
      'Dust section Polishing has 42 workers on a shift and no camera since 2025-12-06; with more than 30 one is needed.',
    );
    expect(first!.summaryZh).toContain('涉尘区域“Polishing”单班作业 42 人');
  });

  test('is let be with a camera, with thirty workers, without dust, and where nobody knows how many there are', () => {
    for (const changes of [
      { sections: [section(42)], cameras: [{ cameraId: camera, sectionId: 'S1' }] },
      { sections: [section(30)] },
      { sections: [section(42, false)] },
      { sections: [section(null)] },
    ]) {
      expect(findingsIn(judged(site(changes)))).toEqual([]);
    }
  });

  test('is closed from the day on that a camera is registered', () => {
    const [bare, equipped] = [
      site({ sections: [section(42)] }),
      site({
        sections: [section(42)],
        cameras: [{ cameraId: camera, sectionId: 'S1' }],
        effectiveFromMs: startMs + 3 * dayMs,
        revision: 2,
      }),
    ];
    expect(latestFindings(judged(bare, equipped))[0]).toMatchObject({ state: 'CLOSED', settled: true });
  });
});

describe.each([
  ['dark', 'CAMERA_DARK', 'gave no picture'],
  ['blind', 'CAMERA_BLIND', 'was covered, turned away or frozen'],
] as const)('a camera that is %s', (sign, kind, words) => {
  const rule = aRuleOf('camera-watch', {
    sign,
    graceMinutes: 60,
    graceWhileProducingMinutes: 15,
    leastConfidence: 0.6,
  });
  const site = aRegistration({
    equipment: [anEquipment({ sectionId: 'S1' })],
    meters: [],
    sections: [section(12)],
    cameras: [{ cameraId: camera, sectionId: 'S1' }],
  });
  const reports = (state: 'RUNNING' | 'STOPPED') =>
    samples({ indicator: 'none', values: steps([0, 72]), stepMs: 5 * minuteMs, equipmentId: 'M1', state });
  const out = (minutes: number | null, changes: Partial<SiteEvent> = {}): Sent => {
    const fromMs = startMs + hourMs;
    const event = aSiteEvent({
      kind,
      eventId: 'out',
      startMs: fromMs,
      endMs: minutes === null ? null : fromMs + minutes * minuteMs,
      sectionId: 'S1',
      sourceId: camera,
      ...changes,
    });
    return sent('site-events', fromMs + 30_000, event);
  };
  const judged = (...records: Sent[]): Output[] =>
    runAndSettle(anEngine({ rules: [rule] }), [registered(site), ...records], 1);

  test('while its section produces is found soon after the shorter grace, from its first moment to its last', () => {
    const ended = sent('site-events', startMs + 2 * hourMs, { ...out(60).value, revision: 2 } as SiteEvent);
    const outputs = judged(...reports('RUNNING'), out(null), ended);
    const [first] = findingsIn(outputs);
    expect(first).toMatchObject({
      state: 'CONFIRMED',
      reason: `camera-${sign}-while-producing`,
      subjectKind: 'CAMERA',
      subjectId: camera,
      firstSlotMs: startMs + hourMs,
      cameras: [{ sourceId: camera, supports: true, confidence: null, reference: null }],
    });
    expect(first!.saidMs).toBeLessThanOrEqual(startMs + hourMs + 35 * minuteMs);
    expect(latestFindings(outputs)[0]).toMatchObject({ state: 'CLOSED', lastSlotEndMs: startMs + 2 * hourMs });
    expect(latestFindings(outputs)[0]!.summaryEn).toBe(
      `Camera ${camera} of section Polishing ${words} for 1 h from 01-05 09:00 on, while the section produced.`,
    );
    expect(latestFindings(outputs)[0]!.summaryZh).toContain('持续 1 小时，期间该区域仍在生产');
  });

  test('while its section stands has the longer grace', () => {
    expect(findingsIn(judged(...reports('STOPPED'), out(55)))).toEqual([]);
    expect(latestFindings(judged(...reports('STOPPED'), out(90)))[0]).toMatchObject({ reason: `camera-${sign}` });
  });

  test('for a short while is nothing', () => {
    expect(findingsIn(judged(...reports('RUNNING'), out(10)))).toEqual([]);
  });

  test('in spells that follow each other is out throughout', () => {
    const second = out(10, { eventId: 'again', startMs: startMs + 70 * minuteMs, endMs: startMs + 80 * minuteMs });
    expect(latestFindings(judged(...reports('RUNNING'), out(10), second))[0]).toMatchObject({
      firstSlotMs: startMs + hourMs,
      lastSlotEndMs: startMs + 80 * minuteMs,
    });
  });

  test('in a firm that is silent otherwise is found as well', () => {
    expect(latestFindings(judged(out(null)))[0]).toMatchObject({ state: 'CONFIRMED' });
  });

  const cut = (changes: Partial<SiteEvent>) =>
    sent('site-events', startMs + hourMs, aSiteEvent({ eventId: 'cut', startMs: startMs + hourMs, ...changes }));
  const work = (changes: Partial<WorkRecord>) =>
    sent(
      'work-records',
      startMs + hourMs,
      aWorkRecord({ kind: 'MAINTENANCE', startMs: startMs + hourMs, endMs: startMs + 2 * hourMs, ...changes }),
    );

  test('during a power cut, an outage of the region or maintenance of its section is excused', () => {
    const endMs = startMs + 2 * hourMs;
    for (const excuse of [
      cut({ kind: 'POWER_CUT', endMs }),
      cut({ kind: 'REGIONAL_OUTAGE', endMs }),
      work({ sectionId: 'S1' }),
    ]) {
      expect(findingsIn(judged(...reports('RUNNING'), excuse, out(60)))).toEqual([]);
    }
  });

  test('is not excused by maintenance of another section, nor for longer than the cut', () => {
    expect(findingsIn(judged(...reports('RUNNING'), work({ sectionId: 'S2' }), out(60)))).not.toEqual([]);
    const short = cut({ kind: 'POWER_CUT', endMs: startMs + hourMs + 20 * minuteMs });
    expect(latestFindings(judged(...reports('RUNNING'), short, out(60)))[0]).toMatchObject({
      firstSlotMs: startMs + hourMs + 20 * minuteMs,
    });
  });

  test('under a code that nobody registered is unknown, never a finding', () => {
    for (const sourceId of ['33010600001320000077', 'camera 7', null]) {
      const outputs = judged(...reports('RUNNING'), out(180, { sourceId }));
      expect(findingsIn(outputs)).toEqual([]);
      const said = outputs.flatMap((output) => (output.topic === 'enterprise-status' ? output.value.subjects : []));
      expect(said).toContainEqual(
        expect.objectContaining({ subjectKind: 'ENTERPRISE', reason: 'camera-not-registered', verdict: 'UNKNOWN' }),
      );
    }
  });

  test('as a source says that hardly trusts itself is nothing', () => {
    expect(findingsIn(judged(...reports('RUNNING'), out(120, { confidence: 0.3 })))).toEqual([]);
  });
});
