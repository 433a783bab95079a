import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import CliTable from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { runCase } from '../platform/rule-tests/run.ts';
import { type LoadedRules, loadRules, RuleError } from '../platform/rules.ts';
import { checkRules } from '../platform/rules-check.ts';
import type { LoadedRule } from '../platform/rules-document.ts';
import { editorSchemas } from '../platform/rules-editor-schemas.ts';
import { nearest } from '../platform/rules-hints.ts';
import { rulesDir } from './paths.ts';
import { recordedChanges, rulesDiff } from './rules-diff.ts';
import { explainRule } from './rules-explain.ts';

interface Options {
  readonly rules: string;
}

export function rulesCommand(): Command {
  return new Command('rules')
    .description('read, check, test and compare the rules (docs/rules.md)')
    .addCommand(listCommand())
    .addCommand(checkCommand())
    .addCommand(testCommand())
    .addCommand(explainCommand())
    .addCommand(diffCommand())
    .addCommand(schemasCommand());
}

function onRules(name: string, description: string): Command {
  return new Command(name).description(description).option('--rules <dir>', 'folder of rules', rulesDir);
}

function listCommand(): Command {
  return onRules('list', 'list the rules')
    .option('--pack <name>', 'those of one pack')
    .option('--json', 'print JSON instead of a table', false)
    .action(({ rules: dir, pack, json }: Options & { pack?: string; json: boolean }) => {
      const { rules } = loadRules(dir);
      const packs = [...new Set(rules.map((rule) => rule.pack))];
      if (pack !== undefined && !packs.includes(pack)) {
        throw new InvalidArgumentError(`There is no pack '${pack}'; there are ${packs.join(', ')}.`);
      }
      const shown = rules.filter((rule) => rule.pack === (pack ?? rule.pack));
      if (json) return print(JSON.stringify(shown, null, 2));
      const table = new CliTable({
        head: ['rule', 'pack', 'level', 'detector', 'title', '名称', 'version'],
        style: { head: [], border: [] },
        chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
      });
      for (const rule of shown) {
        const { id, detector, title, version } = rule;
        table.push([id, rule.pack, rule.level.toLowerCase(), detector, title.en, title.zh, version]);
      }
      print(table.toString());
      print(`${shown.length} rules`);
    });
}

function checkCommand(): Command {
  return onRules('check', 'say what is wrong with rules and their tests, with file, line and a hint').action(
    ({ rules: dir }: Options) => {
      const { rules, cases, problems } = checkRules(dir);
      for (const problem of problems) print(problem);
      const count = [...cases.values()].reduce((sum, own) => sum + own.length, 0);
      if (problems.length === 0) print(`${rules.length} rules and ${count} cases, nothing wrong`);
      else fail(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
    },
  );
}

function testCommand(): Command {
  return onRules('test', 'run the cases of rules; of all where none is named')
    .argument('[id...]', 'ids of rules')
    .action((ids: string[], { rules: dir }: Options) => {
      const { load, rules, cases, problems } = checkRules(dir, ids.length === 0 ? undefined : ids);
      // A rule under work can be tested while another is broken, but not without knowing how loads are read.
      if (!load) throw new RuleError(problems);
      const named = ids.length === 0 ? rules : ids.map((id) => ruleNamed(rules, id, problems));
      const startedMs = performance.now();
      let ran = 0;
      let failed = 0;
      for (const rule of named) {
        const own = cases.get(rule.id)!;
        const failures = own.map((one) => runCase(rule, load, one));
        const bad = failures.filter((texts) => texts.length > 0).length;
        ran += own.length;
        failed += bad;
        print(
          `${bad > 0 || own.length === 0 ? 'FAIL' : 'ok  '} ${rule.id}: ${own.length - bad} of ${own.length} cases`,
        );
        for (const text of failures.flat()) print(`     ${text}`);
      }
      const broken = ids.length === 0 ? problems : problems.filter((text) => ids.some((id) => isAbout(text, id)));
      for (const text of broken) print(text);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      print(`${named.length} rules, ${ran} cases: ${ran - failed} passed, ${failed} failed, in ${seconds} s`);
      if (failed + broken.length > 0) process.exitCode = 1;
    });
}

function explainCommand(): Command {
  return onRules('explain', 'tell one rule in words, in both languages')
    .argument('<id>', 'id of the rule')
    .action((id: string, { rules: dir }: Options) => {
      const { load, rules, cases, problems } = checkRules(dir, [id]);
      if (!load) throw new RuleError(problems);
      print(explainRule(ruleNamed(rules, id, problems), load, cases.get(id)!));
    });
}

function diffCommand(): Command {
  return new Command('diff')
    .description('what differs between two folders of rules; exits with 1 where anything does')
    .argument('<before>', 'folder of rules')
    .argument('<after>', 'folder of rules')
    .option('--recording <dir>', 'a recording, or a folder of them: which findings change')
    .action(async (before: string, after: string, { recording }: { recording?: string }) => {
      const sides: [LoadedRules, LoadedRules] = [loadRules(before), loadRules(after)];
      const lines = rulesDiff(...sides);
      for (const line of lines) print(line);
      if (lines.length === 0) print('no difference');
      else process.exitCode = 1;
      if (recording !== undefined) for await (const line of recordedChanges(recording, ...sides)) print(line);
    });
}

function schemasCommand(): Command {
  return onRules('schemas', 'write the JSON Schemas by which editors check rules and tests into the folder').action(
    ({ rules: dir }: Options) => {
      for (const [name, text] of editorSchemas()) writeFileSync(join(dir, name), text);
    },
  );
}

/** Problems begin with their file. */
function isAbout(problem: string, id: string): boolean {
  const file = problem.split(':')[0]!;
  return basename(file) === `${id}.yaml` || basename(file) === `${id}.test.yaml`;
}

function ruleNamed(rules: readonly LoadedRule[], id: string, problems: readonly string[]): LoadedRule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule) return rule;
  const own = problems.filter((problem) => isAbout(problem, id));
  if (own.length > 0) throw new RuleError(own);
  const near = nearest(
    id,
    rules.map((candidate) => candidate.id),
  );
  const hint = near ? `did you mean '${near}'?` : "'rules list' shows all.";
  throw new InvalidArgumentError(`There is no rule '${id}'; ${hint}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
