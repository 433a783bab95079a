import type { Refusal } from '../core/batch.ts';
import type { DeadLetter } from '../core/records.ts';
import type { LogRecord } from './log.ts';

/**
 * Most that a dead letter carries of its origin. Compressed, a record may come that is larger than any that can be
 * written: its dead letter must not stop the partition. Within these limits a letter stays below Kafka's 1 MiB.
 */
const mostValueBytes = 800_000;
const mostHeaderBytes = 100_000;
const mostTextLength = 5_000;

/** The record, whole where it fits and said to be cut where not, with why `service` refused it. */
export function deadLetterOf(origin: LogRecord, refusal: Refusal, service: string, nowMs: number): DeadLetter {
  const cut: string[] = [];
  const { key, value } = origin;
  const headers: Record<string, string> = {};
  let headerBytes = 0;
  for (const [name, text] of Object.entries(origin.headers ?? {})) {
    // A UTF-16 unit is up to three bytes in UTF-8.
    headerBytes += 3 * (name.length + text.length);
    if (headerBytes <= mostHeaderBytes) headers[name] = text;
  }
  if (headerBytes > mostHeaderBytes) cut.push(`headers to ${mostHeaderBytes} bytes`);
  if (value && value.length > mostValueBytes) cut.push(`value of ${value.length} bytes to the first ${mostValueBytes}`);
  if (key && key.length > mostTextLength) cut.push(`key of ${key.length} characters to the first ${mostTextLength}`);
  const detail = refusal.detail.slice(0, mostTextLength);
  return {
    deadLetterId: `${origin.topic}-${origin.partition}-${origin.offset}`,
    reason: refusal.reason,
    detail: cut.length > 0 ? `${detail} (too large for a dead letter; cut: ${cut.join(', ')})` : detail,
    service,
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.offset,
    appendTimeMs: origin.appendTimeMs,
    refusedMs: nowMs,
    key: key?.slice(0, mostTextLength) ?? null,
    value: value?.subarray(0, mostValueBytes) ?? null,
    headers,
  };
}
