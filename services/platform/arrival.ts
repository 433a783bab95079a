import type { LogRecord } from './log.ts';

/** Which clock stamps an arrival: the log that took the record, or the recording that it is replayed from. */
export type TimeSource = 'append' | 'recorded';

/** Header in which a published recording says when a record had come, ms since the epoch. */
export const arrivedHeader = 'wattness-arrived-ms';

/** 2200-01-01. The header is anyone's to write, and time that has once moved on never comes back. */
const latestMs = 7_258_118_400_000;

/**
 * Arrival time in ms before it is made monotone. A replayed record without a header that makes sense has no time of its
 * own: it sorts first and so takes the time of the record before it.
 */
export function arrivalOf(record: LogRecord, source: TimeSource): number {
  if (source === 'append') return record.appendTimeMs;
  const recordedMs = Number(record.headers?.[arrivedHeader]);
  return recordedMs >= 0 && recordedMs <= latestMs ? Math.floor(recordedMs) : 0;
}
