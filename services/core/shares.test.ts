import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RunState, SiteEvent, WorkRecord } from './records.ts';
import { type Filed, groupShares, type Reported } from './shares.ts';
import { anEquipment, aSiteEvent, aWorkRecord, minuteMs, startMs } from './testing/builders.ts';
import { stateBit, Timeline } from './timeline.ts';

const rules = { runDownMinutes: 10, holdReports: 2 };
const at = (minute: number) => startMs + minute * minuteMs;

type Span = readonly [fromMinute: number, toMinute: number, state: RunState];

function aMachine(spans: readonly Span[], changes: Parameters<typeof anEquipment>[0] = {}, everyMinutes = 1): Reported {
  const timeline = new Timeline(everyMinutes * minuteMs);
  for (const [from, to, state] of spans) {
    for (let minute = from; minute < to; minute += everyMinutes) timeline.observe(at(minute), stateBit[state]);
  }
  return { equipment: anEquipment(changes), timeline };
}

function filed(work: readonly WorkRecord[] = [], events: readonly SiteEvent[] = []): Filed {
  return { work, events };
}

/** Shares of the quarter of an hour that begins an hour after the start, in minutes. */
function quarter(group: readonly Reported[], what: Filed = filed(), parameters = rules) {
  const shares = groupShares(group, what, at(60), at(75), parameters, 'reported');
  return Object.fromEntries(Object.entries(shares).map(([kind, share]) => [kind, Math.round(share * 15)]));
}

const none = { stopped: 0, running: 0, standby: 0, unknown: 0 };

describe('what a slot was reported to be', () => {
  test('is a stop when a machine was said to stand all the time', () => {
    expect(quarter([aMachine([[0, 90, 'STOPPED']])])).toEqual({ ...none, stopped: 15 });
    expect(quarter([aMachine([[0, 90, 'FAULT']])])).toEqual({ ...none, stopped: 15 });
  });

  test('is running for as long as a machine runs down after its stop', () => {
    const machine = aMachine([
      [0, 60, 'RUNNING'],
      [60, 90, 'STOPPED'],
    ]);
    expect(quarter([machine])).toEqual({ ...none, running: 10, stopped: 5 });
    expect(quarter([machine], filed(), { ...rules, runDownMinutes: 0 })).toEqual({ ...none, stopped: 15 });
    const earlier = aMachine([
      [0, 55, 'RUNNING'],
      [55, 90, 'STOPPED'],
    ]);
    expect(quarter([earlier])).toEqual({ ...none, running: 5, stopped: 10 });
  });

  test('counts standby as running, and apart', () => {
    expect(quarter([aMachine([[0, 90, 'STANDBY']])])).toEqual({ ...none, running: 15, standby: 15 });
  });

  test('keeps the last report for as many as may be missed, and is unknown after them', () => {
    const silent = aMachine([[0, 62, 'STOPPED']]);
    expect(quarter([silent])).toEqual({ ...none, stopped: 4, unknown: 11 });
    expect(quarter([silent], filed(), { ...rules, holdReports: 5 })).toEqual({ ...none, stopped: 7, unknown: 8 });
    expect(quarter([aMachine([[0, 65, 'STOPPED']], {}, 5)])).toEqual({ ...none, stopped: 15 });
  });

  test('is unknown where nothing was ever heard', () => {
    expect(quarter([aMachine([])])).toEqual({ ...none, unknown: 15 });
  });

  test('is that of the most active machine of a group', () => {
    const stopped = aMachine([[0, 90, 'STOPPED']]);
    const silent = aMachine([]);
    const standing = aMachine([[0, 90, 'STANDBY']]);
    const running = aMachine([[0, 90, 'RUNNING']]);
    expect(quarter([stopped, stopped])).toEqual({ ...none, stopped: 15 });
    expect(quarter([stopped, silent])).toEqual({ ...none, unknown: 15 });
    expect(quarter([stopped, silent, standing])).toEqual({ ...none, running: 15, standby: 15 });
    expect(quarter([stopped, silent, standing, running])).toEqual({ ...none, running: 15 });
  });
});

