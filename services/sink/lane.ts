import { Refusal } from '../core/batch.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord, Position } from '../platform/log.ts';
import type { DeadLetterOffice, Refused } from './dead-letters.ts';
import type { SinkMetrics } from './metrics.ts';
import { retryForEver } from './retry.ts';
import type { Encoded, Store } from './store.ts';
import { type Item, type StoredTopic, type Table, tables } from './tables.ts';

export interface LaneLimits {
  /** A batch is sent when it holds so many records, */
  readonly batchRecords: number;
  /** or so many bytes, */
  readonly batchBytes: number;
  /** or when its oldest record has waited for so long. */
  readonly batchDelayMs: number;
}

/** Batches that may wait behind the one being inserted before the topic is paused. */
const batchesAhead = 3;

interface Chunk {
  readonly partition: number;
  readonly records: readonly LogRecord[];
}

interface Batch {
  readonly generation: number;
  readonly chunks: readonly Chunk[];
  readonly records: number;
  readonly bytes: number;
}

/**
 * One topic on its way to its table. While one batch is inserted, the next is decoded and encoded; positions are
 * handed on only when their batch is stored, so what a crash cuts off is read again, and folds onto itself.
 */
export class Lane<T extends StoredTopic> {
  readonly topic: T;
  readonly #parts: LaneParts;
  #generation = -1;
  #queue: Chunk[] = [];
  #queuedRecords = 0;
  #queuedBytes = 0;
  #outstandingRecords = 0;
  #outstandingBytes = 0;
  #paused = false;
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #wake = Promise.withResolvers<void>();
  #stopped = false;

  constructor(topic: T, parts: LaneParts) {
    this.topic = topic;
    this.#parts = parts;
  }

  /** Another generation: what waits will be delivered again, to us or to another. */
  reset(generation: number): void {
    this.#generation = generation;
    this.#queue = [];
    this.#queuedRecords = this.#queuedBytes = this.#outstandingRecords = this.#outstandingBytes = 0;
    this.#paused = false;
    this.#report();
  }

  push(partition: number, records: readonly LogRecord[]): void {
    let bytes = 0;
    for (const { value } of records) bytes += value?.length ?? 0;
    this.#queue.push({ partition, records });
    this.#queuedRecords += records.length;
    this.#queuedBytes += bytes;
    this.#outstandingRecords += records.length;
    this.#outstandingBytes += bytes;
    this.#report();
    if (!this.#paused && this.#isFull(batchesAhead)) {
      this.#paused = true;
      this.#parts.pause(this.topic);
    }
    const { batchRecords, batchBytes, batchDelayMs } = this.#parts.limits;
    if (this.#queuedRecords >= batchRecords || this.#queuedBytes >= batchBytes) this.#becomeDue();
    else this.#timer ??= setTimeout(() => this.#becomeDue(), batchDelayMs);
  }

  /** Sends what has come so far and ends `run`. Nothing may be pushed after it. */
  stop(): void {
    this.#stopped = true;
    this.#becomeDue();
  }

  /** Works until stopped. Throws `AbandonedError` when stopping cut it short, and what the parts throw. */
  async run(): Promise<void> {
    let storing: Promise<void> = Promise.resolve();
    for (;;) {
      const batch = await this.#next();
      if (batch === undefined) break;
      const { encoded, refused } = await this.#read(batch);
      await storing;
      storing = this.#store(batch, encoded, refused);
      // Awaited above or below; between, a failure must not count as unhandled.
      storing.catch(() => {});
    }
    await storing;
  }

  async #next(): Promise<Batch | undefined> {
    for (;;) {
      if (this.#due && this.#queue.length > 0) return this.#take();
      if (this.#stopped) return undefined;
      this.#due = false;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }

  #take(): Batch {
    const { batchRecords, batchBytes } = this.#parts.limits;
    let records = 0;
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && records < batchRecords && bytes < batchBytes) {
      const chunk = this.#queue[count++]!;
      records += chunk.records.length;
      for (const { value } of chunk.records) bytes += value?.length ?? 0;
    }
    const chunks = this.#queue.splice(0, count);
    this.#queuedRecords -= records;
    this.#queuedBytes -= bytes;
    if (this.#queue.length === 0) {
      this.#due = this.#stopped;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return { generation: this.#generation, chunks, records, bytes };
  }

  async #read({ chunks }: Batch): Promise<{ encoded: Encoded<T>; refused: Refused[] }> {
    const { codec, store, metrics, stopping } = this.#parts;
    const table = tables[this.topic] as unknown as Table<T>;
    const items: Item<T>[] = [];
    const refused: Refused[] = [];
    for (const { records } of chunks) {
      await retryForEver({
        attempt: async () => codec.prepare(records),
        onFailure: () => metrics.retries.inc({ step: 'registry' }),
        stopping,
      });
      for (const record of records) {
        // A tombstone on an input is a clock mark, on an output compaction's business.
        if (record.value === null) continue;
        const value = codec.decode(this.topic, record.value);
        const refusal = value instanceof Refusal ? value : table.refuse(value);
        if (refusal === undefined) items.push({ value: value as Item<T>['value'], record });
        else refused.push({ record, refusal, stage: 'read' });
      }
    }
    return { encoded: store.encode(this.topic, items), refused };
  }

  async #store(batch: Batch, encoded: Encoded<T>, refused: readonly Refused[]): Promise<void> {
    const { store, deadLetters, metrics } = this.#parts;
    const unstorable = await store.insert(encoded);
    const letters = unstorable.map(
      ({ record, detail }): Refused => ({ record, refusal: new Refusal('unstorable', detail), stage: 'insert' }),
    );
    await deadLetters.send([...refused, ...letters]);
    metrics.records.inc({ topic: this.topic }, encoded.items.length - unstorable.length);
    const positions = new Map<number, number>();
    for (const { partition, records } of batch.chunks) positions.set(partition, records.at(-1)!.offset + 1);
    await this.#parts.stored(
      batch.generation,
      [...positions].map(([partition, offset]) => ({ topic: this.topic, partition, offset })),
    );
    if (batch.generation !== this.#generation) return;
    this.#outstandingRecords -= batch.records;
    this.#outstandingBytes -= batch.bytes;
    this.#report();
    if (this.#paused && !this.#isFull(1) && !this.#stopped) {
      this.#paused = false;
      this.#parts.resume(this.topic);
    }
  }

  #isFull(batches: number): boolean {
    const { batchRecords, batchBytes } = this.#parts.limits;
    return this.#outstandingRecords > batches * batchRecords || this.#outstandingBytes > batches * batchBytes;
  }

  #becomeDue(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = true;
    this.#wake.resolve();
  }

  #report(): void {
    this.#parts.metrics.outstanding.set({ topic: this.topic }, this.#outstandingRecords);
  }
}

export interface LaneParts {
  readonly codec: Codec;
  readonly store: Store;
  readonly deadLetters: DeadLetterOffice;
  readonly metrics: SinkMetrics;
  readonly limits: LaneLimits;
  readonly stopping: AbortSignal;
  pause(topic: StoredTopic): void;
  resume(topic: StoredTopic): void;
  /** Everything up to these positions is in ClickHouse or in dead letters. */
  stored(generation: number, positions: readonly Position[]): Promise<void>;
}
