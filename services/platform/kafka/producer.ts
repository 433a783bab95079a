import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Producer as KafkaJsProducer, Message, Transaction } from 'kafkajs';
import { FencedError, type NewRecord, type Position, type Producer, type TransactionalProducer } from '../log.ts';
import { partitionOf } from '../partitioner.ts';
import { coordinatorAway, KafkaLogError } from './group.ts';
import type { KafkaJsError } from './internals.ts';

/** Records a partition in one request: larger ones cost more than they save. */
const sendRecords = 2_000;
const sendBytes = 800_000;
/** The sequence of a producer wraps wrongly at 2^31: long before, a new one takes its place. */
const mostRecords = 1_000_000_000;
const transactionMs = 15_000;
const openMs = 30_000;

type PartitionCounts = (topic: string) => Promise<number>;
/** End offsets of committed data for these partitions, in their order. */
type StableEnds = (of: readonly { readonly topic: string; readonly partition: number }[]) => Promise<number[]>;

/** Explicit partitions only: ours come from the Java-compatible partitioner of the port. */
const createPartitioner =
  () =>
  ({ message }: { readonly message: Message }): number =>
    message.partition!;

export async function openKafkaProducer(kafka: Kafka, partitions: PartitionCounts): Promise<Producer> {
  const open = async (): Promise<KafkaJsProducer> => {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner });
    await producer.connect();
    return producer;
  };
  let producer = await open();
  let sent = 0;
  return {
    async send(records) {
      if (sent + records.length > mostRecords) {
        await producer.disconnect();
        producer = await open();
        sent = 0;
      }
      for (const topicMessages of await requestsOf(records, partitions)) {
        await producer.sendBatch({ topicMessages, acks: -1 });
      }
      sent += records.length;
    },
    close: () => producer.disconnect(),
  };
}

export async function openKafkaTransactions(
  kafka: Kafka,
  transactionalId: string,
  partitions: PartitionCounts,
  stableEnds: StableEnds,
): Promise<TransactionalProducer> {
  const producer = kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: transactionMs,
    createPartitioner,
  });
  await producer.connect();
  await fence(producer);
  let spent: unknown;

  /** Returns the last position written in each partition. */
  async function send(transaction: Transaction, records: readonly NewRecord[]): Promise<Position[]> {
    const written = new Map<string, Position>();
    for (const topicMessages of await requestsOf(records, partitions)) {
      for (const { topicName, partition, baseOffset } of await transaction.sendBatch({ topicMessages, acks: -1 })) {
        written.set(`${topicName}/${partition}`, { topic: topicName, partition, offset: Number(baseOffset) });
      }
    }
    return [...written.values()];
  }

  /**
   * The coordinator answers a commit before its markers stand in every partition, and until then nobody reads what was
   * committed. Waiting for them costs no time: the next transaction could not begin earlier.
   */
  async function untilReadable(written: readonly Position[]): Promise<void> {
    const deadlineMs = Date.now() + transactionMs;
    for (;;) {
      const ends = await stableEnds(written);
      if (written.every(({ offset }, i) => ends[i]! > offset) || Date.now() > deadlineMs) return;
      await sleep(2);
    }
  }

  return {
    async commit({ records, group }) {
      if (spent instanceof FencedError) throw spent;
      if (spent)
        throw new KafkaLogError('PRODUCER_SPENT', `${transactionalId} failed before: open it again`, { cause: spent });
      try {
        const transaction = await producer.transaction();
        // Records go first: the library retries a first request to the coordinator, but not the one for positions.
        const written = await send(transaction, records);
        if (group && group.positions.length > 0) {
          const topics = new Map<string, { partition: number; offset: string }[]>();
          for (const { topic, partition, offset } of group.positions) {
            topics.set(topic, [...(topics.get(topic) ?? []), { partition, offset: String(offset) }]);
          }
          await transaction.sendOffsets({
            consumerGroupId: group.id,
            topics: [...topics].map(([topic, own]) => ({ topic, partitions: own })),
          });
        }
        await transaction.commit();
        await untilReadable(written);
      } catch (error) {
        spent = isFenced(error) ? new FencedError(`a newer owner holds ${transactionalId}`, { cause: error }) : error;
        // What was begun is ended by the next owner's opening, or by the broker's time-out.
        throw spent;
      }
    },
    close: () => producer.disconnect(),
  };
}

/** Beginning a transaction asks the coordinator for the id, which fences every older owner; nothing was sent in it. */
async function fence(producer: KafkaJsProducer): Promise<void> {
  const deadlineMs = Date.now() + openMs;
  for (;;) {
    try {
      const transaction = await producer.transaction();
      await transaction.abort();
      return;
    } catch (error) {
      const { type } = error as KafkaJsError;
      const passing = type === undefined || type === 'CONCURRENT_TRANSACTIONS' || coordinatorAway.has(type);
      if (!passing || Date.now() > deadlineMs) {
        await producer.disconnect();
        throw error;
      }
      await sleep(50);
    }
  }
}

function isFenced(error: unknown): boolean {
  for (let at = error as (Error & { type?: string }) | undefined; at; at = at.cause as typeof at) {
    if (
      at.type === 'INVALID_PRODUCER_EPOCH' ||
      at.type === 'PRODUCER_FENCED' ||
      at.type === 'INVALID_PRODUCER_ID_MAPPING'
    ) {
      return true;
    }
  }
  return false;
}

type TopicMessages = { topic: string; messages: Message[] }[];

/** Requests in which no partition has more than its share, records of a partition in order. */
async function requestsOf(records: readonly NewRecord[], partitions: PartitionCounts): Promise<TopicMessages[]> {
  const counts = new Map<string, number>();
  for (const { topic } of records) if (!counts.has(topic)) counts.set(topic, await partitions(topic));
  const lists = new Map<string, { readonly topic: string; readonly parts: Message[][]; bytes: number }>();
  let turn = 0;
  for (const record of records) {
    const count = counts.get(record.topic)!;
    const partition = record.partition ?? (record.key === null ? turn++ % count : partitionOf(record.key, count));
    const name = `${record.topic}/${partition}`;
    let list = lists.get(name);
    if (!list) {
      list = { topic: record.topic, parts: [[]], bytes: 0 };
      lists.set(name, list);
    }
    const bytes = (record.value?.length ?? 0) + (record.key?.length ?? 0);
    const last = list.parts.at(-1)!;
    const message: Message = {
      partition,
      key: record.key,
      value: record.value,
      ...(record.headers ? { headers: { ...record.headers } } : {}),
    };
    if (last.length >= sendRecords || (last.length > 0 && list.bytes + bytes > sendBytes)) {
      list.parts.push([message]);
      list.bytes = bytes;
    } else {
      last.push(message);
      list.bytes += bytes;
    }
  }
  const requests: TopicMessages[] = [];
  for (const { topic, parts } of lists.values()) {
    for (const [i, messages] of parts.entries()) {
      requests[i] ??= [];
      const same = requests[i].find((one) => one.topic === topic);
      if (same) same.messages = same.messages.concat(messages);
      else requests[i].push({ topic, messages });
    }
  }
  return requests;
}
