import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmbeddedMessage, EmbeddedStart } from './clickhouse-embedded-process.ts';

export interface EmbeddedClickHouse {
  /** Without credentials: user `default`. */
  readonly url: string;
  /** Version of the engine, such as `26.7.2.1`. */
  readonly version: string;
  /** Rejects when the process ends without having been asked to. */
  readonly ended: Promise<void>;
  /** Lets running queries end, then stops; the files are released when it resolves. */
  close(): Promise<void>;
}

export class EmbeddedClickHouseError extends Error {
  readonly code: 'CLICKHOUSE_DIRECTORY_IN_USE' | 'CLICKHOUSE_LISTEN' | 'CLICKHOUSE_START' | 'CLICKHOUSE_ENDED';
  constructor(code: EmbeddedClickHouseError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Starts ClickHouse (chDB) in a process of its own behind a loopback endpoint that speaks ClickHouse's HTTP interface.
 * Users: `default` may do everything, `reader` may only read, which the engine itself enforces. Not spoken: sessions,
 * roles, multipart bodies, ClickHouse's own block compression. Throws `EmbeddedClickHouseError`.
 */
export async function startEmbeddedClickHouse(options: {
  /** Directory of the data; made when missing. One process at a time. */
  readonly path: string;
  readonly host?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly defaultPassword?: string;
  readonly readerPassword?: string;
}): Promise<EmbeddedClickHouse> {
  const { host = '127.0.0.1', port = 0, defaultPassword = '', readerPassword = '' } = options;
  const path = resolve(options.path);
  await mkdir(path, { recursive: true });
  const child = fork(fileURLToPath(new URL('./clickhouse-embedded-process.ts', import.meta.url)), {
    execArgv: ['--no-warnings'],
    // Queries hold threads of libuv for as long as they run: files and gzip need some of their own.
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const lastWords = keepLastWords(child);
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const start: EmbeddedStart = { path, host, port, passwords: { default: defaultPassword, reader: readerPassword } };
  child.send(start);
  const told = once(child, 'message').then(([message]) => message as EmbeddedMessage);
  const first = await Promise.race([told, exited.then(() => undefined)]);
  if (first?.kind !== 'listening') {
    await exited;
    throw startError(first, path, `${host}:${port}`, lastWords());
  }

  let closing = false;
  const ended = exited.then(([code, signal]) => {
    if (closing) return;
    throw new EmbeddedClickHouseError(
      'CLICKHOUSE_ENDED',
      `Embedded ClickHouse on ${path} ended of itself (${signal ?? `exit code ${code}`}). ${lastWords()}`,
    );
  });
  // Whoever does not look at it must not die of it: requests will fail and say so.
  ended.catch(() => {});
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${first.port}`,
    version: first.version,
    ended,
    async close() {
      if (!closing) {
        closing = true;
        if (child.connected) child.disconnect();
      }
      await exited;
    },
  };
}

function startError(
  message: EmbeddedMessage | undefined,
  path: string,
  address: string,
  lastWords: string,
): EmbeddedClickHouseError {
  if (message?.kind === 'failed' && message.stage === 'listen') {
    return new EmbeddedClickHouseError(
      'CLICKHOUSE_LISTEN',
      `Embedded ClickHouse cannot listen on ${address}: ${message.message}. Give another port, or 0 for a free one.`,
    );
  }
  if (lastWords.includes('Cannot lock file')) {
    return new EmbeddedClickHouseError(
      'CLICKHOUSE_DIRECTORY_IN_USE',
      `Another process holds the ClickHouse data in ${path}. Stop it, connect to it by its URL, or give another directory.`,
    );
  }
  const reason = message?.kind === 'failed' ? message.message : 'the process ended';
  return new EmbeddedClickHouseError(
    'CLICKHOUSE_START',
    `Embedded ClickHouse could not start on ${path}: ${reason}. ${lastWords}`.trim(),
  );
}

/** The engine writes why it dies to standard error, and nowhere else. */
function keepLastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-2000);
  });
  return () => text.trim();
}
