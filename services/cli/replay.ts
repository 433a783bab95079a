import { Command } from 'commander';
import { createEngine, engineDefaults } from '../core/engine.ts';
import { recordingInputCount } from '../core/recording-inputs.ts';
import { replay } from '../core/replay.ts';
import { readRecording } from '../platform/recording.ts';
import { loadRules } from '../platform/rules.ts';
import { rulesDir } from './paths.ts';
import { progressBar } from './progress.ts';

export function replayCommand(): Command {
  return new Command('replay')
    .description('run the detectors over a recording and print the findings as NDJSON; needs no servers')
    .argument('<dir>', 'recording folder (see docs/recordings.md)')
    .option('--rules <dir>', 'rules to apply', rulesDir)
    .option('--all', 'print every revision of a finding, not only its last one', false)
    .option('--refused', 'print refused records too, with their reason', false)
    .action(async (dir: string, options: { rules: string; all: boolean; refused: boolean }) => {
      const recording = await readRecording(dir);
      const rules = loadRules(options.rules);
      const engine = createEngine({ ...engineDefaults, ...rules });
      const bar = progressBar('replay', recordingInputCount(recording));
      const last = new Map<string, object>();
      let refused = 0;
      for (const output of replay(recording, engine, { ...engineDefaults, onProgress: bar.update })) {
        if (output.topic === 'dead-letters') {
          refused++;
          if (options.refused)
            print({
              refused: output.refusal.reason,
              detail: output.refusal.detail,
              topic: output.inputTopic,
              record: output.offset,
            });
        }
        if (output.topic !== 'findings') continue;
        const { slots, ...finding } = output.value;
        if (options.all) print(finding);
        else last.set(finding.findingId, finding);
      }
      bar.stop();
      for (const finding of last.values()) print(finding);
      if (refused > 0) process.stderr.write(`${refused} records were refused; --refused prints why\n`);
    });
}

function print(value: object): void {
  process.stdout.write(
    `${JSON.stringify(value, (key, v) => (key.endsWith('Ms') && typeof v === 'number' && v > 1e11 ? new Date(v).toISOString() : v))}\n`,
  );
}
