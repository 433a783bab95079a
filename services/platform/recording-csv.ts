import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface CsvRow {
  /** 1-based line in the file. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Lines of a text file; a name that ends in .gz is unzipped on the way. `onBytes` hears how much of the file was read. */
export async function* readLines(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<string, void, void> {
  const file = createReadStream(path);
  let bytes = 0;
  if (onBytes) {
    file.on('data', (chunk) => {
      bytes += chunk.length;
      onBytes(bytes);
    });
  }
  // `pipeline` and not `pipe`: an error of the file must reach whoever reads the text.
  const text = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  text.setEncoding('utf8');
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}

/** Rows of a CSV file, empty lines left out. Quotes as in RFC 4180, but a quoted cell ends on its own line. */
export async function* readCsv(
  path: string,
  delimiter: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<CsvRow, void, void> {
  let line = 0;
  for await (const text of readLines(path, onBytes)) {
    line++;
    const bare = line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    if (bare.trim() !== '') yield { line, cells: splitCells(bare, delimiter) };
  }
}

export function splitCells(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (line[i + 1] === '"') cell += line[++i];
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === delimiter) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  cells.push(cell);
  return cells;
}

export function joinCells(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
