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

interface Token {
  readonly kind: 'word' | 'mark' | 'quoted';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
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

/** Words, quoted things and marks with their parenthesis depth; comments and space are left out. */
function* tokens(sql: string): Generator<Token> {
  let at = 0;
  let depth = 0;
  while (at < sql.length) {
    const start = at;
    const character = sql[at]!;
    if (/\s/.test(character)) {
      at++;
    } else if (sql.startsWith('--', at) || sql.startsWith('# ', at) || sql.startsWith('#!', at)) {
      at = endOf(sql, '\n', at);
    } else if (sql.startsWith('/*', at)) {
      at = endOf(sql, '*/', at + 2);
    } else if (character === "'" || character === '"' || character === '`') {
      at = endOfQuoted(sql, character, at + 1);
      yield { kind: 'quoted', text: sql.slice(start, at), start, end: at, depth };
    } else if (character === '$') {
      const tag = /^\$\w*\$/.exec(sql.slice(at, at + 64))?.[0];
      at = tag === undefined ? at + 1 : endOf(sql, tag, at + tag.length);
      yield { kind: 'quoted', text: sql.slice(start, at), start, end: at, depth };
    } else if (/\w/.test(character)) {
      while (at < sql.length && /\w/.test(sql[at]!)) at++;
      yield { kind: 'word', text: sql.slice(start, at), start, end: at, depth };
    } else {
      at++;
      if (character === ')') depth--;
      yield { kind: 'mark', text: character, start, end: at, depth };
      if (character === '(') depth++;
    }
  }
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from);
  return at < 0 ? sql.length : at + mark.length;
}

function endOfQuoted(sql: string, quote: string, from: number): number {
  let at = from;
  while (at < sql.length) {
    if (sql[at] === '\\') at += 2;
    else if (sql[at] !== quote) at++;
    else if (sql[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return sql.length;
}
