import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuleSet } from '../core/rule.ts';
import { type LoadedRule, parseLoad, parseRule } from './rules-document.ts';

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
  const { loaded, problems } = readRules(dir);
  if (!loaded) throw new RuleError(problems);
  return loaded;
}

/** As `loadRules`, with the problems as a value: rules are there only where there are none. */
export function readRules(dir: string): { loaded: LoadedRules | undefined; problems: readonly string[] } {
  const problems: string[] = [];
  if (!existsSync(dir)) return { loaded: undefined, problems: [`${dir}: no such folder; name a folder of rules`] };
  const rules: LoadedRule[] = [];
  const loadText = existsSync(join(dir, loadFile)) ? readFileSync(join(dir, loadFile), 'utf8') : undefined;
  const load = loadText === undefined ? undefined : parseLoad(loadText, loadFile, problems);
  if (loadText === undefined) problems.push(`${loadFile}: not found; it says how reports and loads are read`);
  const files = ruleFiles(dir);
  for (const file of files) {
    if (file.split('/').length !== 2) {
      problems.push(`${file}: rules lie in <pack>/<id>.yaml; move it into the folder of a pack`);
      continue;
    }
    const text = readFileSync(join(dir, file), 'utf8');
    const rule = parseRule(text, file, problems);
    if (!rule) continue;
    const twin = rules.find((other) => other.id === rule.id);
    if (twin) problems.push(`${file}: rule '${rule.id}' exists already in ${twin.file}; give one another id`);
    // What it was judged with is the rule and how loads are read.
    else rules.push({ ...rule, hash: sha256(`${text}\n${loadText}`) });
  }
  if (files.length === 0) problems.push(`${dir}: no rules there; they lie in <pack>/<id>.yaml`);
  if (problems.length > 0 || !load) return { loaded: undefined, problems };
  return { loaded: { load, rules, hash: sha256(rules.map((rule) => rule.hash).join()) }, problems };
}

/** Files of rules within the folder, with `/` whatever the system writes. */
function ruleFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.yaml') && !file.endsWith('.test.yaml') && file !== loadFile)
    .sort();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
