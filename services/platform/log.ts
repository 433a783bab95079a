/**
 * The log port: an ordered, partitioned, transactional record log. Two implementations pass one contract suite
 * (`log-contract.ts`): Apache Kafka (`kafka.ts`) and an embedded durable log on SQLite (`sqlite-log.ts`).
 *
 * Time: `appendTimeMs` is stamped by the log when it takes the record; nothing here looks at device time.
 * Offsets are numbers: exact up to 2^53, which at a million records a second is 285 years.
 */

export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly key: string | null;
  /** `null` is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>> | null;
}

export interface NewRecord {
  readonly topic: string;
  /** Absent: Java-compatible murmur2 of the key; without a key, any partition. */
  readonly partition?: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Position {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the next record to read. */
  readonly offset: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Kafka topic settings, such as `cleanup.policy`; unset ones are left to the log. */
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicAdmin {
  /** Topics that exist, of those named, with their settings (all settings, defaults too). */
  describe(names: readonly string[]): Promise<TopicSpec[]>;
  /** Creates what does not exist yet; leaves what exists untouched. */
  create(specs: readonly TopicSpec[]): Promise<void>;
  /** Offset of the oldest record that is still held, a partition; the end offset where there is none. */
  startOffsets(topic: string): Promise<number[]>;
  /** Offset after the last committed record, a partition. */
  endOffsets(topic: string): Promise<number[]>;
  /** Positions that a group has committed; `undefined` where it has none. */
  committed(group: string, topic: string): Promise<(number | undefined)[]>;
}

/** Idempotent producer: what is sent is there once, in order per partition, or the call throws. */
export interface Producer {
  send(records: readonly NewRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * One owner of a transactional id. Opening fences every older owner: after `openTransactions` resolves, a commit of
 * an older owner throws `FencedError` and nothing of it is ever read. After any throw the producer is spent.
 */
export interface TransactionalProducer {
  /** All records and group positions, over all topics, or none. */
  commit(transaction: {
    readonly records: readonly NewRecord[];
    readonly group?: { readonly id: string; readonly positions: readonly Position[] };
  }): Promise<void>;
  close(): Promise<void>;
}

/** A newer owner holds this transactional id: drop the task, do not retry. */
export class FencedError extends Error {
  readonly code = 'FENCED';
}

/** The log no longer holds the position asked for (retention, or another log): stop, never skip. */
export class OffsetOutOfRangeError extends Error {
  readonly code = 'OFFSET_OUT_OF_RANGE';
}

export interface GroupHandlers {
  /**
   * A new generation: of every subscribed topic, exactly these partitions are ours. Called before any record of the
   * generation is delivered. Every stream starts paused and without a position: `seek`, then `resume`.
   */
  onAssigned(partitions: readonly number[], generation: number): void;
  /** Committed records in offset order, without gaps but those of control and compacted records. Must not block. */
  onRecords(topic: string, partition: number, records: readonly LogRecord[]): void;
  /** The membership cannot go on (lost position, authorisation, fatal client error). */
  onFailure(error: Error): void;
}

/** Membership of a consumer group in which partition p of every topic goes to the same member. */
export interface Membership {
  seek(topic: string, partition: number, offset: number): void;
  /** After `pause` returns, at most one delivery that was already under way still arrives. */
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /**
   * Wall-clock time at which the newest request was sent whose answer showed that everything committed had been
   * delivered up to this stream's position; `undefined` while records are outstanding or the stream is paused since.
   * A record appended before that time on another stream cannot be preceded by an unseen record of this one.
   */
  caughtUpAtMs(topic: string, partition: number): number | undefined;
  /** At-least-once positions for consumers that keep none of their own, and for lag tools. */
  commit(positions: readonly Position[]): Promise<void>;
  leave(): Promise<void>;
}

export interface ReadOptions {
  readonly topics: readonly string[];
  /** Default: from the oldest record. */
  readonly from?: 'earliest' | 'latest' | readonly Position[];
  /** Default true: read_committed. */
  readonly committedOnly?: boolean;
  /** True: wait for more at the end; false: end when everything that was there at the call has been read. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

export interface Log {
  readonly topics: TopicAdmin;
  openProducer(): Promise<Producer>;
  openTransactions(transactionalId: string): Promise<TransactionalProducer>;
  joinGroup(group: string, topics: readonly string[], handlers: GroupHandlers): Promise<Membership>;
  /** All partitions, without a group; record arrays in the order in which they come, offset order per partition. */
  read(options: ReadOptions): AsyncIterable<readonly LogRecord[]>;
  close(): Promise<void>;
}
