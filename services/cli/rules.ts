import CliTable from 'cli-table3';
import { Command } from 'commander';
import { loadRules } from '../platform/rules.ts';
import { rulesDir } from './paths.ts';

export function rulesCommand(): Command {
  return new Command('rules').description('look at the rules').addCommand(
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
  );
}
