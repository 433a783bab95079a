import { describe, expect, test } from '@jest/globals';
import type { Label } from './recording.ts';
import { countFindings, type ScoredFinding, tallyFindings, truthOf } from './scoring.ts';
import { scoreOf } from './scoring-measures.ts';
import {
  aScoredFinding as aFinding,
  aFirm,
  aLie,
  aLoad,
  aMachine,
  aMeter,
  aRecording,
  aReport,
  hour,
  slot,
} from './testing/scoring.ts';

const detector = 'stopped-but-running';
const sixtyDays = 60 * 24 * hour;

/** Firm e for sixty days, its machine's meter silent from `powerFromMs` back. */
const truth = (labels: readonly Label[], powerFromMs = 0) =>
  truthOf(
    'r',
    aRecording([aFirm({ equipment: [aMachine('m1')], meters: [aMeter('p', ['m1'])] })], {
      telemetry: [aReport('m1', 0, sixtyDays)],
      power: [aLoad('p', [1], { arrival: { atMs: powerFromMs } })],
      labels,
    }),
  );

const tallies = (findings: readonly ScoredFinding[], labels: readonly Label[], name = detector) =>
  tallyFindings(countFindings(findings), truth(labels), [detector]).get(name) ?? [];

const score = (findings: readonly ScoredFinding[], labels: readonly Label[], name = detector) =>
  scoreOf(tallies(findings, labels, name));

