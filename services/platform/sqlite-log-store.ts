import { mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type LogRecord, type NewRecord, OffsetOutOfRangeError, type TopicSpec } from './log.ts';
import { partitionOf } from './partitioner.ts';
import { ChunkWriter, readChunk } from './sqlite-log-chunk.ts';
import { startMaintenance } from './sqlite-log-maintenance.ts';
import { migrateSchema } from './sqlite-log-schema.ts';

/** The embedded log cannot be opened, read or written, or was asked for what it does not have. */
export class SqliteLogError extends Error {
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface StoredTopic extends TopicSpec {
  readonly id: number;
  /** Row ids of its partitions, by partition. */
  readonly streams: readonly number[];
  readonly compacted: boolean;
  readonly maxRecordBytes: number;
}

/** What the log does where a topic says nothing; the names and values are Kafka's, but for the append-time stamp. */
const topicDefaults: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'delete.retention.ms': '86400000',
  'max.message.bytes': '1048588',
  'message.timestamp.type': 'LogAppendTime',
  'retention.ms': '604800000',
};

export interface Fetched {
  readonly records: LogRecord[];
  /** Position after `records`, past what was compacted away. */
  readonly position: number;
  /** True when nothing committed lay beyond `position` at the time of the call. */
  readonly atEnd: boolean;
}

/** Called with the time before the look at the log, and whether anything may have changed since the last call. */
export type Watcher = (lookedAtMs: number, changed: boolean) => void;

/** How soon another process's commit is seen; commits of this process are told at once. */
const pollMs = 20;
/** A fetch ends after the chunk that reaches either bound. */
const fetchRecords = 1_000;
const fetchBytes = 524_288;

const stores = new Map<string, SqliteStore>();

/** The database behind all handles on one path in this process. */
export class SqliteStore {
  readonly db: DatabaseSync;
  readonly #path: string;
  #handles = 0;
  readonly #closing = new AbortController();
  readonly #topics = new Map<string, StoredTopic>();
  readonly #watchers = new Set<Watcher>();
  readonly #writer = new ChunkWriter();
  #poll: NodeJS.Timeout | undefined;
  #changed = true;
  #scheduled = false;
  #dataVersion = -1;
  #keyless = 0;
  readonly #sql: Readonly<
    Record<
      'begin' | 'commit' | 'rollback' | 'clock' | 'next' | 'insert' | 'advance' | 'fetch' | 'version',
      StatementSync
    >
  >;

  /** Paths that begin with `:memory:` name a database that lives as long as a handle on it. */
  static open(path: string): SqliteStore {
    const name = path.startsWith(':memory:') ? path : canonicalPath(path);
    const store = stores.get(name) ?? new SqliteStore(name);
    stores.set(name, store);
    store.#handles++;
    return store;
  }

  constructor(path: string) {
    this.#path = path;
    try {
      this.db = new DatabaseSync(path.startsWith(':memory:') ? ':memory:' : path, { timeout: 30_000 });
      migrateSchema(this.db);
    } catch (cause) {
      throw new SqliteLogError('LOG_UNAVAILABLE', `cannot open the log ${path}: is it writable, and a log?`, cause);
    }
    const prepare = (sql: string) => this.db.prepare(sql);
    this.#sql = {
      begin: prepare('BEGIN IMMEDIATE'),
      commit: prepare('COMMIT'),
      rollback: prepare('ROLLBACK'),
      // One clock for the whole log: append times order records of all partitions as they were committed.
      clock: prepare('UPDATE clock SET append_ms = max(append_ms, ?) RETURNING append_ms'),
      next: prepare('SELECT next_offset FROM stream WHERE id = ?'),
      insert: prepare(
        'INSERT INTO chunk (stream, first_offset, last_offset, count, append_ms, records) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      advance: prepare('UPDATE stream SET next_offset = ? WHERE id = ?'),
      // One statement is one snapshot: retention in another process cannot open a gap between bounds and chunks.
      fetch: prepare(
        `SELECT s.start_offset, s.next_offset, c.first_offset, c.last_offset, c.append_ms, c.records FROM stream s
         LEFT JOIN chunk c ON c.stream = s.id AND c.last_offset >= ? WHERE s.id = ? ORDER BY c.last_offset`,
      ),
      version: prepare('PRAGMA data_version'),
    };
    this.#sql.fetch.setReturnArrays(true);
    startMaintenance(this, this.#closing.signal);
  }

  release(): void {
    if (--this.#handles > 0) return;
    stores.delete(this.#path);
    this.#closing.abort();
    this.db.close();
  }

  /** Runs `work` as one durable transaction; whatever it throws undoes all of it. */
  transact<T>(work: () => T): T {
    this.#run(this.#sql.begin);
    let result: T;
    try {
      result = work();
      this.#run(this.#sql.commit);
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.db.isTransaction) this.#run(this.#sql.rollback);
      throw error;
    }
    this.#changed = true;
    if (!this.#scheduled && this.#watchers.size > 0) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#look();
      });
    }
    return result;
  }

