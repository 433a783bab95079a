import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  LoadModel,
  type LoadModelOptions,
  logLikelihoodRatio,
  type Modes,
  medianKw,
  partialLogLikelihoodRatio,
  runningUpperKw,
  stoppedUpperKw,
} from './load-model.ts';
import { aRandom, dayMs, hourMs, minuteMs } from './testing/builders.ts';

const slotMs = 15 * minuteMs;
const slotsADay = dayMs / slotMs;
const options: LoadModelOptions = { leastModeMs: 3 * hourMs, memoryMs: 56 * dayMs, highestStoppedRatio: 0.5 };
const cap = 11.5;

/** Learns `days` of a plant that works ten hours a day at `workingKw` and else stands at `standingKw`, each ±20 %. */
function taught(model: LoadModel, days: number, workingKw: number, standingKw: number, with_ = options): LoadModel {
  const random = aRandom(days);
  for (let slot = 0; slot < days * slotsADay; slot++) {
    const kw = slot % slotsADay < 40 ? workingKw : standingKw;
    model.learn(kw * (0.8 + 0.4 * random()), slotMs, with_);
  }
  return model;
}

const { modes } = taught(new LoadModel(), 10, 45, 2) as { modes: Modes };

describe('a load model', () => {
  test.each([
    [45, 2],
    [1800, 300],
    [0.9, 0.06],
    [30, 0],
  ])('tells work at %d kW from standing at %d kW', (workingKw, standingKw) => {
    const learned = taught(new LoadModel(), 10, workingKw, standingKw).modes!;
    expect(medianKw(learned.running) / workingKw).toBeCloseTo(1, 1);
    // Below the starting current of a meter a load counts as nothing.
    expect(medianKw(learned.stopped)).toBeCloseTo(Math.max(standingKw, 0.05), standingKw > 10 ? -1 : 0);
    expect(logLikelihoodRatio(learned, workingKw, cap)).toBeGreaterThan(3);
    expect(logLikelihoodRatio(learned, standingKw, cap)).toBeLessThan(-3);
  });

  test('finds no two modes where there is one', () => {
    expect(taught(new LoadModel(), 20, 45, 45).modes).toBeUndefined();
  });

  test('finds none where a plant never stands, though its load wanders by half', () => {
    const model = new LoadModel();
    const random = aRandom(5);
    for (let slot = 0; slot < 30 * slotsADay; slot++) {
      model.learn(50 * (1 + 0.25 * Math.sin(slot / 15) + 0.1 * random()), slotMs, options);
    }
    expect(model.modes).toBeUndefined();
  });

  test('finds none until each was seen for as long as is asked', () => {
    const model = new LoadModel();
    for (let slot = 0; slot < slotsADay; slot++) model.learn(2, slotMs, options);
    for (let slot = 0; slot < 11; slot++) model.learn(45, slotMs, options);
    expect(model.modes).toBeUndefined();
    for (let slot = 0; slot < 5; slot++) model.learn(45, slotMs, options);
    expect(model.modes).toBeDefined();
  });

  test('forgets: what it has not seen for longer than its memory no longer counts', () => {
    const short = { ...options, memoryMs: 4 * dayMs };
    const model = taught(new LoadModel(), 6, 45, 2, short);
    expect(model.learnedSlots).toBeLessThanOrEqual(4 * slotsADay);
    taught(model, 40, 400, 20, short);
    expect(model.learnedSlots).toBeLessThanOrEqual(4 * slotsADay);
    expect(medianKw(model.modes!.stopped)).toBeCloseTo(20, -1);
    expect(medianKw(model.modes!.running) / 400).toBeCloseTo(1, 1);
    // Nothing of the old loads is kept, not even an empty place.
    expect(JSON.stringify(model).length).toBeLessThan(600);
  });

  test.each([7, 60, 180])(
    'still knows how a plant runs after %d days without work, whose base is higher in the evening',
    (days) => {
      const model = taught(new LoadModel(), 12, 40, 1);
      const random = aRandom(days);
      for (let slot = 0; slot < days * slotsADay; slot++) {
        const evening = slot % slotsADay >= 72 && slot % slotsADay < 90;
        model.learn((evening ? 2.6 : 1) * (0.8 + 0.4 * random()), slotMs, options);
      }
      expect(medianKw(model.modes!.running) / 40).toBeCloseTo(1, 1);
      expect(stoppedUpperKw(model.modes!, Math.log(20))).toBeGreaterThan(5);
      expect(model.learnedSlots).toBeLessThanOrEqual(56 * slotsADay);
    },
  );

  test('remembers a plant that never stops for as long as one that does', () => {
    const model = taught(new LoadModel(), 80, 45, 45);
    expect(model.learnedSlots).toBeGreaterThan(28 * slotsADay);
    // A power cut is too short for a mode.
    for (let slot = 0; slot < 4; slot++) model.learn(0, slotMs, options);
    taught(model, 40, 45, 45);
    expect(model.learnedSlots).toBeGreaterThan(14 * slotsADay);
    expect(model.modes).toBeUndefined();
  });

  test('stays small whatever loads come', () => {
    const random = aRandom(9);
    const model = new LoadModel();
    for (let i = 0; i < 20_000; i++) model.learn(10 ** (8 * random() - 2), slotMs, options);
    model.learn(0, slotMs, options);
    model.learn(-5, slotMs, options);
    expect((model.toJSON()[1] as number[]).length).toBeLessThanOrEqual(178);
  });

  test('raises its version with each fit, and a following model goes on from there', () => {
    const model = taught(new LoadModel(), 3, 45, 2);
    expect(model.version).toBeGreaterThan(0);
    const next = LoadModel.following(model);
    expect([next.version, next.modes, next.learnedSlots]).toEqual([model.version + 1, undefined, 0]);
  });

  test('learns on after being written and read as if nothing had been', () => {
    const model = taught(new LoadModel(), 5, 45, 2);
    const read = LoadModel.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(read.modes).toEqual(model.modes);
    taught(model, 3, 60, 3);
    taught(read, 3, 60, 3);
    expect(read.toJSON()).toEqual(model.toJSON());
  });
});

