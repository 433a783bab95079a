import { describe, expect, test } from '@jest/globals';
import type { SubjectStatus } from '../../core/records.ts';
import { aFinding } from '../../core/testing/finding.ts';
import { compareFindings } from './compare.ts';
import type { ConfirmedFinding } from './run.ts';
import type { ExpectedNotation } from './shape.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5);

function found(changes: Parameters<typeof aFinding>[0] = {}, confirmedMinute = 31): ConfirmedFinding {
  const finding = aFinding({
    subjectId: 'press',
    firstSlotMs: startMs,
    lastSlotEndMs: startMs + 60 * minuteMs,
    summaryEn: 'Machine press was reported stopped.',
    summaryZh: '设备“press”上报停机。',
    ...changes,
  });
  return { finding, confirmedMs: startMs + confirmedMinute * minuteMs };
}

function differences(expected: ExpectedNotation[], list: ConfirmedFinding[], statuses: SubjectStatus[] = []): string[] {
  return compareFindings(expected, list, statuses, startMs).map(({ text }) => text);
}

const press = { subject: 'EQUIPMENT press' };

describe('what was found is held against what was expected', () => {
  test('a finding that is as expected differs in nothing', () => {
    const expected = {
      ...press,
      from: 0,
      to: '+1h',
      by: '+31m',
      reason: 'load-of-running-kind',
      meter: 'P1',
      seen: 40.2,
      bound: 5,
      says: ['/reported stopped\\./', '上报停机'],
    };
    expect(differences([expected], [found()])).toEqual([]);
  });

  test.each([
    [{ from: '+15m' }, 'from expected +15m, got +0'],
    [{ by: '+30m' }, 'confirmed by expected +30m, got +31m'],
    [{ reason: 'load-not-explained' }, 'reason expected load-not-explained, got load-of-running-kind'],
    [{ cause: 'gateway' }, 'cause expected gateway, got none'],
    [{ seen: 41 }, 'seen expected 41, got 40'],
    [{ says: 'ordered' }, 'does not say ordered; it says: Machine press'],
    [{ cameras: { c1: 'supports' } }, 'camera c1 expected supports, got no word of it'],
    [{ retracted: true }, 'expected to be taken back, but it stands'],
  ] as const)('%j differs', (expected, text) => {
    expect(differences([{ ...press, ...expected } as ExpectedNotation], [found()]).join()).toContain(text);
  });

  test('a suspicion that nobody confirmed may be expected, and need not be', () => {
    const list = [found({ state: 'PROVISIONAL' })];
    const suspected = (expected: ExpectedNotation[]) =>
      compareFindings(expected, [], [], startMs, list).map(({ text }) => text);
    expect(suspected([{ ...press, suspected: true, reason: 'load-of-running-kind' }])).toEqual([]);
    expect(suspected([])).toEqual([]);
    expect(suspected([press]).join()).toContain('expected a finding about EQUIPMENT press, got none');
    expect(differences([{ ...press, suspected: true }], [found()]).join()).toContain('expected a suspicion');
  });

  test('one that was taken back must be expected to be', () => {
    const gone = found({ state: 'RETRACTED', retractedBecause: 'test run' });
    expect(differences([press], [gone]).join()).toContain('was taken back (test run)');
    expect(differences([{ ...press, retracted: true }], [gone])).toEqual([]);
  });

  test('each finding answers for one expectation, the one that it fits best', () => {
    const later = found({
      firstSlotMs: startMs + 120 * minuteMs,
      lastSlotEndMs: startMs + 180 * minuteMs,
    });
    const expected = [
      { ...press, from: '+2h' },
      { ...press, from: 0 },
    ];
    expect(differences(expected, [found(), later])).toEqual([]);
    expect(differences([press], [found(), later]).join()).toContain('nobody expected EQUIPMENT press +2h to +3h');
  });

  test('where nothing was found the last verdict is the hint', () => {
    const status: SubjectStatus = {
      subjectKind: 'EQUIPMENT',
      subjectId: 'press',
      meterId: 'P1',
      verdict: 'UNKNOWN',
      reason: 'load-not-learned',
      slotStartMs: null,
      minimumDetectableKw: null,
      ruleId: 'r',
    };
    expect(differences([press], [], [status]).join()).toContain('its verdict was UNKNOWN (load-not-learned)');
    const lathe = { subject: 'EQUIPMENT lathe' };
    expect(differences([lathe], [], [status]).join()).toContain('the rule looks at EQUIPMENT press');
    expect(differences([lathe], []).join()).toContain('the rule looks at nothing on this site');
  });
});
