import { createEngine, engineDefaults } from '../core/engine.ts';
import { inputTopics } from '../core/records.ts';
import { detectorGroup, startDetector } from '../detector/main.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import type { Log, NewRecord } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { loadRules } from '../platform/rules.ts';
import { topicSpecs } from '../platform/topics.ts';
import { type EngineWorld, registrations, worldRecords } from './engine.ts';

const sendRecords = 20_000;
const slotMs = 900_000;

export interface EndToEnd {
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly bytesARecord: number;
}

/**
 * Records/s of the detector, log to log and exactly once, with all rules on: the log is filled first, then one process
 * reads, judges and commits it all. The log must be empty.
 */
export async function measureEndToEnd(log: Log, rulesDir: string, partitions: number): Promise<EndToEnd> {
  await log.topics.create(topicSpecs({ partitions }));
  const codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
  const filled = await fill(log, codec);
  const rules = loadRules(rulesDir);
  const detector = await startDetector({
    log,
    codec,
    createEngine: (judging) => createEngine({ ...engineDefaults, ...judging }),
    watchRules: () => ({ current: rules, stop() {} }),
    settings: {
      timeSource: 'append',
      batchRecords: 20_000,
      batchMs: 250,
      snapshotMs: 45_000,
      engineVersion: engineDefaults.engineVersion,
    },
    metrics: createMetrics(),
    logger: createLogger({ service: 'bench', level: 'warn' }),
  });
  try {
    const ends = await Promise.all(inputTopics.map((topic) => log.topics.endOffsets(topic)));
    while (!detector.ready().ready) await pause(5);
    const begin = process.hrtime.bigint();
    for (;;) {
      const at = await Promise.all(inputTopics.map((topic) => log.topics.committed(detectorGroup, topic)));
      const done = ends.every((topic, t) => topic.every((end, p) => end === 0 || (at[t]![p] ?? 0) >= end));
      if (done) break;
      await pause(20);
    }
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    return { ...filled, recordsPerSecond: filled.records / seconds };
  } finally {
    await detector.stop();
  }
}

/** Four hours of 1,000 small firms that ended just now. */
async function fill(log: Log, codec: Codec): Promise<{ records: number; bytesARecord: number }> {
  const world: EngineWorld = { enterprises: 1000, machines: 7, reportIntervalMs: 60_000 };
  const toMs = Math.floor(Date.now() / slotMs) * slotMs;
  const fromMs = toMs - 4 * 3_600_000;
  const producer = await log.openProducer();
  let records = 0;
  let bytes = 0;
  let batch: NewRecord[] = [];
  const send = async (): Promise<void> => {
    await producer.send(batch);
    records += batch.length;
    batch = [];
  };
  const add = async (record: NewRecord): Promise<void> => {
    bytes += record.value!.length;
    if (batch.push(record) >= sendRecords) await send();
  };
  for (const value of registrations(world)) {
    const effective = { ...value, effectiveFromMs: fromMs - slotMs };
    await add({ topic: 'site-registry', key: value.enterpriseId, value: codec.encode('site-registry', effective) });
  }
  await send();
  for (const { topic, value } of worldRecords(world, fromMs, toMs)) {
    if (topic !== 'telemetry' && topic !== 'power') continue;
    const { enterpriseId } = value as { enterpriseId: string };
    await add({ topic, key: enterpriseId, value: codec.encode(topic, value as never) });
  }
  await send();
  await producer.close();
  return { records, bytesARecord: bytes / records };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
