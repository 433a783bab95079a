import { randomUUID } from 'node:crypto';
import type { RegionStage } from '../core/region/stage.ts';
import type { Log, NewRecord, TransactionalProducer } from '../platform/log.ts';
import { regionsTopic } from '../platform/topics.ts';

/** Keys of our own; those of a stage begin with the code of a city. */
const barrierKey = '/barrier';
const positionKey = '/position';

/** State that changed and the next offset to read, to be committed with what is said. */
export function stateRecords(
  partition: number,
  dirty: ReadonlyMap<string, string | null>,
  position: number,
): NewRecord[] {
  return [...dirty, [positionKey, String(position)] as const].map(([key, state]) => ({
    topic: regionsTopic,
    partition,
    key,
    value: state === null ? null : Buffer.from(state),
  }));
}

/**
 * Puts back into an empty stage what the last owner of the partition committed, and returns the next offset that it
 * would have read; `undefined` where there was none before. `producer` must have been opened before: what an older owner
 * commits is in front of the barrier that is written here, or it is nowhere.
 */
export async function restoreState(
  log: Log,
  partition: number,
  producer: TransactionalProducer,
  stage: RegionStage,
): Promise<number | undefined> {
  const barrier = randomUUID();
  await producer.commit({
    records: [{ topic: regionsTopic, partition, key: barrierKey, value: Buffer.from(barrier) }],
  });
  const values = await readTo(log, partition, barrier);
  const position = values.get(positionKey);
  values.delete(positionKey);
  stage.restore(values);
  return position === undefined ? undefined : Number(position);
}

/** The last value a key, up to the barrier. */
async function readTo(log: Log, partition: number, barrier: string): Promise<Map<string, string>> {
  const ended = new AbortController();
  const [starts, ends] = await Promise.all([
    log.topics.startOffsets(regionsTopic),
    log.topics.endOffsets(regionsTopic),
  ]);
  // Of other partitions nothing is wanted.
  const from = ends.map((end, other) => ({
    topic: regionsTopic,
    partition: other,
    offset: other === partition ? starts[other]! : end,
  }));
  const values = new Map<string, string>();
  try {
    for await (const records of log.read({ topics: [regionsTopic], from, follow: true, signal: ended.signal })) {
      for (const { partition: found, key, value } of records) {
        if (found !== partition || key === null) continue;
        if (key === barrierKey) {
          if (value?.toString() === barrier) return values;
        } else if (value === null) values.delete(key);
        else values.set(key, value.toString());
      }
    }
  } finally {
    ended.abort();
  }
  throw new Error('reading the state ended before its barrier');
}
