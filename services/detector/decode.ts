import { type InputRecord, Refusal } from '../core/batch.ts';
import type { InputTopic } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord } from '../platform/log.ts';
import { arrivalOf, type TimeSource } from './input-stream.ts';

type SchemaGap = readonly [InputTopic, number];

/**
 * The engine's view of a batch. `floorMs` is the time that the task has reached: no record arrives before it.
 * `gaps` names records whose schema was unknown when the batch was first executed; without it they are found.
 */
export function decodeBatch(
  records: readonly LogRecord[],
  codec: Codec,
  source: TimeSource,
  floorMs: number,
  gaps?: readonly SchemaGap[],
): { readonly inputs: InputRecord[]; readonly gaps: SchemaGap[] } {
  const known = gaps?.length ? new Set(gaps.map(([topic, offset]) => `${topic}-${offset}`)) : undefined;
  const found: SchemaGap[] = [];
  const inputs = new Array<InputRecord>(records.length);
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!;
    const topic = record.topic as InputTopic;
    const value = known?.has(`${topic}-${record.offset}`)
      ? new Refusal('unknown-schema-id', 'the registry did not know the schema')
      : inputValue(record, topic, codec);
    if (value instanceof Refusal && value.reason === 'unknown-schema-id') found.push([topic, record.offset]);
    inputs[i] = { topic, offset: record.offset, arrivalMs: Math.max(floorMs, arrivalOf(record, source)), value };
  }
  return { inputs, gaps: found };
}

function inputValue(record: LogRecord, topic: InputTopic, codec: Codec): InputRecord['value'] {
  if (record.value === null) return null;
  const value = codec.decode(topic, record.value);
  if (value instanceof Refusal || value.enterpriseId === record.key) return value;
  // It lies in the partition of another enterprise: its own task would never see it.
  return new Refusal('wrong-key', `key ${record.key} is not the enterprise ${value.enterpriseId}`);
}
