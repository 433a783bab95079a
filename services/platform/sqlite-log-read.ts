import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRecord, ReadOptions } from './log.ts';
import type { SqliteStore, StoredTopic } from './sqlite-log-store.ts';

interface Cursor {
  readonly topic: StoredTopic;
  readonly partition: number;
  readonly end: number;
  position: number;
}

/** One cursor a partition, with where it ends as of now. */
function openCursors(store: SqliteStore, { topics, from = 'earliest' }: ReadOptions): Cursor[] {
  return topics.flatMap((name) => {
    const topic = store.topic(name);
    return store.bounds(topic).map(({ start, end }, partition) => {
      const given =
        typeof from === 'string' ? undefined : from.find((p) => p.topic === name && p.partition === partition)?.offset;
      return { topic, partition, end, position: given ?? (from === 'latest' ? end : start) };
    });
  });
}

/** Reads up to what is there at the call. */
export function readLog(store: SqliteStore, options: ReadOptions, signal: AbortSignal): AsyncIterable<LogRecord[]> {
  const cursors = openCursors(store, options);
  return (async function* () {
    for (const cursor of cursors) {
      while (cursor.position !== cursor.end && !signal.aborted) {
        const { records, position } = store.fetch(cursor.topic, cursor.partition, cursor.position);
        // Appended since the call: not asked for.
        while (records.length > 0 && records.at(-1)!.offset >= cursor.end) records.pop();
        cursor.position = Math.min(position, cursor.end);
        if (records.length > 0) yield records;
        // A reader that never waits would hold up timers and sockets for the length of the log.
        await nextTurn();
      }
    }
  })();
}

/** Reads on and on, until aborted or left. */
export function followLog(store: SqliteStore, options: ReadOptions, signal: AbortSignal): AsyncIterable<LogRecord[]> {
  const cursors = openCursors(store, options);
  return (async function* () {
    while (!signal.aborted) {
      let found = false;
      for (const cursor of cursors) {
        const { records, position } = store.fetch(cursor.topic, cursor.partition, cursor.position);
        cursor.position = position;
        if (records.length === 0) continue;
        found = true;
        yield records;
        await nextTurn();
        if (signal.aborted) return;
      }
      if (!found) await change(store, signal);
    }
  })();
}

/** Resolves at the next change of the log, or when aborted. */
function change(store: SqliteStore, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      unwatch();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const unwatch = store.watch((_, changed) => {
      if (changed) end();
    });
    signal.addEventListener('abort', end);
  });
}
