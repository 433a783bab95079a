import type { Finding, SubjectStatus } from '../../core/records.ts';
import { formatOffset, parseOffset } from './duration.ts';
import type { ConfirmedFinding } from './run.ts';
import type { ExpectedNotation } from './shape.ts';
import { enterpriseId } from './site.ts';

/** Figures agree within a hundredth: people write 40.2, the engine knows more digits. */
const tolerance = 0.01;

export interface Difference {
  /** Which expectation; `undefined` for what nobody expected. */
  readonly index: number | undefined;
  readonly text: string;
}

/**
 * Holds what was found against what was expected; each finding answers for one expectation. What was only suspected may
 * be expected, and need not be.
 */
export function compareFindings(
  expected: readonly ExpectedNotation[],
  found: readonly ConfirmedFinding[],
  statuses: readonly SubjectStatus[],
  startMs: number,
  suspected: readonly ConfirmedFinding[] = [],
): Difference[] {
  const left = [...found];
  const suspicions = [...suspected];
  const differences: Difference[] = [];
  for (const [index, one] of expected.entries()) {
    const subject = subjectText(one.subject);
    const pool = one.suspected ? suspicions : left;
    const same = pool.filter(({ finding }) => subjectOf(finding) === subject);
    const answers = same.map((candidate) => ({ candidate, wrong: mismatches(one, candidate, startMs) }));
    const best = answers.sort((a, b) => a.wrong.length - b.wrong.length)[0];
    if (!best) {
      const what = one.suspected ? 'a suspicion' : 'a finding';
      differences.push({ index, text: `expected ${what} about ${subject}, got none; ${why(subject, statuses)}` });
      continue;
    }
    pool.splice(pool.indexOf(best.candidate), 1);
    for (const text of best.wrong) differences.push({ index, text: `${subject}: ${text}` });
  }
  for (const extra of left) {
    differences.push({
      index: undefined,
      text: `nobody expected ${describeFinding(extra, startMs)}; expect it too, or mend the rule`,
    });
  }
  return differences;
}

/** A finding in one line, with times as a test writes them. */
export function describeFinding({ finding, confirmedMs }: ConfirmedFinding, startMs: number): string {
  const span = `${formatOffset(finding.firstSlotMs - startMs)} to ${formatOffset(finding.lastSlotEndMs - startMs)}`;
  const by = `confirmed at ${formatOffset(confirmedMs - startMs)}`;
  const because = finding.cause === null ? finding.reason : `${finding.reason}, ${finding.cause}`;
  const taken = finding.state === 'RETRACTED' ? ', then taken back' : '';
  return `${subjectOf(finding)} ${span} (${because}), ${by}${taken}: ${finding.summaryEn}`;
}

function mismatches(one: ExpectedNotation, { finding, confirmedMs }: ConfirmedFinding, startMs: number): string[] {
  const wrong: string[] = [];
  const differ = (name: string, expected: unknown, got: unknown) =>
    wrong.push(`${name} expected ${expected}, got ${got}`);
  const time = (name: 'from' | 'to', ms: number) => {
    const expected = one[name];
    if (expected !== undefined && parseOffset(expected) !== ms - startMs)
      differ(name, expected, formatOffset(ms - startMs));
  };
  time('from', finding.firstSlotMs);
  time('to', finding.lastSlotEndMs);
  if (one.by !== undefined && !(confirmedMs - startMs <= (parseOffset(one.by) ?? Number.NaN))) {
    differ('confirmed by', one.by, formatOffset(confirmedMs - startMs));
  }
  const words = { reason: finding.reason, cause: finding.cause, indicator: finding.indicator, meter: finding.meterId };
  for (const [name, got] of Object.entries(words)) {
    const expected = one[name as keyof typeof words];
    if (expected !== undefined && expected !== got) differ(name, expected, got ?? 'none');
  }
  const figures = { seen: finding.seen ?? finding.seenMeanKw, bound: finding.bound ?? finding.stoppedUpperKw };
  for (const [name, got] of Object.entries(figures)) {
    const expected = one[name as keyof typeof figures];
    if (expected === undefined) continue;
    if (got === null || Math.abs(got - expected) > tolerance * Math.abs(expected)) {
      differ(name, expected, got === null ? 'none' : Number(got.toPrecision(4)));
    }
  }
  for (const [sourceId, side] of Object.entries(one.cameras ?? {})) {
    const witness = finding.cameras.find((camera) => camera.sourceId === sourceId);
    const got = witness && (witness.supports ? 'supports' : 'contradicts');
    if (got !== side) differ(`camera ${sourceId}`, side, got ?? 'no word of it');
  }
  const retracted = finding.state === 'RETRACTED';
  if ((one.retracted ?? false) !== retracted) {
    wrong.push(retracted ? `was taken back (${finding.retractedBecause})` : 'expected to be taken back, but it stands');
  }
  const summary = `${finding.summaryEn}\n${finding.summaryZh}`;
  for (const says of one.says === undefined ? [] : [one.says].flat()) {
    if (!matches(summary, says)) wrong.push(`does not say ${says}; it says: ${finding.summaryEn} ${finding.summaryZh}`);
  }
  return wrong;
}

/** What is wrong with a `says` as a regular expression; `undefined` where nothing is, or where it is none. */
export function patternProblem(says: string): string | undefined {
  try {
    matches('', says);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** `/…/` is a regular expression, anything else must be there as it stands. */
function matches(summary: string, says: string): boolean {
  const pattern = /^\/(.*)\/$/s.exec(says);
  return pattern ? new RegExp(pattern[1]!).test(summary) : summary.includes(says);
}

function subjectText(subject: string): string {
  return subject === 'ENTERPRISE' ? `ENTERPRISE ${enterpriseId}` : subject;
}

function subjectOf({ subjectKind, subjectId }: Finding): string {
  return `${subjectKind} ${subjectId}`;
}

/** What may have kept the rule from speaking: the last verdict on the subject, or which subjects there are. */
function why(subject: string, statuses: readonly SubjectStatus[]): string {
  const own = statuses.filter((s) => `${s.subjectKind} ${s.subjectId}` === subject);
  if (own.length > 0) {
    return `at the end its verdict was ${own.map(({ verdict, reason }) => `${verdict} (${reason})`).join(', ')}`;
  }
  const others = [...new Set(statuses.map((s) => `${s.subjectKind} ${s.subjectId}`))].join(', ');
  return others ? `the rule looks at ${others}` : 'the rule looks at nothing on this site';
}
