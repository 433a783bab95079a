import { afterAll, expect, test } from '@jest/globals';
import { createCodec } from './avro.ts';
import { schemaText, subjectOf, topics } from './avro-schemas.ts';
import { createConfluentRegistry } from './registry-confluent.ts';
import { describeRegistryContract } from './registry-contract.ts';
import { migrateSchemas } from './registry-migrate.ts';
import { findRegistry } from './testing/servers.ts';

const server = await findRegistry();

if ('unavailable' in server) {
  test.skip(`schema registry: ${server.unavailable}`, () => {});
} else {
  const { url } = server;
  const open = async () => createConfluentRegistry({ url });
  afterAll(() => server.stop());

  describeRegistryContract('Confluent-compatible', open);

  test('migration registers every released schema and the current one under BACKWARD_TRANSITIVE, and again', async () => {
    const registry = await open();
    await migrateSchemas(registry);
    await migrateSchemas(registry);
    for (const topic of topics) {
      const changed = JSON.parse(schemaText(topic));
      changed.fields.push({ name: 'unheardOf', type: 'string' });
      await expect(registry.register(subjectOf(topic), JSON.stringify(changed))).rejects.toMatchObject({
        code: 'INCOMPATIBLE_SCHEMA',
        differences: [{ path: 'unheardOf' }],
      });
    }
    await registry.close();
  });

  test('a codec of another process decodes what this one encoded', async () => {
    const [writer, reader] = [
      await createCodec({ registry: await open() }),
      await createCodec({ registry: await open() }),
    ];
    const status = { enterpriseId: 'e', regionCode: '', asOfMs: 1, openFindings: 0, subjects: [] };
    const value = writer.encode('enterprise-status', status);
    await reader.prepare([{ topic: 'enterprise-status', value }]);
    expect(reader.decode('enterprise-status', value)).toEqual(status);
  });

  test('an address where no registry answers is an outage with the address in it', async () => {
    const wrong = createConfluentRegistry({ url: new URL('/nowhere', url).href });
    const outage = { code: 'REGISTRY_UNAVAILABLE', message: expect.stringContaining('/nowhere') };
    await expect(wrong.register('x-value', schemaText('power'))).rejects.toMatchObject(outage);
    await expect(wrong.byId(1)).rejects.toMatchObject(outage);
  });
}
