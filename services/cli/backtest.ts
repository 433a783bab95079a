import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import CliTable from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { createEngine, engineDefaults } from '../core/engine.ts';
import { type Recording, recordingSpan } from '../core/recording.ts';
import type { Finding } from '../core/records.ts';
import { replay } from '../core/replay.ts';
import { type Score, type ScoredFinding, scoreFindings } from '../core/scoring.ts';
import { doNothing, firstContradictionMs, fixedThreshold } from '../core/scoring-baselines.ts';
import { readRecording } from '../platform/recording.ts';
import { loadRules } from '../platform/rules.ts';
import { steelPlantRecording, steelPlantVariants } from '../simulator/overlay.ts';
import { rulesDir } from './paths.ts';

const detector = 'stopped-but-running';

export interface BacktestRow {
  readonly recording: string;
  readonly method: 'wattness' | 'fixed threshold' | 'do nothing';
  readonly score: Score;
}

export function backtestCommand(): Command {
  return new Command('backtest')
    .description('score the detectors on labelled recordings, event by event, beside simple baselines')
    .argument('[dir...]', 'recording folders, or folders of recording folders')
    .option('--steel', "score on the steel plant's year, in all its variants (nameplate, delivery, base load)", false)
    .option('--rules <dir>', 'rules to apply', rulesDir)
    .option('--misses', 'list every missed lie and every false finding', false)
    .option('--json', 'print JSON instead of a table', false)
    .action(async (dirs: string[], options: { steel: boolean; rules: string; misses: boolean; json: boolean }) => {
      if (dirs.length === 0 && !options.steel) throw new InvalidArgumentError('Name a recording folder, or --steel.');
      const rules = loadRules(options.rules);
      const rows: BacktestRow[] = [];
      for (const dir of dirs.flatMap(recordingFolders)) {
        const recording = await readRecording(dir);
        if (recording.labels.length === 0) throw new InvalidArgumentError(`${dir} has no labels to score against.`);
        rows.push(...backtest(dir, recording, rules));
      }
      for (const [name, variant] of options.steel ? Object.entries(steelPlantVariants) : []) {
        rows.push(...backtest(`steel:${name}`, await steelPlantRecording(variant), rules));
      }
      if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      else process.stdout.write(`${tableOf(rows)}\n`);
      if (options.misses && !options.json) for (const row of rows) if (row.method === 'wattness') printMisses(row);
    });
}

/** Scores the engine and the baselines on one labelled recording. */
export function backtest(name: string, recording: Recording, rules: ReturnType<typeof loadRules>): BacktestRow[] {
  const engine = createEngine({ ...engineDefaults, rules });
  const findings: Finding[] = [];
  for (const output of replay(recording, engine, engineDefaults)) {
    if (output.topic === 'findings') findings.push(output.value);
  }
  const span = {
    ...recordingSpan(recording)!,
    enterprises: new Set(recording.sites.map(({ value }) => value.enterpriseId)).size,
    slotMs: recording.about.nominalIntervalMs,
  };
  const knowableMs = firstContradictionMs(recording);
  const score = (said: readonly ScoredFinding[]): Score =>
    scoreFindings(said, recording.labels, detector, span, knowableMs);
  return [
    { recording: name, method: 'wattness', score: score(findings) },
    { recording: name, method: 'fixed threshold', score: score(fixedThreshold(recording, detector)) },
    { recording: name, method: 'do nothing', score: score(doNothing()) },
  ];
}

function recordingFolders(dir: string): string[] {
  if (existsSync(join(dir, 'recording.yaml'))) return [dir];
  const inside = existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [];
  const folders = inside.filter((path) => existsSync(join(path, 'recording.yaml'))).sort();
  if (folders.length === 0) throw new InvalidArgumentError(`${dir} holds no recording: recording.yaml is missing.`);
  return folders;
}

function tableOf(rows: readonly BacktestRow[]): string {
  const table = new CliTable({
    head: [
      'recording',
      'method',
      'found / lies',
      'false',
      'precision',
      'recall',
      'F1',
      'false a firm-month',
      'delay from data, min (median / p90)',
    ],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { recording, method, score } of rows) {
    table.push([
      recording,
      method,
      `${score.found} / ${score.lies}`,
      score.falseFindings,
      Number.isNaN(score.precision) ? '-' : score.precision.toFixed(3),
      score.recall.toFixed(3),
      score.f1.toFixed(3),
      score.falsePerEnterpriseMonth.toFixed(3),
      score.delayFromDataMs ? `${minutes(score.delayFromDataMs.median)} / ${minutes(score.delayFromDataMs.p90)}` : '-',
    ]);
  }
  return table.toString();
}

function printMisses({ recording, score }: BacktestRow): void {
  for (const { label, findingId } of score.lieResults) {
    if (findingId !== undefined) continue;
    const span = `${new Date(label.startMs).toISOString()} for ${minutes(label.endMs - label.startMs)} min`;
    process.stdout.write(`${recording}: missed ${label.subjectKind} ${label.subjectId} ${span} ${label.note}\n`);
  }
  for (const finding of score.falseResults) {
    const from = new Date(finding.firstSlotMs).toISOString();
    process.stdout.write(
      `${recording}: false ${finding.subjectKind} ${finding.subjectId} ${from} (${finding.findingId})\n`,
    );
  }
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}
