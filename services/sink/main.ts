import type { Codec } from '../platform/avro.ts';
import type { ClickHouseClient } from '../platform/clickhouse.ts';
import type { Readiness } from '../platform/http.ts';
import type { Running } from '../platform/lifecycle.ts';
import type { Log, Membership, Position } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from '../platform/metrics.ts';
import { createDeadLetterOffice } from './dead-letters.ts';
import { Lane, type LaneLimits } from './lane.ts';
import { sinkMetrics } from './metrics.ts';
import { startPositions } from './positions.ts';
import { AbandonedError } from './retry.ts';
import { createStore } from './store.ts';
import { type StoredTopic, storedTopics } from './tables.ts';

export interface SinkParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly clickhouse: ClickHouseClient;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits?: LaneLimits;
}

export interface Sink extends Running {
  ready(): Readiness;
}

export const sinkGroup = 'wattness-sink';
const defaultLimits: LaneLimits = { batchRecords: 50_000, batchBytes: 32 * 1024 * 1024, batchDelayMs: 500 };

/**
 * Stores power, telemetry, findings, alarms, enterprise status and dead letters in ClickHouse, whose tables must have
 * been migrated. Effectively once: positions are committed after the insert, and what is inserted again folds away.
 * `stop` stores what has been read, commits and leaves; while ClickHouse is down it leaves that to the next start.
 */
export async function startSink(parts: SinkParts): Promise<Sink> {
  const { log, codec, clickhouse, logger, limits = defaultLimits } = parts;
  const metrics = sinkMetrics(parts.metrics);
  const stopping = new AbortController();
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  const store = createStore({ clickhouse, metrics, stopping: stopping.signal });
  const producer = await log.openProducer();
  const signals = { metrics, stopping: stopping.signal };
  const deadLetters = createDeadLetterOffice({ codec, producer, nowMs: Date.now, ...signals });

  let membership: Membership | undefined;
  let current = -1;
  let partitions: readonly number[] = [];
  let positioned = false;

  async function stored(generation: number, positions: readonly Position[]): Promise<void> {
    if (generation !== current) return;
    try {
      await membership!.commit(positions);
    } catch (err) {
      // The rows are in; at worst they are read and folded once more.
      logger.warn({ err, positions }, 'could not commit positions');
    }
  }

  function forStreams(act: (membership: Membership, partition: number) => void): void {
    // Not positioned yet: `assign` starts the streams, and what is outstanding belongs to it.
    if (positioned) for (const partition of partitions) act(membership!, partition);
  }

  const laneParts = {
    codec,
    store,
    deadLetters,
    limits,
    stored,
    pause: (topic: StoredTopic) => forStreams((member, partition) => member.pause(topic, partition)),
    resume: (topic: StoredTopic) => forStreams((member, partition) => member.resume(topic, partition)),
    ...signals,
  };
  const lanes = new Map(storedTopics.map((topic) => [topic as string, new Lane(topic, laneParts)]));

  const joined = Promise.withResolvers<Membership>();
  async function assign(assigned: readonly number[], generation: number): Promise<void> {
    const member = await joined.promise;
    const positions = await startPositions(log, sinkGroup, storedTopics, assigned);
    if (generation !== current || stopping.signal.aborted) return;
    positioned = true;
    for (const [topic, offsets] of positions) {
      for (const [index, partition] of assigned.entries()) {
        member.seek(topic, partition, offsets[index]!);
        member.resume(topic, partition);
      }
    }
    logger.info({ generation, partitions: assigned }, 'assigned');
  }

  membership = await log.joinGroup(sinkGroup, storedTopics, {
    onAssigned(assigned, generation) {
      current = generation;
      partitions = assigned;
      positioned = false;
      for (const lane of lanes.values()) lane.reset(generation);
      assign(assigned, generation).catch(ended.reject);
    },
    onRecords: (topic, partition, records) => {
      if (!stopping.signal.aborted) lanes.get(topic)!.push(partition, records);
    },
    onFailure: ended.reject,
  });
  joined.resolve(membership);
  const running = [...lanes.values()].map((lane) => lane.run());
  Promise.all(running).then(() => ended.resolve(), ended.reject);

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    stopping.abort();
    for (const lane of lanes.values()) lane.stop();
    for (const result of await Promise.allSettled(running)) {
      if (result.status === 'rejected' && result.reason instanceof AbandonedError) {
        logger.warn({ err: result.reason }, 'some records are left to the next start');
      }
    }
    await membership!.leave();
    await producer.close();
  }

  return {
    ended: ended.promise,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    ready() {
      const failing = store.failing();
      return {
        ready: positioned && Object.keys(failing).length === 0,
        detail: { generation: current, partitions, positioned, failing },
      };
    },
  };
}
