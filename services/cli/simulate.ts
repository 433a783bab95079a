import { Command, InvalidArgumentError } from 'commander';
import { recordingInputCount } from '../core/recording-inputs.ts';
import { writeRecording } from '../platform/recording.ts';
import { type SteelPlantVariantName, steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { simulatePlant } from '../simulator/plant.ts';

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('write a recording of a plant whose truth is known, with labels')
    .argument('<dir>', 'folder to write')
    .option(
      '--plant <name>',
      `furniture, or steel:<variant> (${Object.keys(steelPlantVariants).join(', ')})`,
      'furniture',
    )
    .option('--days <n>', 'days of a furniture plant', whole, 30)
    .option('--lies <n>', 'lies of its operator', whole, 20)
    .option('--seed <n>', 'the same seed gives the same plant', whole, 1)
    .option(
      '--start <instant>',
      'first moment, ISO 8601; a whole quarter of an hour',
      instant,
      Date.UTC(2026, 2, 1, 16),
    )
    .action(
      async (dir: string, options: { plant: string; days: number; lies: number; seed: number; start: number }) => {
        const { plant, days, lies, seed, start: startMs } = options;
        const recording = plant.startsWith('steel:')
          ? await steelPlantRecording({ ...variantOf(plant.slice('steel:'.length)), seed })
          : furniture(plant, () => simulatePlant({ seed, startMs, days, lies, hidden: [] }));
        await writeRecording(dir, recording);
        const told = recording.labels.filter((label) => label.kind === 'lie').length;
        process.stdout.write(`${dir}: ${recordingInputCount(recording)} records, ${told} lies\n`);
      },
    );
}

function furniture<T>(plant: string, make: () => T): T {
  if (plant !== 'furniture') throw new InvalidArgumentError(`There is no plant '${plant}'; see --help.`);
  return make();
}

function variantOf(name: string): (typeof steelPlantVariants)[SteelPlantVariantName] {
  const variant = steelPlantVariants[name as SteelPlantVariantName];
  if (!variant)
    throw new InvalidArgumentError(
      `There is no variant '${name}'; there are ${Object.keys(steelPlantVariants).join(', ')}.`,
    );
  return variant;
}

export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number, 0 or more.');
  return value;
}

function instant(text: string): number {
  const ms = Date.parse(text);
  if (!(ms % 900_000 === 0))
    throw new InvalidArgumentError('Expected an instant on a quarter of an hour, such as 2026-03-01T16:00Z.');
  return ms;
}
