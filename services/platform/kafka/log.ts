import './patches.ts';
import type { Log } from '../log.ts';
import type { FetchSettings } from './fetch.ts';
import { type GroupSettings, KafkaMembership } from './group.ts';
import { type Cluster, createCluster } from './internals.ts';
import { readKafka } from './read.ts';
import type { Compression } from './records.ts';
import { createTopicAdmin, settled } from './topics.ts';
import { openProducer, openTransactions } from './transactions.ts';

export interface KafkaLogOptions extends Partial<FetchSettings>, Partial<GroupSettings> {
  /** `host:port`, of some of the cluster's nodes. */
  readonly brokers: readonly string[];
  /** Shows in the brokers' logs, metrics and quotas. */
  readonly clientId: string;
  /** Of what is sent. Default: `none`; on a slow network `zstd` pays. */
  readonly compression?: Compression;
}

const defaults: FetchSettings & GroupSettings = {
  maxWaitMs: 100,
  maxBytes: 8 << 20,
  maxPartitionBytes: 1 << 20,
  sessionTimeoutMs: 10_000,
  heartbeatMs: 500,
};

/**
 * Apache Kafka 3.0 or later. Nothing is connected before it is needed.
 *
 * Errors: `FencedError`, `OffsetOutOfRangeError`, and `KafkaLogError` with `KAFKA_UNREACHABLE`, `UNKNOWN_TOPIC`,
 * `NOT_CO_PARTITIONED`, `STALE_GENERATION`, `PRODUCER_SPENT`, `UNSUPPORTED_COMPRESSION`, or the protocol's own name.
 * A broker that is away is waited for: 30 s by what is sent, without limit by memberships and reads.
 */
export function createKafkaLog(options: KafkaLogOptions): Log {
  const settings = { ...defaults, ...options };
  const { compression = 'none' } = options;
  const closing = new AbortController();
  const open = new Set<() => Promise<void>>();
  let admin: Promise<Cluster> | undefined;

  const connect = (): Promise<Cluster> => {
    admin ??= (async () => {
      const cluster = createCluster(settings);
      await settled(cluster, 'Kafka', () => cluster.connect());
      return cluster;
    })();
    admin.catch(() => {
      admin = undefined;
    });
    return admin;
  };

  /** What `close` has to close too, unless it was closed before. */
  const tracked = <T extends { close(): Promise<void> }>(producer: T): T => {
    const close = async (): Promise<void> => {
      if (open.delete(close)) await producer.close();
    };
    open.add(close);
    return { ...producer, close };
  };

  return {
    topics: createTopicAdmin(connect),
    openProducer: async () => tracked(await openProducer(settings, compression)),
    openTransactions: async (id) => tracked(await openTransactions(settings, id, compression)),
    async joinGroup(group, topics, handlers) {
      const member: KafkaMembership = await KafkaMembership.join(settings, group, topics, handlers, settings, () =>
        open.delete(leave),
      );
      const leave = () => member.leave();
      open.add(leave);
      return member;
    },
    read(readOptions) {
      const signal = readOptions.signal ? AbortSignal.any([readOptions.signal, closing.signal]) : closing.signal;
      return readKafka(settings, settings, readOptions, signal);
    },
    async close() {
      closing.abort();
      await Promise.all([...open].map((end) => end()));
      await (await admin?.catch(() => undefined))?.disconnect();
    },
  };
}
