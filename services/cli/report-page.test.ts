import { describe, expect, test } from '@jest/globals';
import { countFindings, type ScoredFinding } from '../core/scoring.ts';
import { aFirm, aLie, aRecording, aReport, aScoredFinding, hour } from '../core/testing/scoring.ts';
import { loadRules } from '../platform/rules.ts';
import { groundOf, Scoreboard } from './backtest-run.ts';
import { rulesDir } from './paths.ts';
import { casesSection, pageWith, type WorldScores, worldSection } from './report-page.ts';

const rules = loadRules(rulesDir);
const judged = { engineVersion: '9', rules: 3, rulesHash: 'abcdef0123456789' };
const month = 30 * 24 * hour;

const boardOf = (recordings: Record<string, { labels: ReturnType<typeof aLie>[]; findings: ScoredFinding[] }>) => {
  const board = new Scoreboard(rules);
  for (const [name, { labels, findings }] of Object.entries(recordings)) {
    const recording = aRecording([aFirm()], { telemetry: [aReport('m1', 0, month)], labels });
    board.add(groundOf(name, recording), {
      findings: countFindings(findings),
      known: new Map([
        [
          'stopped-but-running',
          { judgedMs: 100, unknownMs: 30, byReason: new Map(Object.entries({ 'load-missing': 30 })) },
        ],
      ]),
      silences: [],
      refused: 0,
    });
  }
  return board;
};

describe('the quality page', () => {
  test('a section that is measured anew takes its place, and the others stay', () => {
    const first = pageWith(undefined, new Map([['furniture', 'worlds of old']]));
    const second = pageWith(first, new Map([['steel', 'steel']]));
    const third = pageWith(second, new Map([['furniture', 'worlds anew']]));
    expect(second.indexOf('steel')).toBeLessThan(second.indexOf('worlds of old'));
    expect(third).toContain('\nsteel\n');
    expect(third).toContain('\nworlds anew\n');
    expect(third).not.toContain('worlds of old');
    expect(pageWith(third, new Map([['steel', 'steel']]))).toBe(third);
  });

  test('cases that miss or accuse wrongly are named, each with its detector', () => {
    const board = boardOf({
      'firing/night': { labels: [aLie(0, hour)], findings: [] },
      'quiet/furnace': { labels: [], findings: [aScoredFinding(0, hour)] },
      'firing/day': { labels: [aLie(0, hour)], findings: [aScoredFinding(0, hour)] },
    });
    const names = ['firing/night', 'quiet/furnace', 'firing/day'];
    const text = casesSection(
      board.rows(),
      names.map((name) => ({ name, rows: board.rows(name) })),
      judged,
    );
    expect(text).toContain('3 small recordings in `testdata/cases`: 2 that have to fire and 1 that have to stay quiet');
    expect(text).toContain('| firing/night | 1 of stopped-but-running |  |');
    expect(text).toContain('| quiet/furnace |  | 1 of stopped-but-running |');
    expect(text).not.toContain('| firing/day |');
  });

  test('a world tells of goals missed, seeds held out, where it fails and why it is unknown', () => {
    const lies = [
      aLie(0, hour, { note: 'night-shift' }),
      aLie(9 * hour, 10 * hour, { note: 'one-of-many' }),
      aLie(20 * hour, 21 * hour, { note: 'below-detectable, unobservable' }),
    ];
    const heldOut = boardOf({ world: { labels: lies, findings: [aScoredFinding(0, hour)] } }).rows();
    const world: WorldScores = {
      scenario: 'liars-small',
      title: 'Liars',
      tuningSeeds: [1],
      heldOutSeeds: [101, 102],
      tuning: heldOut,
      heldOut,
    };
    const text = worldSection(world, judged);
    expect(text).toContain('| F1 of stopped-but-running 明停暗开 | at least 0.95 | 0.667 | **no** |');
    expect(text).toContain(
      '| delay of stopped-but-running 明停暗开 after the data, 90th percentile | at most 30 min | 61 min; beyond the stated wait 51 min | **no** |',
    );
    expect(text).toContain('Seeds 101, 102 (held-out); firms: 1, firm-months: 1.0.');
    expect(text).toContain('| stopped-but-running 明停暗开 | one-of-many | 0 / 1 |  |');
    expect(text).toContain('| stopped-but-running 明停暗开 | unobservable (not counted) | 0 / 1 |  |');
    expect(text).toContain('| stopped-but-running 明停暗开 | load-missing 30.0 % |');
    expect(text).toContain('![Scores on liars-small, held-out seeds](quality/liars-small.svg)');
  });
});