describe('the evidence of a load', () => {
  const loads = fc.double({ min: 0, max: 1e6, noNaN: true });

  test('never falls as load rises, and stays within its cap', () => {
    fc.assert(
      fc.property(loads, loads, (a, b) => {
        const low = logLikelihoodRatio(modes, Math.min(a, b), cap);
        const high = logLikelihoodRatio(modes, Math.max(a, b), cap);
        expect(low).toBeLessThanOrEqual(high);
        expect(Math.max(-low, high)).toBeLessThanOrEqual(cap);
      }),
    );
  });

  test('reaches a limit exactly at the load that a stop still explains', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 5, noNaN: true }), (limit) => {
        const upperKw = stoppedUpperKw(modes, limit);
        expect(upperKw).toBeGreaterThan(medianKw(modes.stopped));
        expect(upperKw).toBeLessThan(medianKw(modes.running));
        expect(logLikelihoodRatio(modes, upperKw, cap)).toBeCloseTo(limit, 6);
      }),
    );
  });

  test('of a slot that was partly running is never stronger than of one that was said to stand throughout', () => {
    fc.assert(
      fc.property(loads, fc.double({ min: 0.5, max: 0.99, noNaN: true }), (kw, stoppedShare) => {
        const whole = logLikelihoodRatio(modes, kw, cap);
        const partial = partialLogLikelihoodRatio(modes, kw, stoppedShare, cap);
        expect(partial).toBeLessThanOrEqual(whole);
        if (whole > 0) expect(partial).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('is nothing where the running part of a slot explains its load, and something where it cannot', () => {
    const half = 0.5 * medianKw(modes.running) + 0.5 * medianKw(modes.stopped);
    expect(partialLogLikelihoodRatio(modes, half, 0.5, cap)).toBe(0);
    expect(partialLogLikelihoodRatio(modes, medianKw(modes.running), 0.9, cap)).toBeGreaterThan(3);
  });

  test('has an upper bound of running above its median', () => {
    expect(runningUpperKw(modes)).toBeGreaterThan(medianKw(modes.running));
  });
});