describe('what people file', () => {
  const stopped = aMachine([[0, 90, 'STOPPED']]);
  const testRun = aWorkRecord({ startMs: at(62), endMs: at(66) });

  test.each(['TEST_RUN', 'MAINTENANCE'] as const)(
    '%s makes its time one in which it may run, and the run-down after it',
    (kind) => {
      expect(quarter([stopped], filed([{ ...testRun, kind }]))).toEqual({
        ...none,
        running: 13,
        standby: 4,
        stopped: 2,
      });
    },
  );

  test.each([
    ['of another kind', { kind: 'CLEANING' as const }],
    ['that was withdrawn', { withdrawn: true }],
    ['for another machine', { equipmentId: 'M9' }],
    ['for another section', { sectionId: 'S9' }],
    ['for another time', { startMs: at(200), endMs: at(300) }],
  ])('changes nothing when it is work %s', (_, changes) => {
    expect(quarter([stopped], filed([{ ...testRun, ...changes }]))).toEqual({ ...none, stopped: 15 });
  });

  test('may name the machine, its section or nothing', () => {
    for (const named of [{ equipmentId: 'M1' }, { sectionId: 'S1' }, {}]) {
      expect(quarter([stopped], filed([{ ...testRun, ...named }])).running).toBe(13);
    }
  });

  test.each(['STOPPAGE_DECLARED', 'STOPPAGE_ORDERED'] as const)(
    '%s is the word of a machine that says nothing',
    (kind) => {
      const event = aSiteEvent({ kind, startMs: at(0), endMs: null });
      expect(quarter([aMachine([])], filed([], [event]))).toEqual({ ...none, stopped: 15 });
      // What a machine says itself counts more.
      expect(quarter([aMachine([[0, 90, 'RUNNING']])], filed([], [event]))).toEqual({ ...none, running: 15 });
      expect(quarter([aMachine([])], filed([], [{ ...event, endMs: at(65) }]))).toEqual({
        ...none,
        stopped: 5,
        unknown: 10,
      });
      expect(quarter([aMachine([])], filed([], [{ ...event, sectionId: 'S9' }]))).toEqual({ ...none, unknown: 15 });
    },
  );

  test.each(['POWER_CUT', 'SPARK', 'OTHER'] as const)('%s says nothing about a stop', (kind) => {
    const event = aSiteEvent({ kind, startMs: at(0), endMs: null });
    expect(quarter([aMachine([])], filed([], [event]))).toEqual({ ...none, unknown: 15 });
  });
});

describe('shares', () => {
  const spans = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 80 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom<RunState>('STOPPED', 'RUNNING', 'STANDBY', 'UNKNOWN', 'FAULT'),
    ),
    { maxLength: 5 },
  );
  const groups = fc.array(spans, { minLength: 1, maxLength: 3 });
  const machinesOf = (group: readonly (readonly [number, number, RunState][])[]) =>
    group.map((list) => aMachine(list.map(([from, length, state]) => [from, from + length, state] as const)));

  test('add up to the whole slot', () => {
    fc.assert(
      fc.property(groups, (group) => {
        const { stopped, running, unknown, standby } = groupShares(
          machinesOf(group),
          filed(),
          at(60),
          at(75),
          rules,
          'reported',
        );
        expect(stopped + running + unknown).toBeCloseTo(1, 9);
        expect(standby).toBeLessThanOrEqual(running + 1e-9);
      }),
    );
  });

  test('are the same by the short way for steady groups and by the long one', () => {
    // A record of no bearing makes the long way necessary.
    const idle = filed([aWorkRecord({ kind: 'CLEANING' })]);
    const steady = fc.array(
      fc
        .constantFrom<RunState>('STOPPED', 'RUNNING', 'STANDBY', 'UNKNOWN', 'FAULT')
        .map((state): [number, number, RunState][] => [[0, 90, state]]),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.oneof(steady, groups), (group) => {
        const machines = machinesOf(group);
        const short = groupShares(machines, filed(), at(60), at(75), rules, 'reported');
        expect(short).toEqual(groupShares(machines, idle, at(60), at(75), rules, 'reported'));
      }),
    );
  });
});
