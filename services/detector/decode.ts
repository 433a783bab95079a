import { type InputRecord, Refusal } from '../core/batch.ts';
import type { InputTopic } from '../core/records.ts';
import { arrivalOf, type TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord } from '../platform/log.ts';

/** Names a record within a partition. */
export function keyOf(record: { readonly topic: string; readonly offset: number }): string {
  return `${record.topic}-${record.offset}`;
}

export interface DecodedBatch {
  readonly inputs: InputRecord[];
  /**
   * Records whose refusal may not hold the next time: those of `refusals`, and those whose schema the registry does not
   * know now. The batch record has to name them.
   */
  readonly passing: LogRecord[];
}

/**
 * The engine's view of a batch. `floorMs` is the time that the task has reached: no record arrives before it.
 * `refusals`, by `keyOf`, are taken in place of the values of those records.
 */
export function decodeBatch(
  records: readonly LogRecord[],
  codec: Codec,
  source: TimeSource,
  floorMs: number,
  refusals: ReadonlyMap<string, Refusal>,
): DecodedBatch {
  const passing: LogRecord[] = [];
  const inputs = new Array<InputRecord>(records.length);
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!;
    const topic = record.topic as InputTopic;
    const refusal = refusals.size > 0 ? refusals.get(keyOf(record)) : undefined;
    const value = refusal ?? inputValue(record, topic, codec);
    if (value instanceof Refusal && (refusal || value.reason === 'unknown-schema-id')) passing.push(record);
    inputs[i] = { topic, offset: record.offset, arrivalMs: Math.max(floorMs, arrivalOf(record, source)), value };
  }
  return { inputs, passing };
}

function inputValue(record: LogRecord, topic: InputTopic, codec: Codec): InputRecord['value'] {
  if (record.value === null) return null;
  const value = codec.decode(topic, record.value);
  if (value instanceof Refusal || value.enterpriseId === record.key) return value;
  // It lies in the partition of another enterprise: its own task would never see it.
  return new Refusal('wrong-key', `key ${record.key} is not the enterprise ${value.enterpriseId}`);
}
