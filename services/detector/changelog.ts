import type { InputTopic } from '../core/records.ts';
import type { LogRecord, NewRecord } from '../platform/log.ts';
import { changelogTopic } from '../platform/topics.ts';
import type { TimeSource } from './input-stream.ts';

/**
 * What a task writes to its partition of the changelog, a compacted topic:
 * `barrier` (who took over last), `batch/<n>` (one a batch), `snapshot` (what the states are a snapshot of) and
 * `state/<enterprise>` with `state/<enterprise>/<part>` where a state does not fit one record.
 */

/** Below Kafka's default message limit of 1 MiB, with room for key and headers. */
const partBytes = 900_000;

/** Offsets [from, to) of a topic and how many records lie there (control records leave gaps). */
export interface Range {
  readonly topic: InputTopic;
  readonly from: number;
  readonly to: number;
  readonly records: number;
}

export interface BatchRecord {
  readonly n: number;
  readonly nowMs: number;
  readonly timeSource: TimeSource;
  readonly ranges: readonly Range[];
  readonly engineVersion: string;
  readonly rulesHash: string;
  /** Records whose schema the registry did not know then, as topic and offset; it may know it now. */
  readonly unknownSchemas: readonly (readonly [InputTopic, number])[];
}

export interface SnapshotRecord {
  /** The last batch that is in the states. */
  readonly n: number;
  readonly nowMs: number;
  /** Next offset to process, a topic. */
  readonly positions: Readonly<Record<InputTopic, number>>;
  readonly engineVersion: string;
  readonly stateFormat: number;
}

/** The changelog contradicts itself or the inputs: the task must not go on, for what it would say may be wrong. */
export class ChangelogError extends Error {
  readonly code = 'CHANGELOG_BROKEN';
}

function entry(partition: number, key: string, value: Buffer | null, headers?: Record<string, string>): NewRecord {
  const record = { topic: changelogTopic, partition, key, value };
  return headers === undefined ? record : { ...record, headers };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export function barrierEntry(partition: number, barrier: string): NewRecord {
  return entry(partition, 'barrier', Buffer.from(barrier));
}

export function batchEntry(partition: number, batch: BatchRecord): NewRecord {
  return entry(partition, `batch/${batch.n}`, json(batch));
}

/**
 * States, the snapshot record and the tombstones of the batches that the snapshot makes superfluous.
 * `parts` holds, for the enterprises that need more than one record, how many they have; it is brought up to date.
 */
export function snapshotEntries(
  partition: number,
  snapshot: SnapshotRecord,
  previousN: number,
  dirty: ReadonlyMap<string, Uint8Array | null>,
  parts: Map<string, number>,
): NewRecord[] {
  const entries: NewRecord[] = [];
  for (const [enterpriseId, state] of dirty) {
    const key = stateKey(enterpriseId);
    const before = parts.get(enterpriseId) ?? 1;
    const now = state === null ? 0 : Math.max(1, Math.ceil(state.length / partBytes));
    for (let part = 0; part < Math.max(now, before); part++) {
      const value =
        state === null || part >= now
          ? null
          : Buffer.from(state.buffer, state.byteOffset, state.length).subarray(
              part * partBytes,
              (part + 1) * partBytes,
            );
      const headers = part === 0 && now > 1 ? { parts: String(now) } : undefined;
      entries.push(entry(partition, part === 0 ? key : `${key}/${part}`, value, headers));
    }
    if (now > 1) parts.set(enterpriseId, now);
    else parts.delete(enterpriseId);
  }
  entries.push(entry(partition, 'snapshot', json(snapshot)));
  for (let n = previousN + 1; n <= snapshot.n; n++) entries.push(entry(partition, `batch/${n}`, null));
  return entries;
}

const stateKey = (enterpriseId: string): string => `state/${encodeURIComponent(enterpriseId)}`;

/** What a new owner finds: states as of the snapshot, and the batches since then in order. */
export interface Restored {
  readonly snapshot: SnapshotRecord | undefined;
  readonly states: ReadonlyMap<string, Uint8Array>;
  readonly parts: Map<string, number>;
  readonly batches: readonly BatchRecord[];
}

/** Reads the changelog, last value a key, up to the owner's own barrier. */
export class ChangelogReader {
  /** Next offset to read. */
  position = 0;
  readonly #barrier: string;
  readonly #values = new Map<string, LogRecord>();

  constructor(barrier: string) {
    this.#barrier = barrier;
  }

  /** Returns the owner's barrier record once it is there. */
  add(records: readonly LogRecord[]): LogRecord | undefined {
    for (const record of records) {
      if (record.offset < this.position) continue;
      this.position = record.offset + 1;
      if (record.key === null) throw new ChangelogError(`changelog record at offset ${record.offset} has no key`);
      if (record.value === null) this.#values.delete(record.key);
      else this.#values.set(record.key, record);
      if (record.key === 'barrier' && record.value?.toString() === this.#barrier) return record;
    }
    return undefined;
  }

  /** To be called once, when the barrier is there. */
  finish(): Restored {
    const found = this.#values.get('snapshot');
    const snapshot = found && parse<SnapshotRecord>(found);
    const states = new Map<string, Uint8Array>();
    const parts = new Map<string, number>();
    const batches: BatchRecord[] = [];
    for (const [key, record] of this.#values) {
      const [kind, id, part] = key.split('/');
      if (kind === 'batch') batches.push(parse<BatchRecord>(record));
      if (kind !== 'state' || part !== undefined) continue;
      const enterpriseId = decodeURIComponent(id!);
      const count = Number(record.headers?.parts ?? 1);
      if (count > 1) parts.set(enterpriseId, count);
      states.set(enterpriseId, count > 1 ? this.#join(key, record, count) : record.value!);
    }
    batches.sort((a, b) => a.n - b.n);
    let expected = (snapshot?.n ?? 0) + 1;
    for (const { n } of batches) {
      if (n !== expected) throw new ChangelogError(`batch ${expected} is missing from the changelog: found ${n}`);
      expected++;
    }
    return { snapshot, states, parts, batches };
  }

  #join(key: string, first: LogRecord, count: number): Uint8Array {
    const pieces = [first.value!];
    for (let part = 1; part < count; part++) {
      const piece = this.#values.get(`${key}/${part}`)?.value;
      if (!piece) throw new ChangelogError(`part ${part} of ${count} of ${key} is missing from the changelog`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }
}

function parse<T>(record: LogRecord): T {
  try {
    return JSON.parse(record.value!.toString()) as T;
  } catch (cause) {
    throw new ChangelogError(`changelog record ${record.key} at offset ${record.offset} is not JSON`, { cause });
  }
}
