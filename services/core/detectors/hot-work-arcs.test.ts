import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Finding, Meter, SubjectStatus } from '../records.ts';
import {
  aMeter,
  anEngine,
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
import {
  aHotWorkRule,
  aWorkshop,
  byMinute,
  electrode,
  type Minute,
  registered,
  steady,
  type Tool,
  working,
} from '../testing/hot-work.ts';

const rule = aHotWorkRule('signature');
const dayFour = startMs + 3 * dayMs;
const endMs = dayFour + 16 * hourMs;
/** Thursday, ten in the morning on the site's clock. */
const weldMs = dayFour + 2 * hourMs;

/** Half a week at the sockets of a workshop; `at` says what is drawn where something is. */
function atSockets(at: (ms: number) => Minute | undefined, extra: readonly Sent[] = []): Output[] {
  const quiet = byMinute('sockets', startMs, endMs, (ms) => at(ms) ?? steady(0.4));
  return runAndSettle(anEngine({ rules: [rule] }), [registered(aWorkshop()), ...quiet, ...extra]);
}

function over(fromMs: number, minutes: number, tool: Tool, baseKw = 0.4, seed = 1): (ms: number) => Minute | undefined {
  const toMs = fromMs + minutes * minuteMs;
  const at = working(baseKw, tool, fromMs, toMs, seed);
  return (ms) => (ms >= fromMs && ms < toMs ? at(ms) : undefined);
}

function standing(outputs: readonly Output[]): Finding[] {
  return latestFindings(outputs).filter(({ state }) => state !== 'RETRACTED' && state !== 'PROVISIONAL');
}

/** Reasons that stood at some moment of [fromMs, toMs): a status is said when it changes. */
function reasonsOver(outputs: readonly Output[], fromMs: number, toMs: number): string[] {
  const statuses = outputs.flatMap((o) => (o.topic === 'enterprise-status' ? [o.value] : []));
  const before = statuses.findLast(({ asOfMs }) => asOfMs < fromMs);
  const during = statuses.filter(({ asOfMs }) => asOfMs >= fromMs && asOfMs < toMs);
  const subjects = [before, ...during].flatMap((status) => status?.subjects ?? []);
  return [...new Set(subjects.map(({ reason }: SubjectStatus) => reason))];
}

describe('arcs at the sockets of a dust workshop', () => {
  test.each([1, 2, 3, 4, 5, 6])('are found within half an hour of welding, hand %d', (seed) => {
    const outputs = atSockets(over(weldMs, 90, electrode, 0.4, seed));
    const [only, ...rest] = standing(outputs);
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ subjectKind: 'SECTION', subjectId: 'sanding', reason: 'arcs-without-permit' });
    expect(Math.abs(only!.firstSlotMs - weldMs)).toBeLessThanOrEqual(10 * minuteMs);
    expect(Math.abs(only!.lastSlotEndMs - weldMs - 90 * minuteMs)).toBeLessThanOrEqual(15 * minuteMs);
    const said = findingsIn(outputs).find(({ state }) => state === 'CONFIRMED');
    expect(said!.saidMs - weldMs).toBeLessThanOrEqual(40 * minuteMs);
    expect(said!.falseAlarmBound).toBeCloseTo(0.1);
  });

  test.each([
    ['manual, short arcs', { ...electrode, onS: 60, offS: 200 }],
    ['semi-automatic, long arcs and short breaks', { ...electrode, onS: 110, offS: 70 }],
    ['with a small set', { ...electrode, kw: 4 }],
    ['with a large set', { ...electrode, kw: 22 }],
  ])('are found: %s', (_, tool) => {
    expect(standing(atSockets(over(weldMs, 120, tool)))).toHaveLength(1);
  });

  test('say in both languages what was seen, for how long and how sure', () => {
    const [only] = standing(atSockets(over(weldMs, 60, electrode)));
    expect(only!.summaryEn).toMatch(
      /^Section 砂光车间: over (\d+ min|1 h( \d+ min)?) meter sockets leapt from a steady floor by [\d.]+ kW and fell back, about [\d.]+ times in ten minutes, as arc welding does \(grinders stay under 3 kW\); no hot-work permit is on file for it\. Welding is (10\^)?\d+ times likelier/,
    );
    expect(only!.summaryZh).toContain('符合电弧焊特征');
    expect(only!.seenMeanKw).toBeGreaterThan(8);
  });

  test('are no news under a permit, and are said past its end', () => {
    const permit = (endMs: number, filedAtMs: number): Sent =>
      sent(
        'work-records',
        filedAtMs,
        aWorkRecord({ kind: 'HOT_WORK_PERMIT', startMs: weldMs, endMs, filedAtMs, sectionId: 'sanding' }),
      );
    const two = over(weldMs, 120, electrode);
    expect(findingsIn(atSockets(two, [permit(weldMs + 3 * hourMs, weldMs)]))).toEqual([]);
    const [past] = standing(atSockets(two, [permit(weldMs + 45 * minuteMs, weldMs)]));
    expect(past).toMatchObject({ reason: 'arcs-past-permit' });
    expect(past!.firstSlotMs - weldMs).toBeGreaterThanOrEqual(55 * minuteMs);
    const late = atSockets(two, [permit(weldMs + 3 * hourMs, weldMs + 4 * hourMs)]);
    expect(findingsIn(late).at(-1)).toMatchObject({ state: 'RETRACTED', retractedBecause: 'permit-filed-late' });
  });

  test('are found through readings every ten seconds as well, which have no extremes of their own', () => {
    const meters = aWorkshop().meters;
    const records: Sent[] = [];
    const at = over(weldMs, 90, electrode);
    for (let ms = weldMs - 2 * dayMs; ms < weldMs + 4 * hourMs; ms += 10_000) {
      const minute = at(Math.floor(ms / minuteMs) * minuteMs);
      // Within the minute the arc burns first and then does not.
      const lit = minute ? (minute.kw - 0.4) / (minute.highKw - 0.4) : 0;
      const kw = minute && (ms % minuteMs) / minuteMs < lit - 0.05 ? minute.highKw : 0.4;
      records.push(
        sent('power', ms + 12_000, {
          enterpriseId: 'E1',
          meterId: 'sockets',
          intervalStartMs: ms,
          intervalMs: 10_000,
          meanKw: kw,
          quality: 'MEASURED',
          minKw: null,
          maxKw: null,
          meanKvar: null,
          registerKwh: null,
        }),
      );
    }
    expect(
      standing(runAndSettle(anEngine({ rules: [rule] }), [registered(aWorkshop({ meters })), ...records])),
    ).toHaveLength(1);
  });
});

