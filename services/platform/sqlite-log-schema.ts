import type { DatabaseSync } from 'node:sqlite';

const schemaVersion = 1;

/** Creates the tables in an empty database; refuses one of another version. */
export function migrateSchema(db: DatabaseSync): void {
  // FULL: a commit is on disk when it returns. The log has no replica that could make up for a power cut.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
  db.exec('BEGIN IMMEDIATE');
  try {
    const found = db.prepare('PRAGMA user_version').get()!.user_version as number;
    if (found === 0) db.exec(tables);
    else if (found !== schemaVersion) throw new Error(`log format ${found}, this program knows ${schemaVersion}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

const tables = `
PRAGMA user_version = ${schemaVersion};
CREATE TABLE clock (append_ms INTEGER NOT NULL) STRICT;
INSERT INTO clock VALUES (0);
CREATE TABLE topic (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, config TEXT NOT NULL
) STRICT;
CREATE TABLE stream (
  id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, partition INTEGER NOT NULL,
  start_offset INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0,
  compacted_to INTEGER NOT NULL DEFAULT 0, compacted_count INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic, partition)
) STRICT;
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first_offset INTEGER NOT NULL, last_offset INTEGER NOT NULL,
  count INTEGER NOT NULL, append_ms INTEGER NOT NULL, records BLOB NOT NULL,
  UNIQUE (stream, last_offset)
) STRICT;
CREATE TABLE owner (transactional_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE position (
  group_id TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
  PRIMARY KEY (group_id, topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE generation (group_id TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE member (id INTEGER PRIMARY KEY AUTOINCREMENT, group_id TEXT NOT NULL, seen_ms INTEGER NOT NULL) STRICT;
CREATE INDEX member_group ON member (group_id);
`;
