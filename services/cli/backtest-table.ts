import CliTable from 'cli-table3';
import { formatInstant } from '../core/recording-time.ts';
import type { Tally } from '../core/scoring.ts';
import type { Interval } from '../core/scoring-confidence.ts';
import type { Spread } from '../core/scoring-measures.ts';
import type { KnownTime } from '../core/scoring-unknown.ts';
import type { Row } from './backtest-run.ts';

/** Rows under a name: a recording, or all of them. */
export interface NamedRows {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** Scores as text; values stand over their 95 % intervals. Detectors without anything to tell are left out. */
export function scoreTable(named: readonly NamedRows[]): string {
  const many = named.length > 1;
  const table = new CliTable({
    head: [
      ...(many ? ['recording'] : []),
      'detector',
      'method',
      'found / lies',
      'false',
      'precision',
      'recall',
      'F1',
      'false a firm-month',
      'delay from start, min',
      'from data, min',
      'beyond wait, min',
      'unknown',
    ],
    ...plainBorders,
  });
  for (const { name, rows } of named) {
    for (const { detector, method, score, known } of worthShowing(rows)) {
      const own = method === 'wattness';
      const withInterval = (value: number, interval: Interval | undefined, digits: number) =>
        own && interval ? `${number(value, digits)}\n${intervalText(interval, digits - 1)}` : number(value, digits);
      table.push([
        ...(many ? [name] : []),
        detector,
        method,
        `${score.found} / ${score.lies}`,
        score.falseFindings,
        withInterval(score.precision, score.precisionInterval, 3),
        withInterval(score.recall, score.recallInterval, 3),
        withInterval(score.f1, score.f1Interval, 3),
        withInterval(score.falsePerEnterpriseMonth, score.falsePerEnterpriseMonthInterval, 3),
        delayText(score.delayFromStartMs),
        delayText(score.delayFromDataMs),
        own ? delayText(score.delayBeyondWaitMs) : '-',
        unknownText(known),
      ]);
    }
  }
  return `${table.toString()}\nbelow a value: its 95 % interval; delays: median / p90`;
}

/** Of detectors without a lie or a finding there is something to say only where no detector has a lie. */
export function worthShowing(rows: readonly Row[]): readonly Row[] {
  const told = (row: Row) => row.score.lies + row.score.unobservable > 0;
  const own = rows.filter((row) => row.method === 'wattness');
  const honest = !own.some(told);
  const shown = new Set(own.filter((row) => honest || told(row) || row.score.findings > 0).map((row) => row.detector));
  // In an honest world doing nothing is beyond reproach and beneath mention.
  return rows.filter((row) => shown.has(row.detector) && (told(row) || row.method !== 'do nothing'));
}

/** What became of each kind of lie and of each excuse, by the tag that leads its note. */
export function tagTable(rows: readonly Row[]): string {
  const table = new CliTable({ head: ['detector', 'tag', 'lies found', 'excuses left quiet'], ...plainBorders });
  for (const { detector, method, tallies } of rows) {
    if (method !== 'wattness') continue;
    for (const [tag, count] of tagCounts(tallies)) {
      const lies = count.lies > 0 ? `${count.found} / ${count.lies}` : '';
      const excuses = count.excused > 0 ? `${count.excused - count.disturbed} / ${count.excused}` : '';
      table.push([detector, tag, lies, excuses]);
    }
  }
  return table.toString();
}

export interface TagCount {
  lies: number;
  found: number;
  excused: number;
  /** Excuses into which a false finding fell. */
  disturbed: number;
}

/** Observable lies and excuses by tag, in order of tag. */
export function tagCounts(tallies: readonly Tally[]): [string, TagCount][] {
  const counts = new Map<string, TagCount>();
  const at = (note: string): TagCount => {
    const tag = tagOf(note);
    const count = counts.get(tag) ?? { lies: 0, found: 0, excused: 0, disturbed: 0 };
    counts.set(tag, count);
    return count;
  };
  for (const { lieResults, falseResults, excused } of tallies) {
    for (const { label, observable, findingId } of lieResults) {
      if (!observable) continue;
      const count = at(label.note);
      count.lies++;
      if (findingId !== undefined) count.found++;
    }
    for (const label of excused) at(label.note).excused++;
    for (const label of new Set(falseResults.map(({ during }) => during))) {
      if (label && excused.includes(label)) at(label.note).disturbed++;
    }
  }
  return [...counts].sort(([a], [b]) => a.localeCompare(b));
}

/** `night-shift: the line ran till 4` has the tag `night-shift`. */
function tagOf(note: string): string {
  return note.split(/[:;,(]/)[0]!.trim() || '(no note)';
}

/** Every missed lie and every false finding of the rules, a line each. */
export function* missLines(rows: readonly Row[]): Generator<string> {
  for (const { method, detector, tallies } of rows) {
    if (method !== 'wattness') continue;
    for (const { recording, enterpriseId, lieResults, falseResults } of tallies) {
      const where = `${recording}: ${enterpriseId}`;
      for (const { label, observable, findingId } of lieResults) {
        if (!observable || findingId !== undefined) continue;
        const span = `${formatInstant(label.startMs)} for ${minutes(label.endMs - label.startMs)} min`;
        yield `${where}: missed ${detector} ${label.subjectKind} ${label.subjectId} ${span} ${label.note}`;
      }
      for (const { finding, during } of falseResults) {
        const span = `${formatInstant(finding.firstSlotMs)} for ${minutes(finding.lastSlotEndMs - finding.firstSlotMs)} min`;
        const why = `${finding.ruleId} ${finding.reason}${during ? `, during ${during.kind} "${during.note}"` : ''}`;
        yield `${where}: false ${detector} ${finding.subjectKind} ${finding.subjectId} ${span} (${why})`;
      }
    }
  }
}

export function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

export function intervalText({ low, high }: Interval, digits: number): string {
  return `${low.toFixed(digits)}–${high.toFixed(digits)}`;
}

export function delayText(spread: Spread | undefined): string {
  return spread ? `${minutes(spread.median)} / ${minutes(spread.p90)}` : '-';
}

export function unknownText(known: KnownTime | undefined): string {
  return known && known.judgedMs > 0 ? `${((100 * known.unknownMs) / known.judgedMs).toFixed(1)} %` : '-';
}

export function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}

const plainBorders = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};
