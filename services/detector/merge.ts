import { type InputTopic, inputTopics } from '../core/records.ts';
import { arrivalOf, type TimeSource } from '../platform/arrival.ts';
import type { LogRecord } from '../platform/log.ts';
import { type InputStream, sizeOf } from './input-stream.ts';

/** Records of one batch to be, in canonical order: arrival time, topic rank, offset. */
export class OpenBatch {
  readonly records: LogRecord[] = [];
  bytes = 0;
  lastArrivalMs = Number.NEGATIVE_INFINITY;
  lastRank = -1;
}

export interface BatchLimit {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Why `fillBatch` came back: `full` at the limit; `cut` before a record that sorts before one already taken; `waiting`
 * for a stream that may still bring an earlier record; `drained` with nothing left to take.
 */
export type Fill = 'full' | 'cut' | 'waiting' | 'drained';

/**
 * Moves records from the streams (in rank order) into the batch, as far as their order is known.
 *
 * A head may go when every other stream has a head too, or was seen to hold nothing at a time after the head came:
 * what it brings later was then appended later. `caughtUpAtMs` and the receive times are of the client's clock alone, so
 * skew between client and broker plays no part; `graceMs` is added to the receive time for replayed recordings, whose
 * publisher writes one topic after the other.
 *
 * An upstream transaction, or a clock that went back, can still bring a record late. The batch is cut before it: within a
 * batch the order is therefore strictly canonical and can be had again from the ranges alone.
 */
export function fillBatch(
  streams: readonly InputStream[],
  batch: OpenBatch,
  limit: BatchLimit,
  caughtUpAtMs: (stream: InputStream) => number | undefined,
  graceMs: number,
): Fill {
  const count = streams.length;
  while (!isFull(batch, limit)) {
    let best: InputStream | undefined;
    let nextArrivalMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const stream = streams[i]!;
      if (stream.head === undefined) continue;
      if (best === undefined || stream.headArrivalMs < best.headArrivalMs) {
        if (best !== undefined) nextArrivalMs = best.headArrivalMs;
        best = stream;
      } else if (stream.headArrivalMs < nextArrivalMs) {
        nextArrivalMs = stream.headArrivalMs;
      }
    }
    if (best === undefined) return streams.every((stream) => stream.drained) ? 'drained' : 'waiting';

    let promisedMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const stream = streams[i]!;
      if (stream.head !== undefined) continue;
      const seenEmptyMs = stream.drained ? caughtUpAtMs(stream) : undefined;
      if (seenEmptyMs !== undefined && seenEmptyMs > best.headReceivedAtMs + graceMs) continue;
      if (stream.promisedMs < promisedMs) promisedMs = stream.promisedMs;
    }
    if (best.headArrivalMs > promisedMs) return 'waiting';
    if (
      best.headArrivalMs < batch.lastArrivalMs ||
      (best.headArrivalMs === batch.lastArrivalMs && best.rank < batch.lastRank)
    ) {
      return 'cut';
    }
    takeRun(best, batch, limit, Math.min(nextArrivalMs, promisedMs));
  }
  return 'full';
}

function isFull(batch: OpenBatch, limit: BatchLimit): boolean {
  return batch.records.length >= limit.records || batch.bytes >= limit.bytes;
}

/** Takes the head, and what follows it in its own chunk below the bound: no other stream need be asked for those. */
function takeRun(stream: InputStream, batch: OpenBatch, limit: BatchLimit, boundMs: number): void {
  const receivedAtMs = stream.headReceivedAtMs;
  let lastArrivalMs: number;
  do {
    batch.records.push(stream.head!);
    batch.bytes += sizeOf(stream.head!);
    lastArrivalMs = stream.headArrivalMs;
    stream.shift();
  } while (
    !isFull(batch, limit) &&
    stream.head !== undefined &&
    stream.headReceivedAtMs === receivedAtMs &&
    stream.headArrivalMs >= lastArrivalMs &&
    stream.headArrivalMs < boundMs
  );
  batch.lastArrivalMs = lastArrivalMs;
  batch.lastRank = stream.rank;
}

/** Records of one logged batch in canonical order, as they were when it was filled. */
export function canonical(records: readonly LogRecord[], source: TimeSource): LogRecord[] {
  const keyed = records.map((record) => ({
    record,
    arrivalMs: arrivalOf(record, source),
    rank: inputTopics.indexOf(record.topic as InputTopic),
  }));
  keyed.sort((a, b) => a.arrivalMs - b.arrivalMs || a.rank - b.rank || a.record.offset - b.record.offset);
  return keyed.map(({ record }) => record);
}
