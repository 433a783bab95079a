import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../core/batch.ts';
import type { RunState } from '../core/records.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import { createClickHouse } from '../platform/clickhouse.ts';
import { startEmbeddedClickHouse } from '../platform/clickhouse-embedded.ts';
import { migrateClickHouse } from '../platform/clickhouse-migrations.ts';
import type { LogRecord } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { Lane, type LaneLimits } from '../sink/lane.ts';
import { sinkMetrics } from '../sink/metrics.ts';
import { createStore, type Encoded } from '../sink/store.ts';
import type { Item } from '../sink/tables.ts';

export interface SinkMeasure {
  readonly topic: 'power' | 'telemetry';
  /** Records a second through the whole lane: decode, rows, INSERT over HTTP, positions. */
  readonly recordsPerSecond: number;
  readonly rowsPerSecond: number;
  /** The stages one at a time, records a second: the slowest that cannot overlap is the limit. */
  readonly decodePerSecond: number;
  readonly encodePerSecond: number;
  readonly insertPerSecond: number;
  /** Bytes that cross to ClickHouse, a row. */
  readonly bytesPerRow: number;
  readonly rows: number;
}

const startMs = Date.UTC(2026, 0, 5);
const machines = 7;
const states: readonly RunState[] = ['RUNNING', 'STOPPED', 'RUNNING', 'STANDBY'];
const limits: LaneLimits = { batchRecords: 50_000, batchBytes: 32 * 1024 * 1024, batchDelayMs: 100 };
const chunkRecords = 2_000;

/** 15-minute readings of many meters, in the order in which a utility sends them. */
function powerRecord(codec: Codec, index: number, meters: number): Buffer {
  const meter = index % meters;
  return codec.encode('power', {
    enterpriseId: `330106-${meter}`,
    meterId: 'total',
    intervalStartMs: startMs + Math.floor(index / meters) * 900_000,
    intervalMs: 900_000,
    meanKw: 20 + ((index * 7919) % 1000) / 10,
    quality: 'MEASURED',
    minKw: 3.5,
    maxKw: 140.25,
    meanKvar: null,
    registerKwh: 1000 + index,
  });
}

/** Reports of all machines of many firms, every 5 s. */
function reportRecord(codec: Codec, index: number, points: number): Buffer {
  const point = index % points;
  const round = Math.floor(index / points);
  return codec.encode('telemetry', {
    enterpriseId: `330106-${Math.floor(point / machines)}`,
    equipmentId: `machine-${point % machines}`,
    observedAtMs: startMs + round * 5_000,
    state: states[(point + Math.floor(round / 100)) % states.length]!,
    gatewayId: 'gateway-1',
    readings: [{ indicator: 'current_a', value: 12.5 }],
  });
}

/** Measures the sink's path for one topic against an embedded ClickHouse of its own, with `records` records. */
export async function measureSink(topic: SinkMeasure['topic'], records: number): Promise<SinkMeasure> {
  const dir = await mkdtemp(join(tmpdir(), 'wattness-bench-'));
  const server = await startEmbeddedClickHouse({ path: dir });
  const clickhouse = createClickHouse({ url: server.url, user: 'default', password: '' });
  try {
    await migrateClickHouse(clickhouse, fileURLToPath(new URL('../../deploy/clickhouse/', import.meta.url)));
    const codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
    const bytesOf = topic === 'power' ? powerRecord : reportRecord;
    const log: LogRecord[] = Array.from({ length: records }, (_, offset) => ({
      topic,
      partition: 0,
      offset,
      appendTimeMs: startMs + offset,
      key: null,
      value: Buffer.from(bytesOf(codec, offset, topic === 'power' ? 5_000 : 7_000)),
      headers: null,
    }));
    const metrics = sinkMetrics(createMetrics());
    const stopping = new AbortController().signal;
    const store = createStore({ clickhouse, metrics, stopping });

    const lane = await throughLane(topic, log, { codec, store, metrics, stopping });
    const stages = await stageByStage(topic, log, codec, store);
    const result = await clickhouse.query({
      query: `SELECT count() AS n FROM wattness.${topic === 'power' ? 'meter_readings' : 'reported_states'} FINAL`,
      format: 'JSONEachRow',
    });
    const [{ n: rows }] = (await result.json<{ n: number }>()) as [{ n: number }];
    const inserted = (await metrics.rows.get()).values.reduce((sum, { value }) => sum + value, 0);
    return { topic, rows, ...lane, ...stages, rowsPerSecond: (lane.recordsPerSecond * inserted) / 2 / records };
  } finally {
    await clickhouse.close();
    await server.close();
    await rm(dir, { recursive: true });
  }
}

type LaneMeasure = Pick<SinkMeasure, 'recordsPerSecond'>;
type StageMeasure = Pick<SinkMeasure, 'decodePerSecond' | 'encodePerSecond' | 'insertPerSecond' | 'bytesPerRow'>;

async function throughLane(
  topic: SinkMeasure['topic'],
  log: readonly LogRecord[],
  parts: Pick<ConstructorParameters<typeof Lane>[1], 'codec' | 'store' | 'metrics' | 'stopping'>,
): Promise<LaneMeasure> {
  let held = false;
  const lane = new Lane(topic, {
    ...parts,
    limits,
    deadLetters: {
      send: async (refused) => {
        if (refused.length > 0) throw new Error(`refused: ${refused[0]!.refusal.detail}`);
      },
    },
    pause: () => {
      held = true;
    },
    resume: () => {
      held = false;
    },
    stored: async () => {},
  });
  lane.reset(1);
  const begun = performance.now();
  const running = lane.run();
  for (let at = 0; at < log.length; ) {
    if (!held) {
      lane.push(0, log.slice(at, at + chunkRecords));
      at += chunkRecords;
    }
    // As a log delivers: one piece a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  lane.stop();
  await running;
  return { recordsPerSecond: perSecond(log.length, begun) };
}

async function stageByStage(
  topic: SinkMeasure['topic'],
  log: readonly LogRecord[],
  codec: Codec,
  store: ReturnType<typeof createStore>,
): Promise<StageMeasure> {
  let begun = performance.now();
  const items = log.map((record) => {
    const value = codec.decode(topic, record.value!);
    if (value instanceof Refusal) throw new Error(value.detail);
    // Other offsets than in the lane: equal tokens would be taken for repeats and cost nothing.
    return { value, record: { ...record, partition: 1 } } as Item;
  });
  const decodePerSecond = perSecond(log.length, begun);
  begun = performance.now();
  const batches: Encoded<SinkMeasure['topic']>[] = [];
  for (let at = 0; at < items.length; at += limits.batchRecords) {
    batches.push(store.encode(topic, items.slice(at, at + limits.batchRecords) as Item<typeof topic>[]));
  }
  const encodePerSecond = perSecond(log.length, begun);
  begun = performance.now();
  for (const batch of batches) await store.insert(batch);
  const insertPerSecond = perSecond(log.length, begun);
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return { decodePerSecond, encodePerSecond, insertPerSecond, bytesPerRow: bytes / rows };
}

function perSecond(count: number, begunMs: number): number {
  return Math.round((count * 1000) / (performance.now() - begunMs));
}
