import { type Broker, createErrorFromCode, encoderOf, type Protocol } from './internals.ts';
import type { AbortedTransaction } from './records.ts';

/** The requests of the hot path, encoded and decoded here: kafkajs's own make objects for each record. */

export interface FetchRequest {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly committedOnly: boolean;
  readonly partitions: readonly { readonly topic: string; readonly partition: number; readonly position: number }[];
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0 for none. */
  readonly errorCode: number;
  /** Offset after the newest replicated record, committed or not. */
  readonly highWatermark: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
}

/** Kafka's Fetch, version 11 (Kafka 2.3 and later). */
export const fetchRecords = async (broker: Broker, request: FetchRequest): Promise<FetchedPartition[]> => {
  const { partitions } = await send(broker, {
    request: { apiKey: 1, apiVersion: 11, apiName: 'Fetch', encode: async () => encoderOf(encodeFetch(request)) },
    response: { decode: async (payload) => decodeFetch(payload), parse: async (decoded) => decoded },
    requestTimeout: request.maxWaitMs + 30_000,
  });
  return partitions;
};

export interface ProduceRequest {
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  /** At most one batch a partition. */
  readonly batches: readonly { readonly topic: string; readonly partition: number; readonly bytes: Buffer }[];
}

/** Kafka's Produce, version 7, acknowledged by all replicas. Returns the error code of each partition, by request order. */
export const produceBatches = async (broker: Broker, request: ProduceRequest): Promise<number[]> => {
  const { errors } = await send(broker, {
    request: { apiKey: 0, apiVersion: 7, apiName: 'Produce', encode: async () => encoderOf(encodeProduce(request)) },
    response: { decode: async (payload) => decodeProduce(payload), parse: async (decoded) => decoded },
  });
  return request.batches.map(({ topic, partition }) => errors.get(`${topic} ${partition}`)!);
};

/** State of a transactional id, such as `PrepareCommit` (Kafka's DescribeTransactions, version 0; Kafka 3.0 and later). */
export const transactionState = (broker: Broker, transactionalId: string): Promise<string> => {
  const id = Buffer.from(transactionalId);
  // Tagged fields of the header, array of one (compact: length plus one), the id, tagged fields of the body.
  const body = Buffer.concat([Buffer.from([0, 2]), unsignedVarint(id.length + 1), id, Buffer.from([0])]);
  return send(broker, {
    request: { apiKey: 65, apiVersion: 0, apiName: 'DescribeTransactions', encode: async () => encoderOf(body) },
    response: { decode: async (payload) => decodeTransactionState(payload), parse: async (state) => state },
  });
};

const send = async <T>(broker: Broker, protocol: Protocol<T>): Promise<T> => {
  try {
    return await broker.connectionPool.send(protocol);
  } catch (error) {
    // As the library does for its own requests: else the closed connection would be used again.
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
};

/** Writes into a buffer that grows; big-endian, as all of Kafka's protocol. */
class Writer {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  int8(value: number): this {
    this.#room(1).writeInt8(value, this.#length);
    this.#length += 1;
    return this;
  }

  int16(value: number): this {
    this.#room(2).writeInt16BE(value, this.#length);
    this.#length += 2;
    return this;
  }

  int32(value: number): this {
    this.#room(4).writeInt32BE(value, this.#length);
    this.#length += 4;
    return this;
  }

  int64(value: number): this {
    this.#room(8).writeBigInt64BE(BigInt(value), this.#length);
    this.#length += 8;
    return this;
  }

  text(value: string | null): this {
    if (value === null) return this.int16(-1);
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.#room(length).write(value, this.#length);
    this.#length += length;
    return this;
  }

  raw(value: Buffer): this {
    value.copy(this.#room(value.length), this.#length);
    this.#length += value.length;
    return this;
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe((this.#length + bytes) * 2);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

const byTopic = <T extends { readonly topic: string }>(items: readonly T[]): Map<string, T[]> =>
  Map.groupBy(items, (item) => item.topic);

const encodeFetch = (request: FetchRequest): Buffer => {
  const writer = new Writer()
    .int32(-1) // replica id: a consumer
    .int32(request.maxWaitMs)
    .int32(1) // least bytes
    .int32(request.maxBytes)
    .int8(request.committedOnly ? 1 : 0)
    .int32(0) // session id
    .int32(-1); // session epoch: no incremental session
  const topics = byTopic(request.partitions);
  writer.int32(topics.size);
  for (const [topic, partitions] of topics) {
    writer.text(topic).int32(partitions.length);
    for (const { partition, position } of partitions) {
      // After the partition: leader epoch, unknown; after the position: log start offset, which only replicas send.
      writer.int32(partition).int32(-1).int64(position).int64(-1).int32(request.maxPartitionBytes);
    }
  }
  return writer.int32(0).text('').take(); // forgotten topics, rack
};

class Reader {
  readonly bytes: Buffer;
  at = 0;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    return this.int32() * 0x1_0000_0000 + (this.int32() >>> 0);
  }

  text(): string {
    return this.take(this.int16()).toString();
  }

  take(length: number): Buffer {
    const from = this.at;
    if (length > 0) this.at += length;
    return this.bytes.subarray(from, this.at);
  }
}

interface Throttled {
  /** Where the name is kafkajs's: its connection then holds back requests for so long. */
  readonly clientSideThrottleTime: number;
}

const decodeFetch = (payload: Buffer): Throttled & { readonly partitions: FetchedPartition[] } => {
  const reader = new Reader(payload);
  const clientSideThrottleTime = reader.int32();
  const error = reader.int16();
  if (error !== 0) throw createErrorFromCode(error);
  reader.int32(); // session id
  const partitions: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const partition = reader.int32();
      const errorCode = reader.int16();
      const highWatermark = reader.int64();
      reader.int64(); // last stable offset: no later than the high watermark
      reader.int64(); // log start offset
      const aborted: AbortedTransaction[] = [];
      for (let n = reader.int32(); n > 0; n--)
        aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
      reader.int32(); // preferred replica: none without a rack
      partitions.push({ topic, partition, errorCode, highWatermark, aborted, bytes: reader.take(reader.int32()) });
    }
  }
  return { clientSideThrottleTime, partitions };
};

const encodeProduce = (request: ProduceRequest): Buffer => {
  const allReplicas = -1;
  const writer = new Writer().text(request.transactionalId).int16(allReplicas).int32(request.timeoutMs);
  const topics = byTopic(request.batches);
  writer.int32(topics.size);
  for (const [topic, batches] of topics) {
    writer.text(topic).int32(batches.length);
    for (const { partition, bytes } of batches) writer.int32(partition).int32(bytes.length).raw(bytes);
  }
  return writer.take();
};

const decodeProduce = (payload: Buffer): Throttled & { readonly errors: Map<string, number> } => {
  const reader = new Reader(payload);
  const errors = new Map<string, number>();
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const partition = reader.int32();
      errors.set(`${topic} ${partition}`, reader.int16());
      reader.take(24); // base offset, append time, log start offset
    }
  }
  return { errors, clientSideThrottleTime: reader.int32() };
};

const unsignedVarint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
};

const decodeTransactionState = (payload: Buffer): string => {
  const reader = new Reader(payload);
  reader.take(1 + 4); // tagged fields of the header, throttle time
  reader.take(1); // array of one
  const error = reader.int16();
  if (error !== 0) throw createErrorFromCode(error);
  const compactLength = (): number => {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = reader.take(1)[0]!;
      length |= (byte & 127) << shift;
      if (byte < 128) return length - 1;
    }
  };
  reader.take(compactLength()); // the id
  return reader.take(compactLength()).toString();
};
