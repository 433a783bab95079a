import { join, relative } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';

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
