import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { Problems } from './recording-problems.ts';

/** The line on which a value stands, by its path. */
export type LineOf = (path: readonly (string | number)[]) => number;

/** Reads a YAML or JSON file (YAML holds JSON) with the line of every value. Undefined when it is no YAML. */
export function readYaml(path: string, problems: Problems): { value: unknown; lineOf: LineOf } | undefined {
  const file = basename(path);
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines });
  for (const error of document.errors) problems.add(file, error.linePos?.[0].line ?? 0, error.message.split('\n')[0]!);
  if (document.errors.length > 0) return undefined;
  return { value: document.toJS(), lineOf: (path) => lineAt(document, lines, path) };
}

function lineAt(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  // The nearest enclosing value, where the path itself is missing from the file.
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** True when the value has the shape; otherwise each difference is a problem at its line. */
export function checkShape<T extends TSchema>(
  shape: T,
  value: unknown,
  file: string,
  lineOf: LineOf,
  problems: Problems,
): value is Static<T> {
  if (Value.Check(shape, value)) return true;
  for (const { keyword, instancePath, params, message } of Value.Errors(shape, value)) {
    // What `additionalProperties: false` refuses is told once, by that keyword, with the names.
    if (keyword === 'boolean') continue;
    const path = instancePath.split('/').slice(1);
    const where = path.join('.') || 'the file';
    const at = lineOf(path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)));
    problems.add(file, at, `${where} ${message}${detail(params)}`);
  }
  return false;
}

function detail(params: object): string {
  const { additionalProperties, allowedValue, allowedValues } = params as Record<string, unknown>;
  const names = additionalProperties ?? allowedValues ?? (allowedValue === undefined ? undefined : [allowedValue]);
  return Array.isArray(names) ? `: ${names.join(', ')}` : '';
}
