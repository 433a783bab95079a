import { releasedSchemas, schemaText, subjectOf, topics } from './avro-schemas.ts';
import type { SchemaRegistry } from './registry.ts';

/**
 * Sets every topic's subject to BACKWARD_TRANSITIVE and registers all its released schemas, oldest first, then the
 * current one, so that the registry itself holds this build to what may still be in the log. Where a service of this build
 * came first, a release that is not registered never wrote there, and need not be. Repeating it changes nothing. Throws `IncompatibleSchemaError` or `RegistryUnavailableError`.
 */
export async function migrateSchemas(registry: SchemaRegistry): Promise<void> {
  const released = releasedSchemas();
  for (const topic of topics) {
    const subject = subjectOf(topic);
    await registry.setCompatibility(subject, 'BACKWARD_TRANSITIVE');
    for (const { text } of released.filter((schema) => schema.topic === topic)) {
      if ((await registry.checkCompatible(subject, text)).length === 0) await registry.register(subject, text);
    }
    await registry.register(subject, schemaText(topic));
  }
}
