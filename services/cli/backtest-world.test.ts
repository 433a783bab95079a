import { describe, expect, test } from '@jest/globals';
import type { EnterpriseSilence } from '../core/records.ts';
import { loadRules } from '../platform/rules.ts';
import type { Scenario } from '../simulator/world/scenario.ts';
import { Scoreboard } from './backtest-run.ts';
import { backtestWorld, regionalOutages } from './backtest-world.ts';
import { rulesDir } from './paths.ts';

const minute = 60_000;
const startMs = Date.UTC(2026, 3, 7);

const says = (firm: number, asOfMs: number, silentSinceMs: number | null): EnterpriseSilence => ({
  enterpriseId: `e${firm}`,
  regionCode: '330106',
  carrier: 'mobile',
  asOfMs,
  silentSinceMs,
  gateways: 1,
  heardGateways: silentSinceMs === null ? 1 : 0,
});

describe('the second stage over firms that were judged one by one', () => {
  const firms = [0, 1, 2, 3, 4, 5, 6, 7];
  const heard = firms.map((firm) => says(firm, startMs, null));
  // Firm by firm, as they were judged, and not in the order of time.
  const outage = firms
    .slice(0, 7)
    .flatMap((firm) => [
      says(firm, startMs + 605 * minute, startMs + 600 * minute),
      says(firm, startMs + 660 * minute, null),
    ]);

  test('tells the silence of a region to all who shared it, after they said so and with its end', () => {
    const events = regionalOutages([...heard, ...outage]);
    expect(new Set(events.map(({ value }) => value.enterpriseId))).toEqual(
      new Set(firms.slice(0, 7).map((firm) => `e${firm}`)),
    );
    expect(events.every(({ arrivalMs }) => arrivalMs >= startMs + 605 * minute)).toBe(true);
    expect(events.some(({ value }) => value.endMs !== null)).toBe(true);
  });

  test('says nothing of one that goes silent alone', () => {
    const alone = [says(7, startMs + 65 * minute, startMs + 60 * minute), says(7, startMs + 120 * minute, null)];
    expect(regionalOutages([...heard, ...alone])).toEqual([]);
  });
});

test('a simulated world is scored firm by firm under one name', async () => {
  const scenario: Scenario = {
    title: 'two firms',
    title_zh: '两家企业',
    start: '2026-04-07',
    days: 1,
    firms: [{ name: 'wood', count: 2, sector: 'wood', machines: [2, 2], meters: 'one', report_s: 300 }],
  };
  const rules = loadRules(rulesDir);
  const board = new Scoreboard(rules);
  await backtestWorld('tiny:1', { scenario, seed: 1, size: {} }, rules, board);
  const own = board.rows('tiny:1').filter((row) => row.method === 'wattness');
  const ruled = new Set(rules.rules.map((rule) => rule.detector));
  expect(new Set(own.map((row) => row.detector))).toEqual(ruled);
  expect(own[0]?.score).toMatchObject({ enterprises: 2, lies: 0, falseFindings: 0 });
  expect(own[0]?.score.enterpriseMonths).toBeCloseTo(2 / 30, 2);
});
