import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type RecordedInput, recordingInputs } from '../../core/recording-inputs.ts';
import { loadScenario } from './scenario.ts';
import { pointCount, streamWorld } from './stream.ts';
import { simulateWorld } from './world.ts';

const scenario = loadScenario(fileURLToPath(new URL('../../../testdata/scenarios/load.yaml', import.meta.url)));
const seed = 4;
const text = (input: RecordedInput) => `${input.key} ${input.arrivalMs} ${JSON.stringify(input.value)}`;

describe('a stream of all firms at once', () => {
  test('holds what the firms one by one hold, each record once', () => {
    const streamed = [...streamWorld(scenario, { seed, firms: 12, days: 1 })]
      .flat()
      .filter(({ topic }) => topic !== 'site-registry');
    // Of a two-day world the first day; what is late by more than it is beyond the stream's last windows.
    const single: RecordedInput[] = [];
    for (const recording of simulateWorld(scenario, seed, {
      firms: 12,
      days: 1,
    })) {
      for (const input of recordingInputs(recording)) if (input.topic !== 'site-registry') single.push(input);
    }
    const withoutArrival = (inputs: readonly RecordedInput[]) =>
      inputs
        .filter(({ topic }) => topic === 'telemetry')
        .map(text)
        .sort();
    expect(withoutArrival(streamed)).toEqual(withoutArrival(single));
    expect(streamed.length).toBe(single.length);
  });

  test('comes in order of arrival, the registrations first', () => {
    let last = Number.NEGATIVE_INFINITY;
    let registering = true;
    let late = 0;
    let misplaced = 0;
    for (const inputs of streamWorld(scenario, { seed, firms: 25, days: 1 })) {
      for (const { topic, arrivalMs } of inputs) {
        if (topic !== 'site-registry') registering = false;
        if ((topic === 'site-registry') !== registering) misplaced++;
        // A device whose clock is fast, or a window made a moment late, may be off by minutes and no more.
        if (arrivalMs < last - 4 * 60_000) late++;
        if (arrivalMs > last) last = arrivalMs;
      }
    }
    expect({ late, misplaced }).toEqual({ late: 0, misplaced: 0 });
  });

  test('reports as often as it is told to', () => {
    const points = pointCount(scenario, seed, 10);
    const seconds = 1800;
    let telemetry = 0;
    let at = 0;
    for (const inputs of streamWorld(scenario, {
      seed,
      firms: 10,
      days: 1,
      reportMs: 5000,
    })) {
      for (const { topic } of inputs) if (topic === 'telemetry') telemetry++;
      if (inputs[0]?.topic !== 'site-registry' && ++at >= seconds) break;
    }
    expect(telemetry / ((points * seconds) / 5)).toBeGreaterThan(0.97);
    expect(telemetry / ((points * seconds) / 5)).toBeLessThan(1.03);
  });
});
