import type { Stated } from '../core/recording.ts';
import type { EnterpriseSilence, SiteEvent } from '../core/records.ts';
import { createRegionStage, regionDefaults } from '../core/region/stage.ts';
import type { LoadedRules } from '../platform/rules.ts';
import type { Scenario } from '../simulator/world/scenario.ts';
import { simulateWorld, type WorldSize } from '../simulator/world/world.ts';
import { type Ground, groundOf, runRules, type Said, type Scoreboard } from './backtest-run.ts';

/**
 * Scores the rules on a simulated world, a firm at a time: no firm knows of another, but for the second stage, which
 * tells the silence of a region from that of a firm. What it says rests on the silences alone, so all firms are judged
 * once, then the stage, then once more those of which it speaks.
 */
export function backtestWorld(
  name: string,
  world: { readonly scenario: Scenario; readonly seed: number; readonly size: WorldSize },
  rules: LoadedRules,
  board: Scoreboard,
): { readonly refused: number } {
  const firms: { readonly ground: Ground; said: Said }[] = [];
  const make = () => simulateWorld(world.scenario, world.seed, world.size);
  for (const recording of make()) {
    firms.push({ ground: groundOf(name, recording), said: runRules(`${name} ${firms.length + 1}`, recording, rules) });
  }
  const outages = regionalOutages(firms.flatMap(({ said }) => said.silences));
  if (outages.length > 0) {
    const heard = Map.groupBy(outages, ({ value }) => value.enterpriseId);
    let at = 0;
    for (const recording of make()) {
      const firm = firms[at++]!;
      const told = recording.sites.flatMap(({ value }) => heard.get(value.enterpriseId) ?? []);
      if (told.length === 0) continue;
      const siteEvents = [...recording.siteEvents, ...new Set(told)];
      firm.said = runRules(`${name} ${at} again`, { ...recording, siteEvents }, rules);
    }
  }
  for (const { ground, said } of firms) board.add(ground, said);
  return { refused: firms.reduce((sum, { said }) => sum + said.refused, 0) };
}

/** What the second stage concludes from what all firms said of their silence, each at the moment at which it says so. */
export function regionalOutages(silences: readonly EnterpriseSilence[]): Stated<SiteEvent>[] {
  const stage = createRegionStage(regionDefaults);
  const events: Stated<SiteEvent>[] = [];
  const moveTo = (ms: number) => {
    for (let dueMs = stage.nextDueMs(); dueMs <= ms; dueMs = stage.nextDueMs()) {
      for (const value of stage.apply([], dueMs)) events.push({ arrivalMs: dueMs, value });
    }
  };
  for (const silence of silences.toSorted((a, b) => a.asOfMs - b.asOfMs)) {
    moveTo(silence.asOfMs);
    for (const value of stage.apply([silence], silence.asOfMs)) events.push({ arrivalMs: silence.asOfMs, value });
  }
  moveTo(Number.MAX_SAFE_INTEGER);
  return events;
}
