import avro from 'avsc';
import type { Cursor } from './avro-cursor.ts';

/** What avsc's types and resolvers have under the name `_read`, and what the codec calls. */
export interface Reader {
  _read(cursor: Cursor): unknown;
}

/** An avsc type or resolver is a reader, though its public types do not say so (pinned version, held by tests). */
export function asReader(typeOrResolver: object): Reader {
  return typeOrResolver as Reader;
}

/** avsc copies `_read` into resolvers, where `this.itemsType` is the resolver of the elements. */
class BoundedArray extends avro.types.ArrayType {
  _read(cursor: Cursor): unknown[] {
    const items = asReader(this.itemsType);
    const values: unknown[] = [];
    for (let count = cursor.readBlockCount(); count > 0; count = cursor.readBlockCount()) {
      while (count-- > 0) values.push(items._read(cursor));
    }
    return values;
  }

  _skip(cursor: Cursor): void {
    // Element by element, block sizes unheeded: a size that lies could otherwise send the cursor anywhere.
    this._read(cursor);
  }
}

class BoundedMap extends avro.types.MapType {
  _read(cursor: Cursor): Record<string, unknown> {
    const values = asReader(this.valuesType);
    const entries: Record<string, unknown> = {};
    for (let count = cursor.readBlockCount(); count > 0; count = cursor.readBlockCount()) {
      while (count-- > 0) {
        const key = cursor.readString();
        const value = values._read(cursor);
        // Plain assignment to this one name would set the prototype instead.
        if (key === '__proto__') Object.defineProperty(entries, key, { value, enumerable: true });
        else entries[key] = value;
      }
    }
    return entries;
  }

  _skip(cursor: Cursor): void {
    this._read(cursor);
  }
}

/**
 * An avsc type for a schema as JSON text, with bounded arrays and maps and unions as plain values.
 * Throws when the text is no Avro schema, or holds a union whose branches plain values cannot tell apart.
 */
export function avroType(text: string): avro.Type {
  return avro.Type.forSchema(JSON.parse(text), {
    wrapUnions: 'never',
    omitRecordMethods: true,
    typeHook(schema, options) {
      const kind = typeof schema === 'object' && 'type' in schema ? schema.type : undefined;
      if (kind === 'array') return new BoundedArray(schema, options);
      if (kind === 'map') return new BoundedMap(schema, options);
      return undefined;
    },
  });
}
