import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PowerRun, type Recording, recordingSpan, type TelemetryRun } from './recording.ts';
import { recordingInputCount, recordingInputs } from './recording-inputs.ts';
import { inputTopics } from './records.ts';

const aRecording = (parts: Partial<Recording>): Recording => ({
  about: { title: '', source: '', licence: '', credit: '', timeZone: 'UTC', nominalIntervalMs: 60_000 },
  sites: [],
  workRecords: [],
  siteEvents: [],
  alarmActions: [],
  telemetry: [],
  power: [],
  labels: [],
  ...parts,
});

const telemetry = (parts: Partial<TelemetryRun>): TelemetryRun => ({
  enterpriseId: 'e',
  equipmentId: 'm',
  fromMs: 0,
  toMs: 180_000,
  everyMs: 60_000,
  state: 'RUNNING',
  arrival: { delayMs: 1000 },
  gatewayId: null,
  readings: [],
  ...parts,
});

const power = (parts: Partial<PowerRun>): PowerRun => ({
  enterpriseId: 'e',
  meterId: 'p',
  startMs: 0,
  intervalMs: 60_000,
  quality: 'MEASURED',
  arrival: { delayMs: 1000 },
  meanKw: [1, 2, 3],
  extras: {},
  ...parts,
});

describe('recordingInputs', () => {
  test('gives the same order as sorting every single record by arrival, topic rank and place', () => {
    const arrival = fc.oneof(
      fc.record({ delayMs: fc.integer({ min: -90, max: 400 }).map((n) => n * 1000) }),
      fc.record({ atMs: fc.integer({ min: 0, max: 900 }).map((n) => n * 1000) }),
    );
    const telemetryRun = fc
      .record({ from: fc.nat(300), reports: fc.nat(6), every: fc.integer({ min: 1, max: 90 }), arrival })
      .map(({ from, reports, every, arrival }) =>
        telemetry({ fromMs: from * 1000, toMs: (from + reports * every) * 1000, everyMs: every * 1000, arrival }),
      );
    const powerRun = fc
      .record({ start: fc.nat(300), meanKw: fc.array(fc.constantFrom(Number.NaN, 1, 2), { maxLength: 5 }), arrival })
      .map(({ start, meanKw, arrival }) => power({ startMs: start * 1000, meanKw, arrival }));
    fc.assert(
      fc.property(fc.array(telemetryRun, { maxLength: 8 }), fc.array(powerRun, { maxLength: 8 }), (runs, meters) => {
        const recording = aRecording({ telemetry: runs, power: meters });
        const got = [...recordingInputs(recording)];
        // One run at a time needs no merge: what a run gives alone is the reference.
        const alone = [
          ...runs.flatMap((run, place) =>
            [...recordingInputs(aRecording({ telemetry: [run] }))].map((r) => ({ r, place })),
          ),
          ...meters.flatMap((run, place) =>
            [...recordingInputs(aRecording({ power: [run] }))].map((r) => ({ r, place: place + runs.length })),
          ),
        ];
        const rank = (topic: (typeof inputTopics)[number]) => inputTopics.indexOf(topic);
        alone.sort((a, b) => a.r.arrivalMs - b.r.arrivalMs || rank(a.r.topic) - rank(b.r.topic) || a.place - b.place);
        expect(got).toEqual(alone.map(({ r }) => r));
        expect(got).toHaveLength(recordingInputCount(recording));
      }),
    );
  });

  test('repeats a report while before the end of its run, which is exclusive', () => {
    const times = [...recordingInputs(aRecording({ telemetry: [telemetry({})] }))].map((input) =>
      input.topic === 'telemetry' ? [input.value.observedAtMs, input.arrivalMs] : [],
    );
    expect(times).toEqual([
      [0, 1000],
      [60_000, 61_000],
      [120_000, 121_000],
    ]);
  });

  test('counts the delay of a power reading from the end of its interval and leaves out missing ones', () => {
    const run = power({ meanKw: [1, Number.NaN, 3], extras: { maxKw: [5, Number.NaN, Number.NaN] } });
    const inputs = [...recordingInputs(aRecording({ power: [run] }))];
    expect(inputs.map((input) => input.arrivalMs)).toEqual([61_000, 181_000]);
    expect(inputs[0]?.value).toMatchObject({ meanKw: 1, maxKw: 5, minKw: null });
    expect(inputs[1]?.value).toMatchObject({ meanKw: 3, maxKw: null, intervalStartMs: 120_000 });
  });

  test('spans event time, not arrival', () => {
    const recording = aRecording({ telemetry: [telemetry({})], power: [power({ startMs: 60_000 })] });
    expect(recordingSpan(recording)).toEqual({ fromMs: 0, toMs: 240_000 });
    expect(recordingSpan(aRecording({}))).toBeUndefined();
  });
});
