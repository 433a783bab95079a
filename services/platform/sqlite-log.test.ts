import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLogContract } from './log-contract.ts';
import { createSqliteLog } from './sqlite-log.ts';

describeLogContract('the log in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wattness-log-'));
  return {
    openLog: async () => createSqliteLog({ path: join(folder, 'log.db') }),
    close: () => rm(folder, { recursive: true }),
  };
});

describeLogContract('the log in memory', async () => {
  const path = ':memory:contract';
  const keptOpen = createSqliteLog({ path });
  return { openLog: async () => createSqliteLog({ path }), close: () => keptOpen.close() };
});
