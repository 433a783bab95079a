import { describe } from '@jest/globals';
import { describeLogContract } from '../log-contract.ts';
import { findKafka } from '../testing/servers.ts';
import { createKafkaLog } from './log.ts';

const kafka = await findKafka();

if ('unavailable' in kafka) describe.skip('the log on Apache Kafka', () => {});
else {
  describeLogContract('the log on Apache Kafka', async () => {
    const opened: { close(): Promise<void> }[] = [];
    return {
      async openLog() {
        const log = createKafkaLog({ brokers: kafka.brokers, clientId: 'contract' });
        opened.push(log);
        return log;
      },
      async close() {
        for (const log of opened) await log.close();
        await kafka.stop();
      },
    };
  });
}
