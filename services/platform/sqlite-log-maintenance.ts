import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRecord } from './log.ts';
import { ChunkWriter, readChunk } from './sqlite-log-chunk.ts';
import { SqliteLogError, type SqliteStore, type StoredTopic } from './sqlite-log-store.ts';

const intervalMs = 60_000;
/** As Kafka's min.cleanable.dirty.ratio of 0.5: compaction waits until half of a partition is new; never for less. */
const leastNewRecords = 1_000;

/** Applies retention and compaction now and then, a piece a turn of the event loop, until `signal` is aborted. */
export function startMaintenance(store: SqliteStore, signal: AbortSignal): void {
  let running = false;
  const pass = async () => {
    if (running) return;
    running = true;
    try {
      await nextTurn();
      for (const topic of store.allTopics()) await maintainTopic(store, topic, Date.now(), signal);
    } catch (error) {
      // A full or busy disk: appends say so to those who can act, and the next pass tries again.
      if (!(error instanceof SqliteLogError && error.code === 'LOG_UNAVAILABLE') && !signal.aborted) throw error;
    } finally {
      running = false;
    }
  };
  const timer = setInterval(pass, intervalMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
  void pass();
}

/** Freed pages are used again; the file itself does not shrink. */
export async function maintainTopic(
  store: SqliteStore,
  topic: StoredTopic,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const retentionMs = Number(topic.config['retention.ms']);
  const deletes = topic.config['cleanup.policy']!.split(',').includes('delete');
  for (let partition = 0; partition < topic.partitions; partition++) {
    if (signal.aborted) return;
    if (deletes && retentionMs >= 0) expire(store, topic.streams[partition]!, nowMs - retentionMs);
    if (topic.compacted) await compact(store, topic, partition, nowMs, signal);
    await nextTurn();
  }
}

/** Drops the chunks that were appended before `beforeMs`; append times rise with offsets. */
function expire(store: SqliteStore, stream: number, beforeMs: number): void {
  const oldest = store.db.prepare('SELECT append_ms FROM chunk WHERE stream = ? ORDER BY last_offset LIMIT 1');
  const oldestMs = oldest.get(stream)?.append_ms as number | undefined;
  if (oldestMs === undefined || oldestMs >= beforeMs) return;
  store.transact(() => {
    const kept = store.db
      .prepare('SELECT first_offset FROM chunk WHERE stream = ? AND append_ms >= ? ORDER BY last_offset LIMIT 1')
      .get(stream, beforeMs)?.first_offset;
    const start = kept ?? store.db.prepare('SELECT next_offset FROM stream WHERE id = ?').get(stream)!.next_offset!;
    store.db.prepare('DELETE FROM chunk WHERE stream = ? AND last_offset < ?').run(stream, start);
    store.db.prepare('UPDATE stream SET start_offset = ? WHERE id = ?').run(start, stream);
  });
}

/** Keeps of each key the last record, and of a last record that is a tombstone nothing once its retention is over. */
async function compact(
  store: SqliteStore,
  topic: StoredTopic,
  partition: number,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const stream = topic.streams[partition]!;
  const state = store.db
    .prepare('SELECT start_offset, next_offset, compacted_to, compacted_count FROM stream WHERE id = ?')
    .get(stream) as Record<'start_offset' | 'next_offset' | 'compacted_to' | 'compacted_count', number>;
  const end = state.next_offset;
  if (end - state.compacted_to < Math.max(leastNewRecords, state.compacted_count)) return;

  const lastOffsets = new Map<string, number>();
  for (let position = state.start_offset; position < end; ) {
    const fetched = store.fetch(topic, partition, position);
    for (const { key, offset } of fetched.records) lastOffsets.set(key!, offset);
    position = fetched.position;
    await nextTurn();
    if (signal.aborted) return;
  }

  const tombstonesBeforeMs = nowMs - Number(topic.config['delete.retention.ms']);
  const keeps = ({ key, offset, value, appendTimeMs }: LogRecord) =>
    lastOffsets.get(key!)! <= offset && (value !== null || appendTimeMs >= tombstonesBeforeMs);
  const nextChunk = store.db.prepare(
    'SELECT last_offset FROM chunk WHERE stream = ? AND last_offset >= ? ORDER BY last_offset LIMIT 1',
  );
  let count = 0;
  // Upwards, so that what a tombstone deletes is gone before the tombstone is, whenever this is cut short.
  for (let position = state.start_offset; ; ) {
    const lastOffset = nextChunk.get(stream, position)?.last_offset as number | undefined;
    if (lastOffset === undefined || lastOffset >= end) break;
    count += store.transact(() => rewriteChunk(store, stream, lastOffset, keeps));
    position = lastOffset + 1;
    await nextTurn();
    if (signal.aborted) return;
  }
  store.transact(() =>
    store.db.prepare('UPDATE stream SET compacted_to = ?, compacted_count = ? WHERE id = ?').run(end, count, stream),
  );
}

/** Returns how many records of the chunk stay. Another process may have rewritten or dropped it meanwhile. */
function rewriteChunk(
  store: SqliteStore,
  stream: number,
  lastOffset: number,
  keeps: (record: LogRecord) => boolean,
): number {
  const row = store.db
    .prepare('SELECT id, first_offset, append_ms, records FROM chunk WHERE stream = ? AND last_offset = ?')
    .get(stream, lastOffset);
  if (!row) return 0;
  const firstOffset = row.first_offset as number;
  const records: LogRecord[] = [];
  const chunk = { firstOffset, appendTimeMs: row.append_ms as number, bytes: row.records as Uint8Array };
  readChunk(chunk, '', 0, firstOffset, records);
  const kept = records.filter(keeps);
  if (kept.length === records.length) return kept.length;
  if (kept.length === 0) {
    store.db.prepare('DELETE FROM chunk WHERE id = ?').run(row.id!);
    return 0;
  }
  const writer = new ChunkWriter();
  for (const { offset, key, value, headers } of kept) {
    writer.add(offset - firstOffset, headers ? { key, value, headers } : { key, value });
  }
  store.db
    .prepare('UPDATE chunk SET count = ?, records = ? WHERE id = ?')
    .run(kept.length, writer.take(), row.id as number);
  return kept.length;
}
