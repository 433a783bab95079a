import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subjectKinds } from '../../core/records.ts';
import { checkShape } from '../rules-shape.ts';
import { type Path, parseYaml, shownPath } from '../rules-yaml.ts';
import { type CaseRecording, caseRecording } from './case-recording.ts';
import { patternProblem } from './compare.ts';
import { parseOffset } from './duration.ts';
import { type CaseNotation, type ExpectedNotation, ruleTestSchema } from './shape.ts';
import type { Say } from './stage.ts';

/** One case of a rule test, ready to run. */
export interface RuleCase extends CaseRecording {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Line of a part of the case, such as `expect`, 0. */
  readonly lineOf: (path: Path) => number;
  /** What must be found; none where the case is to stay quiet. */
  readonly expect: readonly ExpectedNotation[];
  /** Subject: reason or verdict that must stand at the end of the case. */
  readonly verdicts: Readonly<Record<string, string>>;
}

/** The file of cases of a rule, from the file of the rule. */
export function testFileOf(ruleFile: string): string {
  return ruleFile.replace(/\.yaml$/, '.test.yaml');
}

/** Reads the cases of `<pack>/<id>.yaml`; problems are added to the list, and then there are none. */
export function readRuleTest(dir: string, ruleFile: string, problems: string[]): RuleCase[] {
  const before = problems.length;
  const path = join(dir, testFileOf(ruleFile));
  const file = shownPath(dir, testFileOf(ruleFile));
  if (!existsSync(path)) {
    problems.push(`${file}: not found; each rule has cases that fire and cases that stay quiet (docs/rules.md)`);
    return [];
  }
  const yaml = parseYaml(readFileSync(path, 'utf8'), file, problems);
  if (!yaml || !checkShape(ruleTestSchema, yaml, [], yaml.value, problems)) return [];
  const notation = yaml.value;
  const cases = notation.cases.map((one, i): RuleCase => {
    const say = (path: Path, text: string) => problems.push(`${file}:${yaml.lineOf(path)}: ${text}`);
    checkOutcome(one, ['cases', i], say);
    for (const [j, expected] of (one.expect ?? []).entries()) checkExpected(expected, ['cases', i, 'expect', j], say);
    return {
      ...caseRecording(notation, i, say),
      name: one.name,
      file,
      line: yaml.lineOf(['cases', i, 'name']),
      lineOf: (path) => yaml.lineOf(['cases', i, ...path]),
      expect: one.expect ?? [],
      verdicts: one.verdicts ?? {},
    };
  });
  const fires = cases.some(({ expect }) => expect.length > 0);
  const rests = cases.some(({ expect }) => expect.length === 0);
  if (!fires) problems.push(`${file}: no case fires; add one with 'expect'`);
  if (!rests) problems.push(`${file}: no case stays quiet; add one with 'quiet: true'`);
  const names = notation.cases.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i)
      problems.push(`${file}:${yaml.lineOf(['cases', i, 'name'])}: a second case of this name`);
  }
  // Whatever is wrong in history or site is wrong in every case: once is enough.
  problems.splice(before, problems.length, ...new Set(problems.slice(before)));
  return problems.length > before ? [] : cases;
}

function checkOutcome(one: CaseNotation, at: Path, say: Say): void {
  if (one.expect && one.quiet) say([...at, 'quiet'], 'a case either expects findings or stays quiet; take one out');
  if (!one.expect && !one.quiet) say(at, "the case does not say what is to come of it; add 'expect' or 'quiet: true'");
}

function checkExpected(expected: ExpectedNotation, at: Path, say: Say): void {
  const [kind = '', id] = expected.subject.split(' ');
  if (!subjectKinds.some((known) => known === kind) || (id === undefined && kind !== 'ENTERPRISE')) {
    say([...at, 'subject'], `'${expected.subject}' names no subject; write EQUIPMENT press, or ENTERPRISE alone`);
  }
  for (const says of [expected.says ?? []].flat()) {
    const problem = patternProblem(says);
    if (problem)
      say([...at, 'says'], `${says} is no regular expression (${problem}); take the slashes off, or mend it`);
  }
  for (const key of ['from', 'to', 'by'] as const) {
    const offset = expected[key];
    if (offset !== undefined && parseOffset(offset) === undefined) {
      say([...at, key], `'${offset}' is no time of the case; write +2h15m, counted from its start`);
    }
  }
}
