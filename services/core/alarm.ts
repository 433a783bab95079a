import { createHash } from 'node:crypto';
import type { Alarm, AlarmAction, AlarmState, Finding } from './records.ts';
import type { Rule } from './rule.ts';

/**
 * The alarm of a finding as it stands; kept while the finding may still change, so that nothing that is said of it
 * later is taken for a new alarm, and while nobody has acknowledged it.
 */
export type StandingAlarm = Alarm;

/** Deterministic: one finding, one alarm. */
export function alarmIdOf(findingId: string): string {
  return createHash('sha256').update(`alarm:${findingId}`).digest('hex').slice(0, 32);
}

/**
 * What a revision of a finding means for its alarm (ISA-18.2): a confirmed finding raises it, its closing returns it
 * to normal, its retraction takes the cause away. `undefined` when the alarm does not change.
 */
export function alarmAfterFinding(
  standing: StandingAlarm | undefined,
  finding: Finding,
  rule: Rule,
): Alarm | undefined {
  const active = finding.state === 'CONFIRMED' || finding.state === 'REVISED';
  if (!standing) {
    // A contradiction that is over before it was first said still wants somebody's attention.
    if (!active && finding.state !== 'CLOSED') return undefined;
    return alarmOf(finding, rule, active ? 'UNACKNOWLEDGED' : 'RETURNED_UNACKNOWLEDGED', 1, finding.saidMs);
  }
  const retracted = finding.state === 'RETRACTED';
  const unchanged = retracted ? standing.state === 'NORMAL' : active === standing.conditionActive;
  if (unchanged) return undefined;
  return alarmOf(
    finding,
    rule,
    stateAfter(standing.state, active, retracted),
    standing.revision + 1,
    standing.raisedMs,
  );
}

/** What a person's action means for a standing alarm; `undefined` when nothing changes. */
export function alarmAfterAction(standing: StandingAlarm, action: AlarmAction, nowMs: number): Alarm | undefined {
  if (action.kind !== 'ACKNOWLEDGE') return undefined;
  const state: AlarmState | undefined =
    standing.state === 'UNACKNOWLEDGED'
      ? 'ACKNOWLEDGED'
      : standing.state === 'RETURNED_UNACKNOWLEDGED'
        ? 'NORMAL'
        : undefined;
  return state && { ...standing, revision: standing.revision + 1, state, changedMs: nowMs };
}

function stateAfter(state: AlarmState, active: boolean, retracted: boolean): AlarmState {
  if (active) return 'UNACKNOWLEDGED';
  if (retracted || state === 'ACKNOWLEDGED') return 'NORMAL';
  return 'RETURNED_UNACKNOWLEDGED';
}

function alarmOf(finding: Finding, rule: Rule, state: AlarmState, revision: number, raisedMs: number): Alarm {
  const active = state === 'UNACKNOWLEDGED';
  return {
    alarmId: alarmIdOf(finding.findingId),
    revision,
    state,
    conditionActive: active,
    level: finding.level,
    enterpriseId: finding.enterpriseId,
    regionCode: finding.regionCode,
    findingId: finding.findingId,
    ruleId: finding.ruleId,
    subjectKind: finding.subjectKind,
    subjectId: finding.subjectId,
    raisedMs,
    changedMs: finding.saidMs,
    clearedMs: active ? null : finding.saidMs,
    titleEn: rule.title.en,
    titleZh: rule.title.zh,
    summaryEn: finding.summaryEn,
    summaryZh: finding.summaryZh,
    adviceEn: rule.advice.en,
    adviceZh: rule.advice.zh,
    clearedBecause: active ? null : (finding.retractedBecause ?? 'closed'),
  };
}
