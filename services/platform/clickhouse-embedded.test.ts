import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from './clickhouse-embedded.ts';

let path: string;
let server: EmbeddedClickHouse;
let client: ClickHouseClient;

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'wattness-clickhouse-'));
  server = await startEmbeddedClickHouse({ path, readerPassword: 'secret' });
  client = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF } });
  await client.command({ query: 'CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a' });
  await client.insert({
    table: 't',
    values: [
      { a: 1, b: "it's\n" },
      { a: 2, b: '停' },
    ],
    format: 'JSONEachRow',
  });
});

afterAll(async () => {
  await client.close();
  await server.close();
  await rm(path, { recursive: true });
});

const reader = { 'X-ClickHouse-User': 'reader', 'X-ClickHouse-Key': 'secret' };

/** What curl would do. */
async function ask(
  query: string,
  more: {
    search?: Record<string, string>;
    headers?: Record<string, string>;
    body?: string | Buffer;
    method?: string;
  } = {},
) {
  const search = new URLSearchParams({ ...more.search, query });
  const response = await fetch(`${server.url}/?${search}`, {
    method: more.method ?? 'POST',
    headers: more.headers ?? {},
    ...(more.body === undefined ? {} : { body: more.body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('with @clickhouse/client', () => {
  test('reads back what it inserted, as rows, as JSON with types and as a stream', async () => {
    const rows = await client.query({ query: 'SELECT * FROM t ORDER BY a', format: 'JSONEachRow' });
    expect(await rows.json()).toEqual([
      { a: 1, b: "it's\n" },
      { a: 2, b: '停' },
    ]);
    const whole = await client.query({ query: 'SELECT count() AS n FROM t', format: 'JSON' });
    expect(await whole.json()).toMatchObject({ meta: [{ name: 'n', type: 'UInt64' }], data: [{ n: 2 }], rows: 1 });
    const many = await client.query({ query: 'SELECT number FROM numbers(500000)', format: 'JSONEachRow' });
    let seen = 0;
    for await (const batch of many.stream()) seen += batch.length;
    expect(seen).toBe(500_000);
  });

  test('binds parameters on the server, also when many queries with other values run at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const result = await client.query({
          query: 'SELECT {n: UInt32} AS n, {text: String} AS text, {list: Array(String)} AS list',
          query_params: { n, text: `a'\t\\${n}`, list: [`'${n}`] },
          format: 'JSONEachRow',
        });
        return (await result.json())[0];
      }),
    );
    expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => ({ n, text: `a'\t\\${n}`, list: [`'${n}`] })));
  });

  test('applies settings to their own query only', async () => {
    const query = "SELECT getSetting('join_use_nulls') AS v";
    const set = await client.query({ query, format: 'JSONEachRow', clickhouse_settings: { join_use_nulls: 1 } });
    expect(await set.json()).toEqual([{ v: true }]);
    const unset = await client.query({ query, format: 'JSONEachRow' });
    expect(await unset.json()).toEqual([{ v: false }]);
  });

  test('gives errors with their code and type', async () => {
    await expect(client.query({ query: 'SELECT * FROM missing' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(
      client.insert({ table: 't', values: [{ a: 'x', b: '' }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ code: '27' });
    await expect(client.ping()).resolves.toEqual({ success: true });
  });

  test('speaks gzip both ways', async () => {
    const zipped = createClient({ url: server.url, compression: { request: true, response: true } });
    await zipped.command({ query: 'CREATE TABLE z (a UInt32) ENGINE = MergeTree ORDER BY a' });
    await zipped.insert({ table: 'z', values: [{ a: 7 }], format: 'JSONEachRow' });
    const result = await zipped.query({ query: 'SELECT a FROM z', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ a: 7 }]);
    await zipped.close();
  });
});

describe('over plain HTTP', () => {
  test('answers /ping and the bare root', async () => {
    expect(await (await fetch(`${server.url}/ping`)).text()).toBe('Ok.\n');
    expect(await (await fetch(server.url)).text()).toBe('Ok.\n');
  });

  test('takes the query from the body, and data after it, as curl sends them', async () => {
    const response = await fetch(server.url, { method: 'POST', body: 'SELECT 1 + 1' });
    expect(await response.text()).toBe('2\n');
    await fetch(server.url, { method: 'POST', body: 'CREATE TABLE c (a UInt8, b String) ENGINE = Memory' });
    await fetch(server.url, { method: 'POST', body: "INSERT INTO c VALUES (1, 'x;'), (2, 'y')" });
    await fetch(server.url, { method: 'POST', body: 'INSERT INTO c FORMAT CSV\n3,"z"\n' });
    expect((await ask('SELECT * FROM c ORDER BY a FORMAT CSV')).text).toBe('1,"x;"\n2,"y"\n3,"z"\n');
  });

  test('takes binary rows in the body, plain and gzipped, and counts them', async () => {
    await ask('CREATE TABLE r (a UInt16) ENGINE = Memory');
    // Rows that hold line breaks: 0x0a0a.
    const rows = Buffer.from(new Uint16Array([2570, 2570, 1]).buffer);
    const plain = await ask('INSERT INTO r FORMAT RowBinary', { body: rows });
    expect(JSON.parse(plain.headers.get('x-clickhouse-summary')!)).toMatchObject({ written_rows: '3' });
    await ask('INSERT INTO r FORMAT RowBinary', { body: gzipSync(rows), headers: { 'Content-Encoding': 'gzip' } });
    expect((await ask('SELECT count(), sum(a) FROM r')).text).toBe('6\t10282\n');
    expect(await readdir(join(path, 'spool'))).toEqual([]);
  });

  test('names query id and format, and zips when asked', async () => {
    const answer = await ask('SELECT 1 AS a', {
      method: 'GET',
      search: { query_id: 'q1', default_format: 'JSONCompact' },
      headers: { 'Accept-Encoding': 'identity' },
    });
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('q1');
    expect(answer.headers.get('x-clickhouse-format')).toBe('JSONCompact');
    expect(answer.headers.get('content-type')).toContain('application/json');
    const raw = await fetch(`${server.url}/?query=SELECT+1`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(raw.headers.get('content-encoding')).toBe('gzip');
    expect(await raw.text()).toBe('1\n');
  });

  test.each([
    ['SELEC 1', 400, 62],
    ['SELECT * FROM nowhere.t', 404, 81],
    ["SELECT throwIf(1, 'no')", 500, 395],
    ['SELECT 1; SELECT 2', 400, 62],
    ["SELECT 1 INTO OUTFILE 'x'", 501, 48],
    ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", 501, 48],
  ])('refuses %s with status %d and code %d', async (query, status, code) => {
    const answer = await ask(query);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe(String(code));
    expect(answer.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
  });

  test('says what it does not speak, and what it does not know', async () => {
    expect((await ask('SELECT 1', { search: { session_id: 's' } })).status).toBe(501);
    expect((await ask('SELECT 1', { search: { compress: '1' } })).status).toBe(501);
    expect((await ask('SELECT 1', { search: { no_such_setting: '1' } })).status).toBe(404);
    expect((await ask('SELECT 1', { search: { database: 'nowhere' } })).status).toBe(404);
    expect((await ask('SELECT 1', { search: { "a=1; DROP TABLE t; SET b'": '1' } })).status).toBe(404);
  });

  test('breaks the stream when a query fails after its first rows', async () => {
    const query =
      'SELECT throwIf(number = 300000) FROM numbers(400000) SETTINGS max_block_size = 1000, max_threads = 1';
    await expect(ask(query)).rejects.toThrow();
  });

  test('ends a query whose client went away', async () => {
    const gone = new AbortController();
    const query = 'SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))';
    const asked = fetch(`${server.url}/?query=${encodeURIComponent(query)}`, { signal: gone.signal });
    const running = async () =>
      (await ask("SELECT count() FROM system.processes WHERE query LIKE 'SELECT count() FROM numbers(1000000000000)%'"))
        .text;
    while ((await running()) !== '1\n');
    gone.abort();
    await expect(asked).rejects.toThrow();
    while ((await running()) !== '0\n');
  });
});

describe('the reader', () => {
  test('reads, with settings and parameters', async () => {
    const search = { param_a: '1', max_threads: '1' };
    expect((await ask('SELECT count() FROM t WHERE a = {a: UInt32}', { headers: reader, search })).text).toBe('1\n');
    for (const query of [
      'SHOW TABLES',
      'DESCRIBE t',
      'EXISTS t',
      'EXPLAIN SELECT 1',
      '(SELECT 1)',
      'WITH 1 AS x SELECT x',
    ]) {
      expect(await ask(query, { headers: reader })).toMatchObject({ status: 200 });
    }
  });

  test.each([
    'INSERT INTO t VALUES (9, 9)',
    'DROP TABLE t',
    'SET readonly = 0',
    'KILL QUERY WHERE 1',
    'SYSTEM SHUTDOWN',
    'SELECT 1 SETTINGS readonly = 0',
    "SELECT * FROM file('/etc/hostname', RawBLOB)",
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "EXPLAIN SELECT * FROM executable('x', CSV, 'a String')",
  ])('may not %s', async (query) => {
    const answer = await ask(query, { headers: reader, search: { readonly: '0' } });
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('164');
    expect((await ask('SELECT count() FROM t')).text).toBe('2\n');
  });

  test('needs its password, by any of the three ways; others are not known', async () => {
    const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    expect((await ask('SELECT 1', { headers: basic('reader:secret') })).status).toBe(200);
    expect((await ask('SELECT 1', { search: { user: 'reader', password: 'secret' } })).status).toBe(200);
    expect((await ask('SELECT 1', { headers: basic('reader:wrong') })).status).toBe(403);
    expect((await ask('SELECT 1', { headers: basic('root:') })).status).toBe(403);
    expect((await ask('SELECT 1', { headers: { Origin: 'http://a.example' } })).status).toBe(403);
  });

  test('may not write over GET even as default', async () => {
    const answer = await ask('CREATE TABLE g (a UInt8) ENGINE = Memory', { method: 'GET' });
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('164');
  });
});

describe('the process', () => {
  test('refuses a directory or a port that is taken, and says how to mend it', async () => {
    await expect(startEmbeddedClickHouse({ path })).rejects.toMatchObject({ code: 'CLICKHOUSE_DIRECTORY_IN_USE' });
    const other = await mkdtemp(join(tmpdir(), 'wattness-clickhouse-'));
    const port = Number(new URL(server.url).port);
    await expect(startEmbeddedClickHouse({ path: other, port })).rejects.toMatchObject({ code: 'CLICKHOUSE_LISTEN' });
    await rm(other, { recursive: true });
  });

  test('keeps its data over a restart, and closing twice is harmless', async () => {
    const own = await mkdtemp(join(tmpdir(), 'wattness-clickhouse-'));
    const first = await startEmbeddedClickHouse({ path: own });
    const sql = (url: string, body: string) => fetch(url, { method: 'POST', body }).then((response) => response.text());
    await sql(first.url, 'CREATE TABLE k (a UInt8) ENGINE = MergeTree ORDER BY a');
    await sql(first.url, 'INSERT INTO k VALUES (5)');
    await Promise.all([first.close(), first.close()]);
    await expect(first.ended).resolves.toBeUndefined();
    const second = await startEmbeddedClickHouse({ path: own });
    expect(await sql(second.url, 'SELECT a FROM k')).toBe('5\n');
    await second.close();
    await rm(own, { recursive: true });
  });
});
