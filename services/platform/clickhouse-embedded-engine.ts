import { Session } from 'chdb';

/**
 * chDB in this process. Every query runs on a connection of its own (about 0.3 ms to open), so that settings, query
 * parameters and read-only mode of one cannot reach another; chDB's own parameter binding is not safe under
 * concurrency and is not used. Queries run on libuv's threads: the event loop stays free.
 */
export interface EmbeddedEngine {
  readonly version: string;
  /** The result whole. Throws `EngineError`. */
  query(query: EngineQuery): Promise<EngineResult>;
  /** The result in pieces, each whole rows; for row formats without header or footer, and SELECT only. */
  stream(query: EngineQuery): AsyncGenerator<Uint8Array>;
  /** Waits for what runs, then lets go of the directory. */
  close(): Promise<void>;
}

export interface EngineQuery {
  readonly sql: string;
  /** Output format where the query names none. */
  readonly format: string;
  readonly database: string | undefined;
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** Escaped as ClickHouse's HTTP interface has them: backslash sequences, no quotes around text. */
  readonly params: readonly (readonly [name: string, value: string])[];
  /** ClickHouse's own levels: 1 reads only, 2 may change settings too. Set last, so the engine holds what follows. */
  readonly readOnly: 0 | 1 | 2;
  /** Aborting ends the query in the engine too; for queries without data in them. */
  readonly signal: AbortSignal | undefined;
}

export interface EngineResult {
  readonly bytes: Uint8Array;
  /** Rows that were read; of an INSERT, rows of its data. */
  readonly rows: number;
  readonly readBytes: number;
  readonly elapsedSeconds: number;
}

/** An exception of ClickHouse, with its number and its text as a server would print it. */
export class EngineError extends Error {
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Queries at once; more wait. Each may use all cores, so a few keep the machine busy. */
const queriesAtOnce = 8;
const queriesWaiting = 256;

/** Opens a data directory. Throws when another process holds it, or the directory cannot be used. */
export function openEmbeddedEngine(path: string): EmbeddedEngine {
  // Holds the engine open: it shuts down with its last connection.
  const keeper = new Session(path);
  const engineVersion = keeper.query('SELECT version()', 'TabSeparatedRaw').trim();
  const killer = new Session(path);
  const waiting: (() => void)[] = [];
  let running = 0;
  let lastId = 0;
  let closing = false;

  async function enter(): Promise<void> {
    if (closing) throw new EngineError(236, exceptionText(236, 'Server is shutting down', 'ABORTED'));
    if (running < queriesAtOnce) {
      running++;
      return;
    }
    if (waiting.length >= queriesWaiting) {
      throw new EngineError(202, exceptionText(202, 'Too many simultaneous queries', 'TOO_MANY_SIMULTANEOUS_QUERIES'));
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  /** Runs `work` on a prepared connection. The comment at the query's end is how it is found again to be ended. */
  async function* within<T>(
    query: EngineQuery,
    work: (connection: Session, sql: string) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    await enter();
    let connection: Session | undefined;
    const mark = `/* wattness query ${++lastId} */`;
    const onAbort = () => {
      // Not to be found any more is fine: it has ended of itself.
      killer.queryAsync(`KILL QUERY WHERE endsWith(query, '${mark}') ASYNC`).catch(() => {});
    };
    try {
      if (query.signal?.aborted)
        throw new EngineError(394, exceptionText(394, 'Client is gone', 'QUERY_WAS_CANCELLED'));
      connection = new Session(path);
      const setup = setupStatements(query);
      if (setup !== '') await connection.queryAsync(setup);
      query.signal?.addEventListener('abort', onAbort, { once: true });
      // After the data of an INSERT the comment would be taken for data.
      yield* work(connection, query.signal === undefined ? query.sql : `${query.sql.replace(/[\s;]+$/, '')}\n${mark}`);
    } catch (error) {
      throw asEngineError(error, engineVersion);
    } finally {
      query.signal?.removeEventListener('abort', onAbort);
      connection?.close();
      leave();
    }
  }

  return {
    version: engineVersion,
    async query(query) {
      const whole = within<EngineResult>(query, async function* (connection, sql) {
        const result = await connection.queryAsync(sql, { format: query.format });
        yield {
          bytes: result.bytes(),
          rows: result.rowsRead,
          readBytes: result.bytesRead,
          elapsedSeconds: result.elapsed,
        };
      });
      let result: EngineResult | undefined;
      for await (const only of whole) result = only;
      return result!;
    },
    stream(query) {
      return within(query, async function* (connection, sql) {
        for await (const chunk of connection.queryStream(sql, { format: query.format })) yield chunk.raw();
      });
    },
    async close() {
      closing = true;
      while (running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      killer.close();
      keeper.close();
    },
  };
}

function setupStatements({ database, settings, params, readOnly }: EngineQuery): string {
  const assignments = [
    ...settings.map(([name, value]) => `${name} = ${literal(value)}`),
    ...params.map(([name, value]) => `param_${name} = ${literal(value)}`),
  ];
  return [
    ...(database === undefined ? [] : [`USE \`${database.replace(/[\\`]/g, '\\$&')}\``]),
    ...(assignments.length === 0 ? [] : [`SET ${assignments.join(', ')}`]),
    ...(readOnly === 0 ? [] : [`SET readonly = ${readOnly}`]),
  ].join('; ');
}

function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** The text of an exception as a ClickHouse server prints it. */
export function exceptionText(code: number, message: string, name: string): string {
  return `Code: ${code}. DB::Exception: ${message}. (${name})`;
}

function asEngineError(error: unknown, engineVersion: string): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const found = /Code: (\d+)\. [\s\S]*/.exec(message);
  const code = found === null ? 1001 : Number(found[1]);
  const text = found === null ? exceptionText(code, message, 'STD_EXCEPTION') : found[0].trimEnd();
  return new EngineError(code, `${text} (version ${engineVersion} (chDB))`, { cause: error });
}
