import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadParameters, loadParametersSchema } from '../core/load-parameters.ts';
import type { RuleSet } from '../core/rule.ts';
import { type LoadedRule, ruleOf } from './rules-document.ts';
import { checkShape } from './rules-shape.ts';
import { parseYaml, type SourceYaml, shownPath } from './rules-yaml.ts';

/** Rules that cannot be used: every problem with its file, line and a hint. */
export class RuleError extends Error {
  readonly code = 'BAD_RULE';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`rules cannot be used:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** All rules of a folder; the engine takes it as it is. `hash` is of all that judges. */
export interface LoadedRules extends RuleSet {
  readonly rules: readonly LoadedRule[];
  readonly hash: string;
}

export const loadFile = 'load.yaml';

/** Loads `<dir>/load.yaml` and each `<dir>/<pack>/<id>.yaml`; throws RuleError with all problems of all files. */
export function loadRules(dir: string): LoadedRules {
  const problems: string[] = [];
  const { load, rules } = readRules(dir, problems);
  if (problems.length > 0 || !load) throw new RuleError(problems);
  return { load, rules, hash: sha256(rules.map((rule) => rule.hash).join()) };
}

/** What is sound of a folder of rules; none of `load` where that file is not. */
export interface ReadRules {
  readonly load: LoadParameters | undefined;
  readonly rules: readonly LoadedRule[];
}

/** As `loadRules`, with the problems added to a list. `visit` sees each sound rule with its text. */
export function readRules(
  dir: string,
  problems: string[],
  visit?: (rule: LoadedRule, yaml: SourceYaml) => void,
): ReadRules {
  const before = problems.length;
  if (!existsSync(dir)) {
    problems.push(`${dir}: no such folder; name a folder of rules`);
    return { load: undefined, rules: [] };
  }
  const { load, text: loadText } = readLoad(dir, problems);
  const rules: LoadedRule[] = [];
  for (const file of yamlFiles(dir)) {
    if (file.endsWith('.test.yaml') || file === loadFile) continue;
    const shown = shownPath(dir, file);
    if (file.split('/').length !== 2) {
      problems.push(`${shown}: rules lie in <pack>/<id>.yaml; move it into the folder of a pack`);
      continue;
    }
    const yaml = parseYaml(readFileSync(join(dir, file), 'utf8'), shown, problems);
    const rule = yaml && ruleOf(yaml, file, problems);
    if (!rule) continue;
    const twin = rules.find((other) => other.id === rule.id);
    if (twin) {
      problems.push(`${shown}: rule '${rule.id}' exists already in ${twin.file}; give one another id`);
      continue;
    }
    // What it was judged with is the rule and how loads are read.
    const hashed = { ...rule, hash: sha256(`${yaml.text}\n${loadText}`) };
    rules.push(hashed);
    visit?.(hashed, yaml);
  }
  if (rules.length === 0 && problems.length === before) {
    problems.push(`${dir}: no rules there; they lie in <pack>/<id>.yaml`);
  }
  return { load, rules };
}

function readLoad(dir: string, problems: string[]): { load: LoadParameters | undefined; text: string } {
  const path = join(dir, loadFile);
  const shown = shownPath(dir, loadFile);
  if (!existsSync(path)) {
    problems.push(`${shown}: not found; it says how reports and loads are read`);
    return { load: undefined, text: '' };
  }
  const text = readFileSync(path, 'utf8');
  const yaml = parseYaml(text, shown, problems);
  const sound = yaml && checkShape(loadParametersSchema, yaml, [], yaml.value, problems);
  return { load: sound ? (yaml.value as LoadParameters) : undefined, text };
}

/** All YAML files within a folder, in order, with `/` whatever the system writes. */
export function yamlFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.yaml'))
    .sort();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
