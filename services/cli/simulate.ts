import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { recordingInputCount } from '../core/recording-inputs.ts';
import { writeRecording } from '../platform/recording.ts';
import { caseLibrary } from '../simulator/cases/index.ts';
import { type SteelPlantVariantName, steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { simulatePlant } from '../simulator/plant.ts';
import { streamScenario } from './simulate-stream.ts';
import { scenarioOf, writeWorld } from './simulate-world.ts';

interface Options {
  readonly plant: string;
  readonly cases: boolean;
  readonly scenario?: string;
  readonly firms?: number;
  readonly days?: number;
  readonly lies: number;
  readonly seed: number;
  readonly start: number;
  readonly perFirm: boolean;
  readonly toKafka: boolean;
  readonly live: boolean;
  readonly rate: number;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('write a recording of plants whose truth is known, with labels, or stream them into the log')
    .argument('[dir]', 'folder to write')
    .option('--scenario <file>', 'scenario file, or the name of one of testdata/scenarios (docs/simulator.md)')
    .option('--firms <n>', 'of a scenario: so many of its firms at most', least1)
    .option('--days <n>', 'days; a scenario has its own', least1)
    .option('--seed <n>', 'the same seed gives the same plants', whole, 1)
    .option('--cases', 'the case library (testdata/cases), a folder for each case inside the folder', false)
    .option('--per-firm', 'of a scenario: a folder for each firm inside the folder', false)
    .option('--to-kafka', 'of a scenario: stream into the configured log, all firms at once', false)
    .option('--rate <n>', 'when streaming: records a second at most', least1, 60_000)
    .option('--live', 'when streaming: the world lives now, and reports as often as makes the rate', false)
    .option(
      '--plant <name>',
      `without a scenario: furniture, or steel:<variant> (${Object.keys(steelPlantVariants).join(', ')})`,
      'furniture',
    )
    .option('--lies <n>', 'without a scenario: lies of the furniture plant', whole, 20)
    .option(
      '--start <instant>',
      'without a scenario: first moment, ISO 8601; a whole quarter of an hour',
      instant,
      Date.UTC(2026, 2, 1, 16),
    )
    .action(async (dir: string | undefined, options: Options) => {
      if (options.toKafka) await streamScenario(scenarioOf(options.scenario), options);
      else if (dir === undefined) throw new InvalidArgumentError('Name a folder to write, or --to-kafka.');
      else if (options.cases) await writeCases(dir);
      else if (options.scenario !== undefined) await writeWorld(dir, scenarioOf(options.scenario), options);
      else await writePlant(dir, options);
    });
}

async function writeCases(dir: string): Promise<void> {
  const library = caseLibrary();
  for (const [name, recording] of library) await writeRecording(join(dir, name), recording);
  process.stdout.write(`${library.size} cases in ${dir}\n`);
}

async function writePlant(dir: string, { plant, days = 30, lies, seed, start: startMs }: Options): Promise<void> {
  const recording = plant.startsWith('steel:')
    ? await steelPlantRecording({ ...variantOf(plant.slice('steel:'.length)), seed })
    : furniture(plant, () => simulatePlant({ seed, startMs, days, lies, hidden: [] }));
  await writeRecording(dir, recording);
  const told = recording.labels.filter((label) => label.kind === 'lie').length;
  process.stdout.write(`${dir}: ${recordingInputCount(recording)} records, ${told} lies\n`);
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

function least1(text: string): number {
  const value = whole(text);
  if (value === 0) throw new InvalidArgumentError('Expected a whole number, 1 or more.');
  return value;
}

function instant(text: string): number {
  const ms = Date.parse(text);
  if (!(ms % 900_000 === 0))
    throw new InvalidArgumentError('Expected an instant on a quarter of an hour, such as 2026-03-01T16:00Z.');
  return ms;
}
