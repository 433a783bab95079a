import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { LogRecord, NewRecord } from './log.ts';
import { at, type ContractFixture, numbered, readAll, testTimeoutMs, until, valuesOf } from './log-contract-fixture.ts';
import { javaPartitionerVectors } from './partitioner-vectors.ts';

/** Topics, appending and reading. */
export function recordContract(fixture: () => ContractFixture): void {
  test(
    'creating topics twice leaves the first as it was',
    async () => {
      const log = await fixture().openLog();
      const name = await fixture().newTopic(log, 3, { 'retention.ms': '86400000', 'cleanup.policy': 'delete' });
      await log.topics.create([{ name, partitions: 5, config: { 'retention.ms': '1000' } }]);
      const [topic, ...rest] = await log.topics.describe([name, fixture().newId()]);
      expect(rest).toEqual([]);
      expect(topic).toMatchObject({ name, partitions: 3 });
      expect(topic?.config).toMatchObject({
        'retention.ms': '86400000',
        'cleanup.policy': 'delete',
        'message.timestamp.type': 'LogAppendTime',
      });
    },
    testTimeoutMs,
  );

  test(
    'settings that were left out are described by their defaults',
    async () => {
      const log = await fixture().openLog();
      const name = await fixture().newTopic(log);
      const [topic] = await log.topics.describe([name]);
      expect(topic?.config).toMatchObject({
        'cleanup.policy': 'delete',
        'retention.ms': expect.stringMatching(/^-?\d+$/),
      });
    },
    testTimeoutMs,
  );

  test(
    'end offsets stand after the last committed record of each partition',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 3);
      expect(await log.topics.endOffsets(topic)).toEqual([0, 0, 0]);
      await fixture().send(log, [...numbered(topic, 0, 4, 0), ...numbered(topic, 0, 2, 2)]);
      expect(await log.topics.endOffsets(topic)).toEqual([4, 0, 2]);
      expect(await log.topics.startOffsets(topic)).toEqual([0, 0, 0]);
    },
    testTimeoutMs,
  );

  test(
    'records keep their order in a partition, over sends, handles and large batches',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 2);
      const producer = await log.openProducer();
      await producer.send(numbered(topic, 0, 7_000, 1));
      await producer.send(numbered(topic, 7_000, 7_010, 1));
      await producer.close();
      const records = await readAll(await fixture().openLog(), [topic]);
      expect(records.map((r) => r.offset)).toEqual(Array.from({ length: 7_010 }, (_, i) => i));
      expect(valuesOf(records)).toEqual(Array.from({ length: 7_010 }, (_, i) => `v${i}`));
      expect(records.every((r) => r.topic === topic && r.partition === 1)).toBe(true);
    },
    testTimeoutMs,
  );

  test(
    'a key goes to the partition that the Java producer would choose',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 12);
      const expected = Object.fromEntries(javaPartitionerVectors.map(([key, , partition]) => [key, partition]));
      await fixture().send(
        log,
        Object.keys(expected).map((key) => ({ topic, key, value: Buffer.from('x') })),
      );
      const found = Object.fromEntries((await readAll(log, [topic])).map((r) => [r.key, r.partition]));
      expect(found).toEqual(expected);
    },
    testTimeoutMs,
  );

  test(
    'keys, bytes, headers and tombstones come back as they were sent',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      const bytes = Buffer.from([0, 255, 1, 128, 10]);
      const headers = { ce_type: 'wattness.finding', ce_subject: '轧机-1', empty: '' };
      await fixture().send(log, [
        { topic, key: '企业-7', value: bytes, headers },
        { topic, key: 'gone', value: null },
        { topic, key: null, value: Buffer.alloc(0) },
      ]);
      const [full, tombstone, keyless] = await readAll(log, [topic]);
      expect(full?.key).toBe('企业-7');
      expect(full?.value?.equals(bytes)).toBe(true);
      expect({ ...full?.headers }).toEqual(headers);
      expect(tombstone).toMatchObject({ key: 'gone', value: null });
      expect(Object.keys(tombstone?.headers ?? {})).toEqual([]);
      expect(keyless?.key).toBeNull();
      expect(keyless?.value?.length).toBe(0);
    },
    testTimeoutMs,
  );

  test(
    'append time is stamped by the log and never goes back in a partition',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 2);
      const producers = [await log.openProducer(), await (await fixture().openLog()).openProducer()];
      for (let i = 0; i < 20; i++) {
        await Promise.all(
          producers.map((p) => p.send([...numbered(topic, i, i + 3, 0), ...numbered(topic, i, i + 3, 1)])),
        );
      }
      for (const producer of producers) await producer.close();
      const records = await readAll(log, [topic]);
      expect(records.length).toBe(240);
      for (const partition of [0, 1]) {
        const times = records.filter((r) => r.partition === partition).map((r) => r.appendTimeMs);
        expect(times.every((t) => Number.isSafeInteger(t) && t > 1_600_000_000_000)).toBe(true);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }
    },
    testTimeoutMs,
  );

  test(
    'a record that the topic refuses makes the send throw',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 1, { 'max.message.bytes': '2048' });
      const producer = await log.openProducer();
      await expect(producer.send([{ topic, key: 'big', value: randomBytes(65_536) }])).rejects.toThrow();
      await producer.close();
      expect(await readAll(log, [topic])).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'a bounded read ends with what was there, of all topics, and of empty ones',
    async () => {
      const log = await fixture().openLog();
      const [full, other, empty] = [
        await fixture().newTopic(log, 2),
        await fixture().newTopic(log),
        await fixture().newTopic(log, 3),
      ];
      await fixture().send(log, [
        ...numbered(full, 0, 50, 0),
        ...numbered(full, 0, 50, 1),
        ...numbered(other, 0, 9, 0),
      ]);
      const records = await readAll(log, [full, other, empty]);
      const count = (topic: string) => records.filter((r) => r.topic === topic).length;
      expect([count(full), count(other), count(empty)]).toEqual([100, 9, 0]);
      expect(await readAll(log, [empty])).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'a read starts at the positions asked for, or at the end',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 2);
      await fixture().send(log, [...numbered(topic, 0, 10, 0), ...numbered(topic, 0, 10, 1)]);
      const records = await readAll(log, [topic], { from: [at(topic, 0, 7), at(topic, 1, 10)] });
      expect(records.map((r) => [r.partition, r.offset])).toEqual([
        [0, 7],
        [0, 8],
        [0, 9],
      ]);
      expect(await readAll(log, [topic], { from: 'latest' })).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'a following read gets what comes later, until it is aborted',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      await fixture().send(log, numbered(topic, 0, 5, 0));
      const stop = new AbortController();
      const received: LogRecord[] = [];
      const reading = (async () => {
        for await (const chunk of log.read({ topics: [topic], follow: true, signal: stop.signal }))
          received.push(...chunk);
      })();
      await until('the first records are read', () => received.length === 5);
      await fixture().send(await fixture().openLog(), numbered(topic, 5, 12, 0));
      await until('the later records are read', () => received.length === 12);
      stop.abort();
      await reading;
      expect(valuesOf(received)).toEqual(Array.from({ length: 12 }, (_, i) => `v${i}`));
    },
    testTimeoutMs,
  );

  test(
    'a read that is left early can be followed by another',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      await fixture().send(log, numbered(topic, 0, 5, 0));
      for await (const chunk of log.read({ topics: [topic], follow: true })) {
        expect(chunk[0]?.offset).toBe(0);
        break;
      }
      expect((await readAll(log, [topic])).length).toBe(5);
    },
    testTimeoutMs,
  );

  test(
    'a position that the log does not hold stops a read',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log);
      await fixture().send(log, numbered(topic, 0, 5, 0));
      for (const follow of [true, false]) {
        const reading = log.read({ topics: [topic], follow, from: [at(topic, 0, 1_000)] })[Symbol.asyncIterator]();
        await expect(reading.next()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      }
    },
    testTimeoutMs,
  );

  test(
    'records without a key lose nothing',
    async () => {
      const log = await fixture().openLog();
      const topic = await fixture().newTopic(log, 4);
      const records: NewRecord[] = [];
      for (let i = 0; i < 40; i++) records.push({ topic, key: null, value: Buffer.from(`v${i}`) });
      await fixture().send(log, records);
      expect(new Set(valuesOf(await readAll(log, [topic]))).size).toBe(40);
    },
    testTimeoutMs,
  );
}
