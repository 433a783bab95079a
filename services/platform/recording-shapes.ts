import avro from 'avsc';
import type { Stated } from '../core/recording.ts';
import { parseInstant } from '../core/recording-time.ts';
import type { TopicValues } from '../core/records.ts';
import { schemaText } from './avro-schemas.ts';
import type { Problems } from './recording-problems.ts';
import type { LineOf } from './recording-yaml.ts';

export type StatedTopic = 'site-registry' | 'work-records' | 'site-events' | 'alarm-actions';

/** Fields that are instants: people write them as ISO text, machines may write them as ms. */
export const instantFields: ReadonlySet<string> = new Set([
  'effectiveFromMs',
  'startMs',
  'endMs',
  'filedAtMs',
  'actedAtMs',
  'arrivalMs',
]);

const types = new Map<StatedTopic, avro.Type>();

/** One record a line, `arrivalMs` beside the record's own fields. */
export function parseStatedLine<T extends StatedTopic>(
  topic: T,
  text: string,
  file: string,
  line: number,
  problems: Problems,
): Stated<TopicValues[T]> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    problems.add(file, line, `not JSON (${(error as Error).message}); write one JSON object a line`);
    return undefined;
  }
  return checkStated(topic, value, file, () => line, problems, undefined);
}

/**
 * Checks a plain object against the topic's own schema and fills in the schema's defaults. `arrivalMs` may be absent
 * only where `defaultArrival` names the field that stands in for it.
 */
export function checkStated<T extends StatedTopic>(
  topic: T,
  raw: unknown,
  file: string,
  lineOf: LineOf,
  problems: Problems,
  defaultArrival: 'effectiveFromMs' | undefined,
): Stated<TopicValues[T]> | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    problems.add(file, lineOf([]), 'expected an object with the fields of the topic');
    return undefined;
  }
  const before = problems.count;
  const { arrivalMs, ...fields } = instantsToMs(raw, file, lineOf, problems);
  const type = typeOf(topic);
  type.isValid(fields, {
    noUndeclaredFields: true,
    errorHook: (path, value, expected) => {
      const at = path.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
      problems.add(file, lineOf(at), explain(path, value, expected));
    },
  });
  const arrival = arrivalMs ?? (defaultArrival && fields[defaultArrival]);
  if (typeof arrival !== 'number') problems.add(file, lineOf([]), 'arrivalMs is missing: say when the record came');
  if (problems.count > before || typeof arrival !== 'number') return undefined;
  // Through bytes and back: what is absent becomes the schema's default.
  return { arrivalMs: arrival, value: { ...(type.fromBuffer(type.toBuffer(fields)) as TopicValues[T]) } };
}

function typeOf(topic: StatedTopic): avro.Type {
  let type = types.get(topic);
  if (!type) {
    type = avro.Type.forSchema(JSON.parse(schemaText(topic)), { wrapUnions: 'never', omitRecordMethods: true });
    types.set(topic, type);
  }
  return type;
}

function instantsToMs(raw: object, file: string, lineOf: LineOf, problems: Problems): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value !== 'string' || !instantFields.has(name)) {
      fields[name] = value;
      continue;
    }
    const ms = parseInstant(value);
    if (ms === undefined) {
      problems.add(file, lineOf([name]), `${name} "${value}" is no instant; write 2018-01-01T00:00:00+09:00 or with Z`);
    }
    fields[name] = ms ?? 0;
  }
  return fields;
}

function explain(path: readonly string[], value: unknown, expected: avro.Type): string {
  const where = path.join('.');
  if (expected.typeName === 'record' && typeof value === 'object' && value !== null) {
    const declared = new Set((expected as avro.types.RecordType).fields.map((field) => field.name));
    const strange = Object.keys(value).filter((name) => !declared.has(name));
    if (strange.length > 0) {
      const inside = where === '' ? '' : ` in ${where}`;
      return `unknown field ${strange.join(', ')}${inside}; known are ${[...declared].join(', ')}`;
    }
  }
  const kind =
    expected.typeName === 'enum'
      ? `one of ${(expected as avro.types.EnumType).symbols.join(', ')}`
      : (expected.name ?? expected.typeName);
  return value === undefined ? `${where} is missing; expected ${kind}` : `${where} is ${show(value)}; expected ${kind}`;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
