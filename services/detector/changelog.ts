import type { InputTopic } from '../core/records.ts';
import type { RuleSet } from '../core/rule.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { LogRecord, NewRecord } from '../platform/log.ts';
import { changelogTopic } from '../platform/topics.ts';

/**
 * What a task writes to its partition of the changelog, a compacted topic:
 * `barrier` (who took over last), `batch/<n>` (one a batch), `snapshot` (what the states are a snapshot of),
 * `state/<enterprise>` and `rules/<hash>` (the rules that snapshot and batches name, so that a new owner executes with
 * those, whatever it has itself). What does not fit one record goes on under `<key>/<part>`.
 */

/** Below Kafka's default message limit of 1 MiB, with room for key and headers. */
const partBytes = 900_000;

/** Version of what the changelog holds beside the engine's own states. */
const stateFormat = 1;

/** Offsets [from, to) of a topic and how many records lie there (control records leave gaps). */
export interface Range {
  readonly topic: InputTopic;
  readonly from: number;
  readonly to: number;
  readonly records: number;
  /**
   * Records, as offsets from `from`, that were refused for a reason that may not hold again: the registry did not know
   * their schema, or the engine failed at them.
   */
  readonly refused?: readonly number[];
}

/** Rules by the hash of all that judges. */
export interface HashedRules extends RuleSet {
  readonly hash: string;
}

export interface BatchRecord {
  readonly n: number;
  readonly nowMs: number;
  readonly timeSource: TimeSource;
  readonly ranges: readonly Range[];
  readonly engineVersion: string;
  /** Rules that it was judged with; where they are others than before, it began with going over to them. */
  readonly rulesHash: string;
}

export interface SnapshotRecord {
  /** The last batch that is in the states. */
  readonly n: number;
  readonly nowMs: number;
  /** Next offset to process, a topic. */
  readonly positions: Readonly<Record<InputTopic, number>>;
  readonly engineVersion: string;
  /** Rules that the states are of; not in what version 0.1.0 wrote. */
  readonly rulesHash?: string;
}

/** The changelog contradicts itself or the inputs: the task must not go on, for what it would say may be wrong. */
export class ChangelogError extends Error {
  readonly code = 'CHANGELOG_BROKEN';
}

/** What a batch of these records, in the order of each topic, takes of every topic. `refused` are some of them. */
export function rangesOf(records: readonly LogRecord[], refused: readonly LogRecord[]): Range[] {
  const ranges = new Map<
    string,
    { topic: InputTopic; from: number; to: number; records: number; refused?: number[] }
  >();
  for (const { topic, offset } of records) {
    const range = ranges.get(topic);
    if (range) {
      range.to = offset + 1;
      range.records++;
    } else ranges.set(topic, { topic: topic as InputTopic, from: offset, to: offset + 1, records: 1 });
  }
  for (const { topic, offset } of refused) {
    const range = ranges.get(topic)!;
    range.refused ??= [];
    range.refused.push(offset - range.from);
  }
  return [...ranges.values()];
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
 * `parts` holds, for the keys that need more than one record, how many they have; it is brought up to date.
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
    entries.push(...partEntries(partition, `state/${encodeURIComponent(enterpriseId)}`, state, parts));
  }
  entries.push(entry(partition, 'snapshot', json({ ...snapshot, stateFormat })));
  for (let n = previousN + 1; n <= snapshot.n; n++) entries.push(entry(partition, `batch/${n}`, null));
  return entries;
}

/** Rules that batches are to name, or with `null` the tombstones of what none names any more. `parts` as for snapshots. */
export function rulesEntries(
  partition: number,
  hash: string,
  rules: HashedRules | null,
  parts: Map<string, number>,
): NewRecord[] {
  return partEntries(partition, `rules/${hash}`, rules && json(rules), parts);
}

