import { constants } from 'node:os';
import type { Logger } from './logger.ts';

export interface Running {
  /** Takes no more work, finishes what it has, lets go of everything. */
  stop(): Promise<void>;
  /** Settles when the service ends of itself; rejects when it cannot go on. */
  readonly ended: Promise<void>;
}

type StopSignal = 'SIGTERM' | 'SIGINT';

/**
 * Runs a service until SIGTERM or SIGINT, then drains it. Resolves to the exit code, for `process.exit`, and leaves
 * to that whatever did not stop in time:
 * 0 stopped or ended as it should; 1 failed to start, failed, or not drained `deadlineMs` after the signal or failure;
 * 128 + n at a second signal n. A signal during the start aborts `signal` and is heeded when the start is through.
 */
export async function runUntilStopped(options: {
  readonly start: (signal: AbortSignal) => Promise<Running>;
  readonly logger: Logger;
  readonly deadlineMs: number;
}): Promise<number> {
  const { logger, deadlineMs } = options;
  const starting = new AbortController();
  const stopAsked = Promise.withResolvers<StopSignal>();
  const cutShort = Promise.withResolvers<number>();
  let deadline: NodeJS.Timeout | undefined;

  function beginDeadline(): void {
    deadline ??= setTimeout(() => {
      logger.error({ deadlineMs }, 'not drained in time: the rest is abandoned');
      cutShort.resolve(1);
    }, deadlineMs);
  }

  function onSignal(name: StopSignal): void {
    if (starting.signal.aborted) {
      logger.warn({ signal: name }, 'second signal: exiting without draining');
      cutShort.resolve(128 + constants.signals[name]);
      return;
    }
    logger.info({ signal: name, deadlineMs }, 'draining');
    starting.abort();
    beginDeadline();
    stopAsked.resolve(name);
  }

  async function run(): Promise<number> {
    let running: Running;
    try {
      running = await options.start(starting.signal);
    } catch (err) {
      // A start that was told to give up and did has not failed.
      if (!starting.signal.aborted) logger.fatal({ err }, 'could not start');
      return starting.signal.aborted ? 0 : 1;
    }
    let exitCode = 0;
    try {
      await Promise.race([stopAsked.promise, running.ended]);
    } catch (err) {
      logger.fatal({ err }, 'failed');
      exitCode = 1;
    }
    beginDeadline();
    try {
      await running.stop();
      logger.info('stopped');
    } catch (err) {
      logger.error({ err }, 'could not stop cleanly');
      exitCode = 1;
    }
    return exitCode;
  }

  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    return await Promise.race([run(), cutShort.promise]);
  } finally {
    clearTimeout(deadline);
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
}
