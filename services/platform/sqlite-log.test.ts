import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Log } from './log.ts';
import { describeLogContract } from './log-contract.ts';
import { createSqliteLog } from './sqlite-log.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'wattness-log-'));

describeLogContract('the log in a file', async () => {
  const folder = await newFolder();
  return {
    openLog: async () => createSqliteLog({ path: join(folder, 'log.db') }),
    close: () => rm(folder, { recursive: true }),
  };
});

// Handles in one process share a connection. Modules of their own give each handle its own, as processes have, so that
// all that passes from one to another passes through the file.
describeLogContract('the log in a file with a connection a handle', async () => {
  const folder = await newFolder();
  return {
    async openLog() {
      let log: Log | undefined;
      await jest.isolateModulesAsync(async () => {
        const isolated = await import('./sqlite-log.ts');
        log = isolated.createSqliteLog({ path: join(folder, 'log.db') });
      });
      return log!;
    },
    close: () => rm(folder, { recursive: true }),
  };
});

describeLogContract('the log in memory', async () => {
  const path = ':memory:contract';
  const keptOpen = createSqliteLog({ path });
  return { openLog: async () => createSqliteLog({ path }), close: () => keptOpen.close() };
});
