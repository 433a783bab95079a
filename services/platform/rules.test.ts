import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readRuleTest } from './rule-tests/file.ts';
import { runCase } from './rule-tests/run.ts';
import { loadRules, RuleError } from './rules.ts';
import { checkRules } from './rules-check.ts';
import { editorSchemas } from './rules-editor-schemas.ts';

const shipped = fileURLToPath(new URL('../../rules', import.meta.url));
const { load, rules, cases, problems } = checkRules(shipped);

describe('the rules that come with the program', () => {
  test('load, and nothing is wrong with their words or their tests', () => {
    expect(problems).toEqual([]);
    expect(loadRules(shipped).rules.length).toBe(rules.length);
  });

  test.each(rules.map((rule) => ({ id: rule.id, rule })))('$id does what its cases say', ({ rule }) => {
    expect(cases.get(rule.id)!.flatMap((one) => runCase(rule, load!, one))).toEqual([]);
  });

  test('are described to editors as they are checked: `wattness rules schemas` writes them anew', () => {
    const written = (name: string) => readFileSync(join(shipped, name), 'utf8');
    expect([...editorSchemas()].flatMap(([name, text]) => (written(name) === text ? [] : name))).toEqual([]);
  });
});

test('the example of docs/rules.md runs', () => {
  const docs = readFileSync(fileURLToPath(new URL('../../docs/rules.md', import.meta.url)), 'utf8');
  const example = /```yaml\n(# yaml-language-server: \$schema=\.\.\/rule-test[\s\S]*?)```/.exec(docs)![1]!;
  const found: string[] = [];
  const dir = rulesWith({ 'common/stopped-but-running.test.yaml': example });
  const own = readRuleTest(dir, 'common/stopped-but-running.yaml', found);
  const rule = rules.find(({ id }) => id === 'stopped-but-running')!;
  expect([...found, ...own.flatMap((one) => runCase(rule, load!, one))]).toEqual([]);
  expect(own.length).toBeGreaterThan(1);
});

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** A folder of rules made of the shipped ones, with some texts replaced or added; `undefined` leaves a file out. */
function rulesWith(files: Readonly<Record<string, string | undefined>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'rules-'));
  dirs.push(dir);
  const own: Record<string, string | undefined> = { 'load.yaml': text('load.yaml') };
  for (const kind of ['yaml', 'test.yaml']) {
    own[`common/stopped-declared.${kind}`] = text(`common/stopped-declared.${kind}`);
  }
  for (const [file, content] of Object.entries({ ...own, ...files })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), content);
  }
  return dir;
}

function text(file: string): string {
  return readFileSync(join(shipped, file), 'utf8');
}

const rule = text('common/stopped-declared.yaml');
const tests = text('common/stopped-declared.test.yaml');

/** What is wrong, without the folder. */
function problemsOf(files: Readonly<Record<string, string | undefined>>): string[] {
  const dir = rulesWith(files);
  return checkRules(dir).problems.map((problem) => problem.replace(`${dir}/`, ''));
}

const changed = (from: string | RegExp, to: string) => ({ 'common/stopped-declared.yaml': rule.replace(from, to) });

