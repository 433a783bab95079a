import { describe, expect, test } from '@jest/globals';
import type { SiteEvent } from '../records.ts';
import { anEngine, aSiteEvent, latestFindings, minuteMs, runAndSettle, sent } from '../testing/builders.ts';
import { cameraA, cameraB, cleaningRule, day, found, sectionRecords } from '../testing/dust-section.ts';

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
    const records = [...sectionRecords({ events: [unseen] }), sent('site-events', day(3, 15), seen)];
    const outputs = runAndSettle(anEngine({ rules: [cleaningRule('contradicted-by-camera')] }), records);
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
    // The cleaning that comes a day later ends it, though nobody remembers the layer.
    expect(found('dust-layer', { events: [layer], notCleanedOn: [3, 4] })).toMatchObject([{ state: 'CLOSED' }]);
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
