import { Refusal } from './batch.ts';
import type { SiteEvent } from './records.ts';
import { sharedCopy } from './shared-copies.ts';

/** Filed work and events kept at most, each. */
export const maxFiled = 1024;

/** What taking a record returns when nothing has changed. */
export const unchanged = Number.POSITIVE_INFINITY;

/** Whether a record of work or an event is to be taken: a refusal, `unchanged` where a later revision is held, else nothing. */
export function refusalOf(
  record: { readonly revision: number },
  held: { readonly revision: number } | undefined,
  count: number,
): Refusal | number | undefined {
  if (held && held.revision >= record.revision) return unchanged;
  if (!held && count >= maxFiled) {
    return new Refusal('too-many-records', `more than ${maxFiled} records within the horizon`);
  }
  return undefined;
}

/** Kinds of events that last until somebody ends them; all else without an end is of its moment. */
const lasting: ReadonlySet<SiteEvent['kind']> = new Set([
  'STOPPAGE_DECLARED',
  'STOPPAGE_ORDERED',
  'POWER_CUT',
  'REGIONAL_OUTAGE',
  'GATEWAY_FAULT',
  'CAMERA_DARK',
  'CAMERA_BLIND',
]);

/** When an event ceases to matter, ms. */
export function lastMs({ kind, startMs, endMs }: SiteEvent): number {
  return endMs ?? (lasting.has(kind) ? Number.POSITIVE_INFINITY : startMs);
}

/** The records with one more, which takes the place of `old` where there is one. */
export function replaced<T>(records: readonly T[], old: T | undefined, record: T): readonly T[] {
  return old === undefined ? records.concat([record]) : records.map((each) => (each === old ? record : each));
}

/** The records without those that are gone; the same list where none is. */
export function without<T>(records: readonly T[], gone: (record: T) => boolean): readonly T[] {
  return records.some(gone) ? records.filter((record) => !gone(record)).slice() : records;
}

/** The sets of kinds that were met, by their members in order: most enterprises are told of the same few. */
const kindSets = new Map<string, ReadonlySet<string>>();

export function sharedKinds(kinds: readonly string[]): ReadonlySet<string> {
  return sharedCopy(kindSets, kinds.join(' '), () => new Set(kinds));
}
