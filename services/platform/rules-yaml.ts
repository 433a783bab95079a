import { join, relative } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { inOtherUnit, nearest } from './rules-hints.ts';

export type Path = readonly (string | number)[];

/** A YAML text as plain values that know their lines. */
export interface SourceYaml {
  /** As problems name it. */
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** Line of the key or item at a path; of what holds it, where the path is missing from the file. */
  lineOf(path: Path): number;
}

/** Parses a YAML text. What is wrong goes to `problems` as `file:line: what; hint`, and then nothing is returned. */
export function parseYaml(text: string, file: string, problems: string[]): SourceYaml | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors) {
    problems.push(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}; this is no YAML`);
  }
  if (document.errors.length > 0) return undefined;
  for (const rounded of roundedNumbers(document, text)) {
    problems.push(
      `${file}:${lines.linePos(rounded.at).line}: ${rounded.source} is rounded as a number; put it between quotes`,
    );
  }
  return { file, text, value: document.toJS(), lineOf: (path) => lineAt(document, lines, path) };
}

/** Where problems say that a file is: from where one stands, so that editors can jump there. */
export function shownPath(dir: string, file: string): string {
  const path = join(dir, file);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** Codes of twenty digits that nobody put between quotes. */
function roundedNumbers(document: Document, text: string): { readonly at: number; readonly source: string }[] {
  const found: { at: number; source: string }[] = [];
  visit(document, {
    Scalar: (_, { value, range }) => {
      if (typeof value !== 'number' || !range || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return;
      found.push({ at: range[0], source: text.slice(range[0], range[1]) });
    },
  });
  return found;
}

function lineAt(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const last = path[length - 1];
    const holder = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    // The key, not the value: that is the line which people look for.
    const pair = isMap(holder) && holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(last));
    const node = pair ? pair.key : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

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
    const wrong = complaints.filter(({ keyword }) => keyword !== 'additionalProperties' && keyword !== 'required');
    if (wrong.length > 0) say(path, valueProblem(where, valueAt(value, inside), wrong));
  }
  return false;
}

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly patternProperties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
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
