import CliTable from 'cli-table3';
import { Command } from 'commander';
import { readRuleTest } from '../platform/rule-tests/file.ts';
import { runCase } from '../platform/rule-tests/run.ts';
import { loadRules } from '../platform/rules.ts';
import { rulesDir } from './paths.ts';

export function rulesCommand(): Command {
  return new Command('rules')
    .description('look at the rules')
    .addCommand(
      new Command('check')
        .description('list the rules, or say with file and line what is wrong with them')
        .argument('[dir]', 'folder of rules', rulesDir)
        .action((dir: string) => {
          const table = new CliTable({
            head: ['rule', 'version', 'level', 'title', ''],
            style: { head: [], border: [] },
          });
          for (const rule of loadRules(dir).rules) {
            table.push([rule.id, rule.version, rule.level.toLowerCase(), rule.title.en, rule.title.zh]);
          }
          process.stdout.write(`${table.toString()}\n`);
        }),
    )
    .addCommand(
      new Command('test')
        .description('run the cases of rules; of all where none is named')
        .argument('[id...]', 'ids of rules')
        .option('--rules <dir>', 'folder of rules', rulesDir)
        .action((ids: string[], options: { rules: string }) => {
          const { load, rules } = loadRules(options.rules);
          let failed = 0;
          let ran = 0;
          const startedMs = Date.now();
          for (const rule of rules.filter(({ id }) => ids.length === 0 || ids.includes(id))) {
            const problems: string[] = [];
            const cases = readRuleTest(options.rules, rule.file.replace(/\.yaml$/, '.test.yaml'), problems);
            for (const problem of problems) process.stdout.write(`${problem}\n`);
            failed += problems.length > 0 ? 1 : 0;
            for (const one of cases) {
              const failures = runCase(rule, load, one);
              ran++;
              if (failures.length > 0) failed++;
              for (const failure of failures) process.stdout.write(`${failure}\n`);
            }
          }
          process.stdout.write(`${ran} cases, ${failed} failed, ${Date.now() - startedMs} ms\n`);
          if (failed > 0) process.exitCode = 1;
        }),
    );
}
