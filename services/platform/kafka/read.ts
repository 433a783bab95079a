import type { LogRecord, Position, ReadOptions } from '../log.ts';
import { Fetcher, type FetchSettings } from './fetch.ts';
import { createCluster, type KafkaAddress } from './internals.ts';
import { knowTopics, listOffsets, settled } from './topics.ts';

/** Deliveries that wait for the reader before fetching is held back. */
const mostWaiting = 4;

/** See `Log.read`. Ends quietly when aborted. */
export async function* readKafka(
  address: KafkaAddress,
  settings: FetchSettings,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  const { topics, from = 'earliest', committedOnly = true, follow } = options;
  const cluster = createCluster(address);
  const waiting: LogRecord[][] = [];
  let failure: Error | undefined;
  let notify = (): void => {};
  let held = false;
  const ends = new Map<string, number>();
  const positions: Position[] = [];

  const fetcher = new Fetcher(cluster, settings, committedOnly, {
    onRecords(topic, partition, records, position) {
      const end = ends.get(`${topic} ${partition}`);
      if (end !== undefined && position >= end) {
        // Appended since the call: not asked for.
        while (records.length > 0 && records.at(-1)!.offset >= end) records.pop();
        ends.delete(`${topic} ${partition}`);
        fetcher.pause(topic, partition);
      }
      if (records.length > 0) waiting.push(records);
      if (waiting.length >= mostWaiting && !held) hold(true);
      notify();
    },
    onFailure(error) {
      failure = error;
      notify();
    },
  });
  const hold = (on: boolean): void => {
    held = on;
    for (const { topic, partition } of positions) {
      if (on) fetcher.pause(topic, partition);
      else if (follow || ends.has(`${topic} ${partition}`)) fetcher.resume(topic, partition);
    }
  };
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      notify = resolve;
      signal.addEventListener('abort', notify);
    });

  try {
    await settled(cluster, 'read', () => cluster.connect());
    await knowTopics(cluster, topics);
    for (const topic of topics) {
      const latest = await listOffsets(cluster, topic, 'latest', committedOnly);
      const start = from === 'latest' ? latest : await listOffsets(cluster, topic, 'earliest', committedOnly);
      for (let partition = 0; partition < latest.length; partition++) {
        const given =
          typeof from === 'string' ? undefined : from.find((p) => p.topic === topic && p.partition === partition);
        const offset = given?.offset ?? start[partition]!;
        // One past the end is asked for all the same: the broker says that it does not hold it.
        const isThere = offset === latest[partition]!;
        if (!follow && isThere) continue;
        positions.push({ topic, partition, offset });
        if (!follow) ends.set(`${topic} ${partition}`, latest[partition]!);
      }
    }
    fetcher.assign(positions);
    for (const { topic, partition, offset } of positions) {
      fetcher.seek(topic, partition, offset);
      fetcher.resume(topic, partition);
    }
    while (!signal.aborted) {
      const records = waiting.shift();
      if (records !== undefined) {
        if (held && waiting.length === 0) hold(false);
        yield records;
        continue;
      }
      if (failure !== undefined) throw failure;
      if (!follow && ends.size === 0) return;
      await change();
      signal.removeEventListener('abort', notify);
    }
  } finally {
    fetcher.halt();
    await cluster.disconnect();
  }
}