describe('what is no arc', () => {
  const idle: Tool = { kw: 9, onS: 90, offS: 150, scatter: 0.35, tangent: 0.8 };
  test.each([
    ['a grinder: too little', { ...idle, kw: 2.2, tangent: 0.4 }],
    ['a heater: no reactive power', { ...idle, tangent: 0.02 }],
    ['a compressor that loads for ten minutes at a time', { ...idle, kw: 15, onS: 600, offS: 500, scatter: 0.1 }],
    ['a hoist: moments only', { ...idle, onS: 6, offS: 240 }],
    ['a vacuum that stays on', { ...idle, kw: 4, onS: 3600, offS: 1 }],
  ])('%s', (_, tool) => {
    expect(findingsIn(atSockets(over(weldMs, 180, tool)))).toEqual([]);
  });

  test('a machine that leaps like an arc every day, which was learned: nobody can tell', () => {
    const cutter = (day: number) => over(startMs + day * dayMs, 10 * 60, electrode, 0.4, day);
    const days = [0, 1, 2, 3].map(cutter);
    const outputs = atSockets((ms) => days.map((day) => day(ms)).find((minute) => minute !== undefined));
    expect(standing(outputs).filter(({ firstSlotMs }) => firstSlotMs > startMs + 2 * dayMs)).toEqual([]);
    expect(reasonsOver(outputs, weldMs, weldMs + 4 * hourMs)).toContain('meter-leaps-by-itself');
  });

  test('a meter without extremes shows none: unknown', () => {
    const flat = (ms: number): Minute => ({ ...(over(weldMs, 90, electrode)(ms) ?? steady(0.4)) });
    const records = byMinute('sockets', startMs, endMs, flat).map((item): Sent => {
      const value = { ...(item.value as object), minKw: null, maxKw: null } as never;
      return sent('power', item.arrivalMs, value);
    });
    const outputs = runAndSettle(anEngine({ rules: [rule] }), [registered(aWorkshop()), ...records]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(reasonsOver(outputs, weldMs, weldMs + hourMs)).toEqual(['extremes-missing']);
  });
});

describe('a workshop whose machines share the fast meter', () => {
  const hall: Meter = aMeter({ meterId: 'hall', role: 'MIXED', feeds: ['M1', 'W1'], intervalMs: minuteMs });
  const shift = (ms: number) => (ms % dayMs) / hourMs < 9;
  const machine = (ms: number): Minute => {
    // Cuts make the sander's load leap all the time.
    const cuts = Math.sin(ms / 37_000) + Math.sin(ms / 101_000);
    return shift(ms) ? { kw: 45 + 4 * cuts, lowKw: 30, highKw: 62, kvar: 30 } : steady(2);
  };
  const story = (at: (ms: number) => Minute | undefined): Output[] => {
    const records = byMinute('hall', startMs, endMs, (ms) => at(ms) ?? machine(ms));
    return runAndSettle(anEngine({ rules: [rule] }), [registered(aWorkshop({ meters: [hall] })), ...records]);
  };

  test('welding in the evening is found', () => {
    const eveningMs = dayFour + 12 * hourMs;
    const [only] = standing(story(over(eveningMs, 90, electrode, 2)));
    expect(only).toMatchObject({ subjectId: 'sanding', meterId: 'hall', reason: 'arcs-without-permit' });
  });

  test('nobody can tell while its machines run, and nothing is found', () => {
    const outputs = story(() => undefined);
    expect(findingsIn(outputs)).toEqual([]);
    expect(reasonsOver(outputs, weldMs, weldMs + 4 * hourMs)).toEqual(['machines-run']);
  });
});
