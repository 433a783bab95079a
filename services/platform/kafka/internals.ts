import { createRequire } from 'node:module';

/**
 * The parts of kafkajs 2.2.4 (pinned) that reading stands on: connections, metadata and the requests of the protocol.
 * Its consumer is not used: it resets positions silently, assigns the partitions of several topics apart, and never
 * tells of an answer without records, on which "caught up" rests. Its producer and admin client are. Only this file and
 * `patches.ts` reach into the package.
 */
const load = createRequire(import.meta.url);

/** An answer of a broker, or a failed connection, as kafkajs throws it. */
export interface KafkaJsError extends Error {
  /** Protocol error, such as `NOT_COORDINATOR_FOR_GROUP`; absent for connection errors. */
  readonly type?: string;
  /** Given by the coordinator to a member that joins for the first time. */
  readonly memberId?: string;
}

export interface TopicPartitions<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

export interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

export interface FetchedPartition {
  readonly partition: number;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly FetchedMessage[];
}

interface PartitionPosition {
  readonly partition: number;
  readonly fetchOffset: string;
  readonly maxBytes: number;
}

/** One node. A fetch has a connection of its own, as it may wait long. Offsets are decimals. */
export interface Broker {
  fetch(request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly TopicPartitions<PartitionPosition>[];
  }): Promise<{
    readonly responses: readonly { readonly topicName: string; readonly partitions: FetchedPartition[] }[];
  }>;
  joinGroup(request: {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string }[];
  }>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }): Promise<unknown>;
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: number }>[];
  }): Promise<{
    readonly responses: readonly TopicPartitions<{ readonly partition: number; readonly offset: string }>[];
  }>;
}

/** Connections to a cluster's nodes, with cached metadata of the topics that were added. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findBroker(options: { readonly nodeId: number }): Promise<Broker>;
  findGroupCoordinator(options: { readonly groupId: string }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
}

const ClusterClass: new (options: object) => Cluster = load('kafkajs/src/cluster');
const { createLogger } = load('kafkajs/src/loggers') as {
  createLogger(options: { level: number; logCreator: () => () => void }): unknown;
};
const defaultSocketFactory: () => unknown = load('kafkajs/src/network/socketFactory');

interface AssignerCodec<T> {
  encode(value: T): Buffer;
  decode(bytes: Buffer): T | null;
}
export const { MemberMetadata, MemberAssignment } = load('kafkajs/src/consumer/assignerProtocol') as {
  MemberMetadata: AssignerCodec<{ readonly version: number; readonly topics: readonly string[] }>;
  MemberAssignment: AssignerCodec<{ readonly version: number; readonly assignment: Record<string, number[]> }>;
};

export interface KafkaAddress {
  readonly brokers: readonly string[];
  readonly clientId: string;
}

/** kafkajs's own default starts at 300 ms, which a first transaction and every rebalance would pay. */
export const retries = { initialRetryTime: 20, maxRetryTime: 1_000, retries: 10 } as const;

/** A set of connections of its own: one that fails, or waits with a request, holds up nobody else. */
export function createCluster({ brokers, clientId }: KafkaAddress): Cluster {
  return new ClusterClass({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    retry: retries,
    // What goes wrong is thrown at the caller with its cause; the library's own lines would say it a second time.
    logger: createLogger({ level: 0, logCreator: () => () => {} }),
    socketFactory: defaultSocketFactory(),
  });
}
