import { Kafka, logLevel } from 'kafkajs';
import type { Log } from '../platform/log.ts';

/** Records/s of a bare kafkajs consumer on a topic that is already filled: batches counted, nothing decoded. */
export async function measureBareConsume(brokers: readonly string[], topic: string, records: number): Promise<number> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bench-${Date.now()}`, maxBytesPerPartition: 4 * 1024 * 1024 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const done = Promise.withResolvers<void>();
  let seen = 0;
  let begin = 0n;
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    async eachBatch({ batch }) {
      // Joining the group is not reading: the clock starts with the first batch, which is not counted.
      if (begin === 0n) {
        begin = process.hrtime.bigint();
        records -= batch.messages.length;
      } else seen += batch.messages.length;
      if (seen >= records) done.resolve();
    },
  });
  await done.promise;
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  await consumer.disconnect();
  return seen / seconds;
}

/** The same records through our port: decoded into `LogRecord`s, delivered to a member of a group. */
export async function measureLogConsume(log: Log, topic: string, partitions: number, records: number): Promise<number> {
  const done = Promise.withResolvers<number>();
  let seen = 0;
  let first = 0;
  let begin = 0n;
  const member = await log.joinGroup(`bench-log-${Date.now()}`, [topic], {
    onAssigned() {
      for (let partition = 0; partition < partitions; partition++) {
        member.seek(topic, partition, 0);
        member.resume(topic, partition);
      }
    },
    onRecords(_topic, _partition, delivered) {
      seen += delivered.length;
      if (begin === 0n) {
        begin = process.hrtime.bigint();
        first = seen;
      }
      if (seen >= records) done.resolve(Number(process.hrtime.bigint() - begin) / 1e9);
    },
    onFailure: done.reject,
  });
  const seconds = await done.promise;
  await member.leave();
  return (seen - first) / seconds;
}
