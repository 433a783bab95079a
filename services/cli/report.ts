import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Argument, Command } from 'commander';
import { engineDefaults } from '../core/engine.ts';
import { readRecording } from '../platform/recording.ts';
import { type LoadedRules, loadRules } from '../platform/rules.ts';
import { steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { recordingFolders } from './backtest.ts';
import { scorePicture } from './backtest-picture.ts';
import { groundOf, type Row, runRules, Scoreboard } from './backtest-run.ts';
import { backtestWorld } from './backtest-world.ts';
import { casesDir, docsDir, rulesDir } from './paths.ts';
import {
  casesSection,
  type JudgedWith,
  type NamedScores,
  pageWith,
  sectionNames,
  steelSection,
  worldSection,
} from './report-page.ts';
import { honestScenario, liarsScenario, type ReportWorld, reportWorlds } from './report-worlds.ts';
import { scenarioOf } from './simulate-world.ts';

export function qualityCommand(): Command {
  return new Command('quality')
    .description('measure the detectors on all that is kept for it, and write docs/quality.md with its pictures')
    .addArgument(new Argument('[section...]', 'sections to measure anew; the others stay').choices(sectionNames))
    .option('--out <dir>', 'folder of the page', docsDir)
    .option('--rules <dir>', 'rules to apply', rulesDir)
    .option('--tuning', 'measure the worlds of the tuning seeds, too', false)
    .action(async (names: string[], options: { out: string; rules: string; tuning: boolean }) => {
      const rules = loadRules(options.rules);
      const page = new PageWriter(options.out, rules);
      const wanted = new Set(names.length > 0 ? names : sectionNames);
      if (wanted.has('steel')) await page.steel();
      if (wanted.has('cases') && existsSync(casesDir)) await page.cases();
      for (const world of reportWorlds) if (wanted.has(world.scenario)) await page.world(world, options.tuning);
    });
}

/** Measures sections and puts each into the page as soon as it is known: worlds take long. */
class PageWriter {
  private readonly dir: string;
  private readonly rules: LoadedRules;
  private readonly judged: JudgedWith;

  constructor(dir: string, rules: LoadedRules) {
    this.dir = dir;
    this.rules = rules;
    const { engineVersion } = engineDefaults;
    this.judged = { engineVersion, rules: rules.rules.length, rulesHash: rules.hash };
    mkdirSync(join(dir, 'quality'), { recursive: true });
  }

  async steel(): Promise<void> {
    const board = new Scoreboard(this.rules);
    for (const [name, variant] of Object.entries(steelPlantVariants)) {
      const recording = await steelPlantRecording(variant);
      board.add(groundOf(name, recording), runRules(name, recording, this.rules));
    }
    const variants = Object.keys(steelPlantVariants).map((name) => ({ name, rows: board.rows(name) }));
    // A band a variant: the plant has lies for one detector only.
    const bands = variants.flatMap(({ name, rows }) =>
      rows.filter((row) => row.score.lies > 0).map((row) => ({ ...row, detector: name })),
    );
    this.draw('steel', bands, "The steel plant's real year");
    this.write('steel', steelSection(variants, this.judged));
  }

  async cases(): Promise<void> {
    const board = new Scoreboard(this.rules);
    const names: string[] = [];
    for (const dir of recordingFolders(casesDir)) {
      const name = relative(casesDir, dir);
      const recording = await readRecording(dir);
      board.add(groundOf(name, recording), runRules(name, recording, this.rules));
      names.push(name);
    }
    const each: NamedScores[] = names.map((name) => ({ name, rows: board.rows(name) }));
    this.draw('cases', board.rows(), 'The case library');
    this.write('cases', casesSection(board.rows(), each, this.judged));
  }

  async world({ scenario: name, tuningSeeds, heldOutSeeds }: ReportWorld, isTuningToo: boolean): Promise<void> {
    const scenario = scenarioOf(name);
    const rowsOf = async (seeds: readonly number[]): Promise<Row[]> => {
      const board = new Scoreboard(this.rules);
      for (const seed of seeds) await backtestWorld(`${name}:${seed}`, { scenario, seed, size: {} }, this.rules, board);
      return board.rows();
    };
    const heldOut = await rowsOf(heldOutSeeds);
    const tuning = isTuningToo ? await rowsOf(tuningSeeds) : [];
    if (name === liarsScenario || name === honestScenario) {
      this.draw(name, heldOut, `${scenario.title}, held-out seeds ${heldOutSeeds.join(', ')}`);
    }
    const scores = { scenario: name, title: scenario.title, tuningSeeds, heldOutSeeds, tuning, heldOut };
    this.write(name, worldSection(scores, this.judged));
  }

  private draw(name: string, rows: readonly Row[], title: string): void {
    writeFileSync(join(this.dir, 'quality', `${name}.svg`), scorePicture(rows, title));
  }

  private write(name: string, section: string): void {
    const path = join(this.dir, 'quality.md');
    const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    writeFileSync(path, pageWith(before, new Map([[name, section]])));
    process.stdout.write(`${relative(process.cwd(), path)}: ${name}\n`);
  }
}
