import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { inOtherUnit, nearest } from './rules-hints.ts';
import type { Path, SourceYaml } from './rules-yaml.ts';

/**
 * True when the value at `at` has the shape; otherwise each difference goes to `problems`, with its line and a hint made
 * of the schema: the nearest known key or value, the unit that a name states, what the missing key means.
 */
export function checkShape<T extends TSchema>(
  schema: T,
  yaml: SourceYaml,
  at: Path,
  value: unknown,
  problems: string[],
): value is Static<T> {
  if (Value.Check(schema, value)) return true;
  const say = (path: Path, text: string) => problems.push(`${yaml.file}:${yaml.lineOf(path)}: ${text}`);
  // Each branch of a union complains for itself: one sentence for one place.
  const byPath = new Map<string, Complaint[]>();
  for (const error of Value.Errors(schema, value) as Complaint[]) {
    if (error.keyword === 'boolean') continue;
    byPath.set(error.instancePath, [...(byPath.get(error.instancePath) ?? []), error]);
  }
  for (const [pointer, complaints] of byPath) {
    const inside = pointer
      .split('/')
      .slice(1)
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const path = [...at, ...inside];
    const where = path.join('.');
    const own = schemaAt(schema, inside);
    for (const { params } of complaints) {
      for (const key of params.additionalProperties ?? []) {
        say([...path, key], `unknown key '${key}'${where && ` in ${where}`}; ${keyHint(key, own)}`);
      }
      for (const key of params.requiredProperties ?? []) {
        const about = (own?.properties?.[key] as Described | undefined)?.description;
        say(path, `${where || 'the file'} lacks '${key}'; add it${about ? `: ${about}` : ''}`);
      }
    }
    for (const text of complaints.some(({ keyword }) => keyword === 'if') ? unmet(own, valueAt(value, inside)) : []) {
      say(path, `${where || 'the file'} ${text}`);
    }
    const wrong = complaints.filter(({ keyword }) => !toldApart.has(keyword));
    if (wrong.length > 0) say(path, valueProblem(where, valueAt(value, inside), wrong));
  }
  return false;
}

/** Keywords whose complaints have a sentence of their own. */
const toldApart: ReadonlySet<string> = new Set(['additionalProperties', 'required', 'if', 'anyOf']);

/** What conditions of a schema ask for: keys that go with the value of another, and keys that do not. */
function unmet(schema: Described | undefined, value: unknown): string[] {
  const given = value as Readonly<Record<string, unknown>>;
  return (schema?.allOf ?? []).flatMap(({ if: condition, then }) => {
    if (!condition || !then || !Value.Check(condition as TSchema, value)) return [];
    const [key] = Object.keys(condition.properties ?? {});
    const of = `${key} ${given[key!]}`;
    const lacking = (then.required ?? []).flatMap((name) => {
      const about = (schema?.properties?.[name] as Described | undefined)?.description;
      return name in given ? [] : `lacks '${name}', which ${of} asks for; add it${about ? `: ${about}` : ''}`;
    });
    const stray = Object.entries(then.properties ?? {}).flatMap(([name, own]) =>
      own === false && name in given ? `has '${name}', which ${of} knows nothing of; take it out` : [],
    );
    return [...lacking, ...stray];
  });
}

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly patternProperties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly required?: readonly string[];
  readonly allOf?: readonly { readonly if?: Described; readonly then?: Described }[];
}

interface Complaint {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: {
    readonly additionalProperties?: readonly string[];
    readonly requiredProperties?: readonly string[];
    readonly allowedValues?: readonly unknown[];
    readonly allowedValue?: unknown;
    readonly type?: string;
  };
}

function keyHint(key: string, schema: Described | undefined): string {
  const known = Object.keys(schema?.properties ?? {});
  const sameInOtherUnit = inOtherUnit(key, known);
  if (sameInOtherUnit) return `write ${sameInOtherUnit}: the unit is part of the name`;
  const near = nearest(key, known);
  return near ? `did you mean '${near}'?` : `known here are ${known.join(', ')}`;
}

function valueProblem(where: string, value: unknown, complaints: readonly Complaint[]): string {
  const said = `${where || 'the file'} is ${JSON.stringify(value) ?? 'missing'}`;
  const allowed = complaints.flatMap(({ params }) => params.allowedValues ?? params.allowedValue ?? []);
  if (allowed.length > 0) {
    const near = typeof value === 'string' ? nearest(value, allowed.map(String)) : undefined;
    return `${said}; write one of ${allowed.join(', ')}${near ? ` (did you mean ${near}?)` : ''}`;
  }
  const types = complaints.flatMap(({ params }) => params.type ?? []);
  if (types.some((type) => type === 'number' || type === 'integer') && typeof value === 'string') {
    const number = Number.parseFloat(value);
    const hint = Number.isNaN(number) ? 'write a number' : `write ${number} alone: the unit is part of the name`;
    return `${said}, a text; ${hint}`;
  }
  return `${said}; it ${complaints.map(({ message }) => message).join(' or ')}`;
}

function schemaAt(schema: TSchema, path: Path): Described | undefined {
  let at: Described | undefined = schema as Described;
  for (const part of path) {
    const entries = Object.values(at?.patternProperties ?? {})[0];
    at = (typeof part === 'number' && at?.items ? at.items : (at?.properties?.[part] ?? entries)) as typeof at;
  }
  return at;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | undefined)?.[part];
  return at;
}
