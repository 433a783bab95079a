import { dayMs, hourMs, minuteMs } from './china-days.ts';
import { gateways, isIdle, silence } from './dark-tricks.ts';
import type { Firm } from './firm.ts';
import { buildFirm } from './firm-build.ts';
import { type HabitName, habits } from './habits.ts';
import { Planner } from './planner.ts';
import type { FirmGroup, Scenario } from './scenario.ts';
import { type TrickName, tricks } from './tricks.ts';

/** A firm of a group with all that it will do. The same scenario, group, index, seed and days: the same firm. */
export function planFirm(scenario: Scenario, group: FirmGroup, index: number, seed: number, days: number): Firm {
  const firm = buildFirm(scenario, group, index, seed, days);
  const honestDays = scenario.honest_days ?? Math.min(10, Math.floor(days / 3));
  // Lies first: they are what the world is for, and room may become scarce.
  const planner = new Planner(firm, honestDays, 'deeds');
  for (const [name, times] of Object.entries(group.tricks ?? {})) {
    for (let i = 0; i < times; i++) tricks[name as TrickName](planner);
  }
  for (const [name, times] of Object.entries(group.habits ?? {})) {
    for (let i = 0; i < times; i++) habits[name as HabitName](planner);
  }
  for (const outage of scenario.outages ?? []) {
    if (!firm.regionCode.startsWith(outage.region) || (outage.carrier && outage.carrier !== firm.carrier)) continue;
    // All lines of a carrier fall within a minute of each other, and come back one by one.
    const fromMs = firm.startMs + outage.day * dayMs + outage.hour * hourMs + planner.minutes(0, 1) * minuteMs;
    const span = { fromMs, toMs: fromMs + (outage.minutes + planner.minutes(0, 4)) * minuteMs };
    silence(planner, gateways(planner), span);
    if (!isIdle(planner, span)) planner.label('fake-offline', 'ENTERPRISE', firm.id, span, 'excused', 'carrier outage');
  }
  return firm;
}

/** Number of firms in a scenario, `most` at most. */
export function firmCount(scenario: Scenario, most = Number.POSITIVE_INFINITY): number {
  return Math.min(
    most,
    scenario.firms.reduce((sum, { count }) => sum + count, 0),
  );
}

/** Where each firm stands in the scenario: the groups in turn, in proportion, so that the first hundred hold all kinds. */
export function* firmPlaces(
  scenario: Scenario,
): Generator<{ readonly group: FirmGroup; readonly index: number }, void, void> {
  const total = firmCount(scenario);
  const given = scenario.firms.map(() => 0);
  for (let n = 1; n <= total; n++) {
    let next = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (const [g, group] of scenario.firms.entries()) {
      const behind = given[g]! < group.count ? (group.count * n) / total - given[g]! : Number.NEGATIVE_INFINITY;
      if (behind > most) {
        most = behind;
        next = g;
      }
    }
    yield { group: scenario.firms[next]!, index: given[next]!++ };
  }
}
