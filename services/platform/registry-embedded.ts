import { DatabaseSync } from 'node:sqlite';
import { type SchemaDifference, schemaDifferences } from './avro-compatibility.ts';
import { avroType } from './avro-types.ts';
import { type CompatibilityLevel, IncompatibleSchemaError, type SchemaRegistry } from './registry.ts';

/**
 * A schema registry in a SQLite file, or in memory with `:memory:`. Several processes may share the file; ids stay the
 * same across restarts. A subject starts at BACKWARD_TRANSITIVE.
 */
export function createEmbeddedRegistry(options: { readonly path: string }): SchemaRegistry {
  const database = new DatabaseSync(options.path, { timeout: 10_000 });
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS schemas (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS versions (
      subject TEXT NOT NULL, version INTEGER NOT NULL, id INTEGER NOT NULL REFERENCES schemas (id),
      PRIMARY KEY (subject, version), UNIQUE (subject, id)) STRICT;
    CREATE TABLE IF NOT EXISTS compatibility (subject TEXT PRIMARY KEY, level TEXT NOT NULL) STRICT;
  `);
  const selectId = database.prepare('SELECT id FROM schemas WHERE text = ?');
  const selectText = database.prepare('SELECT text FROM schemas WHERE id = ?');
  const selectVersions = database.prepare(
    'SELECT id, version, text FROM versions JOIN schemas USING (id) WHERE subject = ? ORDER BY version DESC',
  );
  const selectLevel = database.prepare('SELECT level FROM compatibility WHERE subject = ?');
  const insertSchema = database.prepare('INSERT INTO schemas (text) VALUES (?) RETURNING id');
  const insertVersion = database.prepare('INSERT INTO versions (subject, version, id) VALUES (?, ?, ?)');
  const upsertLevel = database.prepare(
    'INSERT INTO compatibility (subject, level) VALUES (?, ?) ON CONFLICT DO UPDATE SET level = excluded.level',
  );

  type Version = { id: number; version: number; text: string };
  const versionsOf = (subject: string) => selectVersions.all(subject) as unknown as Version[];

  function check(subject: string, text: string): SchemaDifference[] {
    avroType(text);
    if (selectLevel.get(subject)?.level === 'NONE') return [];
    for (const { text: older } of versionsOf(subject)) {
      const found = schemaDifferences(text, older);
      if (found.length > 0) return found;
    }
    return [];
  }

  function add(subject: string, text: string): number {
    const versions = versionsOf(subject);
    const known = versions.find((version) => version.text === text);
    if (known !== undefined) return known.id;
    const found = check(subject, text);
    if (found.length > 0) throw new IncompatibleSchemaError(subject, found);
    const row = selectId.get(text) ?? insertSchema.get(text);
    const id = row!.id as number;
    insertVersion.run(subject, (versions[0]?.version ?? 0) + 1, id);
    return id;
  }

  return {
    async register(subject, schema) {
      const text = JSON.stringify(JSON.parse(schema));
      // The check and the insert see the same versions, whatever other processes do with the file.
      database.exec('BEGIN IMMEDIATE');
      try {
        const id = add(subject, text);
        database.exec('COMMIT');
        return id;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    async byId(id) {
      return selectText.get(id)?.text as string | undefined;
    },
    async checkCompatible(subject, schema) {
      return check(subject, schema);
    },
    async setCompatibility(subject: string, level: CompatibilityLevel) {
      upsertLevel.run(subject, level);
    },
    async close() {
      database.close();
    },
  };
}
