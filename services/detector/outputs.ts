import type { Output } from '../core/batch.ts';
import type { OutputTopic, TopicValues } from '../core/records.ts';
import { cityOf } from '../core/region/scope.ts';
import type { Codec } from '../platform/avro.ts';
import { deadLetterOf } from '../platform/dead-letter.ts';
import type { LogRecord, NewRecord } from '../platform/log.ts';
import { keyOf } from './decode.ts';

/** CloudEvents types (Kafka binary binding) of what the detector says. */
const typeOf: Readonly<Record<OutputTopic, string>> = {
  findings: 'wattness.finding.revised',
  alarms: 'wattness.alarm.changed',
  'enterprise-status': 'wattness.enterprise.status',
  'enterprise-silence': 'wattness.enterprise.silence',
  'dead-letters': 'wattness.record.refused',
};

/** A record for each output, keyed by enterprise (silence by city), with CloudEvents headers. */
export function outputRecords(
  outputs: readonly Output[],
  records: readonly LogRecord[],
  codec: Codec,
  nowMs: number,
): NewRecord[] {
  let origins: Map<string, LogRecord> | undefined;
  return outputs.map((output) => {
    if (output.topic === 'enterprise-silence') {
      return recordOf(output.topic, output.value, codec, nowMs, cityOf(output.value.regionCode));
    }
    if (output.topic !== 'dead-letters') return recordOf(output.topic, output.value, codec, nowMs);
    origins ??= new Map(records.map((record) => [keyOf(record), record]));
    const origin = origins.get(keyOf({ topic: output.inputTopic, offset: output.offset }))!;
    const letter = deadLetterOf(origin, output.refusal, 'detector', nowMs);
    return recordOf('dead-letters', letter, codec, nowMs, letter.key);
  });
}

function recordOf<T extends OutputTopic>(
  topic: T,
  value: TopicValues[T],
  codec: Codec,
  nowMs: number,
  key: string | null = (value as { enterpriseId: string }).enterpriseId,
): NewRecord {
  return {
    topic,
    key,
    value: codec.encode(topic, value),
    headers: {
      'content-type': 'application/avro',
      ce_specversion: '1.0',
      ce_id: idOf(topic, value),
      ce_source: 'wattness/detector',
      ce_type: typeOf[topic],
      ce_time: new Date(nowMs).toISOString(),
      ...(key === null ? {} : { ce_subject: key }),
    },
  };
}

/** Unique for what is said: the same again has the same id, so that a consumer may drop what it has seen. */
function idOf<T extends OutputTopic>(topic: T, value: TopicValues[T]): string {
  switch (topic) {
    case 'findings': {
      const { findingId, revision } = value as TopicValues['findings'];
      return `${findingId}-${revision}`;
    }
    case 'alarms': {
      const { alarmId, revision } = value as TopicValues['alarms'];
      return `${alarmId}-${revision}`;
    }
    case 'enterprise-status': {
      const { enterpriseId, asOfMs } = value as TopicValues['enterprise-status'];
      return `${enterpriseId}-${asOfMs}`;
    }
    case 'enterprise-silence': {
      const { enterpriseId, asOfMs, regionCode } = value as TopicValues['enterprise-silence'];
      // A firm that moves says at one moment that it left one region and is heard in another.
      return `${enterpriseId}-${regionCode}-${asOfMs}`;
    }
    default:
      return (value as TopicValues['dead-letters']).deadLetterId;
  }
}
