import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, gzipSync } from 'node:zlib';
import { type EmbeddedEngine, EngineError, type EngineQuery, exceptionText } from './clickhouse-embedded-engine.ts';
import { type EndpointRequest, type Passwords, readRequest } from './clickhouse-embedded-request.ts';
import { type InsertTarget, readStatement, type Statement } from './clickhouse-embedded-statement.ts';
import { contentTypes, statusOf, streamableFormats } from './clickhouse-embedded-wire.ts';

const longestQueryBytes = 64 * 1024 * 1024;
/** The engine's read-only mode lets these through or cannot see them; a reader has no business with the rest. */
const readerVerbs = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', '(']);
/** A forgotten query must not hold one of the few places; a smaller limit in the request wins. */
const readerLimits: readonly (readonly [string, string])[] = [['max_execution_time', '60']];

/** ClickHouse's HTTP interface over an embedded engine, as far as clients, curl and Grafana use it. */
export function createEmbeddedServer(options: {
  readonly engine: EmbeddedEngine;
  readonly passwords: Passwords;
  /** Directory where the data of an INSERT waits for the engine; binary formats can be given no other way. */
  readonly spoolDir: string;
}): Server {
  const { engine, passwords, spoolDir } = options;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.split('?')[0];
    if (path === '/ping' || (path === '/' && request.method === 'GET' && !request.url!.includes('query='))) {
      response.end('Ok.\n');
      return;
    }
    if (path !== '/') {
      response.writeHead(404).end(`There is no handle ${path}\n`);
      return;
    }
    const asked = readRequest(request, passwords);
    response.setHeader('X-ClickHouse-Query-Id', asked.queryId ?? randomUUID());
    const body = bodyOf(request);
    // As a server does: the URL's query and the body are one text, of which the query ends where its data begins.
    const inUrl = readStatement(asked.query);
    const dataInBody = inUrl.insert !== undefined && inUrl.insert.inlineData === '';
    const sql = dataInBody ? asked.query : `${asked.query}${await textOf(body)}`;
    const statement = dataInBody ? inUrl : readStatement(sql);
    refuse(statement, asked);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const query: EngineQuery = {
      sql,
      format: asked.defaultFormat ?? 'TabSeparated',
      database: asked.database,
      settings: asked.user === 'reader' ? [...readerLimits, ...asked.settings] : asked.settings,
      params: asked.params,
      readOnly: asked.user === 'reader' ? 1 : request.method === 'GET' ? 2 : 0,
      signal: readerVerbs.has(statement.verb) ? gone.signal : undefined,
    };
    // Values in the query itself may hold query parameters, which data never does.
    if (statement.insert !== undefined && !(statement.insert.format === 'Values' && !dataInBody)) {
      await insert(query, statement.insert, dataInBody ? body : undefined, response);
    } else {
      await select(query, statement, asked, response);
    }
  }

  async function insert(
    query: EngineQuery,
    target: InsertTarget,
    data: Readable | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const file = join(spoolDir, randomUUID());
    try {
      await pipeline(joined(target.inlineData, data), createWriteStream(file));
      const source = `FROM INFILE '${file.replace(/[\\']/g, '\\$&')}' COMPRESSION 'none'`;
      const result = await engine.query({
        ...query,
        sql: `${target.head} ${source} ${target.settings} FORMAT ${target.format}`,
      });
      const { rows, readBytes, elapsedSeconds } = result;
      response.setHeader('X-ClickHouse-Summary', summary({ rows, readBytes, written: true, elapsedSeconds }));
      response.end();
    } catch (error) {
      if (error instanceof EngineError)
        throw new EngineError(error.code, error.message.replaceAll(file, 'request body'));
      throw error;
    } finally {
      await rm(file, { force: true });
    }
  }

  async function select(
    query: EngineQuery,
    statement: Statement,
    asked: EndpointRequest,
    response: ServerResponse,
  ): Promise<void> {
    const format = statement.format ?? query.format;
    response.setHeader('X-ClickHouse-Format', format);
    response.setHeader('Content-Type', contentTypes[format] ?? 'application/octet-stream');
    if ((statement.verb === 'SELECT' || statement.verb === 'WITH') && streamableFormats.has(format)) {
      const chunks = engine.stream(query);
      // An error before the first row still has a status to go into.
      const first = await chunks.next();
      const source = Readable.from(first.done ? [] : followed(first.value, chunks), { objectMode: false });
      if (asked.acceptsGzip) {
        response.setHeader('Content-Encoding', 'gzip');
        await pipeline(source, createGzip({ level: 1 }), response);
      } else {
        await pipeline(source, response);
      }
      return;
    }
    const { bytes, rows, readBytes, elapsedSeconds } = await engine.query(query);
    response.setHeader('X-ClickHouse-Summary', summary({ rows, readBytes, written: false, elapsedSeconds }));
    if (asked.acceptsGzip) response.setHeader('Content-Encoding', 'gzip');
    response.end(asked.acceptsGzip ? gzipSync(bytes, { level: 1 }) : bytes);
  }

  function refuse(statement: Statement, asked: EndpointRequest): void {
    if (statement.severalStatements) {
      throw new EngineError(62, exceptionText(62, 'Syntax error (Multi-statements are not allowed)', 'SYNTAX_ERROR'));
    }
    if (statement.namesFile) {
      throw new EngineError(48, exceptionText(48, 'INTO OUTFILE and FROM INFILE are not allowed', 'NOT_IMPLEMENTED'));
    }
    if (asked.user === 'reader' && !readerVerbs.has(statement.verb)) {
      throw new EngineError(164, exceptionText(164, 'reader: Cannot execute query in readonly mode', 'READONLY'));
    }
  }

  return createServer((request, response) => {
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    response.setHeader('X-ClickHouse-Server-Display-Name', 'wattness-embedded');
    answer(request, response).catch((error: unknown) => {
      const { code, message } =
        error instanceof EngineError
          ? error
          : new EngineError(1001, exceptionText(1001, String(error), 'STD_EXCEPTION'));
      // Rows are out already: only a broken stream tells the client that they are not all.
      if (response.headersSent) return void response.destroy();
      request.resume();
      response.removeHeader('Content-Encoding');
      response.setHeader('X-ClickHouse-Exception-Code', code);
      response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
      response.writeHead(statusOf(code)).end(`${message}\n`);
    });
  });
}

