import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RunState } from './records.ts';
import { hourMs, minuteMs, startMs } from './testing/builders.ts';
import { type ReportedKind, stateBit, Timeline } from './timeline.ts';

interface Heard {
  readonly minute: number;
  readonly state: RunState;
}

const span = 200;
const heard = fc.record({
  minute: fc.integer({ min: 0, max: span - 1 }),
  state: fc.constantFrom<RunState>('UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT'),
});
const observations = fc.array(heard, { maxLength: 80 });
const widths = fc.constantFrom(1, 2, 5);

function timelineOf(list: readonly Heard[], widthMinutes = 1): Timeline {
  const timeline = new Timeline(widthMinutes * minuteMs);
  for (const { minute, state } of list) timeline.observe(startMs + minute * minuteMs, stateBit[state]);
  return timeline;
}

/** The same by the simplest means: a map from bucket to states. */
function naive(list: readonly Heard[], widthMinutes: number): Map<number, number> {
  const states = new Map<number, number>();
  for (const { minute, state } of list) {
    const bucket = Math.floor((startMs / minuteMs + minute) / widthMinutes);
    states.set(bucket, (states.get(bucket) ?? 0) | stateBit[state]);
  }
  return states;
}

function naiveKind(states: number): ReportedKind {
  const stopped = (states & (stateBit.STOPPED | stateBit.FAULT)) !== 0;
  const running = (states & stateBit.RUNNING) !== 0;
  const standby = (states & stateBit.STANDBY) !== 0;
  if (stopped) return running || standby || (states & stateBit.UNKNOWN) !== 0 ? 'unknown' : 'stopped';
  return running ? 'running' : standby ? 'standby' : 'unknown';
}

function kindsOf(timeline: Timeline, fromMinute: number, toMinute: number, hold: number): ReportedKind[] {
  const kinds: ReportedKind[] = [];
  const fromMs = startMs + fromMinute * minuteMs;
  timeline.visit(fromMs, startMs + toMinute * minuteMs, hold, (from, to, kind) => {
    expect(from).toBe(fromMs + kinds.length * minuteMs);
    for (let ms = from; ms < to; ms += minuteMs) kinds.push(kind);
  });
  return kinds;
}