/** A value in as many records as it needs, and tombstones of those that it needed before and no longer does. */
function partEntries(
  partition: number,
  key: string,
  value: Uint8Array | null,
  parts: Map<string, number>,
): NewRecord[] {
  const entries: NewRecord[] = [];
  const before = parts.get(key) ?? 1;
  const now = value === null ? 0 : Math.max(1, Math.ceil(value.length / partBytes));
  for (let part = 0; part < Math.max(now, before); part++) {
    const piece =
      value === null || part >= now
        ? null
        : Buffer.from(value.buffer, value.byteOffset, value.length).subarray(part * partBytes, (part + 1) * partBytes);
    const headers = part === 0 && now > 1 ? { parts: String(now) } : undefined;
    entries.push(entry(partition, part === 0 ? key : `${key}/${part}`, piece, headers));
  }
  if (now > 1) parts.set(key, now);
  else parts.delete(key);
  return entries;
}

/** What a new owner finds: states as of the snapshot, and the batches since then in order. */
export interface Restored {
  readonly snapshot: SnapshotRecord | undefined;
  readonly states: ReadonlyMap<string, Uint8Array>;
  /** All rules that snapshot and batches name, by hash. */
  readonly rules: ReadonlyMap<string, HashedRules>;
  readonly parts: Map<string, number>;
  readonly batches: readonly BatchRecord[];
}

/** Reads the changelog, last value a key, up to the owner's own barrier. */
export class ChangelogReader {
  /** Next offset to read. */
  position: number;
  /** True once the barrier is there: all that an older owner committed has been read. */
  complete = false;
  readonly #barrier: string;
  readonly #values = new Map<string | null, LogRecord>();

  constructor(barrier: string, position: number) {
    this.#barrier = barrier;
    this.position = position;
  }

  /** What comes after the barrier is the owner's own and is left out. */
  add(records: readonly LogRecord[]): void {
    for (const record of records) {
      if (this.complete) return;
      if (record.offset < this.position) continue;
      this.position = record.offset + 1;
      if (record.value === null) this.#values.delete(record.key);
      else this.#values.set(record.key, record);
      this.complete = record.key === 'barrier' && record.value?.toString() === this.#barrier;
    }
  }

  /** To be called once, when it is complete. Throws `ChangelogError` where the parts do not fit together. */
  finish(): Restored {
    const found = this.#values.get('snapshot');
    const snapshot = found && parse<SnapshotRecord & { readonly stateFormat: number }>(found);
    if (snapshot && snapshot.stateFormat !== stateFormat) {
      const formats = `format ${snapshot.stateFormat}, this version reads ${stateFormat}`;
      throw new ChangelogError(`the snapshot has ${formats}: stop the version that wrote it before this one starts`);
    }
    const states = new Map<string, Uint8Array>();
    const rules = new Map<string, HashedRules>();
    const parts = new Map<string, number>();
    const batches: BatchRecord[] = [];
    for (const [key, record] of this.#values) {
      if (key === null) throw new ChangelogError(`changelog record at offset ${record.offset} has no key`);
      const [kind, id, part] = key.split('/');
      if (kind === 'batch') batches.push(parse<BatchRecord>(record));
      if ((kind !== 'state' && kind !== 'rules') || part !== undefined) continue;
      const count = Number(record.headers?.parts ?? 1);
      if (count > 1) parts.set(key, count);
      const value = count > 1 ? this.#join(key, record, count) : record.value!;
      if (kind === 'state') states.set(decodeURIComponent(id!), value);
      else rules.set(id!, parse<HashedRules>({ ...record, value }));
    }
    batches.sort((a, b) => a.n - b.n);
    let expected = (snapshot?.n ?? 0) + 1;
    for (const { n } of batches) {
      if (n !== expected) throw new ChangelogError(`batch ${expected} is missing from the changelog: found ${n}`);
      expected++;
    }
    return { snapshot, states, rules, parts, batches };
  }

  #join(key: string, first: LogRecord, count: number): Buffer {
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
