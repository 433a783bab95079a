import type { Refusal } from '../core/batch.ts';
import type { SiteEvent } from '../core/records.ts';
import { outageSource } from '../core/region/outage.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import { deadLetterOf } from '../platform/dead-letter.ts';
import type { LogRecord, NewRecord } from '../platform/log.ts';

/** An outage as a site event, keyed by enterprise. `arrivedMs`: when it came in recorded time, where time is recorded. */
export function eventRecord(event: SiteEvent, codec: Codec, nowMs: number, arrivedMs: number | undefined): NewRecord {
  const { enterpriseId, eventId, revision } = event;
  return {
    topic: 'site-events',
    key: enterpriseId,
    value: codec.encode('site-events', event),
    headers: {
      ...cloudEvent(`${enterpriseId}-${eventId}-${revision}`, 'wattness.site.event', enterpriseId, nowMs),
      ...(arrivedMs === undefined ? {} : { [arrivedHeader]: String(arrivedMs) }),
    },
  };
}

export function refusalRecord(origin: LogRecord, refusal: Refusal, codec: Codec, nowMs: number): NewRecord {
  const letter = deadLetterOf(origin, refusal, 'regions', nowMs);
  return {
    topic: 'dead-letters',
    key: letter.key,
    value: codec.encode('dead-letters', letter),
    headers: cloudEvent(letter.deadLetterId, 'wattness.record.refused', letter.key, nowMs),
  };
}

function cloudEvent(id: string, type: string, subject: string | null, nowMs: number): Record<string, string> {
  return {
    'content-type': 'application/avro',
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: outageSource.replace('-', '/'),
    ce_type: type,
    ce_time: new Date(nowMs).toISOString(),
    ...(subject === null ? {} : { ce_subject: subject }),
  };
}
