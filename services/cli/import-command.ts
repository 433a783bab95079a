import { Command } from 'commander';
import { importCsv } from './import.ts';
import { progressBar } from './progress.ts';

export function importCommand(): Command {
  return new Command('import')
    .description('make a recording of a CSV file of load, by a mapping file (see docs/recordings.md)')
    .argument('<csv>', 'CSV file')
    .requiredOption('--mapping <file>', 'mapping YAML: columns, time format, units, ids, zone')
    .requiredOption('--out <dir>', 'recording folder to write')
    .action(async (csvPath: string, options: { mapping: string; out: string }) => {
      let bar: ReturnType<typeof progressBar> | undefined;
      const summary = await importCsv({
        csvPath,
        mappingPath: options.mapping,
        outDir: options.out,
        onProgress: (done, total) => {
          bar ??= progressBar('import', total);
          bar.update(done);
        },
      });
      bar?.stop();
      const span = `${new Date(summary.fromMs).toISOString()} to ${new Date(summary.toMs).toISOString()}`;
      process.stdout.write(`${options.out}: ${summary.readings} readings, ${summary.missing} missing, ${span}\n`);
    });
}
