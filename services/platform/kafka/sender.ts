import type { NewRecord } from '../log.ts';
import { partitionOf } from '../partitioner.ts';
import { explained, forgetConnection, isStaleLeader, isUnreachable, KafkaLogError, retrying } from './errors.ts';
import { type Cluster, createErrorFromCode } from './internals.ts';
import { type Compression, encodeBatch, encodedBytesAtMost, sequenceAfter } from './records.ts';
import { produceBatches } from './wire.ts';

export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly transactionalId: string | null;
}

interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/** Half of what a broker takes by default (`max.message.bytes`): a batch of small records never meets that limit. */
const batchBytes = 524_288;
const requestBytes = 4_194_304;
const sendTimeoutMs = 30_000;
/** A topic that was just created is known everywhere well before. */
const topicTimeoutMs = 5_000;
const duplicateSequence = 46;

/**
 * Sends records under one producer identity, each partition's in order and once: a batch whose answer was lost goes
 * out again with the same sequence number, by which the broker knows it. One call at a time.
 */
export class BatchSender {
  readonly #cluster: Cluster;
  readonly #identity: ProducerIdentity;
  readonly #compression: Compression;
  readonly #sequences = new Map<string, number>();
  #keyless = 0;

  constructor(cluster: Cluster, identity: ProducerIdentity, compression: Compression) {
    this.#cluster = cluster;
    this.#identity = identity;
    this.#compression = compression;
  }

  /** Records by topic and partition; those without key and partition go to one partition a call. */
  async route(records: readonly NewRecord[]): Promise<Map<string, Map<number, NewRecord[]>>> {
    const topics = new Map<string, Map<number, NewRecord[]>>();
    for (const { topic } of records) if (!topics.has(topic)) topics.set(topic, new Map());
    const names = [...topics.keys()];
    await this.#retrying(() => this.#cluster.addMultipleTargetTopics(names), topicTimeoutMs);
    await this.#retrying(() => this.#cluster.refreshMetadataIfNecessary());
    const counts = new Map(names.map((name) => [name, this.#cluster.findTopicPartitionMetadata(name).length]));
    this.#keyless++;
    for (const record of records) {
      const count = counts.get(record.topic)!;
      const partition =
        record.partition ?? (record.key === null ? this.#keyless % count : partitionOf(record.key, count));
      if (partition >= count || partition < 0) {
        throw new KafkaLogError(
          'UNKNOWN_PARTITION',
          `${record.topic} has ${count} partitions, ${partition} is none of them`,
        );
      }
      const partitions = topics.get(record.topic)!;
      const list = partitions.get(partition);
      if (list) list.push(record);
      else partitions.set(partition, [record]);
    }
    return topics;
  }

  /** Resolves when all replicas have all records. After a throw nothing more may be sent by this sender. */
  async send(topics: Map<string, Map<number, NewRecord[]>>): Promise<void> {
    const queues = [...topics].flatMap(([topic, partitions]) =>
      [...partitions].map(([partition, records]) => ({ topic, partition, records, next: 0 })),
    );
    for (let open = queues; open.length > 0; open = open.filter((queue) => queue.next < queue.records.length)) {
      const round: Batch[] = [];
      let bytes = 0;
      for (const queue of open) {
        if (bytes > requestBytes) break;
        const batch = this.#nextBatch(queue);
        bytes += batch.bytes.length;
        round.push(batch);
      }
      await this.#sendRound(round);
      // The others come first in the next round.
      open = [...open.slice(round.length), ...open.slice(0, round.length)];
    }
  }

  #nextBatch(queue: { topic: string; partition: number; records: NewRecord[]; next: number }): Batch {
    const { topic, partition, records } = queue;
    const from = queue.next;
    let bytes = 0;
    do bytes += encodedBytesAtMost(records[queue.next++]!);
    while (queue.next < records.length && bytes + encodedBytesAtMost(records[queue.next]!) <= batchBytes);
    const taken = records.slice(from, queue.next);
    const key = `${topic} ${partition}`;
    const baseSequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequenceAfter(baseSequence, taken.length));
    const { producerId, producerEpoch, transactionalId } = this.#identity;
    const encoded = encodeBatch(taken, bytes, {
      producerId: BigInt(producerId),
      producerEpoch,
      baseSequence,
      transactional: transactionalId !== null,
      compression: this.#compression,
      timeMs: Date.now(),
    });
    return { topic, partition, count: taken.length, bytes: encoded };
  }

  /** One batch a partition, at most; tries until all have arrived. */
  async #sendRound(batches: readonly Batch[]): Promise<void> {
    let left = batches;
    await this.#retrying(async () => {
      const leaders = new Map<number, Batch[]>();
      for (const batch of left) {
        const leader = this.#leaderOf(batch);
        leaders.set(leader, [...(leaders.get(leader) ?? []), batch]);
      }
      const failed: Batch[] = [];
      const errors: unknown[] = [];
      const sending = [...leaders].map(async ([leader, theirs]) => {
        try {
          const codes = await this.#produce(leader, theirs);
          codes.forEach((code, i) => {
            if (code === 0 || code === duplicateSequence) return;
            failed.push(theirs[i]!);
            errors.push(inBatch(createErrorFromCode(code), theirs[i]!));
          });
        } catch (error) {
          failed.push(...theirs);
          errors.push(error);
        }
      });
      await Promise.all(sending);
      left = failed;
      // One that will never be taken decides, also where others could be tried again.
      const final = errors.find((error) => !isTransient(error));
      if (errors.length > 0) throw final ?? errors[0];
    });
  }

  async #produce(leader: number, batches: readonly Batch[]): Promise<number[]> {
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    const { transactionalId } = this.#identity;
    return produceBatches(broker, { transactionalId, timeoutMs: sendTimeoutMs, batches });
  }

  #leaderOf({ topic, partition }: Batch): number {
    const found = this.#cluster.findTopicPartitionMetadata(topic).find((p) => p.partitionId === partition);
    if (found === undefined || found.leader < 0) throw createErrorFromCode(leaderNotAvailable);
    return found.leader;
  }

  #retrying<T>(act: () => Promise<T>, timeoutMs = sendTimeoutMs): Promise<T> {
    return retrying(
      act,
      async (error) => {
        if (!isTransient(error)) return false;
        forgetConnection(this.#cluster, error);
        await this.#cluster.refreshMetadata().catch(() => {});
        return true;
      },
      timeoutMs,
    );
  }
}

const leaderNotAvailable = 5;

const isTransient = (error: unknown): boolean => isStaleLeader(error) || isUnreachable(error);

const inBatch = (error: Error, { topic, partition, count }: Batch): Error => {
  if (isTransient(error)) return error;
  return explained(`${topic}-${partition} refused a batch of ${count} records`, error);
};
