import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type DeadLetter,
  type Finding,
  type Power,
  type SubjectStatus,
  subjectKinds,
  type Telemetry,
} from '../core/records.ts';
import { aFinding } from '../core/testing/finding.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import { type ClickHouseClient, createClickHouse } from '../platform/clickhouse.ts';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '../platform/clickhouse-embedded.ts';
import { migrateClickHouse } from '../platform/clickhouse-migrations.ts';
import type { Log, NewRecord } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { createSqliteLog } from '../platform/sqlite-log.ts';
import { type Sink, sinkGroup, startSink } from './main.ts';
import { storedTopics } from './tables.ts';

const ddl = fileURLToPath(new URL('../../deploy/clickhouse/', import.meta.url));
const startMs = Date.UTC(2026, 2, 1);
const minuteMs = 60_000;

let dir: string;
let server: EmbeddedClickHouse;
let clickhouse: ClickHouseClient;
let log: Log;
let codec: Codec;
let metrics: ReturnType<typeof createMetrics>;
let sinks: Sink[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wattness-sink-'));
  server = await startEmbeddedClickHouse({ path: join(dir, 'clickhouse') });
  clickhouse = createClickHouse({ url: server.url, user: 'default', password: '' });
  await migrateClickHouse(clickhouse, ddl);
  log = createSqliteLog({ path: `:memory:${dir}` });
  await log.topics.create(storedTopics.map((name) => ({ name, partitions: 2, config: {} })));
  codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
  metrics = createMetrics();
  sinks = [];
});

afterEach(async () => {
  for (const sink of sinks) await sink.stop();
  await log.close();
  await clickhouse.close();
  await server.close();
  await rm(dir, { recursive: true });
});

async function aSink(limits = { batchRecords: 1000, batchBytes: 1_000_000, batchDelayMs: 20 }): Promise<Sink> {
  const logger = createLogger({ service: 'sink', level: 'fatal' });
  const sink = await startSink({ log, codec, clickhouse, metrics, logger, limits });
  sinks.push(sink);
  return sink;
}

function aPower(index: number, more: Partial<Power> = {}): Power {
  return {
    enterpriseId: `e${index % 5}`,
    meterId: 'm',
    intervalStartMs: startMs + Math.floor(index / 5) * 15 * minuteMs,
    intervalMs: 15 * minuteMs,
    meanKw: index,
    quality: 'MEASURED',
    minKw: null,
    maxKw: null,
    meanKvar: null,
    registerKwh: null,
    ...more,
  };
}

function aReport(seconds: number, state: Telemetry['state']): Telemetry {
  const observedAtMs = startMs + seconds * 1000;
  return { enterpriseId: 'e0', equipmentId: 'q', observedAtMs, state, gatewayId: null, readings: [] };
}

/** Both slots of a meter that two machines share, with the sentence and ids that need UTF-8. */
function aMeterFinding(revision: number, more: Partial<Finding> = {}): Finding {
  return aFinding({
    findingId: 'f1',
    revision,
    enterpriseId: 'e1',
    subjectKind: 'METER',
    subjectId: 'm',
    equipmentIds: ['a', '炉'],
    meterId: 'm',
    firstSlotMs: startMs,
    lastSlotEndMs: startMs + 30 * minuteMs,
    firstSaidMs: startMs,
    saidMs: startMs + revision,
    contradictoryMs: 30 * minuteMs,
    runningTypicalKw: null,
    minimumDetectableKw: 2,
    summaryEn: 'x'.repeat(200),
    summaryZh: '明停暗开',
    slots: [0, 15].map((minutes) => ({
      startMs: startMs + minutes * minuteMs,
      intervalMs: 15 * minuteMs,
      meanKw: 10,
      stoppedShare: 1,
      logLikelihoodRatio: 4.5,
    })),
    ...more,
  });
}

function powerRecord(power: Power): NewRecord {
  return { topic: 'power', key: power.enterpriseId, value: codec.encode('power', power) };
}

async function publish(records: readonly NewRecord[]): Promise<void> {
  const producer = await log.openProducer();
  await producer.send(records);
  await producer.close();
}

async function rowsOf<T>(query: string): Promise<T[]> {
  return (await clickhouse.query({ query, format: 'JSONEachRow' })).json<T>();
}

