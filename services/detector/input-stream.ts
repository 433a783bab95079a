import type { InputTopic } from '../core/records.ts';
import { arrivalOf, type TimeSource } from '../platform/arrival.ts';
import type { LogRecord } from '../platform/log.ts';

export interface Chunk {
  readonly records: readonly LogRecord[];
  receivedAtMs: number;
  /** False while a schema that it needs is being fetched. */
  ready: boolean;
}

/** Bytes that a record holds in memory, about. */
export function sizeOf({ key, value }: LogRecord): number {
  return 100 + (key?.length ?? 0) + (value?.length ?? 0);
}

/** What has been received of one input topic's partition and not been processed yet, oldest first. */
export class InputStream {
  readonly topic: InputTopic;
  readonly rank: number;
  readonly source: TimeSource;
  /** Offset of the next record to receive. */
  position: number;
  /** Offset of the next record to process. */
  processed: number;
  queuedRecords = 0;
  queuedBytes = 0;
  /** Whether the membership was told to hold this stream. */
  paused = false;

  /** The head; the numbers are meaningless without one. */
  head: LogRecord | undefined;
  headArrivalMs = 0;
  headReceivedAtMs = 0;

  /** Arrival time up to which a clock mark promises that nothing more comes; only recordings are read that way. */
  promisedMs = Number.NEGATIVE_INFINITY;

  readonly #chunks: Chunk[] = [];
  #index = 0;

  constructor(topic: InputTopic, rank: number, position: number, source: TimeSource) {
    this.topic = topic;
    this.rank = rank;
    this.position = position;
    this.processed = position;
    this.source = source;
  }

  /** True when nothing that was received is waiting, decodable or not. */
  get drained(): boolean {
    return this.queuedRecords === 0;
  }

  /**
   * Takes a delivery. Records below the position are repeats of a rewound stream and are skipped. The caller calls
   * `makeReady` with the returned chunk, at once or when its schemas are there.
   */
  push(delivered: readonly LogRecord[], receivedAtMs: number): Chunk | undefined {
    let first = 0;
    while (first < delivered.length && delivered[first]!.offset < this.position) first++;
    if (first === delivered.length) return undefined;
    const records = first === 0 ? delivered : delivered.slice(first);
    const chunk = { records, receivedAtMs, ready: false };
    this.position = records[records.length - 1]!.offset + 1;
    this.queuedRecords += records.length;
    for (const record of records) this.queuedBytes += sizeOf(record);
    this.#chunks.push(chunk);
    return chunk;
  }

  makeReady(chunk: Chunk): void {
    chunk.ready = true;
    if (this.head === undefined) this.#setHead();
  }

  /** Removes the head. */
  shift(): void {
    if (this.head!.value === null) this.promisedMs = this.headArrivalMs;
    this.processed = this.head!.offset + 1;
    this.queuedRecords--;
    this.queuedBytes -= sizeOf(this.head!);
    this.#index++;
    if (this.#index === this.#chunks[0]!.records.length) {
      this.#chunks.shift();
      this.#index = 0;
    }
    this.#setHead();
  }

  /**
   * The clock was set back to `nowMs`: without this, what came before would wait until it is as late again as it was
   * then.
   */
  clockSetBack(nowMs: number): void {
    for (const chunk of this.#chunks) chunk.receivedAtMs = Math.min(chunk.receivedAtMs, nowMs);
    this.headReceivedAtMs = Math.min(this.headReceivedAtMs, nowMs);
  }

  #setHead(): void {
    const chunk = this.#chunks[0];
    if (!chunk?.ready) {
      this.head = undefined;
      return;
    }
    const record = chunk.records[this.#index]!;
    this.head = record;
    this.headArrivalMs = arrivalOf(record, this.source);
    this.headReceivedAtMs = chunk.receivedAtMs;
  }
}
