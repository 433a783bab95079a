import { randomUUID } from 'node:crypto';
import { type LogRecord, OffsetOutOfRangeError, type Position, type ReadOptions, type TopicAdmin } from '../log.ts';
import { Fetcher } from './fetch.ts';
import { createCluster, type KafkaAddress } from './internals.ts';

/** Arrays that may wait to be taken; beyond it all streams are paused. */
const mostWaiting = 16;

/** Reads without a group. */
export async function* readKafka(
  address: KafkaAddress,
  admin: TopicAdmin,
  options: ReadOptions,
): AsyncGenerator<readonly LogRecord[], void, void> {
  const { topics, from = 'earliest', committedOnly = true, follow, signal } = options;
  const ends = await positionsAt(topics, (topic) => admin.endOffsets(topic));
  const starts = await positionsAt(topics, (topic) => admin.startOffsets(topic));
  const positions = typeof from === 'string' ? (from === 'earliest' ? starts : ends) : from;
  for (const position of positions) check(position, starts, ends);

  const waiting: (readonly LogRecord[])[] = [];
  let failure: Error | undefined;
  let wake: () => void = () => {};
  const cluster = createCluster({ ...address, clientId: `${address.clientId}-read-${randomUUID()}` });
  await cluster.connect();
  await cluster.addMultipleTargetTopics(topics);
  let paused = false;
  const setPaused = (value: boolean): void => {
    if (paused === value) return;
    paused = value;
    for (const { topic, partition } of positions) fetcher.setPaused(topic, partition, value);
  };
  const fetcher = new Fetcher(cluster, committedOnly, {
    onRecords(_topic, _partition, records) {
      waiting.push(records);
      if (waiting.length >= mostWaiting) setPaused(true);
      wake();
    },
    onFailure(error) {
      failure = error;
      wake();
    },
    onAnswer: () => wake(),
  });
  const stop = (): void => wake();
  signal?.addEventListener('abort', stop);
  try {
    const partitions = [...new Set(positions.map(({ partition }) => partition))];
    fetcher.assign(topics, partitions);
    for (const { topic, partition, offset } of positions) {
      fetcher.seek(topic, partition, offset);
      fetcher.setPaused(topic, partition, false);
    }
    const reached = (): boolean =>
      ends.every(
        ({ topic, partition, offset }) =>
          !positions.some((p) => p.topic === topic && p.partition === partition) ||
          (fetcher.stream(topic, partition)?.position ?? 0) >= offset,
      );
    while (!signal?.aborted) {
      const next = waiting.shift();
      if (next) {
        const within = follow ? next : next.filter((record) => record.offset < endOf(ends, record));
        if (within.length > 0) yield within;
        continue;
      }
      setPaused(false);
      if (failure) throw failure;
      if (!follow && reached()) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        // What came between the look and the wait.
        if (waiting.length > 0 || failure || signal?.aborted || (!follow && reached())) resolve();
      });
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    await fetcher.close();
    await cluster.disconnect();
  }
}

async function positionsAt(topics: readonly string[], of: (topic: string) => Promise<number[]>): Promise<Position[]> {
  const each = await Promise.all(topics.map(async (topic) => ({ topic, offsets: await of(topic) })));
  return each.flatMap(({ topic, offsets }) => offsets.map((offset, partition) => ({ topic, partition, offset })));
}

function endOf(ends: readonly Position[], record: LogRecord): number {
  return ends.find(({ topic, partition }) => topic === record.topic && partition === record.partition)!.offset;
}

function check(position: Position, starts: readonly Position[], ends: readonly Position[]): void {
  const same = (other: Position): boolean => other.topic === position.topic && other.partition === position.partition;
  const first = starts.find(same)?.offset ?? 0;
  const end = ends.find(same)?.offset ?? 0;
  if (position.offset >= first && position.offset <= end) return;
  throw new OffsetOutOfRangeError(
    `${position.topic}/${position.partition} holds offsets ${first} to ${end}, not ${position.offset}`,
  );
}
