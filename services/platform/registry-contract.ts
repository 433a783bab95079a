import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { schemaText } from './avro-schemas.ts';
import { avroType } from './avro-types.ts';
import { IncompatibleSchemaError, type SchemaRegistry } from './registry.ts';

/**
 * What every schema registry must do. `open` gives a handle on the same registry at each call, as several processes
 * would have. Subjects are unique to the run, so that a server may be shared and need not be empty.
 */
export function describeRegistryContract(name: string, open: () => Promise<SchemaRegistry>): void {
  describe(`schema registry: ${name}`, () => {
    let registry: SchemaRegistry;
    const run = Math.random().toString(36).slice(2);
    let subjects = 0;
    const aSubject = () => `contract-${run}-${++subjects}-value`;
    const aSchema = (...fields: object[]) =>
      JSON.stringify({ type: 'record', name: `R${run}`, fields: [{ name: 'id', type: 'string' }, ...fields] });
    const counted = { name: 'count', type: 'int', default: 0 };

    beforeAll(async () => {
      registry = await open();
    });
    afterAll(() => registry.close());

    test('a schema is found by the id that registering it gave', async () => {
      const id = await registry.register(aSubject(), schemaText('findings'));
      const found = await registry.byId(id);
      // Defaults and documentation included, which a comparison of canonical forms would pass over.
      expect(JSON.stringify(avroType(found!))).toBe(JSON.stringify(avroType(schemaText('findings'))));
    });

    test('registering again, from another handle, or with other white space gives the same id', async () => {
      const subject = aSubject();
      const id = await registry.register(subject, aSchema());
      const other = await open();
      expect(await other.register(subject, aSchema())).toBe(id);
      expect(await other.register(subject, JSON.stringify(JSON.parse(aSchema()), null, 2))).toBe(id);
      expect(await other.byId(id)).toBeDefined();
      await other.close();
    });

    test('one schema under two subjects has one id; another schema has another', async () => {
      const id = await registry.register(aSubject(), aSchema());
      expect(await registry.register(aSubject(), aSchema())).toBe(id);
      expect(await registry.register(aSubject(), aSchema(counted))).not.toBe(id);
    });

    test('an id that nobody registered is undefined', async () => {
      expect(await registry.byId(2_000_000_000)).toBeUndefined();
    });

    test('two handles that register at once agree', async () => {
      const subject = aSubject();
      const other = await open();
      const ids = await Promise.all(
        [registry, other, registry, other].map((handle) => handle.register(subject, aSchema(counted))),
      );
      expect(new Set(ids).size).toBe(1);
      await other.close();
    });

    test('a compatible change is registered, and its predecessor stays readable', async () => {
      const subject = aSubject();
      await registry.setCompatibility(subject, 'BACKWARD_TRANSITIVE');
      const first = await registry.register(subject, aSchema());
      expect(await registry.checkCompatible(subject, aSchema(counted))).toEqual([]);
      const second = await registry.register(subject, aSchema(counted));
      expect(second).not.toBe(first);
      expect(await registry.byId(first)).toBeDefined();
    });

    test('an incompatible change is refused with a code and the field that differs', async () => {
      const subject = aSubject();
      await registry.setCompatibility(subject, 'BACKWARD_TRANSITIVE');
      await registry.register(subject, aSchema());
      const changed = aSchema({ name: 'firmware', type: 'string' });
      expect((await registry.checkCompatible(subject, changed)).map(({ path }) => path)).toEqual(['firmware']);
      const refusal = await registry.register(subject, changed).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(IncompatibleSchemaError);
      expect(refusal).toMatchObject({ code: 'INCOMPATIBLE_SCHEMA', subject, differences: [{ path: 'firmware' }] });
      expect(await registry.register(subject, aSchema())).toBeGreaterThan(0);
    });

    test('compatibility is with all versions, not the newest alone', async () => {
      const subject = aSubject();
      await registry.setCompatibility(subject, 'BACKWARD_TRANSITIVE');
      await registry.register(subject, aSchema());
      await registry.register(subject, aSchema(counted));
      // Readable with the second version, which wrote a count, but not with the first, which did not.
      const third = aSchema({ name: 'count', type: 'int' });
      expect((await registry.checkCompatible(subject, third)).map(({ path }) => path)).toEqual(['count']);
      await expect(registry.register(subject, third)).rejects.toMatchObject({ code: 'INCOMPATIBLE_SCHEMA' });
    });

    test('a subject without a check takes anything, and is not bound when it is checked again', async () => {
      const subject = aSubject();
      await registry.setCompatibility(subject, 'NONE');
      await registry.register(subject, aSchema());
      const changed = aSchema({ name: 'firmware', type: 'string' });
      expect(await registry.checkCompatible(subject, changed)).toEqual([]);
      expect(await registry.register(subject, changed)).toBeGreaterThan(0);
    });

    test('what is no Avro schema is refused and leaves nothing behind', async () => {
      const subject = aSubject();
      await expect(registry.register(subject, '{"type":"record","name":"X"}')).rejects.toThrow();
      expect(await registry.register(subject, aSchema())).toBeGreaterThan(0);
    });
  });
}
