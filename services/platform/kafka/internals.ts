import { createRequire } from 'node:module';

/**
 * The parts of kafkajs 2.2.4 (pinned) that the log port stands on: connections, metadata, and the requests of the
 * protocol. Its consumer and producer are not used. They lose what the port promises: positions are reset silently,
 * partitions of several topics are not assigned alike, empty answers are not told, owners are fenced late, and a
 * failed commit cannot be ended. Only this file and `patches.ts` reach into the package.
 */
const load = createRequire(import.meta.url);

/** An answer of a broker, or a failed connection, as kafkajs throws it. */
export interface KafkaJsError extends Error {
  /** Protocol error, such as `NOT_COORDINATOR_FOR_GROUP`; absent for connection errors. */
  readonly type?: string;
  readonly host?: string;
  readonly port?: number;
}

interface TopicPartitions<P = number> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

interface PartitionOffset {
  readonly partition: number;
  readonly offset: string;
}

interface TransactionIdentity {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface PartitionMetadata {
  readonly partitionId: number;
  /** Node id; -1 while there is none. */
  readonly leader: number;
}

export interface GroupMember {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** One node; a fetch has a connection of its own, as it may wait long. Offsets and producer ids are decimals. */
export interface Broker {
  readonly connectionPool: { send<T>(protocol: Protocol<T>): Promise<T> };
  disconnect(): Promise<void>;
  /** Without names: of all topics. */
  metadata(topics?: readonly string[]): Promise<{
    readonly topicMetadata: readonly {
      readonly topic: string;
      readonly partitionMetadata: readonly PartitionMetadata[];
    }[];
  }>;
  initProducerId(request: {
    readonly transactionalId?: string;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(request: TransactionIdentity & { readonly topics: readonly TopicPartitions[] }): Promise<unknown>;
  addOffsetsToTxn(request: TransactionIdentity & { readonly groupId: string }): Promise<unknown>;
  txnOffsetCommit(
    request: TransactionIdentity & {
      readonly groupId: string;
      readonly topics: readonly TopicPartitions<PartitionOffset>[];
    },
  ): Promise<unknown>;
  endTxn(request: TransactionIdentity & { readonly transactionResult: boolean }): Promise<unknown>;
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
    readonly members: readonly GroupMember[];
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
    readonly topics: readonly TopicPartitions<PartitionOffset>[];
  }): Promise<unknown>;
  offsetFetch(request: {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  }): Promise<{ readonly responses: readonly TopicPartitions<PartitionOffset>[] }>;
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly TopicPartitions<{ readonly partition: number; readonly timestamp: number }>[];
  }): Promise<{ readonly responses: readonly TopicPartitions<PartitionOffset>[] }>;
  createTopics(request: {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    readonly timeout: number;
  }): Promise<unknown>;
  describeConfigs(request: {
    readonly resources: readonly { readonly type: number; readonly name: string }[];
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
}

/** A request and how to read its answer, as a connection sends it. */
export interface Protocol<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<Encoder>;
  };
  readonly response: {
    decode(payload: Buffer): Promise<T>;
    parse(decoded: T): Promise<T>;
  };
  /** Above the connection's own time-out where the broker may wait with its answer. */
  readonly requestTimeout?: number;
}

/** Connections to a cluster's nodes, with cached metadata of the topics that were added. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findBroker(options: { readonly nodeId: number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(options: { readonly groupId: string; readonly coordinatorType: number }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  removeBroker(address: { readonly host: string; readonly port: number }): void;
}

interface Encoder {
  readonly buffer: Buffer;
}

const ClusterClass: new (options: Record<string, unknown>) => Cluster = load('kafkajs/src/cluster');
const EncoderClass: new () => { writeBufferInternal(bytes: Buffer): void } & Encoder =
  load('kafkajs/src/protocol/encoder');
const { createLogger } = load('kafkajs/src/loggers') as {
  createLogger(options: { level: number; logCreator: () => () => void }): unknown;
};
const createSocketFactory: () => unknown = load('kafkajs/src/network/socketFactory');

export const { createErrorFromCode } = load('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkaJsError;
};

interface GroupCodec<T> {
  encode(value: T): Buffer;
  decode(bytes: Buffer): T | null;
}
export const { MemberMetadata, MemberAssignment } = load('kafkajs/src/consumer/assignerProtocol') as {
  MemberMetadata: GroupCodec<{ readonly version: number; readonly topics: readonly string[] }>;
  MemberAssignment: GroupCodec<{ readonly version: number; readonly assignment: Record<string, readonly number[]> }>;
};

export const crc32c: (bytes: Buffer) => number = load('kafkajs/src/protocol/recordBatch/crc32C');

export const coordinatorTypes = { group: 0, transaction: 1 } as const;

/** Bytes of a request that were encoded here, in the wrapping that a connection wants. */
export const encoderOf = (bytes: Buffer): Encoder => {
  const encoder = new EncoderClass();
  encoder.writeBufferInternal(bytes);
  return encoder;
};

export interface KafkaAddress {
  readonly brokers: readonly string[];
  readonly clientId: string;
}

/** A set of connections of its own: one that fails, or waits with a request, holds up nobody else. */
export const createCluster = ({ brokers, clientId }: KafkaAddress): Cluster =>
  new ClusterClass({
    brokers,
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    // Its default starts at 300 ms, which a first transaction and every rebalance would pay.
    retry: { initialRetryTime: 20, maxRetryTime: 1_000, retries: 8 },
    // What goes wrong is thrown at the caller with its cause; the library's own lines would say it a second time.
    logger: createLogger({ level: 0, logCreator: () => () => {} }),
    socketFactory: createSocketFactory(),
  });
