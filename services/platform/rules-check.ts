import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type RuleCase, readRuleTest } from './rule-tests/file.ts';
import { type ReadRules, readRules, yamlFiles } from './rules.ts';
import { type LintedRule, lintRules } from './rules-lint.ts';
import { shownPath } from './rules-yaml.ts';

export interface CheckedRules extends ReadRules {
  /** By id of the rule; those of sound files. */
  readonly cases: ReadonlyMap<string, readonly RuleCase[]>;
  /** Everything that is wrong with rules, their tests and their words, as `file:line: what; hint`. */
  readonly problems: readonly string[];
}

/**
 * Reads a folder of rules and looks at all of it; with `ids` at the cases of those rules alone. Nothing is run: that is
 * `runCase`.
 */
export function checkRules(dir: string, ids?: readonly string[]): CheckedRules {
  const problems: string[] = [];
  const linted: LintedRule[] = [];
  const { load, rules } = readRules(dir, problems, (rule, yaml) => linted.push({ rule, yaml }));
  problems.push(...lintRules(linted));
  const wanted = rules.filter(({ id }) => !ids || ids.includes(id));
  const cases = new Map(wanted.map((rule) => [rule.id, readRuleTest(dir, rule.file, problems)]));
  for (const file of existsSync(dir) ? yamlFiles(dir) : []) {
    if (!file.endsWith('.test.yaml') || existsSync(join(dir, file.replace(/\.test\.yaml$/, '.yaml')))) continue;
    problems.push(`${shownPath(dir, file)}: tests no rule; name it <id>.test.yaml beside <id>.yaml`);
  }
  return { load, rules, cases, problems };
}
