import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from '@jest/globals';

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A real process that runs the given body of `start`, with the log lines that it has written. */
function aProcess(startBody: string, deadlineMs: number) {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const program = `
    import { createLogger } from ${module('./logger.ts')};
    import { runUntilStopped } from ${module('./lifecycle.ts')};
    const logger = createLogger({ service: 'test', level: 'info' });
    const start = async (signal) => { ${startBody} };
    process.exit(await runUntilStopped({ start, logger, deadlineMs: ${deadlineMs} }));`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(JSON.parse(line).msg);
    for (const wake of waiting) wake();
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    lines,
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    said: (message: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (lines.includes(message)) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

const idle = 'const keepAlive = setInterval(() => {}, 1000);';
const never = 'new Promise(() => {})';

describe('runUntilStopped', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('drains at %s and exits 0', async (signal) => {
    const process = aProcess(
      `${idle} logger.info('up'); return { ended: ${never}, stop: async () => { clearInterval(keepAlive); logger.info('let go'); } };`,
      30_000,
    );
    await process.said('up');
    process.kill(signal);
    expect(await process.exited).toBe(0);
    expect(process.lines).toEqual(['up', 'draining', 'let go', 'stopped']);
  });

  test('exits at once at a second signal, with its number', async () => {
    const process = aProcess(`${idle} logger.info('up'); return { ended: ${never}, stop: () => ${never} };`, 600_000);
    await process.said('up');
    process.kill('SIGTERM');
    await process.said('draining');
    process.kill('SIGINT');
    expect(await process.exited).toBe(130);
  });

  test('gives up a drain that outlasts the deadline and exits 1', async () => {
    const process = aProcess(`${idle} logger.info('up'); return { ended: ${never}, stop: () => ${never} };`, 50);
    await process.said('up');
    process.kill('SIGTERM');
    expect(await process.exited).toBe(1);
    expect(process.lines).toContain('not drained in time: the rest is abandoned');
  });

  test('a signal during the start aborts it, and a start that heeds it exits 0', async () => {
    const process = aProcess(
      `${idle} logger.info('starting'); await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));`,
      30_000,
    );
    await process.said('starting');
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test('a start that does not heed the signal is given up at the deadline', async () => {
    const process = aProcess(`${idle} logger.info('starting'); await ${never};`, 50);
    await process.said('starting');
    process.kill('SIGTERM');
    expect(await process.exited).toBe(1);
  });

  test('a failed start exits 1 and says why', async () => {
    const process = aProcess(`throw new Error('no broker');`, 30_000);
    expect(await process.exited).toBe(1);
    expect(process.lines).toEqual(['could not start']);
  });

  test('a service that fails is stopped and exits 1; one that ends of itself is stopped and exits 0', async () => {
    const stop = `stop: async () => logger.info('let go')`;
    const failed = aProcess(`return { ended: Promise.reject(new Error('lost the log')), ${stop} };`, 30_000);
    expect(await failed.exited).toBe(1);
    expect(failed.lines).toEqual(['failed', 'let go', 'stopped']);
    const ended = aProcess(`return { ended: Promise.resolve(), ${stop} };`, 30_000);
    expect(await ended.exited).toBe(0);
    expect(ended.lines).toEqual(['let go', 'stopped']);
  });

  test('a stop that throws exits 1', async () => {
    const process = aProcess(
      `return { ended: Promise.resolve(), stop: async () => { throw new Error('disk full'); } };`,
      30_000,
    );
    expect(await process.exited).toBe(1);
    expect(process.lines).toEqual(['could not stop cleanly']);
  });
});
