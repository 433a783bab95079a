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
    const oldest = await log.topics.startOffsets(topic);
    positions.set(
      topic,
      partitions.map((partition) => committed[partition] ?? oldest[partition]!),
    );
  }
  return positions;
}
