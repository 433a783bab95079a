import { describe, expect, test } from '@jest/globals';
import type { TopicValues } from '../core/records.ts';
import { createCodec } from './avro.ts';
import { schemaDifferences } from './avro-compatibility.ts';
import { releasedSchemas, schemaText, subjectOf, type Topic, topics } from './avro-schemas.ts';
import { avroType } from './avro-types.ts';
import { createEmbeddedRegistry } from './registry-embedded.ts';
import { migrateSchemas } from './registry-migrate.ts';

describe('the schemas of this build', () => {
  test.each(releasedSchemas().map((released) => [released.release, released.topic, released.text] as const))(
    'can read what release %s wrote to %s',
    (_release, topic, text) => {
      expect(schemaDifferences(schemaText(topic), text)).toEqual([]);
    },
  );

  test('give what the log holds of any release its fields, and the new ones their defaults', async () => {
    const registry = createEmbeddedRegistry({ path: ':memory:' });
    await migrateSchemas(registry);
    const codec = await createCodec({ registry });
    for (const { topic, text } of releasedSchemas()) {
      const written = avroType(text);
      const header = Buffer.alloc(5);
      header.writeUInt32BE(await registry.register(subjectOf(topic), text), 1);
      for (let round = 0; round < 20; round++) {
        const was = written.random();
        const value = Buffer.concat([header, written.toBuffer(was)]);
        await codec.prepare([{ topic, value }]);
        const read = codec.decode(topic, value);
        expect(JSON.parse(JSON.stringify(read))).toMatchObject(JSON.parse(JSON.stringify(was)));
        // Encoding refuses a value that lacks a field.
        codec.encode(topic, read as TopicValues[Topic]);
      }
    }
    await registry.close();
  });

  test('every topic has at least one released schema, so that the check above is never empty', () => {
    expect(new Set(releasedSchemas().map(({ topic }) => topic))).toEqual(new Set(topics));
  });

  test('every field is documented and every enum has a default, so that readers survive new symbols', () => {
    const gaps: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (Array.isArray(schema)) for (const branch of schema) visit(branch, path);
      if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
      const { type, doc, fields, items, values, default: fallback } = schema as Record<string, unknown>;
      if (type === 'enum' && (fallback === undefined || !doc)) gaps.push(`${path}: enum without default or doc`);
      if (type === 'record' && !doc) gaps.push(`${path}: record without doc`);
      for (const field of (fields ?? []) as { name: string; type: unknown; doc?: string }[]) {
        if (!field.doc) gaps.push(`${path}.${field.name}: no doc`);
        visit(field.type, `${path}.${field.name}`);
      }
      visit(items, `${path}[]`);
      visit(values, `${path}{}`);
    };
    for (const topic of topics) visit(JSON.parse(schemaText(topic)), topic);
    expect(gaps).toEqual([]);
  });

  test('nullable fields default to null, which Avro allows only for the first branch', () => {
    for (const topic of topics) {
      for (const field of JSON.parse(schemaText(topic)).fields) {
        if (Array.isArray(field.type)) expect([topic, field.name, field.default]).toEqual([topic, field.name, null]);
      }
    }
  });
});

describe('what a change breaks', () => {
  const telemetry = () => JSON.parse(schemaText('telemetry'));
  const differencesAfter = (change: (schema: ReturnType<typeof telemetry>) => void) => {
    const changed = telemetry();
    change(changed);
    avroType(JSON.stringify(changed));
    return schemaDifferences(JSON.stringify(changed), schemaText('telemetry'));
  };

  test('a new field without a default is named', () => {
    const found = differencesAfter((schema) => schema.fields.push({ name: 'firmware', type: 'string' }));
    expect(found).toEqual([{ path: 'firmware', problem: 'new field without a default' }]);
  });

  test('a changed type deep inside an array is named by its path', () => {
    const found = differencesAfter((schema) => {
      schema.fields[5].type.items.fields[1].type = 'string';
    });
    expect(found).toEqual([{ path: 'readings[].value', problem: expect.stringContaining('cannot read') }]);
  });

  test('an enum symbol taken away is harmless with a default and named without', () => {
    const without = (schema: ReturnType<typeof telemetry>) => schema.fields[3].type.symbols.splice(4, 1);
    expect(differencesAfter(without)).toEqual([]);
    const found = differencesAfter((schema) => {
      without(schema);
      delete schema.fields[3].type.default;
    });
    expect(found.map(({ path }) => path)).toEqual(['state']);
  });

  test('a renamed record is named as a whole', () => {
    const found = differencesAfter((schema) => {
      schema.name = 'Observation';
    });
    expect(found.map(({ path }) => path)).toEqual(['(the whole record)']);
  });

  test('a new field with a default, a wider number and a rename with an alias break nothing', () => {
    const found = differencesAfter((schema) => {
      schema.fields.push({ name: 'firmware', type: 'string', default: '' });
      schema.fields[2].type = 'double';
      schema.fields[1].name = 'machineId';
      schema.fields[1].aliases = ['equipmentId'];
    });
    expect(found).toEqual([]);
  });
});
