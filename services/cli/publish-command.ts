import { Command, InvalidArgumentError } from 'commander';
import { recordingInputCount } from '../core/recording-inputs.ts';
import { readRecording } from '../platform/recording.ts';
import { progressBar } from './progress.ts';
import { publish } from './publish.ts';
import { readConfig } from './settings.ts';
import { openCodec, openLog } from './stack.ts';

export function publishCommand(): Command {
  return new Command('publish')
    .description('send a recording into the log, in order of arrival; detectors must run with TIME_SOURCE=recorded')
    .argument('<dir>', 'recording folder')
    .option('--speed <n>', 'recorded seconds a second, or max', speed, Number.POSITIVE_INFINITY)
    .option('--settle', 'afterwards move recorded time on until every finding is settled', false)
    .action(async (dir: string, options: { speed: number; settle: boolean }) => {
      const recording = await readRecording(dir);
      const config = readConfig(process.env);
      const log = await openLog(config);
      const stopping = new AbortController();
      process.once('SIGINT', () => stopping.abort());
      const total = recordingInputCount(recording);
      const bar = progressBar('publish', total);
      try {
        const codec = await openCodec(config);
        const sent = await publish(recording, log, codec, {
          ...options,
          onProgress: bar.update,
          signal: stopping.signal,
        });
        bar.stop();
        process.stdout.write(`${sent} of ${total} records published\n`);
      } finally {
        bar.stop();
        await log.close();
      }
    });
}

function speed(text: string): number {
  const value = text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a positive number, or max.');
  return value;
}
