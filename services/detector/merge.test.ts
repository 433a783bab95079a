import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type InputTopic, inputTopics } from '../core/records.ts';
import { arrivedHeader, type TimeSource } from '../platform/arrival.ts';
import type { LogRecord } from '../platform/log.ts';
import { InputStream } from './input-stream.ts';
import { canonical, type Fill, fillBatch, OpenBatch } from './merge.ts';

const rankOf = (topic: InputTopic): number => inputTopics.indexOf(topic);
const wide = { records: 1000, bytes: 1_000_000 };

/** Streams of all topics, each with its records delivered at `receivedAtMs`, and when each was last seen empty. */
class Merge {
  readonly streams: InputStream[];
  readonly seenEmptyMs = new Map<string, number>();
  readonly batch = new OpenBatch();

  constructor(source: TimeSource = 'append') {
    this.streams = inputTopics.map((topic, rank) => new InputStream(topic, rank, 0, source));
  }

  deliver(topic: InputTopic, arrivalsMs: readonly number[], receivedAtMs = 100, value = 'v'): this {
    const stream = this.streams[rankOf(topic)]!;
    const records = arrivalsMs.map((ms, i) => aRecord(topic, stream.position + i, ms, value));
    stream.makeReady(stream.push(records, receivedAtMs)!);
    return this;
  }

  seenEmpty(ms: number): this {
    for (const { topic } of this.streams) this.seenEmptyMs.set(topic, ms);
    return this;
  }

  fill(limit = wide, graceMs = 0): Fill {
    return fillBatch(this.streams, this.batch, limit, ({ topic }) => this.seenEmptyMs.get(topic), graceMs);
  }

  /** Topic and arrival time of what was taken. */
  get taken(): string[] {
    return this.batch.records.map(({ topic, appendTimeMs }) => `${topic} ${appendTimeMs}`);
  }
}

function aRecord(topic: string, offset: number, ms: number, value: string): LogRecord {
  const headers = { [arrivedHeader]: String(ms) };
  const bytes = value === '' ? null : Buffer.from(value);
  return { topic, partition: 0, offset, appendTimeMs: ms, key: 'e', value: bytes, headers };
}