async function until(reached: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function committedAll(): Promise<boolean> {
  for (const topic of storedTopics) {
    const ends = await log.topics.endOffsets(topic);
    const committed = await log.topics.committed(sinkGroup, topic);
    if (ends.some((end, partition) => (committed[partition] ?? 0) < end)) return false;
  }
  return true;
}

/** What a sink leaves that died after its inserts and before its commits. */
async function forgetPositions(): Promise<void> {
  const assigned = Promise.withResolvers<readonly number[]>();
  const membership = await log.joinGroup(sinkGroup, storedTopics, {
    onAssigned: (partitions) => assigned.resolve(partitions),
    onRecords: () => {},
    onFailure: (error) => assigned.reject(error),
  });
  const partitions = await assigned.promise;
  await membership.commit(
    storedTopics.flatMap((topic) => partitions.map((partition) => ({ topic, partition, offset: 0 }))),
  );
  await membership.leave();
}

async function counter(name: string): Promise<{ value: number; labels: object }[]> {
  const metric = await metrics.registry.getSingleMetric(name)!.get();
  return metric.values.map(({ value, labels }) => ({ value, labels }));
}

describe('the sink', () => {
  test('stores every topic, with origin, and the views answer', async () => {
    const power = Array.from({ length: 50 }, (_, index) => powerRecord(aPower(index)));
    const reports = [
      aReport(5, 'STOPPED'),
      aReport(61, 'STOPPED'),
      aReport(125, 'RUNNING'),
      aReport(126, 'STOPPED'),
      aReport(4000, 'RUNNING'),
    ].map((value) => ({ topic: 'telemetry', key: 'e0', value: codec.encode('telemetry', value) }));
    const findings = [aMeterFinding(2, { state: 'REVISED' }), aMeterFinding(1)].map((value) => ({
      topic: 'findings',
      key: 'e1',
      value: codec.encode('findings', value),
    }));
    await publish([...power, ...reports, ...findings]);
    await aSink();
    await until(committedAll);

    expect(await rowsOf('SELECT count() AS n, sum(mean_kw) AS kw FROM wattness.meter_readings')).toEqual([
      { n: 50, kw: 1225 },
    ]);
    expect(
      await rowsOf('SELECT from_at, to_at, state FROM wattness.reported_state_intervals ORDER BY from_at'),
    ).toEqual([
      { from_at: '2026-03-01 00:00:00', to_at: '2026-03-01 00:02:00', state: 'STOPPED' },
      { from_at: '2026-03-01 00:02:00', to_at: '2026-03-01 00:03:00', state: 'MIXED' },
      { from_at: '2026-03-01 01:06:00', to_at: '2026-03-01 01:07:00', state: 'RUNNING' },
    ]);
    expect(
      await rowsOf(
        'SELECT revision, state, equipment_ids, summary_zh, running_typical_kw, minimum_detectable_kw FROM wattness.findings_latest',
      ),
    ).toEqual([
      {
        revision: 2,
        state: 'REVISED',
        equipment_ids: ['a', '炉'],
        summary_zh: '明停暗开',
        running_typical_kw: null,
        minimum_detectable_kw: 2,
      },
    ]);
    const evidence = await rowsOf<{ mean_kw: number; origin_offset: number; origin_partition: number }>(
      "SELECT mean_kw, origin_topic, origin_partition, origin_offset FROM wattness.finding_evidence WHERE enterprise_id = 'e1' ORDER BY interval_start_at",
    );
    expect(evidence).toMatchObject([
      { mean_kw: 1, origin_topic: 'power' },
      { mean_kw: 6, origin_topic: 'power' },
    ]);
    // The origin leads back to the very record.
    for await (const records of log.read({ topics: ['power'], follow: false })) {
      for (const { partition, offset, value } of records) {
        const found = evidence.find((row) => row.origin_partition === partition && row.origin_offset === offset);
        if (found !== undefined) expect(codec.decode('power', value!)).toMatchObject({ meanKw: found.mean_kw });
      }
    }
  });

  test('stores a finding that rests on cameras instead of a meter, and by which rule each subject is judged', async () => {
    const cameraId = '33010600001320000001';
    const finding = aFinding({
      subjectKind: 'SECTION',
      subjectId: 'sanding',
      meterId: '',
      seenMeanKw: null,
      stoppedUpperKw: null,
      reason: 'dust-layer',
      indicator: 'dust_layer_mm',
      seen: 3.2,
      bound: 0.8,
      cameras: [
        { sourceId: cameraId, supports: true, confidence: 0.9, reference: 'clips/1' },
        { sourceId: '炉-2', supports: false, confidence: null, reference: null },
      ],
    });
    const silence = aFinding({ findingId: 'F2', subjectKind: 'GATEWAY', subjectId: 'g1', cause: 'power-cut' });
    const subjects: SubjectStatus[] = subjectKinds.map((subjectKind, index) => ({
      subjectKind,
      subjectId: `s${index}`,
      meterId: '',
      verdict: 'UNKNOWN',
      reason: 'no-telemetry',
      slotStartMs: index === 0 ? null : startMs,
      minimumDetectableKw: index === 0 ? 2.5 : null,
      ruleId: `rule-${index}`,
    }));
    const status = { enterpriseId: 'E1', regionCode: '330106', asOfMs: startMs, openFindings: 2, subjects };
    await publish([
      { topic: 'findings', key: 'E1', value: codec.encode('findings', finding) },
      { topic: 'findings', key: 'E1', value: codec.encode('findings', silence) },
      { topic: 'enterprise-status', key: 'E1', value: codec.encode('enterprise-status', status) },
    ]);
    await aSink();
    await until(committedAll);

    expect(
      await rowsOf(
        'SELECT subject_kind, meter_id, seen_mean_kw, stopped_upper_kw, reason, cause, indicator, seen, bound, cameras.source_id, cameras.supports, cameras.confidence, cameras.reference, origin_offset FROM wattness.findings_latest ORDER BY finding_id',
      ),
    ).toEqual([
      {
        subject_kind: 'SECTION',
        meter_id: '',
        seen_mean_kw: null,
        stopped_upper_kw: null,
        reason: 'dust-layer',
        cause: null,
        indicator: 'dust_layer_mm',
        seen: 3.2,
        bound: 0.8,
        'cameras.source_id': [cameraId, '炉-2'],
        'cameras.supports': [true, false],
        'cameras.confidence': [0.9, null],
        'cameras.reference': ['clips/1', null],
        origin_offset: 0,
      },
      expect.objectContaining({ subject_kind: 'GATEWAY', cause: 'power-cut', seen: null, 'cameras.source_id': [] }),
    ]);
    expect(
      await rowsOf(
        'SELECT subject_kind, subject_id, rule_id, minimum_detectable_kw FROM wattness.subject_status ORDER BY subject_id',
      ),
    ).toEqual(
      subjects.map(({ subjectKind, subjectId, ruleId, minimumDetectableKw }) => ({
        subject_kind: subjectKind,
        subject_id: subjectId,
        rule_id: ruleId,
        minimum_detectable_kw: minimumDetectableKw,
      })),
    );
  });

  test('leaves nothing twice when it died between insert and commit, in whatever batches it goes on', async () => {
    await publish(Array.from({ length: 500 }, (_, index) => powerRecord(aPower(index))));
    await publish(
      Array.from({ length: 300 }, (_, index) => {
        const value = codec.encode('telemetry', aReport(index * 7, index % 3 ? 'STOPPED' : 'RUNNING'));
        return { topic: 'telemetry', key: 'e0', value };
      }),
    );
    await publish(
      [1, 2].map((n) => ({ topic: 'findings', key: 'e1', value: codec.encode('findings', aMeterFinding(n)) })),
    );
    const first = await aSink();
    await until(committedAll);
    await first.stop();
    const state = () =>
      Promise.all([
        rowsOf('SELECT * FROM wattness.meter_readings FINAL ORDER BY ALL'),
        rowsOf('SELECT * FROM wattness.reported_states FINAL ORDER BY ALL'),
        rowsOf('SELECT * FROM wattness.reported_state_intervals ORDER BY ALL'),
        rowsOf('SELECT * FROM wattness.findings FINAL ORDER BY revision'),
        rowsOf('SELECT * FROM wattness.finding_evidence ORDER BY ALL'),
      ]);
    const before = await state();
    expect(before[0]).toHaveLength(500);

    await forgetPositions();
    await aSink({ batchRecords: 37, batchBytes: 1_000_000, batchDelayMs: 5 });
    await until(committedAll);
    expect(await state()).toEqual(before);
    // All of it was inserted twice, by other batches: it is the tables that fold, not the deduplication of equal inserts.
    const inserted = await counter('wattness_sink_rows_total');
    expect(inserted).toContainEqual({ value: 1000, labels: { table: 'meter_readings' } });
  });

  test('of several readings of one interval the best stands, whatever order they came in', async () => {
    const readings = [
      aPower(0, { meanKw: 7 }),
      aPower(0, { meanKw: 90, quality: 'ESTIMATED' }),
      aPower(0, { meanKw: 5 }),
    ];
    await publish(readings.map(powerRecord));
    await aSink({ batchRecords: 1, batchBytes: 1_000_000, batchDelayMs: 1 });
    await until(committedAll);
    expect(await rowsOf('SELECT mean_kw, quality FROM wattness.meter_readings FINAL')).toEqual([
      { mean_kw: 7, quality: 'MEASURED' },
    ]);
  });

  test('dead-letters the rows that ClickHouse will never take, and stores all others', async () => {
    await clickhouse.command({
      query: 'ALTER TABLE wattness.meter_readings ADD CONSTRAINT poison CHECK mean_kw NOT IN (13, 77, 78)',
    });
    await publish(Array.from({ length: 100 }, (_, index) => powerRecord(aPower(index))));
    await aSink();
    await until(async () => (await rowsOf('SELECT 1 FROM wattness.dead_letters FINAL')).length === 3);
    expect(await rowsOf('SELECT count() AS n FROM wattness.meter_readings FINAL')).toEqual([{ n: 97 }]);
    const letters = await rowsOf<DeadLetter & { value: string; kw: number }>(
      "SELECT service, reason, key, origin_topic FROM wattness.dead_letters FINAL WHERE detail LIKE '%poison%'",
    );
    expect(letters).toHaveLength(3);
    expect(letters[0]).toMatchObject({ service: 'sink', reason: 'unstorable', origin_topic: 'power' });
  });

  test('dead-letters what cannot be decoded on output topics, and only counts it on inputs', async () => {
    const poison = Buffer.from([9, 0, 10, 10, 255]);
    await publish(
      ['power', 'telemetry', 'findings', 'dead-letters'].map((topic) => ({ topic, key: 'e0', value: poison })),
    );
    await publish([powerRecord(aPower(0, { intervalStartMs: 5 })), powerRecord(aPower(0, { meanKw: Number.NaN }))]);
    await publish([
      { topic: 'findings', key: 'e1', value: codec.encode('findings', aMeterFinding(1, { saidMs: -1 })) },
    ]);
    await aSink();
    await until(async () => (await rowsOf('SELECT 1 FROM wattness.dead_letters FINAL')).length === 3);
    expect(
      await rowsOf('SELECT origin_topic, reason, hex(value) AS value FROM wattness.dead_letters FINAL ORDER BY ALL'),
    ).toEqual([
      { origin_topic: 'dead-letters', reason: 'wrong-magic', value: '09000A0AFF' },
      { origin_topic: 'findings', reason: 'time-out-of-range', value: expect.any(String) },
      { origin_topic: 'findings', reason: 'wrong-magic', value: '09000A0AFF' },
    ]);
    await until(committedAll);
    const counted = (await counter('wattness_sink_refused_records_total')).filter(
      ({ labels }) => 'outcome' in labels && labels.outcome === 'counted',
    );
    expect(counted.map(({ labels }) => labels)).toEqual(
      expect.arrayContaining([
        { topic: 'power', reason: 'wrong-magic', outcome: 'counted' },
        { topic: 'power', reason: 'time-out-of-range', outcome: 'counted' },
        { topic: 'power', reason: 'not-a-number', outcome: 'counted' },
        { topic: 'telemetry', reason: 'wrong-magic', outcome: 'counted' },
      ]),
    );
  });

  test('waits for a ClickHouse that is down, says so, holds its input and then stores all of it', async () => {
    const sink = await aSink({ batchRecords: 10, batchBytes: 1_000_000, batchDelayMs: 5 });
    await until(() => sink.ready().ready);
    const port = Number(new URL(server.url).port);
    await server.close();
    for (let round = 0; round < 20; round++) {
      await publish(Array.from({ length: 25 }, (_, index) => powerRecord(aPower(round * 25 + index))));
    }
    await until(() => !sink.ready().ready);
    expect(sink.ready().detail).toMatchObject({ failing: { meter_readings: expect.any(String) } });
    await until(async () => (await counter('wattness_sink_retries_total')).some(({ value }) => value >= 3));
    const outstanding = (await counter('wattness_sink_outstanding_records')).find(
      ({ labels }) => 'topic' in labels && labels.topic === 'power',
    );
    // Back-pressure: far from all 500 were taken in (a delivery under way when it pauses still counts).
    expect(outstanding!.value).toBeLessThan(500);
    server = await startEmbeddedClickHouse({ path: join(dir, 'clickhouse'), port });
    await until(committedAll);
    expect(await rowsOf('SELECT count() AS n FROM wattness.meter_readings FINAL')).toEqual([{ n: 500 }]);
    expect(sink.ready().ready).toBe(true);
  });

  test('stores what it has read when told to stop, and stops also while ClickHouse is down', async () => {
    const sink = await aSink({ batchRecords: 1_000_000, batchBytes: 1_000_000_000, batchDelayMs: 3_600_000 });
    await publish(Array.from({ length: 50 }, (_, index) => powerRecord(aPower(index))));
    await until(async () => (await counter('wattness_sink_outstanding_records')).some(({ value }) => value === 50));
    await sink.stop();
    expect(await committedAll()).toBe(true);

    await server.close();
    const other = await aSink();
    await publish([powerRecord(aPower(99))]);
    await until(() => Object.keys(other.ready().detail.failing as object).length > 0);
    await other.stop();
    expect(await committedAll()).toBe(false);
    await expect(other.ended).rejects.toMatchObject({ code: 'ABANDONED' });
  });
});
