import { describe, expect, test } from '@jest/globals';
import type { Engine, InputRecord, Output } from './batch.ts';
import {
  anEngine,
  aRandom,
  canonical,
  findingsIn,
  hourMs,
  run,
  runAndSettle,
  type Sent,
  settledFindings,
} from './testing/builders.ts';
import { aWorld, eventMs } from './testing/world.ts';

/** Set SEED to a list of numbers to try other worlds; a failing test names the seed in its title. */
const seeds = (process.env.SEED ?? '1,2').split(',').map(Number);
/** Safely inside the lateness horizon of 26 h, which is counted from the start of a slot. */
const latestMs = 25 * hourMs;

describe.each(seeds)('settled findings of five plants over ten days, seed %d', (seed) => {
  const world = aWorld(seed);
  const expected = settledFindings(runAndSettle(anEngine(), world));
  const random = aRandom(seed + 1000);

  test('there are enough of them, in every enterprise and of every kind of subject', () => {
    expect(expected.length).toBeGreaterThan(10);
    expect(new Set(expected.map((finding) => finding.enterpriseId)).size).toBe(5);
    expect(new Set(expected.map(({ subject }) => subject.split(' ')[0]))).toEqual(
      new Set(['EQUIPMENT', 'METER', 'ENTERPRISE']),
    );
  });

  test('do not depend on the order of arrival within the lateness horizon', () => {
    const shuffled = world.map((item): Sent => {
      const ms = eventMs(item);
      return ms === 0 ? item : { ...item, arrivalMs: ms + Math.floor(random() * latestMs) };
    });
    expect(settledFindings(runAndSettle(slowToReview(), shuffled))).toEqual(expected);
  });

  test('do not depend on how often a record comes', () => {
    const repeats = world.flatMap((item): Sent[] => {
      if (random() < 0.6) return [];
      const again = { ...item, arrivalMs: item.arrivalMs + Math.floor(random() * 20 * hourMs) };
      return random() < 0.3 ? [again, { ...again, arrivalMs: again.arrivalMs + 1 }] : [again];
    });
    expect(settledFindings(runAndSettle(slowToReview(), world.concat(repeats)))).toEqual(expected);
  });

  test('do not depend on batches: all in one', () => {
    expect(settledFindings(runAndSettle(anEngine(), world, world.length))).toEqual(expected);
  });

  test('do not depend on batches: sizes that change all the time', () => {
    const records = canonical(world);
    const engine = anEngine();
    const outputs: Output[] = [];
    for (const batch of randomBatches(records, random)) outputs.push(...engine.apply(batch, batch.at(-1)!.arrivalMs));
    outputs.push(...engine.apply([], records.at(-1)!.arrivalMs + 72 * hourMs));
    expect(settledFindings(outputs)).toEqual(expected);
  });

  test.each([2, 5])('do not depend on how enterprises are spread (%d partitions, an engine each)', (partitions) => {
    const outputs = Array.from({ length: partitions }, (_, partition) =>
      runAndSettle(
        anEngine(),
        world.filter(({ value }) => Number(value.enterpriseId.slice(1)) % partitions === partition),
      ),
    );
    expect(settledFindings(outputs.flat())).toEqual(expected);
  });

  test('are said word for word by an engine that was restored at any batch boundary', () => {
    const late = world.map((item): Sent => {
      // One record in fifty comes late, so that snapshots hold stale verdicts and reviews that are due.
      const ms = eventMs(item);
      return ms === 0 || random() > 0.02 ? item : { ...item, arrivalMs: ms + Math.floor(random() * latestMs) };
    });
    const records = canonical(late);
    const whole = slowToReview();
    let restored = slowToReview();
    const states = new Map<string, Uint8Array>();
    let restores = 0;
    for (const batch of randomBatches(records, random)) {
      const nowMs = batch.at(-1)!.arrivalMs;
      const expectedOutputs = JSON.stringify(whole.apply(batch, nowMs));
      expect(JSON.stringify(restored.apply(batch, nowMs))).toBe(expectedOutputs);
      expect(restored.nextTimerMs()).toBeGreaterThan(nowMs);
      if (random() < 0.7) continue;
      for (const [id, state] of restored.takeDirty()) states.set(id, state!);
      restored = slowToReview();
      for (const [id, state] of states) restored.restore(id, state);
      restored.resumeAt(nowMs);
      restores++;
    }
    expect(restores).toBeGreaterThan(5);
    const endMs = records.at(-1)!.arrivalMs + 72 * hourMs;
    const end = whole.apply([], endMs);
    expect(findingsIn(end).length).toBeGreaterThan(0);
    expect(JSON.stringify(restored.apply([], endMs))).toBe(JSON.stringify(end));
  });

  test('are the same after the engine was carried over by its state alone', () => {
    const records = canonical(world);
    const first = anEngine();
    const half = records.length >> 1;
    const outputs = run(first, records.slice(0, half));
    const second = anEngine();
    for (const [id, state] of first.takeDirty()) second.restore(id, state!);
    second.resumeAt(records[half - 1]!.arrivalMs);
    outputs.push(...run(second, records.slice(half)), ...second.apply([], records.at(-1)!.arrivalMs + 72 * hourMs));
    expect(settledFindings(outputs)).toEqual(expected);
  });
});

/** A shuffled world is nothing but late data; reviews hours apart keep the test short, and no settled finding rests on them. */
function slowToReview(): Engine {
  return anEngine({ lateReviewMs: 2 * hourMs });
}

function* randomBatches(records: readonly InputRecord[], random: () => number): Generator<InputRecord[]> {
  let at = 0;
  while (at < records.length) {
    const size = 1 + Math.floor(random() ** 3 * 6000);
    yield records.slice(at, at + size);
    at += size;
  }
}
