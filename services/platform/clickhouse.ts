import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';

export type { ClickHouseClient } from '@clickhouse/client';

/** Name of the database that holds all tables of the system. */
export const databaseName = 'wattness';

/** A client of ClickHouse by URL: a server, or the embedded one. Errors are thrown, never logged here. */
export function createClickHouse(options: {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}): ClickHouseClient {
  return createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    request_timeout: 120_000,
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/**
 * Codes that say that the rows themselves are at fault, so that sending them again cannot help: parsing, types, ranges,
 * nulls, enum values, constraints. Whatever is not among them is taken for passing, because a row that is retried for
 * ever is seen, and one that is given up is lost.
 */
const dataErrorCodes: ReadonlySet<string> = new Set(
  [6, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 128, 131, 321, 349, 407, 427, 441, 469, 675, 676, 691].map(String),
);

/** Whether an INSERT failed for what its rows hold. */
export function isDataError(error: unknown): boolean {
  return error instanceof ClickHouseError && dataErrorCodes.has(error.code);
}
