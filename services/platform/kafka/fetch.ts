import { setTimeout as sleep } from 'node:timers/promises';
import { type LogRecord, OffsetOutOfRangeError } from '../log.ts';
import type { Cluster, FetchedMessage, FetchedPartition, KafkaJsError } from './internals.ts';

/** How long a broker waits for something to say, ms: how stale "caught up" may be, and the price of an idle stream. */
const maxWaitMs = 100;
const partitionBytes = 2 * 1024 * 1024;
const fetchBytes = 24 * 1024 * 1024;
const retryMs = 100;
const isolation = { uncommitted: 0, committed: 1 } as const;

/** One topic-partition that is read. */
interface Stream {
  readonly topic: string;
  readonly partition: number;
  position: number | undefined;
  paused: boolean;
  /** Changes with every seek, so that an answer to an older question is not taken. */
  epoch: number;
  caughtUpAtMs: number | undefined;
}

export interface FetchHandlers {
  onRecords(topic: string, partition: number, records: readonly LogRecord[]): void;
  onFailure(error: Error): void;
  /** Called after each answer that moved or confirmed a stream. */
  onAnswer?(): void;
}

/** Reads streams from the leaders of their partitions, one loop a node, until closed. */
export class Fetcher {
  private readonly cluster: Cluster;
  private readonly handlers: FetchHandlers;
  private readonly committedOnly: boolean;
  private readonly streams = new Map<string, Stream>();
  private readonly loops = new Map<number, Promise<void>>();
  private closed = false;
  private wake: () => void = () => {};
  private readonly supervisor: Promise<void>;

  constructor(cluster: Cluster, committedOnly: boolean, handlers: FetchHandlers) {
    this.cluster = cluster;
    this.committedOnly = committedOnly;
    this.handlers = handlers;
    this.supervisor = this.supervise();
  }

  /** Replaces all streams; each starts paused and without a position. */
  assign(topics: readonly string[], partitions: readonly number[]): void {
    this.streams.clear();
    for (const topic of topics) {
      for (const partition of partitions) {
        const stream = { topic, partition, position: undefined, paused: true, epoch: 0, caughtUpAtMs: undefined };
        this.streams.set(keyOf(topic, partition), stream);
      }
    }
  }

  stream(topic: string, partition: number): Stream | undefined {
    return this.streams.get(keyOf(topic, partition));
  }

  seek(topic: string, partition: number, offset: number): void {
    const stream = this.stream(topic, partition);
    if (!stream) return;
    stream.position = offset;
    stream.epoch++;
    stream.caughtUpAtMs = undefined;
  }

  setPaused(topic: string, partition: number, paused: boolean): void {
    const stream = this.stream(topic, partition);
    if (!stream) return;
    stream.paused = paused;
    if (paused) stream.caughtUpAtMs = undefined;
    else this.wake();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    await this.supervisor;
    await Promise.all(this.loops.values());
  }

  /** Keeps a loop for every node that leads one of the streams. */
  private async supervise(): Promise<void> {
    while (!this.closed) {
      for (const stream of this.streams.values()) {
        const leader = this.leaderOf(stream);
        if (leader !== undefined && !this.loops.has(leader)) {
          const loop = this.loop(leader).finally(() => this.loops.delete(leader));
          this.loops.set(leader, loop);
        }
      }
      await Promise.race([this.woken(), sleep(200)]);
    }
  }

  private async loop(nodeId: number): Promise<void> {
    while (!this.closed) {
      try {
        await this.cluster.refreshMetadataIfNecessary();
        const asked = this.ask(nodeId);
        if (asked.length === 0) {
          if (![...this.streams.values()].some((stream) => this.leaderOf(stream) === nodeId)) return;
          await Promise.race([this.woken(), sleep(maxWaitMs)]);
          continue;
        }
        await this.fetch(nodeId, asked);
      } catch (error) {
        if (this.closed) return;
        if (!(await this.survive(error as KafkaJsError))) return;
      }
    }
  }

  private ask(nodeId: number): { readonly stream: Stream; readonly epoch: number; readonly position: number }[] {
    const asked = [];
    for (const stream of this.streams.values()) {
      const { position, epoch, paused } = stream;
      if (!paused && position !== undefined && this.leaderOf(stream) === nodeId)
        asked.push({ stream, epoch, position });
    }
    // Rotated, so that a broker that fills its answer from the front starves nobody.
    const first = Math.floor(Math.random() * asked.length);
    return [...asked.slice(first), ...asked.slice(0, first)];
  }

