import { describe, expect, test } from '@jest/globals';
import { countFindings, type ScoredFinding } from '../core/scoring.ts';
import type { KnownTime } from '../core/scoring-unknown.ts';
import {
  aFirm,
  aLie,
  aLoad,
  aMachine,
  aMeter,
  aRecording,
  aReport,
  aScoredFinding,
  hour,
  slot,
} from '../core/testing/scoring.ts';
import { loadRules } from '../platform/rules.ts';
import { changeBetween, changeLines, comparisonTable } from './backtest-compare.ts';
import { scorePicture } from './backtest-picture.ts';
import { groundOf, type Said, Scoreboard } from './backtest-run.ts';
import { missLines, scoreTable, tagCounts, worthShowing } from './backtest-table.ts';
import { rulesDir } from './paths.ts';

const day = 24 * hour;
const rules = loadRules(rulesDir);

const said = (findings: ScoredFinding[], known: [string, KnownTime][] = []): Said => ({
  findings: countFindings(findings),
  known: new Map(known),
  silences: [],
  refused: 0,
});

/** A machine of 100 kW reported stopped for thirty days, whose meter shows 80 kW in the second hour. */
const aPlant = (labels = [aLie(hour, 2 * hour, { note: 'by night: the line ran' })]) =>
  aRecording([aFirm({ equipment: [aMachine('m1', { ratedPowerKw: 100 })], meters: [aMeter('p', ['m1'])] })], {
    telemetry: [aReport('m1', 0, 30 * day)],
    power: [
      aLoad(
        'p',
        Array.from({ length: 8 }, (_, i) => (i < 4 ? 5 : 80)),
      ),
    ],
    labels,
  });

const rowsOf = (findings: ScoredFinding[], plant = aPlant(), known: [string, KnownTime][] = []) => {
  const board = new Scoreboard(rules);
  board.add(groundOf('plant', plant), said(findings, known));
  return board.rows();
};

describe('scoreboard', () => {
  test('holds the rules beside the plain rules of practice and doing nothing', () => {
    const rows = rowsOf([aScoredFinding(hour, 2 * hour)]).filter((row) => row.detector === 'stopped-but-running');
    expect(rows.map((row) => [row.method, row.score.found, row.score.falseFindings])).toEqual([
      ['wattness', 1, 0],
      ['half nameplate', 1, 0],
      ['night over day', 0, 0],
      ['month before', 0, 0],
      ['do nothing', 0, 0],
    ]);
  });

  test('adds recordings up, and tells each apart where the firms have the same ids', () => {
    const board = new Scoreboard(rules);
    board.add(groundOf('found', aPlant()), said([aScoredFinding(hour, 2 * hour)]));
    board.add(groundOf('missed', aPlant()), said([aScoredFinding(9 * hour, 10 * hour)]));
    const own = (recording?: string) => board.rows(recording).find((row) => row.method === 'wattness')!.score;
    expect(own()).toMatchObject({ enterprises: 2, lies: 2, found: 1, falseFindings: 1, enterpriseMonths: 2 });
    expect(own('found')).toMatchObject({ lies: 1, found: 1, falseFindings: 0 });
    expect(own('missed')).toMatchObject({ lies: 1, found: 0, falseFindings: 1 });
  });

  test('tells for which share of time nobody could know, and why', () => {
    const time = { judgedMs: 40, unknownMs: 10, byReason: new Map([['load-missing', 10]]) };
    const rows = rowsOf([], aPlant(), [['stopped-but-running', time]]);
    expect(rows[0]?.known).toEqual(time);
    expect(scoreTable([{ name: 'all', rows }])).toContain('25.0 %');
  });

  test('shows detectors that have a lie or a finding; in an honest world all, and no row for doing nothing', () => {
    const lie = aLie(0, hour, { detector: 'hot-work' });
    expect(new Set(worthShowing(rowsOf([], aPlant([lie]))).map((row) => row.detector))).toEqual(new Set(['hot-work']));
    const honest = worthShowing(rowsOf([], aPlant([])));
    expect(new Set(honest.map((row) => row.detector))).toEqual(new Set(rules.rules.map((rule) => rule.detector)));
    expect(honest.some((row) => row.method === 'do nothing')).toBe(false);
  });
});

