import type { KnownTime } from '../core/scoring-unknown.ts';
import type { Row } from './backtest-run.ts';
import { delayText, intervalText, minutes, number, tagCounts, unknownText, worthShowing } from './backtest-table.ts';
import { detectorNames } from './detector-names.ts';
import {
  goalDelayMs,
  goalF1,
  goalFalsePerEnterpriseMonth,
  honestScenario,
  liarsScenario,
  reportWorlds,
} from './report-worlds.ts';

/** Markdown of the quality report, a section at a time; pure, so that a refreshed section is all that changes. */

export interface NamedScores {
  readonly name: string;
  readonly rows: readonly Row[];
}

export interface WorldScores {
  readonly scenario: string;
  readonly title: string;
  readonly tuningSeeds: readonly number[];
  readonly heldOutSeeds: readonly number[];
  readonly tuning: readonly Row[];
  readonly heldOut: readonly Row[];
}

/** Sections in the order of the page: a world each, named as its scenario. */
export const sectionNames: readonly string[] = ['steel', 'cases', ...reportWorlds.map(({ scenario }) => scenario)];

/** What was judged with: it stands in each section, as sections are refreshed one by one. */
export interface JudgedWith {
  readonly engineVersion: string;
  readonly rules: number;
  readonly rulesHash: string;
}

const head = `# Quality

Made by \`make quality\`; figures are not edited by hand. How events are scored, and what the intervals and baselines are, says
[recordings.md](recordings.md#how-labels-are-scored). Figures in brackets are 95 % intervals; delays are minutes after the
first record that could show the lie had come, then beyond the wait that the rule states, median / 90th percentile; *unknown* is the share of judged time in which
nobody could tell. Simulated worlds are of firms whose truth is known ([simulator.md](simulator.md)): detectors were tuned in
view of *tuning* seeds, all below 100; the worlds of the *held-out* seeds, from 101 on, were scored and never looked into.
`;

/** The page with some sections put in the place of what stood there; the others stay as they are. */
export function pageWith(page: string | undefined, sections: ReadonlyMap<string, string>): string {
  const parts = sectionNames.map((name) => {
    const text = sections.get(name) ?? (page === undefined ? undefined : sectionIn(page, name));
    return text === undefined ? '' : `\n${mark(name, 'begin')}\n${text.trim()}\n${mark(name, 'end')}\n`;
  });
  return head + parts.join('');
}

function sectionIn(page: string, name: string): string | undefined {
  const begin = page.indexOf(mark(name, 'begin'));
  const end = page.indexOf(mark(name, 'end'));
  return begin < 0 || end < begin ? undefined : page.slice(begin + mark(name, 'begin').length, end);
}

function mark(name: string, side: 'begin' | 'end'): string {
  return `<!-- ${side} ${name} -->`;
}

export function steelSection(variants: readonly NamedScores[], judged: JudgedWith): string {
  const lines = variants.map(({ name, rows }) => {
    const [own] = rows.filter((row) => row.method === 'wattness' && row.score.lies > 0);
    if (!own) return [name];
    const others = rows.filter(
      (row) => row.detector === own.detector && !['wattness', 'do nothing'].includes(row.method),
    );
    const best = others.sort((a, b) => b.score.f1 - a.score.f1)[0];
    const falseElsewhere = rows
      .filter((row) => row.method === 'wattness' && row !== own)
      .reduce((sum, row) => sum + row.score.falseFindings, 0);
    return [
      name,
      ...scoreCells(own),
      falseElsewhere,
      best && best.score.f1 > 0 ? `${number(best.score.f1, 3)} (${best.method})` : '-',
      missedLengths(own),
    ];
  });
  return `## The steel plant's real year

Real load (UCI data set 851), reports and 72 lies laid over it from a seed; see [testdata](../testdata/README.md). ${judgedWith(judged)}

![Scores by variant](quality/steel.svg)

${table(['variant', ...scoreHeads, 'false of other detectors', 'best baseline F1', 'lies missed'], lines)}`;
}

