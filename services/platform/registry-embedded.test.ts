import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { schemaText, subjectOf, topics } from './avro-schemas.ts';
import { describeRegistryContract } from './registry-contract.ts';
import { createEmbeddedRegistry } from './registry-embedded.ts';
import { migrateSchemas } from './registry-migrate.ts';

const path = join(mkdtempSync(join(tmpdir(), 'wattness-registry-')), 'registry.sqlite');

describeRegistryContract('embedded', async () => createEmbeddedRegistry({ path }));

test('ids are the same after a restart, in whatever order subjects are registered then', async () => {
  const before = createEmbeddedRegistry({ path });
  await migrateSchemas(before);
  const ids = new Map<string, number>();
  for (const topic of topics) ids.set(topic, await before.register(subjectOf(topic), schemaText(topic)));
  await before.close();
  const after = createEmbeddedRegistry({ path });
  for (const topic of [...topics].reverse()) {
    expect(await after.register(subjectOf(topic), schemaText(topic))).toBe(ids.get(topic));
  }
  await after.close();
});

test('migration goes through where a service of this build registered its schemas first, and every topic is held to it', async () => {
  const registry = createEmbeddedRegistry({ path: ':memory:' });
  for (const topic of topics) await registry.register(subjectOf(topic), schemaText(topic));
  await migrateSchemas(registry);
  for (const topic of topics) {
    const changed = JSON.parse(schemaText(topic));
    changed.fields.push({ name: 'unheardOf', type: 'string' });
    const differences = await registry.checkCompatible(subjectOf(topic), JSON.stringify(changed));
    expect(differences).toMatchObject([{ path: 'unheardOf' }]);
  }
  await registry.close();
});
