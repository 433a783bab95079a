import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import type { Log, TopicAdmin } from '../log.ts';
import { coordinatorAway, joinKafkaGroup, KafkaLogError } from './group.ts';
import { type Cluster, createCluster, type KafkaAddress, type KafkaJsError, retries } from './internals.ts';
import { patchKafkaJs } from './patches.ts';
import { openKafkaProducer, openKafkaTransactions } from './producer.ts';
import { readKafka } from './read.ts';

const readCommitted = 1;
const latest = -1;
const earliest = -2;

/** The log port on Apache Kafka. Opens connections when they are first needed. */
export function createKafkaLog(address: KafkaAddress): Log {
  patchKafkaJs();
  const kafka = new kafkajs.Kafka({
    brokers: [...address.brokers],
    clientId: address.clientId,
    connectionTimeout: 5_000,
    retry: retries,
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const cluster = once(async () => {
    const opened = createCluster(address);
    await opened.connect();
    return opened;
  });
  const admin = once(async () => {
    const opened = kafka.admin();
    await opened.connect();
    return opened;
  });
  const topics = topicAdmin(cluster.get, admin.get);
  // Asked once a topic: counts are fixed once the topics exist.
  const counts = new Map<string, number>();
  const partitions = async (topic: string): Promise<number> => {
    const count = counts.get(topic) ?? (await partitionsOf(await cluster.get(), topic)).length;
    counts.set(topic, count);
    return count;
  };
  return {
    topics,
    openProducer: () => openKafkaProducer(kafka, partitions),
    openTransactions: (id) =>
      openKafkaTransactions(kafka, id, partitions, async (of) => offsetsOf(await cluster.get(), of, latest)),
    joinGroup: (group, names, handlers) => joinKafkaGroup(address, group, names, handlers),
    read: (options) => readKafka(address, topics, options),
    async close() {
      await (await admin.opened())?.disconnect();
      await (await cluster.opened())?.disconnect();
    },
  };
}

function topicAdmin(cluster: () => Promise<Cluster>, admin: () => Promise<Admin>): TopicAdmin {
  async function offsets(topic: string, timestamp: number): Promise<number[]> {
    const connected = await cluster();
    const partitions = (await partitionsOf(connected, topic)).map(({ partitionId }) => ({
      topic,
      partition: partitionId,
    }));
    return offsetsOf(connected, partitions, timestamp);
  }

  return {
    async describe(names) {
      const connected = await admin();
      const existing = new Set(await connected.listTopics());
      const wanted = names.filter((name) => existing.has(name));
      if (wanted.length === 0) return [];
      const { topics } = await connected.fetchTopicMetadata({ topics: wanted });
      const { resources } = await connected.describeConfigs({
        includeSynonyms: false,
        resources: wanted.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
      });
      return wanted.map((name) => ({
        name,
        partitions: topics.find((topic) => topic.name === name)!.partitions.length,
        config: Object.fromEntries(
          resources
            .find((resource) => resource.resourceName === name)!
            .configEntries.map(({ configName, configValue }) => [configName, configValue ?? '']),
        ),
      }));
    },
    async create(specs) {
      const connected = await admin();
      const existing = new Set(await connected.listTopics());
      const missing = specs.filter(({ name }) => !existing.has(name));
      if (missing.length === 0) return;
      try {
        await connected.createTopics({
          waitForLeaders: true,
          topics: missing.map(({ name, partitions, config }) => ({
            topic: name,
            numPartitions: partitions,
            // -1: the broker's own default, which an operator has set for the whole cluster.
            replicationFactor: -1,
            configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
          })),
        });
      } catch (error) {
        // Somebody else created one of them meanwhile.
        const now = new Set(await connected.listTopics());
        if (!missing.every(({ name }) => now.has(name))) throw error;
      }
    },
    startOffsets: (topic) => offsets(topic, earliest),
    endOffsets: (topic) => offsets(topic, latest),
    async committed(group, topic) {
      const connected = await admin();
      const count = (await partitionsOf(await cluster(), topic)).length;
      const [own] = await whileCoordinatorMoves(() => connected.fetchOffsets({ groupId: group, topics: [topic] }));
      const positions = new Array<number | undefined>(count).fill(undefined);
      for (const { partition, offset } of own?.partitions ?? []) {
        if (Number(offset) >= 0) positions[partition] = Number(offset);
      }
      return positions;
    },
  };
}

/** Offsets at a time, as a reader of committed data sees them, one a partition; one request a node. */
async function offsetsOf(
  cluster: Cluster,
  of: readonly { readonly topic: string; readonly partition: number }[],
  timestamp: number,
): Promise<number[]> {
  const found = new Map<string, number>();
  const leaders = new Map<number, Map<string, { partition: number; timestamp: number }[]>>();
  for (const { topic, partition } of of) {
    const { leader } = cluster.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition)!;
    const topics = leaders.get(leader) ?? new Map<string, { partition: number; timestamp: number }[]>();
    topics.set(topic, [...(topics.get(topic) ?? []), { partition, timestamp }]);
    leaders.set(leader, topics);
  }
  for (const [nodeId, topics] of leaders) {
    const broker = await cluster.findBroker({ nodeId });
    const { responses } = await broker.listOffsets({
      isolationLevel: readCommitted,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    });
    for (const { topic, partitions } of responses) {
      for (const { partition, offset } of partitions) found.set(`${topic}/${partition}`, Number(offset));
    }
  }
  return of.map(({ topic, partition }) => found.get(`${topic}/${partition}`)!);
}

async function partitionsOf(cluster: Cluster, topic: string) {
  try {
    await cluster.addMultipleTargetTopics([topic]);
  } catch (cause) {
    throw new KafkaLogError('UNKNOWN_TOPIC', `topic ${topic} does not exist: run \`wattness migrate\``, { cause });
  }
  await cluster.refreshMetadataIfNecessary();
  const metadata = [...cluster.findTopicPartitionMetadata(topic)].sort((a, b) => a.partitionId - b.partitionId);
  if (metadata.length === 0)
    throw new KafkaLogError('UNKNOWN_TOPIC', `topic ${topic} does not exist: run \`wattness migrate\``);
  return metadata;
}

/** A coordinator that has just been made, or has moved, answers so for a moment; the library gives up at once. */
async function whileCoordinatorMoves<T>(ask: () => Promise<T>): Promise<T> {
  const deadlineMs = Date.now() + 15_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!coordinatorAway.has((error as KafkaJsError).type ?? '') || Date.now() > deadlineMs) throw error;
      await sleep(50);
    }
  }
}

function once<T>(open: () => Promise<T>): { get(): Promise<T>; opened(): Promise<T | undefined> } {
  let opened: Promise<T> | undefined;
  return {
    get() {
      opened ??= open().catch((error) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    opened: async () => opened,
  };
}
