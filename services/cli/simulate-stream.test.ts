import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Refusal } from '../core/batch.ts';
import { inputTopics, type Telemetry } from '../core/records.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import type { Log, LogRecord } from '../platform/log.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { migrateSchemas } from '../platform/registry-migrate.ts';
import { createSqliteLog } from '../platform/sqlite-log.ts';
import { topicSpecs } from '../platform/topics.ts';
import { stream } from './simulate-stream.ts';
import { scenarioOf } from './simulate-world.ts';

let log: Log;
let codec: Codec;

beforeEach(async () => {
  log = createSqliteLog({ path: ':memory:' });
  await log.topics.create(topicSpecs({ partitions: 2 }));
  const registry = createEmbeddedRegistry({ path: ':memory:' });
  await migrateSchemas(registry);
  codec = await createCodec({ registry });
});

afterEach(() => log.close());

async function telemetry(): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of log.read({ topics: ['telemetry'], follow: false })) {
    all.push(...records.filter(({ value }) => value !== null));
  }
  return all;
}

function decoded(record: LogRecord): Telemetry {
  const value = codec.decode('telemetry', record.value!);
  if (value instanceof Refusal) throw new Error(value.detail);
  return value;
}

const load = () => scenarioOf('load');
const never = new AbortController().signal;

describe('a world streamed into the log', () => {
  test('in recorded time carries its arrivals in order, each partition by itself', async () => {
    const settings = { seed: 1, firms: 12, days: 1, rate: 1_000_000, live: false };
    const { records, minutes } = await stream(load(), log, codec, settings, never, () => {});
    expect(minutes).toBeGreaterThan(24 * 60 - 20);
    const counts = await Promise.all(inputTopics.map((topic) => log.topics.endOffsets(topic)));
    // Clock marks stand beside what was sent.
    expect(counts.flat().reduce((a, b) => a + b, 0)).toBeGreaterThan(records);
    const last = new Map<number, number>();
    let backwards = 0;
    for (const { partition, headers } of await telemetry()) {
      const arrivalMs = Number(headers?.[arrivedHeader]);
      if (arrivalMs < (last.get(partition) ?? 0)) backwards++;
      last.set(partition, arrivalMs);
    }
    expect(backwards).toBe(0);
    expect(last.size).toBe(2);
  });

  test('goes no faster than it is told', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 3000);
    const settings = { seed: 1, firms: 40, days: 2, rate: 20_000, live: false };
    const startedMs = Date.now();
    const { records } = await stream(load(), log, codec, settings, stopping.signal, () => {});
    const seconds = (Date.now() - startedMs) / 1000;
    expect(records / seconds).toBeLessThan(20_500);
    expect(records).toBeGreaterThan(0);
  });

  test('lives now, reports as often as makes the rate, and ends when it is told to', async () => {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 4000);
    const startedMs = Date.now();
    const { records } = await stream(
      load(),
      log,
      codec,
      { seed: 1, firms: 30, rate: 50, live: true },
      stopping.signal,
      () => {},
    );
    expect(Date.now() - startedMs).toBeLessThan(20_000);
    expect(records).toBeGreaterThan(30);
    const reports = (await telemetry()).map(decoded);
    expect(reports.length).toBeGreaterThan(0);
    for (const { observedAtMs } of reports) {
      expect(Math.abs(observedAtMs - startedMs)).toBeLessThan(16 * 60_000);
      expect(observedAtMs).toBeLessThanOrEqual(Date.now());
    }
  });
});
