import { tokens } from './clickhouse-sql.ts';

/**
 * As much of SQL as the embedded endpoint must see: where an INSERT takes its data from, which format a query asks
 * for, and whether it would touch files of this machine. What a query may do is decided by the engine, not here.
 */
export interface Statement {
  /** First word in upper case; `(` for a parenthesised query; empty when there is none. */
  readonly verb: string;
  /** Format named by a FORMAT clause. */
  readonly format: string | undefined;
  readonly insert: InsertTarget | undefined;
  /** INTO OUTFILE or FROM INFILE: over HTTP a server refuses both, for they name files of the server. */
  readonly namesFile: boolean;
  readonly severalStatements: boolean;
}

/** An INSERT whose rows come as data, not from a query. */
export interface InsertTarget {
  /** `INSERT INTO table (columns)`. */
  readonly head: string;
  /** SETTINGS clause; empty when there is none. */
  readonly settings: string;
  readonly format: string;
  /** Data that stands in the statement itself, after the format; empty when all of it is in the request's body. */
  readonly inlineData: string;
}

export function readStatement(sql: string): Statement {
  const insert = readInsert(sql);
  let verb = '';
  let previous = '';
  let format: string | undefined;
  let namesFile = false;
  let ended = false;
  let severalStatements = false;
  // The data of an INSERT is not SQL: a quote in it must not confuse the rest.
  for (const token of tokens(insert === undefined ? sql : sql.slice(0, insert.head.length))) {
    if (ended) severalStatements = true;
    if (token.kind === 'mark' && token.text === ';') {
      ended = true;
      continue;
    }
    const word = token.kind === 'word' ? token.text.toUpperCase() : token.text;
    if (verb === '') verb = word;
    if ((previous === 'INTO' && word === 'OUTFILE') || (previous === 'FROM' && word === 'INFILE')) namesFile = true;
    if (previous === 'FORMAT' && token.kind === 'word' && token.depth === 0) format = token.text;
    previous = token.kind === 'quoted' ? '' : word;
  }
  return { verb, format: insert?.format ?? format, insert, namesFile, severalStatements };
}

function readInsert(sql: string): InsertTarget | undefined {
  let first = true;
  let headEnd = -1;
  let settingsStart = -1;
  let formatAt = -1;
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (first && word !== 'INSERT') return undefined;
    first = false;
    if (token.depth > 0 || token.kind !== 'word') continue;
    if (formatAt >= 0) {
      return {
        head: sql.slice(0, headEnd),
        settings: settingsStart < 0 ? '' : sql.slice(settingsStart, formatAt).trim(),
        format: token.text,
        inlineData: sql.slice(token.end).replace(/^[ \t\r]*\n?/, ''),
      };
    }
    if (word === 'SELECT' || word === 'WITH' || word === 'INFILE' || word === 'WATCH') return undefined;
    if (word === 'SETTINGS') settingsStart = token.start;
    if (word === 'FORMAT') formatAt = token.start;
    if (headEnd < 0 && (word === 'SETTINGS' || word === 'FORMAT' || word === 'VALUES')) headEnd = token.start;
    if (word === 'VALUES') {
      return {
        head: sql.slice(0, headEnd),
        settings: settingsStart < 0 ? '' : sql.slice(settingsStart, token.start).trim(),
        format: 'Values',
        inlineData: sql.slice(token.end).trim(),
      };
    }
  }
  return undefined;
}
