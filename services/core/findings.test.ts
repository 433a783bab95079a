import { describe, expect, test } from '@jest/globals';
import { type Claim, findingIdOf, type Revision, revise, type Said } from './findings.ts';
import { hourMs, minuteMs, startMs } from './testing/builders.ts';

const idOf = (firstMs: number) => findingIdOf('rule', 'E1', 'EQUIPMENT', 'M1', firstMs);

function aClaim(minutes: number, changes: Partial<Claim> = {}): Claim {
  return {
    firstMs: startMs,
    lastEndMs: startMs + minutes * minuteMs,
    confirmed: true,
    ended: false,
    settled: false,
    contradictoryMs: minutes * minuteMs,
    seenMs: 40 * minutes * minuteMs,
    boundMs: 5 * minutes * minuteMs,
    logLikelihoodRatio: minutes,
    reason: 'load-of-running-kind',
    cause: undefined,
    cameras: [],
    detail: {},
    ...changes,
  };
}

/** What one claim after another has said; `null` says that nothing is claimed any more. */
function story(...steps: readonly (readonly Claim[])[]) {
  const said = new Map<number, Said>();
  return {
    said,
    spoken: steps.map((claims, i) => revise(said, claims, startMs + i * hourMs, () => false, idOf).map(brief)),
  };
}

function brief({ said, settled, retractedBecause }: Revision<Claim>): string {
  return [`${said.revision} ${said.state}`, settled ? 'settled' : '', retractedBecause ?? ''].filter(Boolean).join(' ');
}

const suspected = aClaim(5, { confirmed: false });
const confirmed = aClaim(30);
const closed = aClaim(60, { ended: true });
const settled = aClaim(60, { ended: true, settled: true });