export function casesSection(all: readonly Row[], each: readonly NamedScores[], judged: JudgedWith): string {
  const failed = each.flatMap(({ name, rows }) => {
    const own = rows.filter((row) => row.method === 'wattness');
    const missed = own.filter((row) => row.score.missed > 0).map((row) => `${row.score.missed} of ${row.detector}`);
    const wrong = own.filter((row) => row.score.falseFindings > 0);
    if (missed.length + wrong.length === 0) return [];
    return [[name, missed.join(', '), wrong.map((row) => `${row.score.falseFindings} of ${row.detector}`).join(', ')]];
  });
  const firing = each.filter(({ rows }) => rows.some((row) => row.score.lies > 0)).length;
  return `## The case library

${each.length} small recordings in \`testdata/cases\`: ${firing} that have to fire and ${each.length - firing} that have to stay quiet. ${judgedWith(judged)}

![Scores on the case library](quality/cases.svg)

${table(
  ['detector', ...scoreHeads],
  worthShowing(all)
    .filter(isOwn)
    .map((row) => [nameOf(row), ...scoreCells(row)]),
)}

${failed.length === 0 ? 'Every case ends as it should.' : `Cases that do not end as they should:\n\n${table(['case', 'missed', 'false'], failed)}`}`;
}

export function worldSection(world: WorldScores, judged: JudgedWith): string {
  const { scenario, title, tuningSeeds, heldOutSeeds, tuning, heldOut } = world;
  const blocks = [`## ${title} (\`${scenario}\`)`, judgedWith(judged)];
  const reached = goals(world);
  if (reached !== '') blocks.push(reached, `![Scores on ${scenario}, held-out seeds](quality/${scenario}.svg)`);
  const sides: [string, readonly number[], readonly Row[]][] = [
    ['held-out', heldOutSeeds, heldOut],
    ['tuning', tuningSeeds, tuning],
  ];
  for (const [name, seeds, rows] of sides) {
    if (rows.length === 0) continue;
    const shown = worthShowing(rows).filter((row) => isOwn(row) || row.score.findings > 0);
    const lines = shown.map((row) => [isOwn(row) ? nameOf(row) : `— ${row.method}`, ...scoreCells(row)]);
    const months = rows[0]?.score.enterpriseMonths ?? 0;
    const firms = rows[0]?.score.enterprises ?? 0;
    blocks.push(`Seeds ${seeds.join(', ')} (${name}); firms: ${firms}, firm-months: ${months.toFixed(1)}.`);
    blocks.push(table(['detector', ...scoreHeads], lines));
  }
  const failing = failures(heldOut);
  if (failing.length > 0)
    blocks.push(
      `Where it fails on held-out seeds:\n\n${table(['detector', 'lie or excuse', 'found', 'left quiet'], failing)}`,
    );
  const reasons = heldOut.filter(isOwn).flatMap((row) => (row.known ? [[nameOf(row), reasonsText(row.known)]] : []));
  if (reasons.some(([, text]) => text !== ''))
    blocks.push(`Why it is unknown:\n\n${table(['detector', 'reasons, share of judged time'], reasons)}`);
  return blocks.join('\n\n');
}

/** What such a world is held against: F1 and delay where firms lie, false alarms in both. */
function goals({ scenario, heldOut }: WorldScores): string {
  if (scenario !== liarsScenario && scenario !== honestScenario) return '';
  const own = heldOut.filter(isOwn);
  const lies = scenario === liarsScenario ? own.filter((row) => row.score.lies > 0) : [];
  const lines: Cell[][] = lies.map((row) => {
    const goal = goalF1(row.detector);
    const reached = row.score.f1 >= goal ? 'yes' : '**no**';
    return [`F1 of ${nameOf(row)}`, `at least ${goal}`, number(row.score.f1, 3), reached];
  });
  for (const row of lies) {
    const { delayFromDataMs: fromData, delayBeyondWaitMs: beyondWait } = row.score;
    if (!fromData || !beyondWait) continue;
    const what = `delay of ${nameOf(row)} after the data, 90th percentile`;
    const measured = `${minutes(fromData.p90)} min; beyond the stated wait ${minutes(beyondWait.p90)} min`;
    const isIn = (ms: number) => ms <= goalDelayMs;
    const reached = isIn(fromData.p90) ? 'yes' : isIn(beyondWait.p90) ? 'beyond the wait' : '**no**';
    lines.push([what, `at most ${minutes(goalDelayMs)} min`, measured, reached]);
  }
  const rate = own.reduce((sum, row) => sum + row.score.falsePerEnterpriseMonth, 0);
  const goal = goalFalsePerEnterpriseMonth;
  const what = 'false alarms a firm-month, all detectors together';
  lines.push([what, `at most ${goal}`, number(rate, 3), rate <= goal ? 'yes' : '**no**']);
  return table(['measure, on held-out seeds', 'goal', 'measured', 'reached'], lines);
}

