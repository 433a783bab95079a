import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { recordingInputCount } from '../core/recording-inputs.ts';
import { writeRecording } from '../platform/recording.ts';
import { openRecordingWriter } from '../platform/recording-writer.ts';
import { firmCount } from '../simulator/world/firm-plan.ts';
import { loadScenario, type Scenario } from '../simulator/world/scenario.ts';
import { simulateWorld } from '../simulator/world/world.ts';
import { scenariosDir } from './paths.ts';
import { progressBar } from './progress.ts';

/** A scenario by its file, or by the name of one that comes with the program. */
export function scenarioOf(name: string | undefined): Scenario {
  if (name !== undefined) {
    const path = [name, join(scenariosDir, `${name}.yaml`)].find((candidate) => existsSync(candidate));
    if (path !== undefined) return loadScenario(path);
  }
  const known = readdirSync(scenariosDir).map((file) => file.replace('.yaml', ''));
  const what = name === undefined ? 'Name a scenario with --scenario' : `There is no scenario '${name}'`;
  throw new InvalidArgumentError(`${what}: a file, or one of ${known.sort().join(', ')}.`);
}

/** Writes a world as one recording of many firms, or as a folder of recordings. Holds one firm at a time. */
export async function writeWorld(
  dir: string,
  scenario: Scenario,
  options: { readonly seed: number; readonly firms?: number; readonly days?: number; readonly perFirm: boolean },
): Promise<void> {
  const { seed, perFirm } = options;
  const total = firmCount(scenario, options.firms);
  const source = `wattness simulate, seed ${seed}`;
  const about = { title: scenario.title, source, licence: 'CC0-1.0', credit: '', timeZone: 'Asia/Shanghai' };
  const writer = perFirm ? undefined : await openRecordingWriter(dir, { ...about, nominalIntervalMs: 900_000 });
  const bar = progressBar('simulate', total);
  let firms = 0;
  let records = 0;
  let lies = 0;
  try {
    for (const recording of simulateWorld(scenario, seed, options)) {
      if (writer) await writer.add(recording);
      else await writeRecording(join(dir, recording.sites[0]!.value.enterpriseId), recording);
      records += recordingInputCount(recording);
      lies += recording.labels.filter(({ kind }) => kind === 'lie').length;
      bar.update(++firms);
    }
  } finally {
    bar.stop();
    await writer?.close();
  }
  process.stdout.write(`${dir}: ${firms} firms, ${records} records, ${lies} lies\n`);
}
