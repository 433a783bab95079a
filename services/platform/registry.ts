import type { SchemaDifference } from './avro-compatibility.ts';

/**
 * The schema registry port. Control work only (start, migration, an id never seen before): records are decoded
 * without it. Two implementations pass one contract suite (`registry-contract.ts`): any Confluent-compatible server
 * (`registry-confluent.ts`) and one on SQLite (`registry-embedded.ts`).
 *
 * Schemas are JSON texts of Avro schemas; a subject is `<topic>-value`. Every method of an implementation over a
 * network throws `RegistryUnavailableError` when the server does not answer.
 */
export interface SchemaRegistry {
  /**
   * Id of the schema, registered as the newest version of the subject unless it is one already. Equal schemas have
   * equal ids. Throws `IncompatibleSchemaError` when the subject's compatibility level forbids it.
   */
  register(subject: string, schema: string): Promise<number>;
  /** The schema with this id, of whichever subject; `undefined` when there is none. */
  byId(id: number): Promise<string | undefined>;
  /** What hinders registering this schema under the subject's compatibility level; empty when nothing does. */
  checkCompatible(subject: string, schema: string): Promise<readonly SchemaDifference[]>;
  setCompatibility(subject: string, level: CompatibilityLevel): Promise<void>;
  close(): Promise<void>;
}

/** `BACKWARD_TRANSITIVE`: a new version must read records of every older one. `NONE`: no check. */
export type CompatibilityLevel = 'BACKWARD_TRANSITIVE' | 'NONE';

export class IncompatibleSchemaError extends Error {
  readonly code = 'INCOMPATIBLE_SCHEMA';
  readonly subject: string;
  readonly differences: readonly SchemaDifference[];
  constructor(subject: string, differences: readonly SchemaDifference[], cause?: unknown) {
    const fields = differences.map(({ path, problem }) => `${path}: ${problem}`).join('; ');
    super(
      `${subject}: the schema cannot read records of an older version (${fields}). Give new fields a default; keep the names and types of old ones.`,
      { cause },
    );
    this.subject = subject;
    this.differences = differences;
  }
}

export class RegistryUnavailableError extends Error {
  readonly code = 'REGISTRY_UNAVAILABLE';
  constructor(url: string, cause: unknown) {
    super(`The schema registry at ${url} does not answer as one. Check SCHEMA_REGISTRY_URL and that it is running.`, {
      cause,
    });
  }
}
