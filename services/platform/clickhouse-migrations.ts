import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { databaseName } from './clickhouse.ts';
import { splitStatements } from './clickhouse-sql.ts';

export interface AppliedMigration {
  /** File name, such as `0001_readings.sql`. */
  readonly name: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
}

export class ClickHouseMigrationError extends Error {
  readonly code: 'MIGRATION_CHANGED' | 'MIGRATION_MISSING' | 'MIGRATION_NAME' | 'MIGRATION_FAILED';
  constructor(code: ClickHouseMigrationError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Tables whose rows age, and the column that says how old they are. Findings and alarms are case files: they stay. */
const ageingTables: readonly (readonly [table: string, column: string])[] = [
  ['meter_readings', 'interval_start_at'],
  ['reported_states', 'bucket_at'],
  ['enterprise_status', 'as_of'],
  ['dead_letters', 'append_time'],
];

const history = `${databaseName}.schema_migrations`;

/**
 * Brings the database to the newest schema: applies the numbered files of `dir` that it has not seen, in order, and
 * returns them. Every statement can be repeated, as ClickHouse has no transactions over DDL: after a crash in the
 * middle of a file, the file is applied again. One migration at a time. Throws `ClickHouseMigrationError`.
 */
export async function migrateClickHouse(
  client: ClickHouseClient,
  dir: string,
  options: {
    /** Days after which readings, reported states, status and dead letters are dropped, by month; absent: never. */
    readonly retentionDays?: number;
  } = {},
): Promise<AppliedMigration[]> {
  const files = await readMigrations(dir);
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${databaseName}` });
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${history} (
      name String COMMENT 'File name of the migration.',
      sha256 String COMMENT 'SHA-256 of the file, hexadecimal.',
      applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied, by the clock of the server.'
    ) ENGINE = MergeTree ORDER BY name COMMENT 'Migrations that this database has seen.'`,
  });
  const applied = await appliedMigrations(client);
  checkHistory(files, applied);
  const fresh = files.slice(applied.length);
  for (const { name, sha256, text } of fresh) {
    for (const statement of splitStatements(text)) await run(client, name, statement);
    await client.insert({
      table: history,
      columns: ['name', 'sha256'],
      values: [{ name, sha256 }],
      format: 'JSONEachRow',
    });
  }
  await applyRetention(client, options.retentionDays);
  return fresh.map(({ name, sha256 }) => ({ name, sha256 }));
}

/** What the database has seen, oldest first; it must have been migrated once. */
export async function appliedMigrations(client: ClickHouseClient): Promise<AppliedMigration[]> {
  const result = await client.query({
    query: `SELECT name, any(sha256) AS sha256 FROM ${history} GROUP BY name ORDER BY name`,
    format: 'JSONEachRow',
  });
  return result.json<AppliedMigration>();
}

async function readMigrations(dir: string): Promise<(AppliedMigration & { readonly text: string })[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  for (const [index, name] of names.entries()) {
    const number = String(index + 1).padStart(4, '0');
    if (/^\d{4}_[a-z0-9_]+\.sql$/.test(name) && name.startsWith(number)) continue;
    throw new ClickHouseMigrationError(
      'MIGRATION_NAME',
      `Migration ${name} should be named ${number}_<what_it_does>.sql: numbers go up from 0001 without gaps.`,
    );
  }
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(dir, name), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

function checkHistory(files: readonly AppliedMigration[], applied: readonly AppliedMigration[]): void {
  for (const [index, { name, sha256 }] of applied.entries()) {
    const file = files[index];
    if (file?.name !== name) {
      throw new ClickHouseMigrationError(
        'MIGRATION_MISSING',
        `The database has seen migration ${name}, which is not here. Run a version of Wattness at least as new as the one that applied it.`,
      );
    }
    if (file.sha256 !== sha256) {
      throw new ClickHouseMigrationError(
        'MIGRATION_CHANGED',
        `Migration ${name} was changed after it had been applied (SHA-256 ${sha256}, now ${file.sha256}). Restore it, and put the change into a new file.`,
      );
    }
  }
}

async function run(client: ClickHouseClient, name: string, query: string): Promise<void> {
  try {
    await client.command({ query });
  } catch (cause) {
    const first = query.split('\n').find((line) => line.trim() !== '' && !line.startsWith('--'));
    throw new ClickHouseMigrationError('MIGRATION_FAILED', `Migration ${name} failed at: ${first}\n${cause}`, {
      cause,
    });
  }
}

/** Touches only tables that have another lifetime than is wanted: a change of TTL rewrites parts. */
async function applyRetention(client: ClickHouseClient, retentionDays: number | undefined): Promise<void> {
  const result = await client.query({
    query: `SELECT name, create_table_query AS ddl FROM system.tables WHERE database = '${databaseName}'`,
    format: 'JSONEachRow',
  });
  const ddl = new Map((await result.json<{ name: string; ddl: string }>()).map((row) => [row.name, row.ddl]));
  for (const [table, column] of ageingTables) {
    const now = / TTL .*?toIntervalDay\((\d+)\)/.exec(ddl.get(table) ?? '')?.[1];
    if (now === retentionDays?.toString()) continue;
    const change =
      retentionDays === undefined ? 'REMOVE TTL' : `MODIFY TTL toDateTime(${column}) + toIntervalDay(${retentionDays})`;
    await client.command({ query: `ALTER TABLE ${databaseName}.${table} ${change}` });
  }
}
