import { describe, expect, test } from '@jest/globals';
import { detectors } from './detectors/index.ts';
import { verdictOf } from './detectors/reasons.ts';
import type { EnterpriseStatus, Verdict } from './records.ts';
import { addKnownTimes, KnownTimes, notAsked } from './scoring-unknown.ts';

const aStatus = (asOfMs: number, verdicts: [string, Verdict, string][], enterpriseId = 'e'): EnterpriseStatus => ({
  enterpriseId,
  regionCode: '',
  asOfMs,
  openFindings: 0,
  subjects: verdicts.map(([ruleId, verdict, reason], i) => ({
    subjectKind: 'EQUIPMENT',
    subjectId: `m${i}`,
    meterId: 'p',
    verdict,
    reason,
    slotStartMs: asOfMs,
    minimumDetectableKw: null,
    ruleId,
  })),
});

const times = () => new KnownTimes((ruleId) => (ruleId.startsWith('stop') ? 'stopped-but-running' : undefined));

describe('known time', () => {
  test('a verdict stands until the next status of its firm, the last one to the end', () => {
    const known = times();
    known.take(aStatus(0, [['stop', 'UNKNOWN', 'load-missing']]));
    known.take(aStatus(5, [['stop', 'UNKNOWN', 'load-missing']], 'other'));
    known.take(aStatus(10, [['stop', 'CONSISTENT', 'load-explained']]));
    const time = known.end(25).get('stopped-but-running')!;
    expect(time).toMatchObject({ judgedMs: 10 + 15 + 20, unknownMs: 10 + 20 });
    expect([...time.byReason]).toEqual([['load-missing', 30]]);
  });

  test('every subject weighs alike, and a rule whose detector nobody knows weighs nothing', () => {
    const known = times();
    const verdicts: [string, Verdict, string][] = [
      ['stop-a', 'UNKNOWN', 'load-missing'],
      ['stop-b', 'CONTRADICTORY', 'load-of-running-kind'],
      ['', 'UNKNOWN', 'load-missing'],
    ];
    known.take(aStatus(0, verdicts));
    const ended = known.end(10);
    expect([...ended.keys()]).toEqual(['stopped-but-running']);
    expect(ended.get('stopped-but-running')).toMatchObject({ judgedMs: 20, unknownMs: 10 });
  });

  test('every reason under which nobody asks is one that a detector gives as unknown', () => {
    expect(detectors.size).toBeGreaterThan(0);
    for (const reason of notAsked) expect([reason, verdictOf(reason)]).toEqual([reason, 'UNKNOWN']);
  });

  test('where there is nothing to judge nothing is unknown', () => {
    const known = times();
    known.take(aStatus(0, [['stop', 'UNKNOWN', 'nothing-ordered']]));
    expect(known.end(10).size).toBe(0);
  });

  test('what comes after the end does not count backwards, and recordings add up', () => {
    const one = times();
    one.take(aStatus(100, [['stop', 'UNKNOWN', 'load-missing']]));
    expect(one.end(50).size).toBe(0);
    const two = times();
    two.take(aStatus(0, [['stop', 'UNKNOWN', 'load-missing']]));
    const three = times();
    three.take(aStatus(0, [['stop', 'CONSISTENT', 'load-explained']]));
    const sum = addKnownTimes([two.end(10), three.end(30)]).get('stopped-but-running');
    expect(sum).toMatchObject({ judgedMs: 40, unknownMs: 10 });
  });
});
