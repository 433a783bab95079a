import { describe, expect, test } from '@jest/globals';
import type { Engine, InputRecord, Output } from './batch.ts';
import type { Recording, TelemetryRun } from './recording.ts';
import type { EnterpriseSilence, SiteEvent, Telemetry } from './records.ts';
import { dayMs, hourMs, minuteMs, startMs } from './region/testing/statements.ts';
import { replay, settlingMs } from './replay.ts';

const names = Array.from({ length: 5 }, (_, i) => `e${i + 1}`);
const noonMs = startMs + dayMs + 12 * hourMs;
const backMs = noonMs + 2 * hourMs;
const silentAfterMs = 3 * minuteMs;

const reports = (enterpriseId: string, fromMs: number, toMs: number): TelemetryRun => ({
  enterpriseId,
  equipmentId: 'q',
  fromMs,
  toMs,
  everyMs: minuteMs,
  state: 'RUNNING',
  arrival: { delayMs: 0 },
  gatewayId: null,
  readings: [],
});

function aRecording(telemetry: readonly TelemetryRun[]): Recording {
  const about = { title: '', source: '', licence: '', credit: '', timeZone: 'Asia/Shanghai', nominalIntervalMs: 1 };
  const nothing = { sites: [], workRecords: [], siteEvents: [], alarmActions: [], power: [], labels: [] };
  return { ...nothing, about, telemetry };
}

/** Says who is heard, a few minutes after the last report, and takes down what comes back. */
class ListeningEngine implements Engine {
  readonly outages: { readonly event: SiteEvent; readonly record: InputRecord; readonly nowMs: number }[] = [];
  readonly batches: number[] = [];
  readonly #heardMs = new Map<string, number>();
  readonly #silent = new Set<string>();

  apply(records: Iterable<InputRecord>, nowMs: number): Output[] {
    const outputs: Output[] = [];
    const say = (enterpriseId: string, asOfMs: number, silentSinceMs: number | null): void => {
      const where = { regionCode: '330106', carrier: '', gateways: 1, heardGateways: silentSinceMs === null ? 1 : 0 };
      const value: EnterpriseSilence = { enterpriseId, asOfMs, silentSinceMs, ...where };
      outputs.push({ topic: 'enterprise-silence', value });
    };
    const moveTo = (ms: number): void => {
      for (const [id, heardMs] of this.#heardMs) {
        if (this.#silent.has(id) || heardMs + silentAfterMs > ms) continue;
        this.#silent.add(id);
        say(id, heardMs + silentAfterMs, heardMs);
      }
    };
    for (const record of records) {
      moveTo(record.arrivalMs);
      if (record.topic === 'site-events') this.outages.push({ event: record.value as SiteEvent, record, nowMs });
      if (record.topic !== 'telemetry') continue;
      const { enterpriseId, observedAtMs } = record.value as Telemetry;
      if (!this.#heardMs.has(enterpriseId) || this.#silent.delete(enterpriseId))
        say(enterpriseId, record.arrivalMs, null);
      this.#heardMs.set(enterpriseId, observedAtMs);
    }
    moveTo(nowMs);
    this.batches.push(nowMs);
    return outputs;
  }
  nextTimerMs = () => Number.POSITIVE_INFINITY;
  takeDirty = () => new Map<string, Uint8Array | null>();
  restore(): void {}
  resumeAt(): void {}
  useRules(): Output[] {
    return [];
  }
}

function run(telemetry: readonly TelemetryRun[]): { engine: ListeningEngine; outputs: Output[] } {
  const engine = new ListeningEngine();
  const outputs = [...replay(aRecording(telemetry), engine, { latenessHorizonMs: 26 * hourMs })];
  return { engine, outputs };
}

describe('replay', () => {
  test('brings regional outages back to the engine as they would have come, and their end', () => {
    const { engine } = run([
      ...names.flatMap((name) => [reports(name, startMs, noonMs), reports(name, backMs, backMs + dayMs)]),
      reports('other', startMs, backMs + dayMs),
    ]);
    const lastMs = noonMs - minuteMs;
    const [begins, ends] = [engine.outages.slice(0, 5), engine.outages.slice(5, 10)];
    expect(begins.map(({ event }) => event.enterpriseId)).toEqual(names);
    for (const { event, record, nowMs } of begins) {
      expect(event).toMatchObject({ kind: 'REGIONAL_OUTAGE', startMs: lastMs, endMs: null });
      expect(record.arrivalMs).toBeGreaterThanOrEqual(lastMs + silentAfterMs);
      expect(nowMs).toBeLessThanOrEqual(lastMs + silentAfterMs + 3 * minuteMs);
    }
    for (const { event, nowMs } of ends) {
      expect(event).toMatchObject({ revision: 1, startMs: lastMs, endMs: backMs });
      expect(nowMs).toBeLessThanOrEqual(backMs + 3 * minuteMs);
    }
  });

  test('brings them back too where the recording ends in the outage', () => {
    const { engine, outputs } = run(names.map((name) => reports(name, startMs, noonMs)));
    expect(engine.outages.map(({ event }) => event.startMs)).toEqual(names.map(() => noonMs - minuteMs));
    expect(outputs.filter((output) => output.topic === 'enterprise-silence')).toHaveLength(10);
  });

  test('moves time on until everything is sealed, and never back', () => {
    const recording = aRecording(names.map((name) => reports(name, startMs, noonMs)));
    const { batches } = run(recording.telemetry).engine;
    expect(batches.at(-1)).toBe(noonMs - minuteMs + settlingMs(recording, 26 * hourMs));
    expect(batches.toSorted((a, b) => a - b)).toEqual(batches);
  });
});
