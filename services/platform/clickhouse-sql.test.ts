import { expect, test } from '@jest/globals';
import { splitStatements } from './clickhouse-sql.ts';

test('a script is split at its semicolons, but not at those in quotes and comments', () => {
  const script =
    "CREATE TABLE a (b String DEFAULT ';' COMMENT 'it''s; \\';');\n-- and; then\nSELECT `;`, $x$;$x$ /* ; */\n;;\n-- end\n";
  expect(splitStatements(script)).toEqual([
    "CREATE TABLE a (b String DEFAULT ';' COMMENT 'it''s; \\';')",
    '-- and; then\nSELECT `;`, $x$;$x$ /* ; */',
  ]);
});
