import type { Log } from '../platform/log.ts';

/**
 * Where a group goes on in each of these partitions: where it committed, else at the oldest record that the log
 * still has. Returns offsets by topic, then by place in `partitions`.
 */
export async function startPositions(
  log: Log,
  group: string,
  topics: readonly string[],
  partitions: readonly number[],
): Promise<Map<string, number[]>> {
  const positions = new Map<string, number[]>();
  for (const topic of topics) {
    const committed = await log.topics.committed(group, topic);
    const wanting = partitions.filter((partition) => committed[partition] === undefined);
    const oldest = wanting.length === 0 ? new Map<number, number>() : await oldestOffsets(log, topic, wanting);
    positions.set(
      topic,
      partitions.map((partition) => committed[partition] ?? oldest.get(partition)!),
    );
  }
  return positions;
}

/** Reads until each partition has shown its first record; one without records starts at its end. */
async function oldestOffsets(log: Log, topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
  const ends = await log.topics.endOffsets(topic);
  const oldest = new Map<number, number>();
  const wanting = new Set(partitions.filter((partition) => ends[partition]! > 0));
  if (wanting.size > 0) {
    const done = new AbortController();
    for await (const records of log.read({ topics: [topic], follow: false, signal: done.signal })) {
      for (const { partition, offset } of records) {
        if (wanting.delete(partition)) oldest.set(partition, offset);
      }
      if (wanting.size === 0) break;
    }
    done.abort();
  }
  for (const partition of partitions) if (!oldest.has(partition)) oldest.set(partition, ends[partition]!);
  return oldest;
}
