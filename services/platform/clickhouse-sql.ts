/** A lexer for ClickHouse's SQL: enough to tell words from what is quoted or a comment. */

interface Token {
  readonly kind: 'word' | 'mark' | 'quoted';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** Words, quoted things and marks with their parenthesis depth; comments and space are left out. */
export function* tokens(sql: string): Generator<Token> {
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

/** Statements of a script, without their semicolons; a server takes one at a time. */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let empty = true;
  for (const token of tokens(script)) {
    if (token.text !== ';') {
      empty = false;
      continue;
    }
    if (!empty) statements.push(script.slice(start, token.start).trim());
    start = token.end;
    empty = true;
  }
  if (!empty) statements.push(script.slice(start).trim());
  return statements;
}