  private async fetch(nodeId: number, asked: ReturnType<Fetcher['ask']>): Promise<void> {
    const byTopic = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
    for (const { stream, position } of asked) {
      const partitions = byTopic.get(stream.topic) ?? [];
      partitions.push({ partition: stream.partition, fetchOffset: String(position), maxBytes: partitionBytes });
      byTopic.set(stream.topic, partitions);
    }
    const broker = await this.cluster.findBroker({ nodeId });
    const sentAtMs = Date.now();
    const { responses } = await broker.fetch({
      isolationLevel: this.committedOnly ? isolation.committed : isolation.uncommitted,
      maxWaitTime: maxWaitMs,
      minBytes: 1,
      maxBytes: fetchBytes,
      topics: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
    });
    const nothing = responses.every(({ partitions }) => partitions.every(({ messages }) => messages.length === 0));
    const answers = new Map<string, FetchedPartition>();
    for (const { topicName, partitions } of responses) {
      for (const answer of partitions) answers.set(keyOf(topicName, answer.partition), answer);
    }
    for (const { stream, epoch, position } of asked) {
      const key = keyOf(stream.topic, stream.partition);
      const answer = answers.get(key);
      // Asked before a seek, or before the partition went to another member: nobody's answer any more.
      const stands = this.streams.get(key) === stream && stream.epoch === epoch;
      if (answer && stands && !stream.paused) this.take(stream, position, answer, nothing, sentAtMs);
    }
    this.handlers.onAnswer?.();
  }

  private take(stream: Stream, from: number, answer: FetchedPartition, nothing: boolean, sentAtMs: number): void {
    const { topic, partition } = stream;
    const last = answer.messages.at(-1);
    const stable = Number(answer.lastStableOffset);
    const end = this.committedOnly && stable >= 0 ? stable : from;
    if (last) stream.position = Math.max(from, Number(last.offset) + 1);
    // An answer with no batch at all, below the end: what was there was compacted away to the last record.
    else if (nothing && end > from) stream.position = end;
    const records = recordsOf(topic, partition, from, answer);
    // Not while they are handed over: what is under way is not delivered.
    stream.caughtUpAtMs = undefined;
    const { epoch } = stream;
    if (records.length > 0) this.handlers.onRecords(topic, partition, records);
    const atEnd = stream.position! >= end && (last === undefined || this.committedOnly);
    if (atEnd && stream.epoch === epoch && !stream.paused) stream.caughtUpAtMs = sentAtMs;
  }

  /** Whether to go on after an error; a position that is gone is nothing to wait for. */
  private async survive(error: KafkaJsError): Promise<boolean> {
    if (error.type === 'OFFSET_OUT_OF_RANGE') {
      this.handlers.onFailure(new OffsetOutOfRangeError('the log no longer holds a position', { cause: error }));
      return false;
    }
    for (const stream of this.streams.values()) stream.caughtUpAtMs = undefined;
    await sleep(retryMs);
    // A new leader, or a broker that is away: metadata tells; where it cannot, the next round asks again.
    await this.cluster.refreshMetadata().catch(() => {});
    return true;
  }

  private leaderOf({ topic, partition }: Stream): number | undefined {
    return this.cluster.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition)?.leader;
  }

  private woken(): Promise<void> {
    return new Promise<void>((resolve) => {
      const before = this.wake;
      this.wake = () => {
        this.wake = () => {};
        before();
        resolve();
      };
    });
  }
}

/**
 * Committed data records from an answer. The list of aborted transactions says where each began; it ends at its
 * producer's control record. kafkajs's own filter takes the list to be sorted, which brokers do not promise.
 */
function recordsOf(topic: string, partition: number, from: number, answer: FetchedPartition): LogRecord[] {
  const aborted = [...(answer.abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset));
  const aborting = new Set<string>();
  let next = 0;
  const records: LogRecord[] = [];
  for (const message of answer.messages) {
    const offset = Number(message.offset);
    while (next < aborted.length && Number(aborted[next]!.firstOffset) <= offset) {
      aborting.add(aborted[next++]!.producerId);
    }
    if (message.isControlRecord) {
      aborting.delete(message.batchContext.producerId);
      continue;
    }
    // A batch may begin before the position asked for.
    if (offset < from) continue;
    if (aborting.size > 0 && message.batchContext.inTransaction && aborting.has(message.batchContext.producerId))
      continue;
    records.push({
      topic,
      partition,
      offset,
      appendTimeMs: Number(message.timestamp),
      key: message.key === null ? null : message.key.toString(),
      value: message.value,
      headers: headersOf(message.headers),
    });
  }
  return records;
}

function headersOf(headers: FetchedMessage['headers']): Record<string, string> | null {
  let own: Record<string, string> | null = null;
  for (const name in headers) {
    const value = headers[name];
    own ??= {};
    own[name] = String((Array.isArray(value) ? value.at(-1) : value) ?? '');
  }
  return own;
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
