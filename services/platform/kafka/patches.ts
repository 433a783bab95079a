import { createRequire } from 'node:module';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';

const load = createRequire(import.meta.url);

interface Queue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
}
interface RequestQueueClass {
  readonly prototype: { scheduleCheckPendingRequests(this: Queue): void };
}

let applied = false;

/** Mends what bites in kafkajs 2.2.4, once a process. Each patch says why; `patches.test.ts` fails without it. */
export function patchKafkaJs(): void {
  if (applied) return;
  applied = true;

  // #1751: with nothing pending it sets a timer with a negative delay, which Node makes 1 ms, for ever, a connection.
  const requestQueue = load('kafkajs/src/network/requestQueue') as RequestQueueClass;
  const schedule = requestQueue.prototype.scheduleCheckPendingRequests;
  requestQueue.prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    schedule.call(this);
  };

  // It copies the list of a partition for every message added: quadratic, and half of the time of a batch of 10,000.
  const path = load.resolve('kafkajs/src/producer/groupMessagesPerPartition');
  load(path);
  load.cache[path]!.exports = groupMessagesPerPartition;

  // Brokers and other producers may compress with zstd, which the library does not bring.
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { readonly buffer: Buffer }) => zstdCompressSync(encoder.buffer),
    decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
  });
}

/** Messages of one topic by partition, in order. */
export function groupMessagesPerPartition<M>(options: {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly M[];
  readonly partitioner: (of: { topic: string; partitionMetadata: readonly unknown[]; message: M }) => number;
}): Record<number, M[]> {
  const { topic, partitionMetadata, messages, partitioner } = options;
  const groups: Record<number, M[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    groups[partition] ??= [];
    groups[partition].push(message);
  }
  return groups;
}