  /** Runs several queries on one state of the database. */
  snapshot<T>(work: () => T): T {
    this.db.exec('BEGIN');
    try {
      return work();
    } finally {
      this.db.exec('COMMIT');
    }
  }

  #run(statement: StatementSync): void {
    try {
      statement.run();
    } catch (cause) {
      throw new SqliteLogError(
        'LOG_UNAVAILABLE',
        `the log ${this.#path} takes no transaction: ${String(cause)}`,
        cause,
      );
    }
  }

  findTopic(name: string): StoredTopic | undefined {
    const known = this.#topics.get(name);
    if (known) return known;
    const row = this.db.prepare('SELECT id, partitions, config FROM topic WHERE name = ?').get(name);
    if (!row) return undefined;
    const config = { ...topicDefaults, ...(JSON.parse(row.config as string) as Record<string, string>) };
    const streams = this.db.prepare('SELECT id FROM stream WHERE topic = ? ORDER BY partition').all(row.id as number);
    // Topics are never changed nor dropped, so what is known stays true.
    const topic: StoredTopic = {
      id: row.id as number,
      name,
      partitions: row.partitions as number,
      config,
      streams: streams.map((stream) => stream.id as number),
      compacted: config['cleanup.policy']!.split(',').includes('compact'),
      maxRecordBytes: Number(config['max.message.bytes']),
    };
    this.#topics.set(name, topic);
    return topic;
  }

  allTopics(): StoredTopic[] {
    return this.db
      .prepare('SELECT name FROM topic')
      .all()
      .map((row) => this.topic(row.name as string));
  }

  topic(name: string): StoredTopic {
    const topic = this.findTopic(name);
    if (!topic) throw new SqliteLogError('UNKNOWN_TOPIC', `no topic ${name} in ${this.#path}: create it by migrating`);
    return topic;
  }

  /** Appends inside a transaction of the caller. */
  append(records: readonly NewRecord[]): void {
    if (records.length === 0) return;
    const appendTimeMs = this.#sql.clock.get(Date.now())!.append_ms as number;
    for (const [topic, byPartition] of this.#group(records)) {
      for (const [partition, own] of byPartition.entries()) {
        if (own) this.#appendTo(topic, topic.streams[partition]!, own, appendTimeMs);
      }
    }
  }

  #appendTo(topic: StoredTopic, stream: number, records: readonly NewRecord[], appendTimeMs: number): void {
    const writer = this.#writer;
    writer.take();
    let first = this.#sql.next.get(stream)!.next_offset as number;
    const flush = () => {
      const count = writer.count;
      this.#sql.insert.run(stream, first, first + count - 1, count, appendTimeMs, writer.take());
      first += count;
    };
    for (const record of records) {
      const size = writer.add(writer.count, record);
      if (size > topic.maxRecordBytes) {
        const limit = `max.message.bytes of ${topic.name} is ${topic.maxRecordBytes}`;
        throw new SqliteLogError('RECORD_TOO_LARGE', `a record of ${size} bytes with key ${record.key}: ${limit}`);
      }
      if (writer.full) flush();
    }
    if (writer.count > 0) flush();
    this.#sql.advance.run(first, stream);
  }

  /** Records by topic and partition, in order. Partitions without records are holes. */
  #group(records: readonly NewRecord[]): Map<StoredTopic, NewRecord[][]> {
    const groups = new Map<StoredTopic, NewRecord[][]>();
    let topic: StoredTopic | undefined;
    let group: NewRecord[][] = [];
    for (const record of records) {
      if (topic?.name !== record.topic) {
        topic = this.topic(record.topic);
        group = groups.get(topic) ?? [];
        groups.set(topic, group);
      }
      const partition = record.partition ?? this.#choosePartition(record.key, topic.partitions);
      if (!(partition in topic.streams)) {
        throw new SqliteLogError(
          'UNKNOWN_PARTITION',
          `${topic.name} has ${topic.partitions} partitions, no ${partition}`,
        );
      }
      if (record.key === null && topic.compacted) {
        throw new SqliteLogError('KEY_MISSING', `${topic.name} is compacted: each record needs a key`);
      }
      const own = group[partition];
      if (own) own.push(record);
      else group[partition] = [record];
    }
    return groups;
  }

  #choosePartition(key: string | null, partitions: number): number {
    return key === null ? this.#keyless++ % partitions : partitionOf(key, partitions);
  }

  /** The next committed records of a partition, a bounded number. */
  fetch(topic: StoredTopic, partition: number, position: number): Fetched {
    const records: LogRecord[] = [];
    let bytes = 0;
    let next = position;
    let end = position;
    for (const row of this.#sql.fetch.iterate(position, topic.streams[partition]!) as Iterable<unknown>) {
      const [start, nextOffset, firstOffset, lastOffset, appendTimeMs, chunk] = row as FetchRow;
      end = nextOffset;
      if (position < start || position > end) {
        const held = `the log holds ${start} to ${end}`;
        throw new OffsetOutOfRangeError(`${topic.name}-${partition} has no offset ${position}: ${held}`);
      }
      if (firstOffset === null) return { records, position: end, atEnd: true };
      readChunk({ firstOffset, appendTimeMs, bytes: chunk }, topic.name, partition, position, records);
      next = lastOffset + 1;
      bytes += chunk.byteLength;
      if (records.length >= fetchRecords || bytes >= fetchBytes)
        return { records, position: next, atEnd: next === end };
    }
    return { records, position: end, atEnd: true };
  }

  /** Start and end offsets of the partitions of a topic. */
  bounds(topic: StoredTopic): { readonly start: number; readonly end: number }[] {
    const rows = this.db
      .prepare('SELECT start_offset, next_offset FROM stream WHERE topic = ? ORDER BY partition')
      .all(topic.id);
    return rows.map((row) => ({ start: row.start_offset as number, end: row.next_offset as number }));
  }

  /** Tells `watcher` of changes, and regularly that there were none, until the returned function is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    this.#poll ??= setInterval(() => this.#look(), pollMs);
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    };
  }

  #look(): void {
    if (this.#watchers.size === 0) return;
    const lookedAtMs = Date.now();
    // The version moves when another connection commits; `#changed` stands for our own commits.
    const version = this.#sql.version.get()!.data_version as number;
    const changed = this.#changed || version !== this.#dataVersion;
    this.#changed = false;
    this.#dataVersion = version;
    for (const watcher of [...this.#watchers]) watcher(lookedAtMs, changed);
  }
}

type FetchRow =
  | [number, number, number, number, number, Uint8Array]
  | [number, number, null, number, number, Uint8Array];

/** One name for one file, however it was written, so that its handles share a store. */
function canonicalPath(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return join(realpathSync(dirname(path)), basename(path));
  } catch (cause) {
    throw new SqliteLogError('LOG_UNAVAILABLE', `cannot make the folder of the log ${path}`, cause);
  }
}
