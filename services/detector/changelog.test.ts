import { describe, expect, test } from '@jest/globals';
import type { LogRecord, NewRecord } from '../platform/log.ts';
import {
  type BatchRecord,
  barrierEntry,
  batchEntry,
  ChangelogReader,
  type Restored,
  rangesOf,
  snapshotEntries,
} from './changelog.ts';

const positions = {
  'site-registry': 1,
  'work-records': 2,
  'site-events': 3,
  'alarm-actions': 4,
  telemetry: 5,
  power: 6,
};
const aSnapshot = (n: number) => ({ n, nowMs: n * 10, positions, engineVersion: '1' });
const aBatch = (n: number): BatchRecord => ({
  n,
  nowMs: n * 10,
  timeSource: 'append',
  ranges: [],
  engineVersion: '1',
  rulesHash: 'r',
});

function written(entries: readonly NewRecord[]): LogRecord[] {
  return entries.map((entry, offset) => ({
    topic: entry.topic,
    partition: entry.partition!,
    offset,
    appendTimeMs: 0,
    key: entry.key,
    value: entry.value,
    headers: entry.headers ?? null,
  }));
}

function read(entries: readonly NewRecord[]): Restored {
  const reader = new ChangelogReader('mine', 0);
  reader.add(written([...entries, barrierEntry(0, 'mine')]));
  expect(reader.complete).toBe(true);
  return reader.finish();
}

describe('the changelog', () => {
  test('gives back the last snapshot and the batches since then, in order', () => {
    const restored = read([
      batchEntry(0, aBatch(1)),
      ...snapshotEntries(0, aSnapshot(1), 0, new Map([['工厂/1', Buffer.from('old')]]), new Map()),
      batchEntry(0, aBatch(2)),
      batchEntry(0, aBatch(3)),
      ...snapshotEntries(0, aSnapshot(3), 1, new Map([['工厂/1', Buffer.from('new')]]), new Map()),
      ...Array.from({ length: 12 }, (_, i) => batchEntry(0, aBatch(i + 4))),
    ]);
    expect(restored.snapshot).toMatchObject(aSnapshot(3));
    expect([...restored.states].map(([id, state]) => [id, String(state)])).toEqual([['工厂/1', 'new']]);
    expect(restored.batches.map((batch) => batch.n)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  test('ends at the own barrier, not at that of an older owner', () => {
    const reader = new ChangelogReader('mine', 0);
    reader.add(written([barrierEntry(0, 'another'), batchEntry(0, aBatch(1))]));
    expect(reader.complete).toBe(false);
    const [later] = written([barrierEntry(0, 'mine')]);
    reader.add([
      { ...later!, offset: 7 },
      { ...written([batchEntry(0, aBatch(2))])[0]!, offset: 8 },
    ]);
    expect(reader.complete).toBe(true);
    expect(reader.finish().batches.map((batch) => batch.n)).toEqual([1]);
  });

  test('a state that is too large for a record goes in parts, and parts that it no longer needs are removed', () => {
    const parts = new Map<string, number>();
    const large = Buffer.alloc(2_000_000, 'abc');
    const first = snapshotEntries(0, aSnapshot(1), 0, new Map([['e', large]]), parts);
    expect(Math.max(...first.map((entry) => entry.value?.length ?? 0))).toBeLessThan(1_000_000);
    const once = read(first);
    expect(Buffer.compare(once.states.get('e')!, large)).toBe(0);

    const second = snapshotEntries(0, aSnapshot(2), 1, new Map([['e', large.subarray(0, 1_000_000)]]), once.parts);
    const twice = read([...first, ...second]);
    expect(twice.states.get('e')).toHaveLength(1_000_000);
    expect(twice.parts.get('state/e')).toBe(2);

    const third = snapshotEntries(0, aSnapshot(3), 2, new Map([['e', null]]), twice.parts);
    expect(third.filter((entry) => entry.key?.startsWith('state/') && entry.value === null)).toHaveLength(2);
    expect(read([...first, ...second, ...third]).states.size).toBe(0);
  });

  test.each([
    ['a batch in the middle', [batchEntry(0, aBatch(1)), batchEntry(0, aBatch(3))], /batch 2 is missing/],
    [
      'the batch after the snapshot',
      [...snapshotEntries(0, aSnapshot(1), 0, new Map(), new Map()), batchEntry(0, aBatch(3))],
      /batch 2 is missing/,
    ],
    [
      'a part of a state',
      snapshotEntries(0, aSnapshot(1), 0, new Map([['e', Buffer.alloc(2_000_000)]]), new Map()).filter(
        (entry) => entry.key !== 'state/e/1',
      ),
      /part 1 of 3/,
    ],
  ])('without %s it is refused', (_what, entries, message) => {
    expect(() => read(entries)).toThrow(message);
  });

  test('what is not of this format is refused', () => {
    const entries = snapshotEntries(0, aSnapshot(1), 0, new Map(), new Map());
    const foreign = entries.map((entry) => ({ ...entry, value: entry.value && Buffer.from('{"stateFormat":99}') }));
    expect(() => read(foreign)).toThrow(/format 99/);
    const garbage = entries.map((entry) => ({ ...entry, value: entry.value && Buffer.from('{') }));
    expect(() => read(garbage)).toThrow(/not JSON/);
    expect(() => read([{ ...entries[0]!, key: null }])).toThrow(/no key/);
  });

  test('a batch names of each topic what it took, past gaps, and what it refused', () => {
    const record = (topic: string, offset: number) => ({ ...written([barrierEntry(0, '')])[0]!, topic, offset });
    const records = [record('power', 5), record('telemetry', 2), record('power', 6), record('power', 9)];
    expect(rangesOf(records, [records[0]!, records[3]!])).toEqual([
      { topic: 'power', from: 5, to: 10, records: 3, refused: [0, 4] },
      { topic: 'telemetry', from: 2, to: 3, records: 1 },
    ]);
  });
});