describe('what is wrong with a rule is told with file, line and a hint', () => {
  test.each([
    ['a misspelt key', /^title:/m, 'titel:', "yaml:4: unknown key 'titel'; did you mean 'title'?"],
    ['a misspelt detector', ': stopped-but', ': stoped-but', "did you mean 'stopped-but-running'?"],
    ['a misspelt parameter', 'clearAfterMinutes', 'clearsAfterMinutes', "did you mean 'clearAfterMinutes'?"],
    [
      'another unit',
      'clearAfterMinutes: 60',
      'clearAfterHours: 1',
      'write clearAfterMinutes: the unit is part of the name',
    ],
    ['a unit in a value', 'Minutes: 60', 'Minutes: 60 min', 'write 60 alone: the unit is part of the name'],
    [
      'a value out of range',
      'Minutes: 60',
      'Minutes: 6000',
      'parameters.clearAfterMinutes is 6000; it must be <= 1440',
    ],
    ['a missing parameter', /^ {2}claim.*$/m, '', "parameters lacks 'claim'; add it: What is held against the load"],
    ['an unknown level', 'level: orange', 'level: crimson', 'write one of red, orange, yellow, blue'],
    ['an id that is not the file', /^id: .*/m, 'id: other', 'name the file other.yaml, or change the id'],
    ['no YAML at all', /^title:/m, 'title: [', 'this is no YAML'],
    ['an untranslated title', /zh: 申报.*/, 'zh: Declared', 'title.zh holds no Chinese; translate it'],
    ['a standard that nobody knows', /en: Work Safety Law[^,]*/, 'en: GB 15557-2018', 'did you mean GB 15577-2018?'],
    ['a law that one language leaves out', /《中华人民共和国安全生产法》/, '某法', 'as the English text does; add it'],
  ])('%s', (_, from, to, hint) => {
    const found = problemsOf(changed(from, to));
    expect(found.find((problem) => problem.includes(hint))).toMatch(/^common\/stopped-declared\.yaml:\d+: .*; .+/);
  });

  test('all problems of all files at once', () => {
    const broken = { ...changed('level: orange', 'level: crimson'), 'load.yaml': 'runDownMinutes: x\n' };
    const dir = rulesWith(broken);
    expect(() => loadRules(dir)).toThrow(RuleError);
    expect(() => loadRules(dir)).toThrow(/load\.yaml:1: .*text; write a number[\s\S]*crimson/);
  });

  test('a second rule with the id or the title of another', () => {
    expect(problemsOf({ 'dust/stopped-declared.yaml': rule }).join()).toContain(
      "rule 'stopped-declared' exists already",
    );
    const twin = rule.replace('id: stopped-declared', 'id: twin');
    expect(problemsOf({ 'common/twin.yaml': twin }).join()).toContain('the title of stopped-declared too');
  });

  test('a rule of a sector pack that is for everybody', () => {
    const stray = { 'dust/stray.yaml': rule.replace('id: stopped-declared', 'id: stray') };
    expect(problemsOf(stray).join()).toContain('rules of the pack dust have sectors: [dust]');
  });

  test('a folder without rules, or none', () => {
    expect(() => loadRules('/nowhere')).toThrow('no such folder');
    expect(() => loadRules(rulesWith({ 'common/stopped-declared.yaml': undefined }))).toThrow('no rules there');
  });
});

describe('what is wrong with a rule test is told with file, line and a hint', () => {
  test('a rule without cases, and cases without a rule', () => {
    expect(problemsOf({ 'common/stopped-declared.test.yaml': undefined }).join()).toContain(
      'not found; each rule has cases',
    );
    expect(problemsOf({ 'common/other.test.yaml': tests }).join()).toContain('other.test.yaml: tests no rule');
  });

  test.each([
    ['no case that fires', /expect:\n(?: {6}.*\n)+/, 'quiet: true\n', 'no case fires'],
    ['no case that stays quiet', / {2}- name: a quiet[\s\S]*/, '', 'no case stays quiet'],
    ['a case that says nothing of what is to come', /quiet: true\n/, 'verdicts: {}\n', "add 'expect' or 'quiet: true'"],
    ['an unknown machine', 'state: { lathe: ', 'state: { lathes: ', "did you mean 'lathe'?"],
    ['a time without a sign', 'from: +26h', 'from: 26h', 'write +2h15m, counted from its start'],
    ['a time off the step', '26h 1~0.1', '26h20m 1~0.1', '26h20m is no multiple of the step of 15m'],
    ['a word that is no figure', '26h 1~0.1', '26h one', "'one' is no figure; write 40, 40..80, 40~2"],
    ['a day of history that is no day', '10h 22~3, 14h', '10h 22~3, 12h', 'a day of history is 24h long, this is 22h'],
    ['a subject that is none', 'EQUIPMENT lathe', 'lathe', "'lathe' names no subject; write EQUIPMENT press"],
    ['a code without quotes', 'site:\n', 'site:\n  cameras: { 33010600001320000001: a }\n', 'put it between quotes'],
  ])('%s', (_, from, to, hint) => {
    const found = problemsOf({ 'common/stopped-declared.test.yaml': tests.replace(from, to) });
    expect(found.find((problem) => problem.includes(hint))).toMatch(
      /^common\/stopped-declared\.test\.yaml(:\d+)?: .*; .+/,
    );
  });
});

describe('the hash of a rule', () => {
  const hashOf = (files: Readonly<Record<string, string | undefined>>) => loadRules(rulesWith(files)).rules[0]!.hash;

  test('is of its text and of how loads are read', () => {
    const hashes = [
      hashOf({}),
      hashOf(changed('clearAfterMinutes: 60', 'clearAfterMinutes: 61')),
      hashOf({ 'load.yaml': text('load.yaml').replace('holdReports: 2', 'holdReports: 3') }),
    ];
    expect(new Set(hashes).size).toBe(3);
    expect(hashOf({})).toBe(hashes[0]);
  });
});
