import CliTable from 'cli-table3';
import { formatInstant } from '../core/recording-time.ts';
import type { CountedFinding } from '../core/scoring.ts';
import type { Row, Said } from './backtest-run.ts';
import { delayText, minutes, number, unknownText } from './backtest-table.ts';

/** What another rule set would say of one recording: findings that appear, vanish, or stay in whatever extent. */
export interface Change {
  readonly recording: string;
  readonly appeared: readonly CountedFinding[];
  readonly vanished: readonly CountedFinding[];
  readonly kept: number;
}

/**
 * Holds two lists of findings against each other. A finding is kept when the other side has one of the same detector and
 * subject that overlaps it: ids name the rule and the first slot, and either may change while the meaning does not.
 */
export function changeBetween(recording: string, before: Said, after: Said): Change {
  const vanished = before.findings.filter((finding) => !after.findings.some((other) => isSame(finding, other)));
  const appeared = after.findings.filter((finding) => !before.findings.some((other) => isSame(finding, other)));
  return { recording, appeared, vanished, kept: after.findings.length - appeared.length };
}

function isSame({ finding: a }: CountedFinding, { finding: b }: CountedFinding): boolean {
  const alike =
    a.detector === b.detector &&
    a.enterpriseId === b.enterpriseId &&
    a.subjectKind === b.subjectKind &&
    a.subjectId === b.subjectId;
  return alike && a.firstSlotMs < b.lastSlotEndMs && b.firstSlotMs < a.lastSlotEndMs;
}

/** Figures of both rule sets side by side, by detector; without lies only what is false or new can be compared. */
export function comparisonTable(before: readonly Row[], after: readonly Row[], changes: readonly Change[]): string {
  const table = new CliTable({
    head: ['detector', 'measure', 'these rules', 'the others', 'change'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const own = (rows: readonly Row[]) =>
    new Map(rows.filter((row) => row.method === 'wattness').map((row) => [row.detector, row]));
  const [left, right] = [own(before), own(after)];
  for (const detector of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(detector), right.get(detector)];
    const count = (findings: (change: Change) => readonly CountedFinding[]) =>
      changes.flatMap(findings).filter(({ finding }) => finding.detector === detector).length;
    if ((a?.score.lies ?? 0) + (a?.score.findings ?? 0) + (b?.score.findings ?? 0) === 0) continue;
    const figure = (name: string, of: (row: Row) => number, digits: number) => {
      const [from, to] = [a ? of(a) : Number.NaN, b ? of(b) : Number.NaN];
      const change = to - from;
      const told = Number.isNaN(change) ? '' : `${change > 0 ? '+' : ''}${change.toFixed(digits)}`;
      table.push([detector, name, number(from, digits), number(to, digits), change === 0 ? '=' : told]);
    };
    figure('findings', (row) => row.score.findings, 0);
    if ((a?.score.lies ?? 0) > 0) {
      figure('found', (row) => row.score.found, 0);
      figure('false', (row) => row.score.falseFindings, 0);
      figure('precision', (row) => row.score.precision, 3);
      figure('recall', (row) => row.score.recall, 3);
      figure('F1', (row) => row.score.f1, 3);
      table.push([
        detector,
        'delay from data, min',
        delayText(a?.score.delayFromDataMs),
        delayText(b?.score.delayFromDataMs),
        '',
      ]);
    }
    table.push([detector, 'unknown', unknownText(a?.known), unknownText(b?.known), '']);
    table.push([detector, 'appeared / vanished', '', '', `${count((c) => c.appeared)} / ${count((c) => c.vanished)}`]);
  }
  return table.toString();
}

/** Each finding that the other rules would add (+) or drop (-), a line each. */
export function* changeLines(changes: readonly Change[]): Generator<string> {
  for (const { recording, appeared, vanished } of changes) {
    const lines = [
      ...appeared.map((counted) => ({ sign: '+', ...counted })),
      ...vanished.map((counted) => ({ sign: '-', ...counted })),
    ].sort((a, b) => a.finding.firstSlotMs - b.finding.firstSlotMs);
    for (const { sign, finding } of lines) {
      const span = `${formatInstant(finding.firstSlotMs)} for ${minutes(finding.lastSlotEndMs - finding.firstSlotMs)} min`;
      const subject = `${finding.enterpriseId}: ${finding.detector} ${finding.subjectKind} ${finding.subjectId}`;
      yield `${sign} ${recording}: ${subject} ${span} (${finding.ruleId} ${finding.reason})`;
    }
  }
}
