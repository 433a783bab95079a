import avro from 'avsc';
import { avroType } from './avro-types.ts';

/** Where a reader cannot read what a writer wrote: dotted path of the field in the reader's schema, and why. */
export interface SchemaDifference {
  readonly path: string;
  readonly problem: string;
}

/**
 * What hinders `readerText` from reading everything written with `writerText`; empty when nothing does (BACKWARD).
 * Both are JSON texts of Avro schemas. avsc's schema resolution judges; the walk only finds the fields to name.
 */
export function schemaDifferences(readerText: string, writerText: string): SchemaDifference[] {
  return differences(avroType(readerText), avroType(writerText), '');
}

function differences(reader: avro.Type, writer: avro.Type, path: string): SchemaDifference[] {
  let problem: string;
  try {
    reader.createResolver(writer);
    return [];
  } catch (error) {
    problem = (error as Error).message;
  }
  const inner = innerDifferences(reader, writer, path);
  return inner.length > 0 ? inner : [{ path: path === '' ? '(the whole record)' : path, problem }];
}

function innerDifferences(reader: avro.Type, writer: avro.Type, path: string): SchemaDifference[] {
  if (isRecord(reader) && isRecord(writer) && reader.name === writer.name) {
    return reader.fields.flatMap((field) => {
      const fieldPath = path === '' ? field.name : `${path}.${field.name}`;
      const names = [field.name, ...field.aliases];
      const written = writer.fields.find((candidate) => names.includes(candidate.name));
      if (written !== undefined) return differences(field.type, written.type, fieldPath);
      if (field.defaultValue() !== undefined) return [];
      return [{ path: fieldPath, problem: 'new field without a default' }];
    });
  }
  if (reader instanceof avro.types.ArrayType && writer instanceof avro.types.ArrayType) {
    return differences(reader.itemsType, writer.itemsType, `${path}[]`);
  }
  if (reader instanceof avro.types.MapType && writer instanceof avro.types.MapType) {
    return differences(reader.valuesType, writer.valuesType, `${path}{}`);
  }
  return [];
}

function isRecord(type: avro.Type): type is avro.types.RecordType {
  return type instanceof avro.types.RecordType;
}
