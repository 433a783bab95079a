import { Readable } from 'node:stream';
import { type ClickHouseClient, databaseName, isDataError } from '../platform/clickhouse.ts';
import type { LogRecord } from '../platform/log.ts';
import type { SinkMetrics } from './metrics.ts';
import { retryForEver } from './retry.ts';
import { RowBinary } from './row-binary.ts';
import { type Item, type StoredTopic, type Table, tables } from './tables.ts';

/** Rows of some records, ready to be sent. */
export interface Encoded<T extends StoredTopic> {
  readonly topic: T;
  readonly items: readonly Item<T>[];
  readonly bytes: Buffer;
  readonly rows: number;
}

/** A record whose row ClickHouse would not take, and what it said. */
export interface Unstorable {
  readonly record: LogRecord;
  readonly detail: string;
}

export interface Store {
  encode<T extends StoredTopic>(topic: T, items: readonly Item<T>[]): Encoded<T>;
  /**
   * Inserts the rows; resolves when each record is stored or found unstorable. Passing errors are retried for ever.
   * Throws `AbandonedError` when the sink stops meanwhile.
   */
  insert<T extends StoredTopic>(encoded: Encoded<T>): Promise<Unstorable[]>;
  /** What ails the last attempt on a table; empty when all is well. */
  failing(): Readonly<Record<string, string>>;
}

const bytesPerRow = 160;

export function createStore(parts: {
  readonly clickhouse: ClickHouseClient;
  readonly metrics: SinkMetrics;
  readonly stopping: AbortSignal;
}): Store {
  const { clickhouse, metrics, stopping } = parts;
  const ailments = new Map<string, string>();

  async function send(table: Table, bytes: Buffer, token: string): Promise<void> {
    const endTimer = metrics.insertSeconds.startTimer({ table: table.name });
    const { stream } = await clickhouse.exec({
      query: `INSERT INTO ${databaseName}.${table.name} (${table.columns.join(', ')}) FORMAT RowBinary`,
      values: Readable.from([bytes], { objectMode: false }),
      clickhouse_settings: {
        // An attempt that was stored but not answered must not be stored again, whatever the table folds.
        insert_deduplication_token: token,
        insert_deduplicate: 1,
        async_insert: 0,
        // A recording of years is as good a load as a day.
        max_partitions_per_insert_block: '0',
      },
    });
    for await (const _ of stream) void _;
    endTimer();
  }

  function encode<T extends StoredTopic>(topic: T, items: readonly Item<T>[]): Encoded<T> {
    const writer = new RowBinary(Math.max(1024, items.length * bytesPerRow));
    const rows = tables[topic].write(writer, items);
    return { topic, items, bytes: writer.finish(), rows };
  }

  async function insert<T extends StoredTopic>({ topic, items, bytes, rows }: Encoded<T>): Promise<Unstorable[]> {
    if (items.length === 0) return [];
    const table = tables[topic] as unknown as Table;
    const token = tokenOf(items);
    try {
      await retryForEver({
        attempt: () => send(table, bytes, token),
        isFinal: isDataError,
        onFailure: (error) => {
          metrics.retries.inc({ step: table.name });
          ailments.set(table.name, String(error));
        },
        stopping,
      });
    } catch (error) {
      if (!isDataError(error)) throw error;
      // Halve until the rows at fault stand alone: n bad ones among m cost about n log m inserts.
      if (items.length === 1) return [{ record: items[0]!.record, detail: String(error) }];
      const middle = items.length >> 1;
      const first = await insert(encode(topic, items.slice(0, middle)));
      return [...first, ...(await insert(encode(topic, items.slice(middle))))];
    }
    ailments.delete(table.name);
    metrics.rows.inc({ table: table.name }, rows);
    return [];
  }

  return { encode, insert, failing: () => Object.fromEntries(ailments) };
}

/** The same records, the same token: `topic-partition-first-last` of each partition in the batch. */
function tokenOf(items: readonly Item[]): string {
  const ranges = new Map<number, [first: number, last: number]>();
  for (const { record } of items) {
    const range = ranges.get(record.partition);
    if (range === undefined) ranges.set(record.partition, [record.offset, record.offset]);
    else range[1] = record.offset;
  }
  const { topic } = items[0]!.record;
  return [...ranges]
    .sort(([a], [b]) => a - b)
    .map(([partition, [first, last]]) => `${topic}-${partition}-${first}-${last}`)
    .join(' ');
}