function bodyOf(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new EngineError(48, exceptionText(48, `Content-Encoding ${encoding} is not supported`, 'NOT_IMPLEMENTED'));
  }
  if (/^multipart\//.test(request.headers['content-type'] ?? '')) {
    throw new EngineError(48, exceptionText(48, 'Multipart bodies are not supported', 'NOT_IMPLEMENTED'));
  }
  return encoding === 'gzip' ? request.pipe(createGunzip()) : request.pipe(new PassThrough());
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestQueryBytes) {
      const text = `Query is longer than ${longestQueryBytes} bytes: put INSERT in the URL and the data in the body`;
      throw new EngineError(305, exceptionText(305, text, 'QUERY_IS_TOO_LARGE'));
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks);
  if (!isUtf8(text)) {
    throw new EngineError(
      62,
      exceptionText(62, 'Query is not UTF-8: put INSERT in the URL and binary data in the body', 'SYNTAX_ERROR'),
    );
  }
  return text.toString();
}

async function* joined(inline: string, body: Readable | undefined): AsyncGenerator<string | Buffer> {
  if (inline !== '') yield inline;
  if (body !== undefined) yield* body as AsyncIterable<Buffer>;
}

async function* followed(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function summary(of: { rows: number; readBytes: number; written: boolean; elapsedSeconds: number }): string {
  return JSON.stringify({
    read_rows: String(of.rows),
    read_bytes: String(of.readBytes),
    written_rows: String(of.written ? of.rows : 0),
    written_bytes: String(of.written ? of.readBytes : 0),
    total_rows_to_read: '0',
    result_rows: String(of.rows),
    result_bytes: String(of.readBytes),
    elapsed_ns: String(Math.round(of.elapsedSeconds * 1e9)),
  });
}
