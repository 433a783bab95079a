import type { Refusal } from '../core/batch.ts';
import { outputTopics } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord, NewRecord, Producer } from '../platform/log.ts';
import type { SinkMetrics } from './metrics.ts';
import { retryForEver } from './retry.ts';

export interface Refused {
  readonly record: LogRecord;
  readonly refusal: Refusal;
  /** Where it was found out: on reading, or when ClickHouse would not take the row. */
  readonly stage: 'read' | 'insert';
}

export interface DeadLetterOffice {
  /** Sends what nobody else would; resolves when the log has it. Retries for ever, as `retryForEver`. */
  send(refused: readonly Refused[]): Promise<void>;
}

const outputs: readonly string[] = outputTopics;

export function createDeadLetterOffice(parts: {
  readonly codec: Codec;
  readonly producer: Producer;
  readonly metrics: SinkMetrics;
  readonly stopping: AbortSignal;
  readonly nowMs: () => number;
}): DeadLetterOffice {
  const { codec, producer, metrics, stopping, nowMs } = parts;

  function letterOf({ record, refusal }: Refused): NewRecord {
    const { topic, partition, offset, appendTimeMs, key, value, headers } = record;
    const letter = {
      deadLetterId: `${topic}-${partition}-${offset}`,
      reason: refusal.reason,
      detail: refusal.detail,
      service: 'sink',
      topic,
      partition,
      offset,
      appendTimeMs,
      refusedMs: nowMs(),
      key,
      value,
      headers: headers ?? {},
    };
    return { topic: 'dead-letters', key, value: codec.encode('dead-letters', letter) };
  }

  /**
   * The detector reads telemetry and power too, and dead-letters what cannot be decoded. A dead letter whose own row
   * is not taken stays where it is: a letter about it would not be taken either, without end.
   */
  function isOurs({ record, stage }: Refused): boolean {
    if (record.topic === 'dead-letters') return stage === 'read';
    return stage === 'insert' || outputs.includes(record.topic);
  }

  return {
    async send(refused) {
      const letters: NewRecord[] = [];
      for (const one of refused) {
        const ours = isOurs(one);
        const outcome = ours ? 'dead-lettered' : 'counted';
        metrics.refused.inc({ topic: one.record.topic, reason: one.refusal.reason, outcome });
        if (ours) letters.push(letterOf(one));
      }
      if (letters.length === 0) return;
      await retryForEver({
        attempt: () => producer.send(letters),
        onFailure: () => metrics.retries.inc({ step: 'dead-letters-topic' }),
        stopping,
      });
    },
  };
}