describe('a finding', () => {
  test('goes from suspicion to a settled case', () => {
    expect(story([suspected], [suspected], [confirmed], [closed], [closed], [settled]).spoken).toEqual([
      ['1 PROVISIONAL'],
      [],
      ['2 CONFIRMED'],
      ['3 CLOSED'],
      [],
      ['4 CLOSED settled'],
    ]);
  });

  test('may be confirmed, closed or settled at its first word', () => {
    expect(story([confirmed]).spoken).toEqual([['1 CONFIRMED']]);
    expect(story([closed]).spoken).toEqual([['1 CLOSED']]);
    expect(story([settled]).spoken).toEqual([['1 CLOSED settled']]);
  });

  test('is said again when it has gone on for a quarter of an hour more, not for every minute', () => {
    const minutes = [30, 31, 40, 44, 45, 46, 60, 61];
    expect(story(...minutes.map((m) => [aClaim(m)])).spoken).toEqual([
      ['1 CONFIRMED'],
      [],
      [],
      [],
      ['2 CONFIRMED'],
      [],
      ['3 CONFIRMED'],
      [],
    ]);
  });

  test.each<[string, Claim]>([
    ['shorter', aClaim(20)],
    ['of less contradictory time', aClaim(30, { contradictoryMs: 10 * minuteMs })],
    ['of other evidence', aClaim(30, { logLikelihoodRatio: 99 })],
  ])('is revised when it becomes %s', (_, changed) => {
    expect(story([confirmed], [changed], [changed]).spoken).toEqual([['1 CONFIRMED'], ['2 REVISED'], []]);
  });

  test('is revised when it turns out to go on after it was closed, and when its closing changes', () => {
    expect(story([closed], [aClaim(90)], [aClaim(90, { ended: true })]).spoken).toEqual([
      ['1 CLOSED'],
      ['2 REVISED'],
      ['3 CLOSED'],
    ]);
    expect(story([closed], [aClaim(45, { ended: true })]).spoken).toEqual([['1 CLOSED'], ['2 CLOSED']]);
  });

  test('never falls back from confirmed to provisional without a word', () => {
    const { spoken } = story([confirmed], [aClaim(5, { confirmed: false })], []);
    expect(spoken).toEqual([['1 CONFIRMED'], [], ['2 RETRACTED evidence-fell']]);
  });

  test.each([
    ['suspected', suspected],
    ['confirmed', confirmed],
    ['closed', closed],
  ])('that is %s is taken back with a reason when nothing claims it any more', (_, claim) => {
    expect(story([claim], [], []).spoken).toEqual([[expect.any(String)], ['2 RETRACTED evidence-fell'], []]);
  });

  test('goes on with its revisions when it is claimed again after it was taken back', () => {
    expect(story([confirmed], [], [confirmed], [], [closed], [settled]).spoken).toEqual([
      ['1 CONFIRMED'],
      ['2 RETRACTED evidence-fell'],
      ['3 CONFIRMED'],
      ['4 RETRACTED evidence-fell'],
      ['5 CLOSED'],
      ['6 CLOSED settled'],
    ]);
  });

  test('that ends as a mere suspicion is taken back', () => {
    const ended = aClaim(10, { confirmed: false, ended: true });
    expect(story([ended]).spoken).toEqual([[]]);
    expect(story([suspected], [ended]).spoken).toEqual([['1 PROVISIONAL'], ['2 RETRACTED evidence-fell']]);
    const final = aClaim(10, { confirmed: false, ended: true, settled: true });
    expect(story([suspected], [final]).spoken).toEqual([['1 PROVISIONAL'], ['2 RETRACTED evidence-fell']]);
  });

  test('is forgotten once it is settled, and once it is taken back for good', () => {
    expect(story([confirmed], [settled]).said.size).toBe(0);
    const { said } = story([confirmed], []);
    expect(said.size).toBe(1);
    expect(revise(said, [], startMs, () => true, idOf)).toEqual([]);
    expect(said.size).toBe(0);
    const other = story([confirmed]).said;
    expect(revise(other, [], startMs, () => true, idOf).map(brief)).toEqual(['2 RETRACTED settled evidence-fell']);
    expect(other.size).toBe(0);
  });

  test('names its heir when another claim covers its time', () => {
    const said = new Map<number, Said>();
    revise(said, [confirmed], startMs, () => false, idOf);
    const heir = aClaim(60, { firstMs: startMs + 10 * minuteMs });
    const apart = aClaim(200, { firstMs: startMs + 120 * minuteMs });
    const revisions = revise(said, [heir, apart], startMs + hourMs, () => false, idOf);
    expect(revisions.map(brief)).toEqual(['1 CONFIRMED', '1 CONFIRMED', '2 RETRACTED superseded']);
    expect(revisions.at(-1)!.supersededBy).toBe(idOf(heir.firstMs));
    // Another contradiction of the same subject at another time is no heir.
    revise(said, [], startMs + 2 * hourMs, () => true, idOf);
    revise(said, [confirmed], startMs, () => false, idOf);
    expect(revise(said, [apart], startMs, () => false, idOf).map(brief)).toEqual([
      '1 CONFIRMED',
      '2 RETRACTED evidence-fell',
    ]);
  });

  test('keeps when it was first said, and carries the figures of its last claim', () => {
    const said = new Map<number, Said>();
    revise(said, [suspected], startMs + 7, () => false, idOf);
    const [revision] = revise(said, [closed], startMs + hourMs, () => false, idOf);
    expect(revision!.claim).toBe(closed);
    expect(revision!.said).toMatchObject({
      firstSaidMs: startMs + 7,
      contradictoryMs: hourMs,
      seenMs: closed.seenMs,
      boundMs: closed.boundMs,
      logLikelihoodRatio: 60,
    });
  });
});

describe('the id of a finding', () => {
  test('is 32 hexadecimal digits, the same for the same claim and another for any other', () => {
    const parts = ['rule', 'E1', 'EQUIPMENT', 'M1'] as const;
    expect(findingIdOf(...parts, startMs)).toMatch(/^[0-9a-f]{32}$/);
    expect(findingIdOf(...parts, startMs)).toBe(findingIdOf(...parts, startMs));
    const ids = [
      findingIdOf(...parts, startMs),
      findingIdOf(...parts, startMs + 1),
      findingIdOf('rule2', 'E1', 'EQUIPMENT', 'M1', startMs),
      findingIdOf('rule', 'E1', 'METER', 'M1', startMs),
      findingIdOf('rule', 'E1E', 'QUIPMENT', 'M1', startMs),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
