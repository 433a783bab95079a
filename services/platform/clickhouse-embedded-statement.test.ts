import { describe, expect, test } from '@jest/globals';
import { readStatement } from './clickhouse-embedded-statement.ts';

describe('readStatement', () => {
  test('finds the verb behind comments and space', () => {
    expect(readStatement('-- a\n/* INSERT */ select 1').verb).toBe('SELECT');
    expect(readStatement('(SELECT 1)').verb).toBe('(');
    expect(readStatement(' ').verb).toBe('');
  });

  test('takes the format of the query itself, not one in a string, a column or a subquery', () => {
    expect(readStatement("SELECT 'FORMAT CSV' FORMAT JSON").format).toBe('JSON');
    expect(readStatement('SELECT format(a, b) FROM t').format).toBeUndefined();
    expect(readStatement('SELECT 1 SETTINGS max_threads = 1 FORMAT JSONEachRow;').format).toBe('JSONEachRow');
  });

  test('splits an INSERT into target, settings, format and data', () => {
    expect(readStatement("INSERT INTO a.b (`format`, y) SETTINGS x = 'FORMAT y' FORMAT CSV\n1,'\n").insert).toEqual({
      head: 'INSERT INTO a.b (`format`, y) ',
      settings: "SETTINGS x = 'FORMAT y'",
      format: 'CSV',
      inlineData: "1,'\n",
    });
    expect(readStatement("INSERT INTO t VALUES (1, ';')").insert).toEqual({
      head: 'INSERT INTO t ',
      settings: '',
      format: 'Values',
      inlineData: "(1, ';')",
    });
    expect(readStatement('INSERT INTO t SELECT 1 FORMAT CSV').insert).toBeUndefined();
  });

  test('sees files and further statements, wherever they are put, but not inside quotes', () => {
    expect(readStatement("SELECT 1 into/**/outfile 'x'").namesFile).toBe(true);
    expect(readStatement("INSERT INTO t FROM INFILE 'x' FORMAT CSV").namesFile).toBe(true);
    expect(readStatement("SELECT ' INTO OUTFILE ', `INTO OUTFILE`, $a$ INTO OUTFILE $a$").namesFile).toBe(false);
    expect(readStatement('SELECT 1; DROP TABLE t').severalStatements).toBe(true);
    expect(readStatement("SELECT 'it''s; \\'; x' ; -- end").severalStatements).toBe(false);
  });
});
