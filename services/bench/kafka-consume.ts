import { Kafka, logLevel } from 'kafkajs';

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
