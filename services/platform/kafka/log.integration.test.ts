import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Kafka, logLevel, Partitioners, type Producer, type Transaction } from 'kafkajs';
import { type Log, type LogRecord, OffsetOutOfRangeError } from '../log.ts';
import { describeLogContract } from '../log-contract.ts';
import { numbered, readAll, testTimeoutMs, until, valuesOf } from '../log-contract-fixture.ts';
import { findKafka } from '../testing/servers.ts';
import { createKafkaLog, type KafkaLogOptions } from './log.ts';

const kafka = await findKafka();

if ('unavailable' in kafka) {
  describe.skip('the log on Apache Kafka', () => {
    test('needs a broker', () => {});
  });
} else {
  const { brokers } = kafka;
  const opened: Log[] = [];
  const openLog = (options: Partial<KafkaLogOptions> = {}): Log => {
    const log = createKafkaLog({ brokers, clientId: 'contract', ...options });
    opened.push(log);
    return log;
  };
  afterAll(async () => {
    for (const log of opened) await log.close();
    await kafka.stop();
  }, testTimeoutMs);

  describeLogContract('the log on Apache Kafka', async () => ({
    openLog: async () => openLog(),
    close: async () => {},
  }));

  describe('beside other clients', () => {
    // Other clients, in the person of the library's own: what they may do to our topics is real then.
    const others = new Kafka({
      brokers,
      clientId: 'other',
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20 },
    });
    const admin = others.admin();
    const producers: Producer[] = [];
    afterAll(async () => {
      for (const producer of producers) await producer.disconnect();
      await admin.disconnect();
    }, testTimeoutMs);

    async function openProducer(transactionalId: string): Promise<Producer> {
      const createPartitioner = Partitioners.DefaultPartitioner;
      const producer = others.producer({
        transactionalId,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner,
      });
      await producer.connect();
      producers.push(producer);
      return producer;
    }

    async function begin(producer: Producer): Promise<Transaction> {
      for (;;) {
        try {
          return await producer.transaction();
        } catch (error) {
          if (!/coordinator/i.test(String(error))) throw error;
        }
      }
    }

    async function newTopic(log: Log, config: Record<string, string> = {}): Promise<string> {
      const name = `kafka-${randomUUID()}`;
      await log.topics.create([
        { name, partitions: 1, config: { 'message.timestamp.type': 'LogAppendTime', ...config } },
      ]);
      return name;
    }

    const put = (transaction: Transaction, topic: string, value: string) =>
      transaction.send({ topic, messages: [{ partition: 0, key: 'k', value }] });

    test(
      'transactions of several producers, interleaved: the committed ones are read whole, however the fetches are cut',
      async () => {
        const log = openLog();
        const topic = await newTopic(log);
        const names = ['a', 'b', 'c'];
        const owners = await Promise.all(names.map((name) => openProducer(`${topic}-${name}`)));
        const running = new Map<number, { transaction: Transaction; values: string[] }>();
        const committed = new Set<string>();
        const order: string[] = [];
        for (let step = 0; step < 120; step++) {
          const who = randomInt(owners.length);
          const current = running.get(who);
          if (!current) {
            running.set(who, { transaction: await begin(owners[who]!), values: [] });
            continue;
          }
          const { transaction, values } = current;
          if (values.length === 0 || randomInt(3) > 0) {
            const value = `${names[who]}${step}-${randomBytes(100).toString('hex')}`;
            values.push(value);
            order.push(value);
            await put(transaction, topic, value);
            continue;
          }
          running.delete(who);
          if (randomInt(2) === 0) {
            await transaction.abort();
            continue;
          }
          await transaction.commit();
          for (const value of values) committed.add(value);
        }
        for (const { transaction } of running.values()) await transaction.abort();
        const expected = order.filter((value) => committed.has(value));
        // The markers are written after the answer to the last commit.
        await until('all is decided', async () => (await readAll(log, [topic])).length === expected.length);
        for (const maxPartitionBytes of [64, 700, 5_000, 1 << 20]) {
          const records = await readAll(openLog({ maxPartitionBytes, maxBytes: maxPartitionBytes }), [topic]);
          expect(valuesOf(records)).toEqual(expected);
        }
        const uncommitted = await readAll(log, [topic], { committedOnly: false });
        expect(valuesOf(uncommitted)).toEqual(order);
      },
      testTimeoutMs,
    );

    test(
      'an owner that is away with an open transaction is fenced by opening, and nothing of it is read',
      async () => {
        const log = openLog();
        const [topic, id] = [await newTopic(log), randomUUID()];
        const transaction = await begin(await openProducer(id));
        await put(transaction, topic, 'zombie');
        const owner = await log.openTransactions(id);
        await expect(transaction.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
        await owner.commit({ records: numbered(topic, 0, 2, 0) });
        expect(valuesOf(await readAll(log, [topic]))).toEqual(['v0', 'v1']);
        await owner.close();
      },
      testTimeoutMs,
    );

    test(
      'a stream is not caught up while a transaction is open in it, and is when that was aborted',
      async () => {
        const log = openLog();
        const topic = await newTopic(log);
        const received: LogRecord[] = [];
        const member = await log.joinGroup(randomUUID(), [topic], {
          onAssigned() {
            member.seek(topic, 0, 0);
            member.resume(topic, 0);
          },
          onRecords: (_topic, _partition, records) => received.push(...records),
          onFailure: (error) => {
            throw error;
          },
        });
        await until('caught up', () => member.caughtUpAtMs(topic, 0) !== undefined);
        const transaction = await begin(await openProducer(randomUUID()));
        await put(transaction, topic, 'later');
        await until('no longer', () => member.caughtUpAtMs(topic, 0) === undefined);
        await transaction.abort();
        await until('caught up again', () => member.caughtUpAtMs(topic, 0) !== undefined);
        expect(received).toEqual([]);
      },
      testTimeoutMs,
    );

    test(
      'a position that retention has passed stops the member',
      async () => {
        const log = openLog();
        const topic = await newTopic(log);
        const producer = await log.openProducer();
        await producer.send(numbered(topic, 0, 10, 0));
        await admin.connect();
        // Its deletion does not look up the topic by itself.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
        expect(await log.topics.startOffsets(topic)).toEqual([6]);
        const failures: Error[] = [];
        const received: LogRecord[] = [];
        const member = await log.joinGroup(randomUUID(), [topic], {
          onAssigned() {
            member.seek(topic, 0, 3);
            member.resume(topic, 0);
          },
          onRecords: (_topic, _partition, records) => received.push(...records),
          onFailure: (error) => failures.push(error),
        });
        await until('the failure is told', () => failures.length > 0);
        expect(failures).toEqual([expect.any(OffsetOutOfRangeError)]);
        expect(received).toEqual([]);
        expect((await readAll(log, [topic])).map((one) => one.offset)).toEqual([6, 7, 8, 9]);
      },
      testTimeoutMs,
    );

    test(
      'members that come and go while records stream in lose and double nothing of what they keep positions for',
      async () => {
        const topics = [`kafka-${randomUUID()}`, `kafka-${randomUUID()}`];
        const log = openLog();
        await log.topics.create(topics.map((name) => ({ name, partitions: 4, config: {} })));
        const group = randomUUID();
        // What a task keeps: here, in place of its changelog, shared by the members of this process.
        const positions = new Map<string, number>();
        const seen = new Map<string, number[]>();
        const join = async () => {
          const member = await openLog().joinGroup(group, topics, {
            onAssigned(partitions) {
              for (const topic of topics) {
                for (const partition of partitions) {
                  member.seek(topic, partition, positions.get(`${topic} ${partition}`) ?? 0);
                  member.resume(topic, partition);
                }
              }
            },
            onRecords(topic, partition, records) {
              const key = `${topic} ${partition}`;
              seen.set(key, [...(seen.get(key) ?? []), ...records.map((one) => one.offset)]);
              positions.set(key, records.at(-1)!.offset + 1);
            },
            onFailure: (error) => {
              throw error;
            },
          });
          return member;
        };
        const producer = await log.openProducer();
        const perPartition = 3_000;
        const filling = (async () => {
          for (let from = 0; from < perPartition; from += 100) {
            for (const topic of topics) {
              for (let p = 0; p < 4; p++) await producer.send(numbered(topic, from, from + 100, p));
            }
          }
        })();
        const first = await join();
        const total = () => [...seen.values()].reduce((sum, offsets) => sum + offsets.length, 0);
        await until('the first reads', () => total() > 500);
        const second = await join();
        const before = total();
        await until('reading goes on', () => total() > before + 500);
        await first.leave();
        await filling;
        await until('all is read', () => total() >= perPartition * 8);
        const each = Array.from({ length: perPartition }, (_, i) => i);
        for (const offsets of seen.values()) expect(offsets).toEqual(each);
        await second.leave();
      },
      testTimeoutMs,
    );

    test(
      'what others compress is read, and what we compress they read',
      async () => {
        for (const compression of ['gzip', 'zstd'] as const) {
          const log = openLog({ compression });
          const topic = await newTopic(log, { 'compression.type': compression });
          const producer = await log.openProducer();
          await producer.send(numbered(topic, 0, 2_000, 0));
          expect(valuesOf(await readAll(log, [topic]))).toEqual(Array.from({ length: 2_000 }, (_, i) => `v${i}`));
        }
        const log = openLog({ compression: 'gzip' });
        const topic = await newTopic(log);
        await (await log.openProducer()).send([{ topic, key: 'k', value: Buffer.from('v'), headers: { h: 'x' } }]);
        const consumer = others.consumer({ groupId: randomUUID() });
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        const read: unknown[] = [];
        await consumer.run({
          eachMessage: async ({ message: { key, value, headers } }) => {
            read.push([String(key), String(value), String(headers?.h)]);
          },
        });
        await until('the other client reads it', () => read.length > 0);
        expect(read).toEqual([['k', 'v', 'x']]);
        await consumer.disconnect();
      },
      testTimeoutMs,
    );

    test(
      'a producer goes on after a send that was refused',
      async () => {
        const log = openLog();
        const topic = await newTopic(log, { 'max.message.bytes': '4096' });
        const producer = await log.openProducer();
        await producer.send(numbered(topic, 0, 3, 0));
        const large = { topic, key: 'big', value: randomBytes(10_000) };
        await expect(producer.send([large])).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
        await expect(producer.send([{ ...large, topic: randomUUID() }])).rejects.toMatchObject({
          code: 'UNKNOWN_TOPIC',
        });
        await producer.send(numbered(topic, 3, 5, 0));
        expect(valuesOf(await readAll(log, [topic]))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
      },
      testTimeoutMs,
    );
  });
}
