import type { Output } from '../../core/batch.ts';
import { createEngine, engineDefaults } from '../../core/engine.ts';
import type { LoadParameters } from '../../core/load-parameters.ts';
import type { Finding, SubjectStatus } from '../../core/records.ts';
import { replay } from '../../core/replay.ts';
import type { Rule } from '../../core/rule.ts';
import { compareFindings, describeFinding } from './compare.ts';
import type { RuleCase } from './file.ts';

/** What the engine said over a case. */
export interface CaseOutcome {
  /** Last revision of each finding that was ever confirmed and begins before the case ends. */
  readonly findings: readonly ConfirmedFinding[];
  /** What was suspected and never confirmed, as it was first said. */
  readonly suspected: readonly ConfirmedFinding[];
  /** The verdict on each subject as it stood at the end of the case. */
  readonly statuses: readonly SubjectStatus[];
  /** What was refused of the case's own records. */
  readonly refused: readonly string[];
}

export interface ConfirmedFinding {
  readonly finding: Finding;
  /** When it was first confirmed, arrival time, ms. */
  readonly confirmedMs: number;
}

/** Verdicts at the end of a case are as they were said up to this long after it: reports are on their way that long. */
const graceMs = 5 * 60_000;

/** Runs one case through the engine with this rule alone, and returns what differs from what it expects, a text each. */
export function runCase(rule: Rule, load: LoadParameters, one: RuleCase): string[] {
  const { findings, suspected, statuses, refused } = outcomeOf(rule, load, one);
  const say = (path: readonly (string | number)[], text: string) =>
    `${one.file}:${one.lineOf(path)}: '${one.name}': ${text}`;
  const failures = refused.map((text) => say([], `${text}; the engine does not take that`));
  if (one.expect.length === 0) {
    for (const found of findings) {
      failures.push(say(['quiet'], `must stay quiet, but found ${describeFinding(found, one.startMs)}`));
    }
  } else {
    for (const { index, text } of compareFindings(one.expect, findings, statuses, one.startMs, suspected)) {
      failures.push(say(index === undefined ? ['expect'] : ['expect', index], text));
    }
  }
  for (const [subject, expected] of Object.entries(one.verdicts)) {
    const status = statuses.find((s) => `${s.subjectKind} ${s.subjectId}` === subject);
    const known = statuses.map((s) => `${s.subjectKind} ${s.subjectId}`).join(', ') || 'none';
    if (!status) failures.push(say(['verdicts', subject], `no verdict on ${subject}; there are verdicts on ${known}`));
    else if (expected !== status.reason && expected !== status.verdict) {
      failures.push(say(['verdicts', subject], `expected ${expected}, got ${status.verdict} because ${status.reason}`));
    }
  }
  return failures;
}

/** Runs one case through the engine with this rule alone. */
export function outcomeOf(rule: Rule, load: LoadParameters, one: RuleCase): CaseOutcome {
  const engine = createEngine({ ...engineDefaults, load, rules: [rule] });
  const confirmed = new Map<string, ConfirmedFinding>();
  const first = new Map<string, ConfirmedFinding>();
  let statuses: readonly SubjectStatus[] = [];
  const refused = new Set<string>();
  for (const output of replay(one.recording, engine, engineDefaults) as Iterable<Output>) {
    if (output.topic === 'findings') {
      const finding = output.value;
      const known = confirmed.get(finding.findingId);
      if (!first.has(finding.findingId)) first.set(finding.findingId, { finding, confirmedMs: finding.saidMs });
      const counts = finding.state !== 'PROVISIONAL' && (known !== undefined || finding.state !== 'RETRACTED');
      // After the end nothing comes any more: what is made of that silence is no part of the case.
      if (!counts || finding.firstSlotMs >= one.endMs) continue;
      confirmed.set(finding.findingId, { finding, confirmedMs: known?.confirmedMs ?? finding.saidMs });
    } else if (output.topic === 'enterprise-status') {
      if (output.value.asOfMs <= one.endMs + graceMs) statuses = output.value.subjects;
    } else if (output.topic === 'dead-letters') {
      refused.add(`a record of ${output.inputTopic} was refused: ${output.refusal.reason}, ${output.refusal.detail}`);
    }
  }
  const findings = [...confirmed.values()].sort((a, b) => a.finding.firstSlotMs - b.finding.firstSlotMs);
  const suspected = [...first.values()].filter(
    ({ finding }) => !confirmed.has(finding.findingId) && finding.firstSlotMs < one.endMs,
  );
  return { findings, suspected, statuses, refused: [...refused] };
}