/** Tricks not always found and excuses not always seen; lies beyond observation beside them. */
function failures(rows: readonly Row[]): Cell[][] {
  return rows.filter(isOwn).flatMap((row) => {
    const { unobservable, unobservableFound, falseFindings } = row.score;
    const tags = tagCounts(row.tallies).filter(([, count]) => count.found < count.lies || count.disturbed > 0);
    const lines: Cell[][] = tags.map(([tag, { lies, found, excused, disturbed }]) => [
      nameOf(row),
      tag,
      lies > 0 ? `${found} / ${lies}` : '',
      excused > 0 ? `${excused - disturbed} / ${excused}` : '',
    ]);
    const unexcused = row.tallies.flatMap((tally) => tally.falseResults).filter(({ during }) => !during).length;
    if (falseFindings > 0 && unexcused > 0)
      lines.push([nameOf(row), `false for no labelled reason: ${unexcused}`, '', '']);
    if (unobservable > 0)
      lines.push([nameOf(row), 'unobservable (not counted)', `${unobservableFound} / ${unobservable}`, '']);
    return lines;
  });
}

const scoreHeads = [
  'found',
  'false',
  'precision',
  'recall',
  'F1',
  'false a firm-month',
  'delay',
  'beyond the wait',
  'unknown',
];

function scoreCells({ method, score, known }: Row): Cell[] {
  const { precisionInterval, recallInterval, f1Interval, falsePerEnterpriseMonthInterval: rates } = score;
  const withInterval = (value: number, interval: { low: number; high: number } | undefined) =>
    `${number(value, 3)}${interval ? ` (${intervalText(interval, 2)})` : ''}`;
  return [
    score.lies > 0 ? `${score.found} / ${score.lies}` : '',
    score.falseFindings,
    withInterval(score.precision, precisionInterval),
    withInterval(score.recall, recallInterval),
    score.lies > 0 ? withInterval(score.f1, f1Interval) : '-',
    withInterval(score.falsePerEnterpriseMonth, rates),
    delayText(score.delayFromDataMs),
    method === 'wattness' ? delayText(score.delayBeyondWaitMs) : '-',
    unknownText(known),
  ];
}

function missedLengths(row: Row): string {
  const lengths = row.tallies
    .flatMap(({ lieResults }) => lieResults)
    .filter(({ observable, findingId }) => observable && findingId === undefined)
    .map(({ label }) => minutes(label.endMs - label.startMs))
    .sort((a, b) => a - b);
  return lengths.length === 0 ? 'none' : `${lengths.length}, of ${lengths[0]} to ${lengths.at(-1)} min`;
}

/** The reasons that make most of the unknown time. */
function reasonsText({ judgedMs, byReason }: KnownTime): string {
  const shares = [...byReason].map(([reason, ms]) => [reason, ms / judgedMs] as const).sort(([, a], [, b]) => b - a);
  return shares
    .filter(([, share]) => share >= 0.005)
    .slice(0, 4)
    .map(([reason, share]) => `${reason} ${(100 * share).toFixed(1)} %`)
    .join(', ');
}

function judgedWith({ engineVersion, rules, rulesHash }: JudgedWith): string {
  return `Judged by engine ${engineVersion} with ${rules} rules (${rulesHash.slice(0, 12)}).`;
}

function isOwn(row: Row): boolean {
  return row.method === 'wattness';
}

function nameOf({ detector }: Row): string {
  return `${detector} ${detectorNames[detector] ?? ''}`.trim();
}

type Cell = string | number;

function table(heads: readonly string[], lines: readonly (readonly Cell[])[]): string {
  const row = (cells: readonly Cell[]) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(heads), `|${heads.map(() => '---').join('|')}|`, ...lines.map(row)].join('\n');
}
