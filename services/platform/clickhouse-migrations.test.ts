import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type ClickHouseClient, createClickHouse } from './clickhouse.ts';
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from './clickhouse-embedded.ts';
import { appliedMigrations, migrateClickHouse } from './clickhouse-migrations.ts';

const shipped = fileURLToPath(new URL('../../deploy/clickhouse/', import.meta.url));
let root: string;
let dir: string;
let server: EmbeddedClickHouse;
let client: ClickHouseClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wattness-migrations-'));
  server = await startEmbeddedClickHouse({ path: join(root, 'clickhouse') });
  client = createClickHouse({ url: server.url, user: 'default', password: '' });
});

beforeEach(async () => {
  await client.command({ query: 'DROP DATABASE IF EXISTS wattness' });
  dir = await mkdtemp(join(root, 'ddl-'));
  await cp(shipped, dir, { recursive: true });
});

afterAll(async () => {
  await client.close();
  await server.close();
  await rm(root, { recursive: true });
});

async function rowsOf<T>(query: string): Promise<T[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<T>();
}

test('applies all files once, in order, and only new ones later', async () => {
  const names = (await readdir(dir)).sort();
  expect((await migrateClickHouse(client, dir)).map(({ name }) => name)).toEqual(names);
  expect(await migrateClickHouse(client, dir)).toEqual([]);
  const next = `${String(names.length + 1).padStart(4, '0')}_more.sql`;
  await writeFile(join(dir, next), "CREATE TABLE wattness.a (b String DEFAULT ';') ENGINE = Memory;\nSELECT 1;\n");
  expect((await migrateClickHouse(client, dir)).map(({ name }) => name)).toEqual([next]);
  expect((await appliedMigrations(client)).map(({ name }) => name)).toEqual([...names, next]);
});

test('every table and column says what it is', async () => {
  await migrateClickHouse(client, dir);
  expect(
    await rowsOf(
      "SELECT table, name FROM system.columns WHERE database = 'wattness' AND comment = '' AND table IN (SELECT name FROM system.tables WHERE database = 'wattness' AND engine != 'View')",
    ),
  ).toEqual([]);
  expect(
    await rowsOf("SELECT name FROM system.tables WHERE database = 'wattness' AND engine != 'View' AND comment = ''"),
  ).toEqual([]);
});

test('refuses a history that was changed, cut or misnumbered, and says how to mend it', async () => {
  await migrateClickHouse(client, dir);
  await writeFile(join(dir, '0001_readings.sql'), 'SELECT 1');
  await expect(migrateClickHouse(client, dir)).rejects.toMatchObject({
    code: 'MIGRATION_CHANGED',
    message: expect.stringContaining('new file'),
  });
  const newest = (await readdir(dir)).sort().at(-1)!;
  await rm(join(dir, newest));
  await cp(join(shipped, '0001_readings.sql'), join(dir, '0001_readings.sql'));
  await expect(migrateClickHouse(client, dir)).rejects.toMatchObject({ code: 'MIGRATION_MISSING' });
  await rename(join(dir, '0002_findings.sql'), join(dir, newest));
  await expect(migrateClickHouse(client, dir)).rejects.toMatchObject({ code: 'MIGRATION_NAME' });
});

test('goes on after a file that failed half-way', async () => {
  const name = `${String((await readdir(dir)).length + 1).padStart(4, '0')}_half.sql`;
  const good = 'CREATE TABLE IF NOT EXISTS wattness.half (a UInt8) ENGINE = Memory;\n';
  await writeFile(join(dir, name), `${good}SELECT nothing;\n`);
  await expect(migrateClickHouse(client, dir)).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringContaining('SELECT nothing'),
  });
  await writeFile(join(dir, name), good);
  expect((await migrateClickHouse(client, dir)).map((migration) => migration.name)).toEqual([name]);
});

test('a database of the first release keeps its rows, which answer in the new columns with nothing', async () => {
  for (const name of await readdir(dir)) if (name > '0004') await rm(join(dir, name));
  await migrateClickHouse(client, dir);
  await client.command({
    query: `INSERT INTO wattness.findings (finding_id, revision, state, enterprise_id, subject_kind, subject_id, seen_mean_kw, stopped_upper_kw, first_slot_at, slots.start_at, slots.interval_ms, slots.mean_kw, slots.stopped_share, slots.log_likelihood_ratio)
      VALUES ('f', 1, 'CONFIRMED', 'e', 'EQUIPMENT', 'm', 41.5, 1.2, '2026-01-01', ['2026-01-01'], [900000], [41.5], [1], [9])`,
  });
  await client.command({
    query: `INSERT INTO wattness.enterprise_status (enterprise_id, as_of, subjects.kind, subjects.id, subjects.meter_id, subjects.verdict, subjects.reason, subjects.slot_start_at, subjects.minimum_detectable_kw)
      VALUES ('e', '2026-01-01', ['EQUIPMENT', 'METER'], ['m', 'p'], ['p', 'p'], ['UNKNOWN', 'CONSISTENT'], ['r', ''], [NULL, '2026-01-01'], [NULL, 2])`,
  });
  await cp(shipped, dir, { recursive: true });
  await migrateClickHouse(client, dir);
  // As after a crash between the last statement of a file and its entry in the history.
  await client.command({
    query: "ALTER TABLE wattness.schema_migrations DELETE WHERE name >= '0004' SETTINGS mutations_sync = 1",
  });
  await migrateClickHouse(client, dir);

  const stored = async () => [
    await rowsOf(
      'SELECT subject_kind, seen_mean_kw, stopped_upper_kw, slots.mean_kw, reason, cause, indicator, seen, cameras.source_id FROM wattness.findings_latest',
    ),
    await rowsOf('SELECT subject_id, verdict, rule_id FROM wattness.subject_status ORDER BY subject_id'),
  ];
  const asBefore = [
    [
      {
        subject_kind: 'EQUIPMENT',
        seen_mean_kw: 41.5,
        stopped_upper_kw: 1.2,
        'slots.mean_kw': [41.5],
        reason: '',
        cause: null,
        indicator: null,
        seen: null,
        'cameras.source_id': [],
      },
    ],
    [
      { subject_id: 'm', verdict: 'UNKNOWN', rule_id: '' },
      { subject_id: 'p', verdict: 'CONSISTENT', rule_id: '' },
    ],
  ];
  expect(await stored()).toEqual(asBefore);
  // A merge writes the new columns out.
  for (const table of ['findings', 'enterprise_status']) {
    await client.command({ query: `OPTIMIZE TABLE wattness.${table} FINAL` });
  }
  expect(await stored()).toEqual(asBefore);
});

test('keeps what ages for as long as it is told, and case files for ever', async () => {
  const lifetimes = () =>
    rowsOf<{ name: string; days: string }>(
      "SELECT name, extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables WHERE database = 'wattness' AND days != '' ORDER BY name",
    );
  await migrateClickHouse(client, dir, { retentionDays: 400 });
  expect(await lifetimes()).toEqual(
    ['dead_letters', 'enterprise_status', 'meter_readings', 'reported_states'].map((name) => ({ name, days: '400' })),
  );
  await migrateClickHouse(client, dir, { retentionDays: 30 });
  expect(new Set((await lifetimes()).map(({ days }) => days))).toEqual(new Set(['30']));
  await migrateClickHouse(client, dir);
  expect(await lifetimes()).toEqual([]);
});
