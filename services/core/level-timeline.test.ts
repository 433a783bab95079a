import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type LevelShape, LevelTimeline } from './level-timeline.ts';
import { aRandom, hourMs, minuteMs, startMs } from './testing/builders.ts';

const widthMs = 5000;
/** Two limits with dead-band: 10 from below, 90 from above, back at 12 and 88. */
const shape: LevelShape = {
  widthMs,
  holds: true,
  thresholds: [
    { value: 10, inclusive: true },
    { value: 12, inclusive: true },
    { value: 88, inclusive: false },
    { value: 90, inclusive: false },
  ],
};

const at = (bucket: number, ms = 0) => startMs + bucket * widthMs + ms;

function levelsOf(timeline: LevelTimeline, buckets: number): (string | undefined)[] {
  return Array.from({ length: buckets }, (_, bucket) => {
    const levels = timeline.levelsAt(at(bucket));
    return levels && `${levels.low}-${levels.high}`;
  });
}

describe('the levels of an indicator', () => {
  test('say where a value lies; equal to a limit is within it', () => {
    const timeline = new LevelTimeline(shape);
    expect([9.9, 10, 12, 88, 88.1, 90, 90.1].map((value) => timeline.levelOf(value))).toEqual([0, 1, 2, 2, 3, 3, 4]);
  });

  test('stand for their bucket and the next one, so that a report that slips leaves no gap', () => {
    const timeline = new LevelTimeline(shape);
    timeline.observe(at(0, 10), 50);
    timeline.observe(at(1, 4990), 50);
    timeline.observe(at(3, 5), 95);
    expect(levelsOf(timeline, 6)).toEqual(['2-2', '2-2', '2-2', '4-4', '4-4', undefined]);
    expect(timeline.endMs).toBe(at(4));
  });

  test('of a bucket between two levels are both', () => {
    const timeline = new LevelTimeline(shape);
    for (const bucket of [0, 1, 2, 3, 4]) timeline.observe(at(bucket), bucket === 2 ? 95 : 50);
    expect(levelsOf(timeline, 5)).toEqual(['2-2', '2-2', '2-4', '2-4', '2-2']);
  });

  test('are news when they change, after silence, and never else', () => {
    const timeline = new LevelTimeline(shape);
    const news = ([0, 1, 2, 3, 9, 10] as const).map((bucket) => timeline.observe(at(bucket), bucket === 2 ? 95 : 50));
    expect(news).toEqual([true, false, true, true, true, false]);
  });

  test('weigh the same for a minute and for a day', () => {
    const timeline = new LevelTimeline(shape);
    for (let bucket = 0; bucket < 17_280; bucket++)
      timeline.observe(at(bucket, (bucket * 977) % 4999), 50 + (bucket % 7));
    expect(JSON.stringify(timeline).length).toBeLessThan(300);
  });

  test('weigh no more after three days of crossing a limit with each sample than after the first of them', () => {
    const timeline = new LevelTimeline(shape);
    const sizes: number[] = [];
    const random = aRandom(4);
    for (let bucket = 0; bucket < 3 * 17_280; bucket++) {
      timeline.observe(at(bucket), random() < 0.5 ? 85 : 95);
      if (bucket % 180 === 0) timeline.prune(at(bucket) - 28 * hourMs);
      if (bucket % 17_280 === 17_279) sizes.push(JSON.stringify(timeline).length);
    }
    expect(sizes[2]! / sizes[1]!).toBeLessThan(1.1);
    // A run for each bucket of 28 hours at most, some thirteen digits each.
    expect(sizes[2]).toBeLessThan(20_160 * 14);
  });

  test('remember how far a value went beyond its limits, about each time', () => {
    const timeline = new LevelTimeline(shape);
    timeline.observe(at(0), 50);
    timeline.observe(at(1), 95);
    timeline.observe(at(2), 93);
    timeline.observe(at(200), 3);
    expect(timeline.peakAt(at(0))).toEqual({ low: 93, high: 95 });
    expect(timeline.peakAt(at(200))).toEqual({ low: 3, high: 3 });
    expect(timeline.peakAt(at(100))).toEqual({ low: undefined, high: undefined });
    timeline.prune(at(150));
    expect(timeline.peakAt(at(0)).high).toBeUndefined();
  });

  test('keep old limits exactly when others are added, and take nothing for beyond a new limit that was not said to be', () => {
    const timeline = new LevelTimeline(shape);
    for (const [bucket, value] of [50, 50, 95, 95, 5, 5].entries()) timeline.observe(at(bucket), value);
    const tighter = { value: 60, inclusive: false };
    const looser = { value: 99, inclusive: false };
    const other = timeline.reshaped({ ...shape, thresholds: [...shape.thresholds, tighter, looser] });
    const beyond = (bucket: number, threshold: typeof tighter) =>
      other.levelsAt(at(bucket))!.low >= other.levelAbove(threshold);
    expect([1, 3, 5].map((bucket) => beyond(bucket, { value: 90, inclusive: false }))).toEqual([false, true, false]);
    expect([1, 3, 5].map((bucket) => beyond(bucket, tighter))).toEqual([false, true, false]);
    expect([1, 3, 5].map((bucket) => beyond(bucket, looser))).toEqual([false, false, false]);
    expect(other.levelAbove({ value: 61, inclusive: false })).toBe(-1);
  });

  test('survive another width of buckets', () => {
    const timeline = new LevelTimeline(shape);
    for (let bucket = 0; bucket < 24; bucket++) timeline.observe(at(bucket), bucket < 12 ? 50 : 95);
    const coarse = timeline.reshaped({ ...shape, widthMs: minuteMs });
    expect(coarse.levelsAt(startMs)).toEqual({ low: 2, high: 2 });
    expect(coarse.levelsAt(startMs + minuteMs)).toEqual({ low: 2, high: 4 });
    expect(coarse.endMs).toBe(startMs + 2 * minuteMs);
  });

  test('depend neither on the order nor on the number of samples, and survive their own JSON', () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 * widthMs }), fc.constantFrom(5, 11, 50, 89, 95)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(samples, fc.boolean(), fc.infiniteStream(fc.nat()), (list, holds, order) => {
        const inTime = new LevelTimeline({ ...shape, holds });
        for (const [ms, value] of list.toSorted(([a], [b]) => a - b)) inTime.observe(startMs + ms, value);
        let mixed = new LevelTimeline({ ...shape, holds });
        const ranked = [...list, ...list.slice(0, 9)].map((sample) => ({ sample, rank: order.next().value }));
        for (const [i, { sample }] of ranked.sort((a, b) => a.rank - b.rank).entries()) {
          mixed.observe(startMs + sample[0], sample[1]);
          if (i === 20) mixed = LevelTimeline.fromJSON(JSON.parse(JSON.stringify(mixed)));
        }
        expect(JSON.stringify(mixed)).toBe(JSON.stringify(inTime));
        for (let bucket = 0; bucket < 44; bucket++) {
          const covered = list.filter(([ms]) => {
            const own = Math.floor(ms / widthMs);
            return own === bucket || (holds && own === bucket - 1);
          });
          const levels = covered.map(([, value]) => inTime.levelOf(value));
          const expected = covered.length > 0 ? { low: Math.min(...levels), high: Math.max(...levels) } : undefined;
          expect(inTime.levelsAt(at(bucket))).toEqual(expected);
        }
      }),
    );
  });
});