describe('a timeline of reported states', () => {
  test('holds exactly what was heard in each bucket', () => {
    fc.assert(
      fc.property(observations, widths, (list, width) => {
        const timeline = timelineOf(list, width);
        const states = naive(list, width);
        for (let minute = -10; minute < span + 10; minute++) {
          const ms = startMs + minute * minuteMs;
          expect(timeline.statesAt(ms)).toBe(states.get(Math.floor(ms / minuteMs / width)) ?? 0);
        }
      }),
    );
  });

  test('does not depend on the order and number of arrivals', () => {
    fc.assert(
      fc.property(
        observations.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length })),
        ),
        ([list, again]) => {
          const shuffled = timelineOf([...again, ...list]);
          expect(shuffled.toJSON()).toEqual(timelineOf(list).toJSON());
        },
      ),
    );
  });

  test('says whether an observation was news', () => {
    fc.assert(
      fc.property(observations, (list) => {
        const timeline = new Timeline(minuteMs);
        for (const [i, { minute, state }] of list.entries()) {
          const before = naive(list.slice(0, i), 1).get(startMs / minuteMs + minute) ?? 0;
          const news = timeline.observe(startMs + minute * minuteMs, stateBit[state]);
          expect(news).toBe((before & stateBit[state]) === 0);
        }
      }),
    );
  });

  test('knows since when it is silent, also of what it has forgotten', () => {
    fc.assert(
      fc.property(
        observations,
        widths,
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: span - 15 }),
        fc.integer({ min: 0, max: span }),
        (list, width, hold, from, pruned) => {
          const timeline = timelineOf(list, width);
          const states = naive(list, width);
          const bucketOf = (minute: number) => Math.floor((startMs / minuteMs + minute) / width);
          const lastBefore = (bucket: number) =>
            Math.max(...[...states.keys()].filter((heardBucket) => heardBucket <= bucket), Number.NEGATIVE_INFINITY);
          timeline.prune(startMs + Math.min(from, pruned) * minuteMs);
          const fromMs = startMs + from * minuteMs;
          const silent = timeline.silentMinutes(fromMs, fromMs + 15 * minuteMs, hold);
          for (let minute = 0; minute < 15; minute++) {
            const bucket = bucketOf(from + minute);
            const last = lastBefore(bucket);
            // Silence may be over before the moment up to which it is pruned, and then come again: since when is lost.
            if (last < bucketOf(Math.min(from, pruned)) && lastBefore(Infinity) > bucket) continue;
            expect((silent >> minute) & 1).toBe(bucket - last > hold ? 1 : 0);
          }
        },
      ),
    );
    const forgotten = timelineOf([{ minute: 3, state: 'RUNNING' }]);
    forgotten.prune(startMs + hourMs);
    expect(forgotten.isEmpty).toBe(true);
    expect(forgotten.firstMs).toBe(startMs + 3 * minuteMs);
    expect(forgotten.heardBeforeMs(startMs + 2 * hourMs)).toBe(startMs + 4 * minuteMs);
  });

  test('is no longer than its changes, however long it lasts', () => {
    const timeline = new Timeline(minuteMs);
    for (let minute = 0; minute < 24 * 60; minute++) timeline.observe(startMs + minute * minuteMs, stateBit.STOPPED);
    expect(timeline.toJSON()[2]).toHaveLength(1);
    timeline.observe(startMs + 600 * minuteMs, stateBit.RUNNING);
    expect(timeline.toJSON()[2]).toHaveLength(3);
  });

  test('holds the last word over buckets in which nothing was heard, and no longer', () => {
    fc.assert(
      fc.property(
        observations,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 150 }),
        (list, hold, from) => {
          const states = naive(list, 1);
          const expected: ReportedKind[] = [];
          for (let minute = from; minute < from + 40; minute++) {
            let kind: ReportedKind = 'unknown';
            for (let back = hold; back >= 0; back--) {
              const known = states.get(startMs / minuteMs + minute - back);
              if (known !== undefined) kind = naiveKind(known);
            }
            expected.push(kind);
          }
          expect(kindsOf(timelineOf(list), from, from + 40, hold)).toEqual(expected);
        },
      ),
    );
  });

  test('names one kind for a stretch only where a visit would find no other', () => {
    const fewStates = fc.array(
      fc.record({
        minute: fc.integer({ min: 0, max: 30 }),
        state: fc.constantFrom<RunState>('STOPPED', 'RUNNING'),
      }),
      { maxLength: 40 },
    );
    let uniform = 0;
    fc.assert(
      fc.property(fewStates, widths, fc.integer({ min: 0, max: 28 }), (list, width, from) => {
        const timeline = timelineOf(list, width);
        const kind = timeline.uniformKind(startMs + from * minuteMs, startMs + (from + 3) * minuteMs);
        if (kind === undefined) return;
        uniform++;
        expect(kindsOf(timeline, from, from + 3, 0)).toEqual([kind, kind, kind]);
      }),
    );
    expect(uniform).toBeGreaterThan(3);
  });

  test('is unknown where a machine was said to stand and to run at once', () => {
    const both = timelineOf([
      { minute: 3, state: 'STOPPED' },
      { minute: 3, state: 'RUNNING' },
      { minute: 4, state: 'FAULT' },
      { minute: 5, state: 'STANDBY' },
    ]);
    expect(kindsOf(both, 3, 6, 0)).toEqual(['unknown', 'stopped', 'standby']);
  });

  test('forgets nothing at or after the moment up to which it is pruned', () => {
    fc.assert(
      fc.property(observations, observations, fc.integer({ min: 0, max: span }), (list, later, minute) => {
        const timeline = timelineOf(list);
        timeline.prune(startMs + minute * minuteMs);
        // News goes on as if nothing had been pruned.
        const news = later.filter((item) => item.minute >= minute);
        for (const item of news) timeline.observe(startMs + item.minute * minuteMs, stateBit[item.state]);
        const states = naive([...list, ...news], 1);
        for (let m = minute; m < span; m++) {
          expect(timeline.statesAt(startMs + m * minuteMs)).toBe(states.get(startMs / minuteMs + m) ?? 0);
        }
      }),
    );
  });

  test('is shorter after pruning', () => {
    const timeline = timelineOf(
      Array.from({ length: 100 }, (_, m) => ({
        minute: m,
        state: m % 2 ? 'RUNNING' : 'STOPPED',
      })),
    );
    timeline.prune(startMs + 90 * minuteMs);
    expect(timeline.toJSON()[2]).toHaveLength(10);
    timeline.prune(startMs + 3 * hourMs);
    expect(timeline.toJSON()[2]).toHaveLength(0);
  });

  test('takes over its observations when reports are to come at another interval', () => {
    fc.assert(
      fc.property(observations, fc.constantFrom(2, 5, 10), (list, width) => {
        const wider = timelineOf(list).withInterval(width * minuteMs);
        expect(wider.toJSON()).toEqual(timelineOf(list, width).toJSON());
      }),
    );
    const finer = timelineOf([{ minute: 5, state: 'STOPPED' }], 5).withInterval(minuteMs);
    expect(finer.statesAt(startMs + 5 * minuteMs)).toBe(stateBit.STOPPED);
    expect(finer.statesAt(startMs + 6 * minuteMs)).toBe(0);
  });

  test('survives being written and read', () => {
    fc.assert(
      fc.property(observations, widths, (list, width) => {
        const timeline = timelineOf(list, width);
        const read = Timeline.fromJSON(JSON.parse(JSON.stringify(timeline)));
        expect(read.toJSON()).toEqual(timeline.toJSON());
        expect(read.widthMinutes).toBe(width);
        read.observe(startMs + 77 * minuteMs, stateBit.RUNNING);
        timeline.observe(startMs + 77 * minuteMs, stateBit.RUNNING);
        expect(read.toJSON()).toEqual(timeline.toJSON());
      }),
    );
  });
});
