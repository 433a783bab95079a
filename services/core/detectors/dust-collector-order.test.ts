import { describe, expect, test } from '@jest/globals';

import { dayMs, minuteMs, startMs } from '../testing/builders.ts';
import {
  type CollectorCase,
  collector,
  day,
  exhausts,
  found,
  type Span,
  saidRunning,
  sander,
  works,
} from '../testing/collector.ts';
import { within } from '../testing/plant.ts';

describe('the order of line and collector', () => {
  /** Starts of both on the last day, in minutes from one in the morning. */
  const starting = (fanMinute: number): CollectorCase => ({
    fan: (ms) =>
      exhausts(ms) && ms >= day(Math.floor((ms - startMs) / dayMs), 1) + (ms >= day(3) ? fanMinute : -6) * minuteMs,
  });
  const stopping = (minutesAfter: number): CollectorCase => ({
    fan: (ms) => exhausts(ms) && (ms < day(3) || ms < day(3, 9) + minutesAfter * minuteMs),
  });

  test.each([-2, 0, 4, 9])('is broken where the fan starts %d minutes after the line', (minutes) => {
    const [finding, ...others] = found('started-late', starting(minutes));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ state: 'CLOSED', firstSlotMs: day(3, 1), reason: 'collector-started-late' });
    expect(finding!.summaryEn).toContain('the fan must start 5 min before the line');
    expect(finding!.summaryZh).toContain('风机应先于生产设备 5 分钟启动');
  });

  test.each([-6, -4, 12])('is kept, or another matter, where the fan starts %d minutes after the line', (minutes) => {
    expect(found('started-late', starting(minutes))).toEqual([]);
  });

  test.each([0, 6, 12])('is broken where the fan stops %d minutes after the line', (minutes) => {
    const [finding, ...others] = found('stopped-early', stopping(minutes));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      state: 'CLOSED',
      firstSlotMs: day(3, 9) + minutes * minuteMs,
      lastSlotEndMs: day(3, 9.25),
      reason: 'collector-stopped-early',
    });
    expect(finding!.summaryZh).toContain('继续运行 15 分钟');
  });

  test.each([-20, 14, 16])('is kept, or another matter, where the fan stops %d minutes after the line', (minutes) => {
    expect(found('stopped-early', stopping(minutes))).toEqual([]);
  });

  test('is broken by nobody when the supply fails', () => {
    const cut: Span = [day(3, 8), day(3, 8.5)];
    const dead: CollectorCase = {
      line: (ms) => works(ms) && !within(ms, cut),
      fan: (ms) => exhausts(ms) && !within(ms, cut),
    };
    expect(found('stopped-early', dead)).toHaveLength(1);
    expect(
      found('stopped-early', { ...dead, events: [{ kind: 'POWER_CUT', startMs: cut[0], endMs: cut[1] }] }),
    ).toEqual([]);
    const silent: CollectorCase['said'] = (id, ms) => (within(ms, cut) ? undefined : saidRunning(id, ms));
    expect(found('stopped-early', { ...dead, said: silent })).toEqual([]);
  });

  test('is not told of reports that are too coarse for it', () => {
    const equipment = [sander, collector].map((e) => ({ ...e, reportIntervalMs: 10 * minuteMs }));
    expect(found('started-late', { ...starting(-2), equipment })).toEqual([]);
  });

  test('is not asked of a machine on a test run that was filed', () => {
    const work = [{ kind: 'TEST_RUN', startMs: day(3, 0.9), endMs: day(3, 2), equipmentId: 'M1' } as const];
    expect(found('started-late', { ...starting(2), work })).toEqual([]);
  });
});
