import { expect, test } from '@jest/globals';
import {
  equipmentDefaults,
  meterDefaults,
  shiftDefaults,
  siteDefaults,
  siteEventDefaults,
} from '../core/record-defaults.ts';
import { schemaText } from './avro-schemas.ts';

type Field = { readonly name: string; readonly type: unknown; readonly default?: unknown };

const registry: readonly Field[] = JSON.parse(schemaText('site-registry')).fields;
const events: readonly Field[] = JSON.parse(schemaText('site-events')).fields;

/** Fields of the records of which the registration's field is a list. */
function itemsOf(list: string): readonly Field[] {
  const { type } = registry.find(({ name }) => name === list)!;
  return (type as { items: { fields: readonly Field[] } }).items.fields;
}

test.each([
  ['a registration', registry, siteDefaults],
  ['equipment', itemsOf('equipment'), equipmentDefaults],
  ['a meter', itemsOf('meters'), meterDefaults],
  ['a shift', itemsOf('shifts'), shiftDefaults],
  ['a site event', events, siteEventDefaults],
])('what is left out of %s is the same in code as in its schema', (_, fields, defaults) => {
  const stated = fields.filter((field) => field.default !== undefined).map((field) => [field.name, field.default]);
  expect(defaults).toEqual(Object.fromEntries(stated));
});
