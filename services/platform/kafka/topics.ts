import type { TopicAdmin, TopicSpec } from '../log.ts';
import {
  explained,
  forgetConnection,
  isStaleCoordinator,
  isStaleLeader,
  isUnreachable,
  retrying,
  rootOf,
} from './errors.ts';
import { type Broker, type Cluster, coordinatorTypes } from './internals.ts';

const requestTimeoutMs = 30_000;
const topicTimeoutMs = 5_000;
const topicResource = 2;
const earliestTimestamp = -2;
const latestTimestamp = -1;

/** Tries again while the cluster is settling; errors are explained. */
export const settled = async <T>(
  cluster: Cluster,
  what: string,
  act: () => Promise<T>,
  timeoutMs = requestTimeoutMs,
): Promise<T> => {
  const isTransient = async (error: unknown) => {
    forgetConnection(cluster, error);
    if (isStaleLeader(error)) await cluster.refreshMetadata().catch(() => {});
    return isStaleLeader(error) || isStaleCoordinator(error) || isUnreachable(error);
  };
  try {
    return await retrying(act, isTransient, timeoutMs);
  } catch (error) {
    throw explained(what, error);
  }
};

/** Makes the topics' metadata known. @throws KafkaLogError `UNKNOWN_TOPIC` */
export const knowTopics = async (cluster: Cluster, topics: readonly string[]): Promise<void> => {
  const what = `topics ${topics.join(', ')}`;
  await settled(cluster, what, () => cluster.addMultipleTargetTopics(topics), topicTimeoutMs);
};

/** First or next offset of each partition. Committed: after the newest record that a committed read may see. */
export const listOffsets = async (
  cluster: Cluster,
  topic: string,
  which: 'earliest' | 'latest',
  committedOnly: boolean,
): Promise<number[]> => {
  await knowTopics(cluster, [topic]);
  return settled(cluster, `offsets of ${topic}`, async () => {
    const partitions = cluster.findTopicPartitionMetadata(topic);
    const offsets = new Array<number>(partitions.length).fill(0);
    const timestamp = which === 'earliest' ? earliestTimestamp : latestTimestamp;
    const byLeader = Map.groupBy(partitions, (partition) => partition.leader);
    const asking = [...byLeader].map(async ([nodeId, theirs]) => {
      const broker = await cluster.findBroker({ nodeId });
      const { responses } = await broker.listOffsets({
        isolationLevel: committedOnly ? 1 : 0,
        topics: [{ topic, partitions: theirs.map(({ partitionId }) => ({ partition: partitionId, timestamp })) }],
      });
      for (const { partition, offset } of responses[0]!.partitions) offsets[partition] = Number(offset);
    });
    await Promise.all(asking);
    return offsets;
  });
};

/** @param connect gives connected connections, the same ones each time */
export const createTopicAdmin = (connect: () => Promise<Cluster>): TopicAdmin => {
  const anyBroker = async <T>(what: string, act: (broker: Broker, cluster: Cluster) => Promise<T>): Promise<T> => {
    const cluster = await connect();
    return settled(cluster, what, async () => {
      await cluster.refreshMetadataIfNecessary();
      return act(await cluster.findControllerBroker(), cluster);
    });
  };

  // Asking for a topic that does not exist is an error for kafkajs, and fails the answer for those that do.
  const existing = (names: readonly string[]) =>
    anyBroker('topics', async (broker) => {
      const { topicMetadata } = await broker.metadata();
      return topicMetadata.filter(({ topic }) => names.includes(topic));
    });

  return {
    async describe(names) {
      const found = await existing(names);
      if (found.length === 0) return [];
      const resources = found.map(({ topic }) => ({ type: topicResource, name: topic }));
      const described = await anyBroker('topic settings', (broker) => broker.describeConfigs({ resources }));
      const configs = new Map(described.resources.map((one) => [one.resourceName, one.configEntries]));
      return found.map(({ topic, partitionMetadata }): TopicSpec => {
        const entries = (configs.get(topic) ?? []).map((entry) => [entry.configName, entry.configValue ?? '']);
        return { name: topic, partitions: partitionMetadata.length, config: Object.fromEntries(entries) };
      });
    },

    async create(specs) {
      const known = new Set((await existing(specs.map((spec) => spec.name))).map(({ topic }) => topic));
      const missing = specs.filter((spec) => !known.has(spec.name));
      if (missing.length === 0) return;
      const topics = missing.map(({ name, partitions, config }) => ({
        topic: name,
        numPartitions: partitions,
        // The broker's own default, as the operator has set it for this cluster.
        replicationFactor: -1,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      }));
      await anyBroker('topic creation', async (broker) => {
        try {
          await broker.createTopics({ topics, timeout: requestTimeoutMs });
        } catch (error) {
          const refused = (error as { errors?: readonly Error[] }).errors ?? [error];
          const other = refused.find((one) => rootOf(one).type !== 'TOPIC_ALREADY_EXISTS');
          if (other !== undefined) throw other;
        }
      });
      // Created is not yet known to every node: what comes next may ask any of them.
      const cluster = await connect();
      await settled(cluster, 'new topics', () => cluster.addMultipleTargetTopics(missing.map((spec) => spec.name)));
    },

    async endOffsets(topic) {
      return listOffsets(await connect(), topic, 'latest', true);
    },

    async startOffsets(topic) {
      return listOffsets(await connect(), topic, 'earliest', true);
    },

    async committed(group, topic) {
      const cluster = await connect();
      await knowTopics(cluster, [topic]);
      const partitions = cluster
        .findTopicPartitionMetadata(topic)
        .map(({ partitionId }) => ({ partition: partitionId }));
      return settled(cluster, `positions of ${group}`, async () => {
        const coordinator = await cluster.findGroupCoordinator({
          groupId: group,
          coordinatorType: coordinatorTypes.group,
        });
        const { responses } = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions }] });
        const positions = new Array<number | undefined>(partitions.length).fill(undefined);
        for (const { partition, offset } of responses[0]?.partitions ?? []) {
          if (Number(offset) >= 0) positions[partition] = Number(offset);
        }
        return positions;
      });
    },
  };
};