describe('scoring by event', () => {
  test('one finding on each lie and nothing else is perfect', () => {
    const result = score(
      [aFinding(0, hour), aFinding(10 * hour, 11 * hour)],
      [aLie(0, hour), aLie(10 * hour, 11 * hour)],
    );
    expect(result).toMatchObject({ precision: 1, recall: 1, f1: 1, falseFindings: 0, falsePerEnterpriseMonth: 0 });
  });

  test('saying nothing finds nothing and has no precision', () => {
    const result = score([], [aLie(0, hour)]);
    expect(result).toMatchObject({ recall: 0, f1: 0, falseFindings: 0 });
    expect(result.precision).toBeNaN();
  });

  test('a long lie weighs no more than a short one, however many slots a finding has in it', () => {
    const result = score([aFinding(0, 40 * hour)], [aLie(0, 40 * hour), aLie(50 * hour, 51 * hour)]);
    expect(result.recall).toBe(0.5);
  });

  test('a finding that never ends does not pass for one that finds every lie', () => {
    const lies = Array.from({ length: 20 }, (_, i) => aLie(i * 48 * hour, i * 48 * hour + hour));
    const result = score([aFinding(0, sixtyDays)], lies);
    expect(result).toMatchObject({ rightFindings: 0, falseFindings: 1, f1: 0 });
  });

  test('what is suspected only, or taken back, counts neither way', () => {
    const suspected = aFinding(0, hour, { state: 'PROVISIONAL' });
    const retracted = [aFinding(5 * hour, 6 * hour), aFinding(5 * hour, 6 * hour, { revision: 2, state: 'RETRACTED' })];
    expect(score([suspected, ...retracted], [aLie(0, hour)])).toMatchObject({
      findings: 0,
      found: 0,
      falseFindings: 0,
    });
  });

  test('the last revision decides where a finding is, the first confirmed one when it was said', () => {
    const revisions = [
      aFinding(0, slot, { state: 'PROVISIONAL', saidMs: 1 * hour }),
      aFinding(0, 2 * slot, { revision: 2, saidMs: 2 * hour }),
      aFinding(0, 4 * slot, { revision: 3, state: 'CLOSED', saidMs: 9 * hour }),
    ];
    const result = scoreOf(tallyFindings(countFindings(revisions), truth([aLie(0, hour)], hour), []).get(detector)!);
    expect(result.delayFromStartMs?.max).toBe(2 * hour);
    expect(result.delayFromDataMs?.max).toBe(hour);
    expect(result.coveredLieMs).toBe(hour);
  });

  test('delay is told beyond the wait of the rule that first said it, too', () => {
    const findings = countFindings([aFinding(0, 3 * slot, { ruleId: 'patient', saidMs: 3 * slot + 5000 })]);
    const waitOf = (ruleId: string) => (ruleId === 'patient' ? 2 * slot : 0);
    const [result] = tallyFindings(findings, truth([aLie(0, 4 * slot)]), [], waitOf).get(detector)![0]!.lieResults;
    expect(result?.delayFromDataMs).toBe(3 * slot + 5000);
    expect(result?.delayBeyondWaitMs).toBe(slot + 5000);
  });

  test('a finding in an honest stop is a false alarm, a month at a time, and says into what it fell', () => {
    const honest = aLie(100 * hour, 110 * hour, { kind: 'honest-stop' });
    const holiday = aLie(90 * hour, 200 * hour, { kind: 'excused', note: 'test run on file' });
    const findings = [aFinding(0, hour), aFinding(101 * hour, 102 * hour)];
    const labels = [aLie(0, hour), honest, holiday];
    expect(score(findings, labels)).toMatchObject({ precision: 0.5, recall: 1, falsePerEnterpriseMonth: 0.5 });
    const [tally] = tallies(findings, labels);
    expect(tally?.falseResults.map(({ finding, during }) => [finding.firstSlotMs, during?.note])).toEqual([
      [101 * hour, 'test run on file'],
    ]);
  });

  test('within one slot of a lie but short of it is neither right nor false; beyond it is false', () => {
    const lie = aLie(10 * hour, 11 * hour);
    expect(score([aFinding(11 * hour, 11 * hour + slot)], [lie])).toMatchObject({ found: 0, falseFindings: 0 });
    expect(score([aFinding(12 * hour, 13 * hour)], [lie])).toMatchObject({ found: 0, falseFindings: 1 });
    expect(score([aFinding(11 * hour, 13 * hour)], [lie])).toMatchObject({ found: 0, falseFindings: 1 });
  });

  test('another machine or another detector does not find the lie, and each is false for its own', () => {
    const wrong = [
      aFinding(0, hour, { findingId: 'a', subjectId: 'm2', equipmentIds: ['m2'] }),
      aFinding(0, hour, { findingId: 'c', detector: 'fake-offline' }),
    ];
    expect(score(wrong, [aLie(0, hour)])).toMatchObject({ found: 0, falseFindings: 1 });
    expect(score(wrong, [aLie(0, hour)], 'fake-offline')).toMatchObject({ lies: 0, falseFindings: 1 });
  });

  test('a lie that two detectors may find counts once, for the first, and is false for neither', () => {
    const either = aLie(0, hour, { detector: `${detector}|dust-collector` });
    const other = aFinding(0, hour, { detector: 'dust-collector' });
    expect(score([other], [either])).toMatchObject({ lies: 1, found: 1, findings: 0, falseFindings: 0 });
    expect(score([other], [either], 'dust-collector')).toMatchObject({ lies: 0, rightFindings: 1, falseFindings: 0 });
  });

  test('a lie that nothing recorded shows is kept apart, and finding it all the same is no false alarm', () => {
    const hidden = aLie(0, hour, { note: 'unobservable: below the minimum detectable load' });
    expect(score([], [hidden, aLie(10 * hour, 11 * hour)])).toMatchObject({ lies: 1, missed: 1, unobservable: 1 });
    expect(score([aFinding(0, hour)], [hidden])).toMatchObject({ unobservableFound: 1, falseFindings: 0 });
  });

  test('an honest world has no recall, and its false alarms have an upper bound', () => {
    const result = score([], []);
    expect(result.recall).toBeNaN();
    expect(result).toMatchObject({ lies: 0, falseFindings: 0, enterpriseMonths: 2 });
    expect(result.falsePerEnterpriseMonthInterval?.high).toBeCloseTo(3.69 / 2, 2);
  });

  test('each firm counts its own time and its own lies', () => {
    const two = truthOf(
      'r',
      aRecording([aFirm(), aFirm({ enterpriseId: 'f' })], {
        telemetry: [aReport('m1', 0, sixtyDays), aReport('m1', 0, sixtyDays / 2, { enterpriseId: 'f' })],
        labels: [aLie(0, hour)],
      }),
    );
    const elsewhere = aFinding(0, hour, { enterpriseId: 'f' });
    expect(scoreOf(tallyFindings(countFindings([elsewhere]), two, []).get(detector)!)).toMatchObject({
      enterprises: 2,
      enterpriseMonths: 3,
      found: 0,
      falseFindings: 1,
    });
  });
});
