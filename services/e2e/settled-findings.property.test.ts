import { describe, expect, test } from '@jest/globals';
import { detectorEngine, readConfig } from '../cli/settings.ts';
import type { InputRecord } from '../core/batch.ts';
import { type RecordedInput, recordingInputs } from '../core/recording-inputs.ts';
import type { Finding, Power, Telemetry } from '../core/records.ts';
import { partitionOf } from '../platform/partitioner.ts';
import { simulatePlant } from '../simulator/plant.ts';
import { createRandom, type Random } from '../simulator/random.ts';
import { settledFacts, sideBySide } from './stack.ts';

/** Settled findings are a function of what was said: not of the order, the repetition or the partition of it. */

const seeds = (process.env.SEED ?? '11').split(',').map(Number);
const hourMs = 3_600_000;
const settleMs = 60 * hourMs;
// Reviews an hour apart: a shuffled world is nothing but late data, and settled findings do not depend on reviews.
const createEngine = detectorEngine(readConfig({ LATE_REVIEW_MINUTES: '60' })).create;

for (const seed of seeds) {
  describe(`of two plants over three days (seed ${seed})`, () => {
    const plant = { startMs: Date.UTC(2026, 2, 1, 16), days: 3, lies: 4, hidden: [] };
    const inputs = [
      ...recordingInputs(sideBySide([0, 1].map((n) => simulatePlant({ ...plant, seed: seed * 10 + n })))),
    ];
    const expected = settled(inputs);

    test('there are some, so that the comparisons below say something', () => {
      expect(expected.length).toBeGreaterThan(1);
    });

    test('arrival shuffled within the lateness horizon changes none', () => {
      const random = createRandom(seed, 'shuffle');
      const shuffled = inputs.map((input) => ({ ...input, arrivalMs: arrival(input, random) }));
      shuffled.sort((a, b) => a.arrivalMs - b.arrivalMs);
      expect(settled(shuffled)).toEqual(expected);
    });

    test('a third of the records sent again, later, changes none', () => {
      const random = createRandom(seed, 'repeat');
      const repeats = inputs.flatMap((input) =>
        random.next() < 1 / 3 ? [{ ...input, arrivalMs: input.arrivalMs + random.between(0, 20 * hourMs) }] : [],
      );
      const all = [...inputs, ...repeats].sort((a, b) => a.arrivalMs - b.arrivalMs);
      expect(settled(all)).toEqual(expected);
    });

    test.each([2, 5])('spread over %d partitions, an engine each, changes none', (partitions) => {
      const facts = Array.from({ length: partitions }, (_, p) =>
        settled(inputs.filter(({ key }) => partitionOf(key, partitions) === p)),
      );
      expect(facts.flat().sort()).toEqual(expected);
    });

    test('cut into batches elsewhere changes none', () => {
      expect(settled(inputs, 777)).toEqual(expected);
    });

    test('a snapshot restored into a new engine goes on word for word', () => {
      const batches = batchesOf(inputs, 15_000);
      const random = createRandom(seed, 'restore');
      const whole = createEngine();
      let restored = createEngine();
      const states = new Map<string, Uint8Array>();
      for (const [i, batch] of batches.entries()) {
        const nowMs = batch.at(-1)!.arrivalMs;
        const said = whole.apply(batch, nowMs);
        expect(JSON.stringify(restored.apply(batch, nowMs))).toBe(JSON.stringify(said));
        if (random.next() < 0.6 && i > 0) continue;
        for (const [id, state] of restored.takeDirty()) states.set(id, state!);
        restored = createEngine();
        for (const [id, state] of states) restored.restore(id, state);
        restored.resumeAt(nowMs);
      }
    });
  });
}

function settled(inputs: readonly RecordedInput[], batchRecords = 20_000): string[] {
  const engine = createEngine();
  const findings: Finding[] = [];
  const batches = batchesOf(inputs, batchRecords);
  for (const batch of batches) {
    for (const output of engine.apply(batch, batch.at(-1)!.arrivalMs)) {
      if (output.topic === 'findings') findings.push(output.value);
    }
  }
  const lastMs = batches.at(-1)?.at(-1)?.arrivalMs ?? 0;
  for (const output of engine.apply([], lastMs + settleMs)) {
    if (output.topic === 'findings') findings.push(output.value);
  }
  return settledFacts(findings);
}

function batchesOf(inputs: readonly RecordedInput[], batchRecords: number): InputRecord[][] {
  const batches: InputRecord[][] = [];
  for (let at = 0; at < inputs.length; at += batchRecords) {
    batches.push(
      inputs.slice(at, at + batchRecords).map((input, i) => ({
        topic: input.topic,
        offset: at + i,
        arrivalMs: input.arrivalMs,
        value: input.value,
      })),
    );
  }
  return batches;
}

/** Any time within twenty hours of the event: safely inside the horizon of 26 h. Registrations stay first. */
function arrival({ topic, value, arrivalMs }: RecordedInput, random: Random): number {
  if (topic === 'telemetry') return (value as Telemetry).observedAtMs + random.between(0, 20 * hourMs);
  if (topic !== 'power') return arrivalMs;
  const { intervalStartMs, intervalMs } = value as Power;
  return intervalStartMs + intervalMs + random.between(0, 20 * hourMs);
}