describe('the merge of the inputs', () => {
  test('takes records in the order of arrival, at equal times in that of the topics', () => {
    const merge = new Merge().deliver('power', [1, 3, 5]).deliver('telemetry', [1, 2, 5]).deliver('site-registry', [5]);
    expect(merge.seenEmpty(101).fill()).toBe('drained');
    expect(merge.taken).toEqual([
      'telemetry 1',
      'power 1',
      'telemetry 2',
      'power 3',
      'site-registry 5',
      'telemetry 5',
      'power 5',
    ]);
  });

  test('waits for a stream that was not seen empty since the record came', () => {
    const merge = new Merge().deliver('power', [1]);
    expect(merge.fill()).toBe('waiting');
    expect(merge.seenEmpty(100).fill()).toBe('waiting');
    merge.seenEmpty(101).seenEmptyMs.delete('site-events');
    expect(merge.fill()).toBe('waiting');
    expect(merge.taken).toEqual([]);
    expect(merge.seenEmpty(101).fill()).toBe('drained');
    expect(merge.taken).toEqual(['power 1']);
  });

  test('waits for a stream whose next record cannot be decoded yet, though all of it was delivered', () => {
    const merge = new Merge().deliver('power', [5]).seenEmpty(200);
    const telemetry = merge.streams[rankOf('telemetry')]!;
    const chunk = telemetry.push([aRecord('telemetry', 0, 1, 'v')], 100)!;
    expect(merge.fill()).toBe('waiting');
    telemetry.makeReady(chunk);
    expect(merge.fill()).toBe('drained');
    expect(merge.taken).toEqual(['telemetry 1', 'power 5']);
  });

  test('adds the grace of a recording to the time at which a record came', () => {
    const merge = new Merge('recorded').deliver('power', [1]).seenEmpty(350);
    expect(merge.fill(wide, 250)).toBe('waiting');
    expect(merge.seenEmpty(351).fill(wide, 250)).toBe('drained');
  });

  test('goes ahead of a stream up to the time that its clock mark promises', () => {
    const merge = new Merge('recorded').deliver('power', [1, 4, 6]);
    for (const topic of inputTopics) if (topic !== 'power') merge.deliver(topic, [4], 100, '');
    expect(merge.fill()).toBe('waiting');
    expect(merge.taken.filter((one) => one.startsWith('power'))).toEqual(['power 1', 'power 4']);
  });

  test('cuts the batch before a record that came too late for its order', () => {
    const merge = new Merge().deliver('telemetry', [5]).seenEmpty(101);
    expect(merge.fill()).toBe('drained');
    merge.deliver('power', [3], 200).seenEmpty(201);
    expect(merge.fill()).toBe('cut');
    const late = new OpenBatch();
    expect(fillBatch(merge.streams, late, wide, () => 201, 0)).toBe('drained');
    expect(late.records).toHaveLength(1);
  });

  test('cuts the batch at equal times too, where the topic sorts before the last one', () => {
    const merge = new Merge().deliver('power', [5]).seenEmpty(101);
    merge.fill();
    merge.deliver('telemetry', [5], 200).seenEmpty(201);
    expect(merge.fill()).toBe('cut');
  });

  test('cuts the batch where the clock of one stream went back', () => {
    const merge = new Merge().deliver('telemetry', [5, 4]).seenEmpty(101);
    expect(merge.fill()).toBe('cut');
    expect(merge.taken).toEqual(['telemetry 5']);
  });

  test('ends a batch at the limit of records, and at that of bytes', () => {
    const records = new Merge().deliver('telemetry', [1, 2, 3]).seenEmpty(101);
    expect(records.fill({ ...wide, records: 2 })).toBe('full');
    expect(records.taken).toHaveLength(2);
    const bytes = new Merge().deliver('telemetry', [1, 2, 3], 100, 'x'.repeat(500)).seenEmpty(101);
    expect(bytes.fill({ ...wide, bytes: 1000 })).toBe('full');
    expect(bytes.taken).toHaveLength(2);
  });

  test('goes on after the clock was set back', () => {
    const merge = new Merge().deliver('telemetry', [1, 2], 5000).seenEmpty(1001);
    expect(merge.fill()).toBe('waiting');
    for (const stream of merge.streams) stream.clockSetBack(1000);
    expect(merge.fill()).toBe('drained');
    expect(merge.taken).toHaveLength(2);
  });

  test('every batch can be had again in its order from the set of its records', () => {
    const deliveries = fc.array(
      fc.record({
        topic: fc.constantFrom(...inputTopics),
        arrivalsMs: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(deliveries, fc.integer({ min: 1, max: 8 }), (delivered, records) => {
        const merge = new Merge();
        let receivedAtMs = 0;
        const all: LogRecord[] = [];
        const fillAll = (): void => {
          for (;;) {
            const batch = new OpenBatch();
            fillBatch(merge.streams, batch, { ...wide, records }, () => receivedAtMs + 1, 0);
            if (batch.records.length === 0) return;
            const shuffled = [...batch.records].sort((a, b) => a.topic.localeCompare(b.topic) || a.offset - b.offset);
            expect(canonical(shuffled, 'append')).toEqual(batch.records);
            all.push(...batch.records);
          }
        };
        for (const { topic, arrivalsMs } of delivered) {
          merge.deliver(topic, arrivalsMs, ++receivedAtMs);
          if (receivedAtMs % 2 === 0) fillAll();
        }
        fillAll();
        expect(all).toHaveLength(delivered.reduce((sum, { arrivalsMs }) => sum + arrivalsMs.length, 0));
        for (const { topic } of merge.streams) {
          const offsets = all.filter((record) => record.topic === topic).map((record) => record.offset);
          expect(offsets).toEqual(offsets.map((_, i) => i));
        }
      }),
    );
  });
});

describe('an input stream', () => {
  test('skips what it has already been given', () => {
    const stream = new InputStream('telemetry', 4, 10, 'append');
    const records = [8, 9, 10, 11].map((offset) => aRecord('telemetry', offset, offset, 'v'));
    expect(stream.push(records, 1)?.records.map((record) => record.offset)).toEqual([10, 11]);
    expect(stream.push(records, 2)).toBeUndefined();
    expect(stream.push([...records, aRecord('telemetry', 14, 14, 'v')], 3)?.records).toHaveLength(1);
    expect([stream.position, stream.queuedRecords]).toEqual([15, 3]);
  });

  test.each(['', 'soon', '-5', '1e300', 'Infinity', 'NaN'])('a recorded arrival of "%s" is none', (text) => {
    const stream = new InputStream('telemetry', 4, 0, 'recorded');
    const record = { ...aRecord('telemetry', 0, 7, 'v'), headers: { [arrivedHeader]: text } };
    stream.makeReady(stream.push([record], 1)!);
    expect(stream.headArrivalMs).toBe(0);
  });
});
