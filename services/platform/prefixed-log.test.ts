import { randomUUID } from 'node:crypto';
import { describeLogContract } from './log-contract.ts';
import { prefixedLog } from './prefixed-log.ts';
import { createSqliteLog } from './sqlite-log.ts';

describeLogContract('a log seen through a prefix', async () => {
  const path = `:memory:${randomUUID()}`;
  const opened: { close(): Promise<void> }[] = [];
  return {
    async openLog() {
      const log = prefixedLog(createSqliteLog({ path }), 'province-33.');
      opened.push(log);
      return log;
    },
    async close() {
      for (const log of opened) await log.close();
    },
  };
});
