import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError } from './java.ts';

/** A port on the loopback interface that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

// The server must not outlive whoever started it, not even when that is killed with -9: this shell holds the reading
// end of a pipe, and when the pipe closes it ends the server, first politely.
const guard = `
exec 3<&0
"$@" 3<&- & server=$!
{ cat <&3 >/dev/null; kill "$SIGNAL" $server; sleep 10; kill -KILL $server; } 2>/dev/null & guard=$!
wait $server; code=$?
kill $guard 2>/dev/null
exit $code`;

export interface ServerProcess {
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until `isReady` holds for what it has written so far.
 *
 * @throws LocalServerError `START_FAILED` with the end of its output, when it exits or is not ready in time.
 */
export const startServer = async (options: {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  /** A server whose data is thrown away need not shut down in order. */
  readonly signal: '-TERM' | '-KILL';
  readonly readyWithinMs: number;
  readonly isReady: (output: string) => Promise<boolean> | boolean;
}): Promise<ServerProcess> => {
  const log = openSync(options.logFile, 'w');
  const child = spawn('sh', ['-c', guard, 'sh', ...options.command], {
    cwd: options.cwd,
    env: { ...process.env, SIGNAL: options.signal },
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  let exited = false;
  const exit = once(child, 'exit').then(() => {
    exited = true;
  });
  const stop = async (): Promise<void> => {
    child.ref();
    child.stdin?.destroy();
    await exit;
  };
  const deadline = Date.now() + options.readyWithinMs;
  while (!exited && Date.now() < deadline) {
    if (await options.isReady(readFileSync(options.logFile, 'utf8'))) {
      // A caller that forgets to stop it can still end; the guard then ends the server.
      child.unref();
      (child.stdin as Socket).unref();
      return { stop };
    }
    await sleep(50);
  }
  const why = exited ? 'exited at start' : `was not ready within ${options.readyWithinMs} ms`;
  await stop();
  const tail = readFileSync(options.logFile, 'utf8').slice(-2000);
  throw new LocalServerError('START_FAILED', `${options.command.at(-1)} ${why}. The end of its output:\n${tail}`);
};