describe('what is told of misses', () => {
  const excuse = aLie(5 * hour, 9 * hour, { kind: 'excused', note: 'test run: on file' });
  const rows = rowsOf(
    [aScoredFinding(6 * hour, 7 * hour)],
    aPlant([aLie(hour, 2 * hour, { note: 'by night: ran' }), excuse]),
  );

  test('a missed lie with its note, a false finding with its rule, reason and the excuse that it fell into', () => {
    expect([...missLines(rows)]).toEqual([
      'plant: e: missed stopped-but-running EQUIPMENT m1 1970-01-01T01:00Z for 60 min by night: ran',
      'plant: e: false stopped-but-running EQUIPMENT m1 1970-01-01T06:00Z for 60 min ' +
        '(stopped-but-running load-of-running-kind, during excused "test run: on file")',
    ]);
  });

  test('lies and excuses are counted by the tag that leads their note', () => {
    expect(tagCounts(rows[0]!.tallies)).toEqual([
      ['by night', { lies: 1, found: 0, excused: 0, disturbed: 0 }],
      ['test run', { lies: 0, found: 0, excused: 1, disturbed: 1 }],
    ]);
  });
});

describe('two rule sets', () => {
  const before = said([aScoredFinding(hour, 2 * hour), aScoredFinding(9 * hour, 10 * hour)]);
  const after = said([
    aScoredFinding(hour + slot, 2 * hour, { ruleId: 'stricter' }),
    aScoredFinding(20 * hour, 21 * hour),
  ]);
  const change = changeBetween('plant', before, after);

  test('a finding is kept if the other set says the same of the same subject at the time, under whatever id', () => {
    expect(change.kept).toBe(1);
    expect(change.vanished.map(({ finding }) => finding.firstSlotMs)).toEqual([9 * hour]);
    expect(change.appeared.map(({ finding }) => finding.firstSlotMs)).toEqual([20 * hour]);
    expect([...changeLines([change])].map((line) => line.slice(0, 7))).toEqual(['- plant', '+ plant']);
  });

  test('the figures stand side by side with what changed', () => {
    const boards = [before, after].map((side) => {
      const board = new Scoreboard(rules);
      board.add(groundOf('plant', aPlant([aLie(hour, 2 * hour), aLie(20 * hour, 21 * hour)])), side);
      return board.rows();
    });
    const text = comparisonTable(boards[0]!, boards[1]!, [change]);
    expect(text).toMatch(/recall +│ 0\.500 +│ 1\.000 +│ \+0\.500/);
    expect(text).toMatch(/appeared \/ vanished +│ +│ +│ 1 \/ 1/);
  });
});

describe('the picture', () => {
  test('has a band for each detector and closes every tag that it opens', () => {
    const svg = scorePicture(rowsOf([aScoredFinding(hour, 2 * hour)]), 'Plants & <firms>');
    expect(svg).toContain('明停暗开');
    expect(svg).toContain('Plants &#38; &#60;firms&#62;');
    const opened = [...svg.matchAll(/<(\w+)(?:[^<>"]|"[^"]*")*?(\/?)>/g)].filter(([, , closed]) => closed === '');
    const closed = [...svg.matchAll(/<\/(\w+)>/g)];
    expect(opened.map(([, name]) => name).sort()).toEqual(closed.map(([, name]) => name).sort());
    expect(svg).not.toContain('NaN');
  });

  test('of an honest world shows what the false alarms may be at most', () => {
    const svg = scorePicture(rowsOf([], aPlant([])));
    expect(svg).toContain('no lie, 0 false');
    expect(svg).not.toContain('NaN');
  });
});
