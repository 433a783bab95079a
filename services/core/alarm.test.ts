import { describe, expect, test } from '@jest/globals';
import { alarmAfterAction, alarmAfterFinding, alarmIdOf } from './alarm.ts';
import type { Alarm, Finding, FindingState } from './records.ts';
import { anAction, aRule, startMs } from './testing/builders.ts';
import { aFinding } from './testing/finding.ts';

const rule = aRule();

function saying(state: FindingState, saidMs: number): Finding {
  return aFinding({ state, saidMs, retractedBecause: state === 'RETRACTED' ? 'evidence-fell' : null });
}

type Step = FindingState | 'ACKNOWLEDGE' | 'SHRUG';

/** The alarm after one thing after another; each step that changes nothing leaves it as it stood. */
function alarmsAfter(...steps: readonly Step[]): (Alarm | undefined)[] {
  let standing: Alarm | undefined;
  return steps.map((step, i) => {
    const nowMs = startMs + i;
    const changed =
      step === 'ACKNOWLEDGE' || step === 'SHRUG'
        ? alarmAfterAction(standing!, anAction({ kind: step }), nowMs)
        : alarmAfterFinding(standing, saying(step, nowMs), rule);
    standing = changed ?? standing;
    return changed;
  });
}

const statesAfter = (...steps: readonly Step[]) => alarmsAfter(...steps).map((alarm) => alarm?.state ?? null);

describe('an alarm', () => {
  test.each<[string, readonly Step[], readonly (string | null)[]]>([
    ['is not raised by a suspicion, nor by one that is taken back', ['PROVISIONAL', 'RETRACTED'], [null, null]],
    ['is raised once by a confirmed finding', ['CONFIRMED', 'CONFIRMED', 'REVISED'], ['UNACKNOWLEDGED', null, null]],
    [
      'returns when the finding closes, and waits to be seen',
      ['CONFIRMED', 'CLOSED'],
      ['UNACKNOWLEDGED', 'RETURNED_UNACKNOWLEDGED'],
    ],
    [
      'is normal when it was seen and the finding closes',
      ['CONFIRMED', 'ACKNOWLEDGE', 'CLOSED'],
      ['UNACKNOWLEDGED', 'ACKNOWLEDGED', 'NORMAL'],
    ],
    [
      'is normal when it returned and then is seen',
      ['CONFIRMED', 'CLOSED', 'ACKNOWLEDGE'],
      ['UNACKNOWLEDGED', 'RETURNED_UNACKNOWLEDGED', 'NORMAL'],
    ],
    ['is normal at once when the finding is taken back', ['CONFIRMED', 'RETRACTED'], ['UNACKNOWLEDGED', 'NORMAL']],
    [
      'is normal too when it was seen and the finding is taken back',
      ['CONFIRMED', 'ACKNOWLEDGE', 'RETRACTED'],
      ['UNACKNOWLEDGED', 'ACKNOWLEDGED', 'NORMAL'],
    ],
    [
      'is normal too when the finding is taken back after it closed',
      ['CONFIRMED', 'CLOSED', 'RETRACTED', 'RETRACTED'],
      ['UNACKNOWLEDGED', 'RETURNED_UNACKNOWLEDGED', 'NORMAL', null],
    ],
    [
      'wants to be seen anew when the finding goes on after all',
      ['CONFIRMED', 'ACKNOWLEDGE', 'CLOSED', 'REVISED'],
      ['UNACKNOWLEDGED', 'ACKNOWLEDGED', 'NORMAL', 'UNACKNOWLEDGED'],
    ],
    [
      'is not raised again when a finding that is done with is said once more',
      ['CONFIRMED', 'ACKNOWLEDGE', 'CLOSED', 'CLOSED'],
      ['UNACKNOWLEDGED', 'ACKNOWLEDGED', 'NORMAL', null],
    ],
    [
      'of a finding that was over before it was said still wants to be seen',
      ['CLOSED', 'ACKNOWLEDGE'],
      ['RETURNED_UNACKNOWLEDGED', 'NORMAL'],
    ],
    ['is acknowledged once', ['CONFIRMED', 'ACKNOWLEDGE', 'ACKNOWLEDGE'], ['UNACKNOWLEDGED', 'ACKNOWLEDGED', null]],
    ['does not change by an action of another kind', ['CONFIRMED', 'SHRUG'], ['UNACKNOWLEDGED', null]],
  ])('%s', (_, steps, states) => {
    expect(statesAfter(...steps)).toEqual(states);
  });

  test('counts its revisions and keeps when it was raised', () => {
    const alarms = alarmsAfter('CONFIRMED', 'ACKNOWLEDGE', 'CLOSED', 'REVISED');
    expect(alarms.map((alarm) => alarm!.revision)).toEqual([1, 2, 3, 4]);
    expect(alarms.map((alarm) => alarm!.raisedMs)).toEqual(Array(4).fill(startMs));
    expect(alarms.map((alarm) => alarm!.changedMs)).toEqual([0, 1, 2, 3].map((i) => startMs + i));
  });

  test('says whether its condition holds, and when and why it ceased', () => {
    const [raised, seen, cleared] = alarmsAfter('CONFIRMED', 'ACKNOWLEDGE', 'RETRACTED');
    expect(raised).toMatchObject({ conditionActive: true, clearedMs: null, clearedBecause: null });
    expect(seen).toMatchObject({ conditionActive: true, clearedMs: null });
    expect(cleared).toMatchObject({ conditionActive: false, clearedMs: startMs + 2, clearedBecause: 'evidence-fell' });
    expect(alarmsAfter('CONFIRMED', 'CLOSED')[1]).toMatchObject({ clearedBecause: 'closed', clearedMs: startMs + 1 });
  });

  test('carries the words of its rule and finding in both languages', () => {
    expect(alarmsAfter('CONFIRMED')[0]).toMatchObject({
      alarmId: alarmIdOf('F1'),
      level: 'RED',
      titleEn: rule.title.en,
      titleZh: rule.title.zh,
      adviceEn: rule.advice.en,
      adviceZh: rule.advice.zh,
      summaryEn: 'It runs.',
      summaryZh: '它在运行。',
    });
    expect(alarmIdOf('F1')).not.toBe(alarmIdOf('F2'));
  });
});
