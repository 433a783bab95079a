import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { readRecording } from '../platform/recording.ts';
import { loadRules } from '../platform/rules.ts';
import { steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { type Change, changeBetween, changeLines, comparisonTable } from './backtest-compare.ts';
import { scorePicture } from './backtest-picture.ts';
import { groundOf, runRules, Scoreboard } from './backtest-run.ts';
import { missLines, type NamedRows, scoreTable, tagTable } from './backtest-table.ts';
import { backtestWorld } from './backtest-world.ts';
import { rulesDir } from './paths.ts';
import { whole as wholeNumber } from './simulate.ts';
import { scenarioOf } from './simulate-world.ts';

interface Options {
  readonly steel: boolean;
  readonly scenario?: string;
  readonly seeds: readonly number[];
  readonly firms?: number;
  readonly days?: number;
  readonly rules: string;
  readonly compare?: string;
  readonly each: boolean;
  readonly honest: boolean;
  readonly byTag: boolean;
  readonly misses: boolean;
  readonly json: boolean;
  readonly picture?: string;
}

export function backtestCommand(): Command {
  return new Command('backtest')
    .description('score the detectors on labelled recordings, event by event, beside simple baselines')
    .argument('[dir...]', 'recording folders, or folders of recording folders')
    .option('--steel', "score on the steel plant's year, in all its variants (nameplate, delivery, base load)", false)
    .option('--scenario <file>', 'score on a simulated world: a file, or the name of one of testdata/scenarios')
    .option('--seeds <list>', 'seeds of the world, such as 1,2,3', wholeNumbers, [1])
    .option('--firms <n>', 'of the world: so many of its firms at most', wholeNumber)
    .option('--days <n>', 'of the world: so many days instead of its own', wholeNumber)
    .option('--rules <dir>', 'rules to apply', rulesDir)
    .option('--compare <dir>', 'another rule set: what it would change, labels or none')
    .option('--each', 'a row for each recording, too', false)
    .option('--honest', 'recordings without labels hold no lie: all that is said of them is false', false)
    .option('--by-tag', 'count lies and excuses by the tag that leads the note of their label', false)
    .option('--misses', 'list every missed lie and every false finding', false)
    .option('--json', 'print JSON instead of a table', false)
    .option('--picture <file>', 'draw the scores as SVG')
    .action(async (dirs: string[], options: Options) => {
      if (dirs.length === 0 && !options.steel && !options.scenario) {
        throw new InvalidArgumentError('Name a recording folder, --steel or --scenario.');
      }
      if (options.compare === undefined) await score(dirs, options);
      else await compare(dirs, options, options.compare);
    });
}

async function score(dirs: readonly string[], options: Options): Promise<void> {
  const rules = loadRules(options.rules);
  const whole = new Scoreboard(rules);
  const names: string[] = [];
  for await (const { name, recording } of recordings(dirs, options.steel)) {
    if (recording.labels.length === 0 && !options.honest) {
      throw new InvalidArgumentError(`${name} has no labels to score against; --honest if it holds no lie.`);
    }
    const said = runRules(name, recording, rules);
    whole.add(groundOf(name, recording), said);
    if (options.each) names.push(name);
    if (said.refused > 0) process.stderr.write(`${name}: ${said.refused} records were refused\n`);
  }
  for (const { name, world } of worlds(options)) {
    const { refused } = await backtestWorld(name, world, rules, whole);
    if (options.each) names.push(name);
    if (refused > 0) process.stderr.write(`${name}: ${refused} records were refused\n`);
  }
  const rows = whole.rows();
  const each: NamedRows[] = names.map((name) => ({ name, rows: whole.rows(name) }));
  each.push({ name: 'all', rows });
  if (options.picture) writeFileSync(options.picture, scorePicture(rows));
  if (options.json) {
    print(
      JSON.stringify(
        each.flatMap((named) => jsonRows(named, options.misses)),
        null,
        2,
      ),
    );
    return;
  }
  print(scoreTable(each));
  if (options.byTag) print(tagTable(rows));
  if (options.misses) for (const line of missLines(rows)) print(line);
}

async function compare(dirs: readonly string[], options: Options, otherDir: string): Promise<void> {
  const [these, others] = [loadRules(options.rules), loadRules(otherDir)];
  const [before, after] = [new Scoreboard(these), new Scoreboard(others)];
  const changes: Change[] = [];
  for await (const { name, recording } of recordings(dirs, options.steel)) {
    const [a, b] = [runRules(name, recording, these), runRules(name, recording, others)];
    const ground = groundOf(name, recording);
    before.add(ground, a);
    after.add(ground, b);
    changes.push(changeBetween(name, a, b));
  }
  const [left, right] = [before.rows(), after.rows()];
  if (options.json) {
    const sides = {
      these: jsonRows({ name: 'all', rows: left }, false),
      others: jsonRows({ name: 'all', rows: right }, false),
    };
    print(JSON.stringify({ ...sides, changes }, null, 2));
    return;
  }
  print(comparisonTable(left, right, changes));
  for (const line of changeLines(changes)) print(line);
}

function worlds({ scenario: name, seeds, ...size }: Options) {
  if (name === undefined) return [];
  const scenario = scenarioOf(name);
  return seeds.map((seed) => ({ name: `${basename(name, '.yaml')}:${seed}`, world: { scenario, seed, size } }));
}

/** Reads one recording at a time. */
async function* recordings(dirs: readonly string[], steel: boolean) {
  for (const dir of dirs.flatMap(recordingFolders)) yield { name: dir, recording: await readRecording(dir) };
  for (const [name, variant] of steel ? Object.entries(steelPlantVariants) : []) {
    yield { name: `steel:${name}`, recording: await steelPlantRecording(variant) };
  }
}

/** The folder itself where it is a recording, else those in it, however deep. */
export function recordingFolders(dir: string): string[] {
  const inside = existsSync(dir) ? readdirSync(dir, { recursive: true, encoding: 'utf8' }) : [];
  const folders = inside
    .filter((path) => /(^|[\\/])recording\.yaml$/.test(path))
    .map((path) => dirname(join(dir, path)));
  if (folders.length === 0) throw new InvalidArgumentError(`${dir} holds no recording: recording.yaml is missing.`);
  return folders.sort();
}

/** A row as data: lies, misses and false findings only where asked for, as they are most of it. */
function jsonRows({ name, rows }: NamedRows, misses: boolean): object[] {
  return rows.map(({ detector, method, score, known, tallies }) => {
    const unknownShare = known && known.unknownMs / known.judgedMs;
    const byReason =
      known && Object.fromEntries([...known.byReason].map(([reason, ms]) => [reason, ms / known.judgedMs]));
    const all = { recording: name, detector, method, ...score, unknownShare, unknownShareByReason: byReason };
    if (!misses) return all;
    const missed = tallies.flatMap(({ recording, lieResults }) =>
      lieResults.filter((lie) => lie.findingId === undefined).map((lie) => ({ recording, ...lie })),
    );
    const falseFindings = tallies.flatMap(({ recording, falseResults }) =>
      falseResults.map((found) => ({ recording, ...found })),
    );
    return { ...all, missedLies: missed, falseFindingsList: falseFindings };
  });
}

function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumber);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
