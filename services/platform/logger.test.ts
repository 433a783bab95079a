import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import Type from 'typebox';
import { loadConfig } from './config.ts';
import { connectionSettings } from './config-connections.ts';
import { createLogger } from './logger.ts';

function aLogger(level: string) {
  const lines: Record<string, unknown>[] = [];
  const write = (chunk: Buffer, _encoding: unknown, done: () => void) => {
    lines.push(JSON.parse(chunk.toString()));
    done();
  };
  return { lines, logger: createLogger({ service: 'detector', level }, new Writable({ write })) };
}

test('a line is JSON with ISO time, level by name, service and message', () => {
  const { lines, logger } = aLogger('info');
  logger.warn({ partition: 3 }, 'restored');
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: 'detector',
      partition: 3,
      msg: 'restored',
    },
  ]);
});

test('an error shows its code, stack and cause', () => {
  const { lines, logger } = aLogger('info');
  logger.error({ err: Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'CONFIG' }) }, 'failed');
  expect(lines[0]!.err).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('inner') });
  expect((lines[0]!.err as { stack: string }).stack).toContain('caused by: Error: inner');
});

test('less than the level is not written', () => {
  const { lines, logger } = aLogger('warn');
  logger.info('no');
  expect(lines).toEqual([]);
});

test('a configuration that is logged whole keeps its secrets', () => {
  const { lines, logger } = aLogger('info');
  const config = loadConfig(Type.Object(connectionSettings), { CLICKHOUSE_PASSWORD: 'hunter2' });
  logger.info({ config }, 'configuration');
  expect(lines[0]!.config).toMatchObject({ clickhousePassword: '***', partitions: 4 });
});
