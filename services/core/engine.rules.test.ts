import { describe, expect, test } from '@jest/globals';
import type { Engine, Output } from './batch.ts';
import {
  anEngine,
  aRegistration,
  aRule,
  canonical,
  dayMs,
  findingsIn,
  hourMs,
  loadParameters,
  run,
  startMs,
} from './testing/builders.ts';
import { inShift, plantRecords, within } from './testing/plant.ts';

const lie = [startMs + 6 * dayMs + 20 * hourMs, startMs + 7 * dayMs + 2 * hourMs] as const;
const midLieMs = startMs + 6 * dayMs + 23 * hourMs;
const works = (ms: number) => inShift(ms, 7, 17);
const records = canonical(
  plantRecords({
    registration: aRegistration(),
    fromMs: startMs,
    toMs: startMs + 8 * dayMs,
    seed: 7,
    load: { M1: { workingKw: 45, standingKw: 2 } },
    ran: (_, ms) => works(ms) || within(ms, lie),
    said: (_, ms) => (works(ms) ? 'RUNNING' : 'STOPPED'),
  }),
);
const before = records.filter(({ arrivalMs }) => arrivalMs < midLieMs);
const after = records.filter(({ arrivalMs }) => arrivalMs >= midLieMs);

const rules = (...list: readonly ReturnType<typeof aRule>[]) => ({ load: loadParameters, rules: list });
const other = aRule({ hash: 'e'.repeat(64), version: 2, level: 'RED' });

/** The engine as a new owner has it: from its state alone, under the rules that it had. */
function carried(engine: Engine, list: readonly ReturnType<typeof aRule>[]): Engine {
  const heir = anEngine({ rules: list });
  for (const [id, state] of engine.takeDirty()) heir.restore(id, state!);
  heir.resumeAt(midLieMs);
  return heir;
}

function settle(engine: Engine, outputs: Output[]): Output[] {
  const all = outputs.concat(run(engine, after));
  return all.concat(engine.apply([], records.at(-1)!.arrivalMs + 3 * dayMs));
}

describe('a rule that changes while a contradiction is open', () => {
  test('goes on with the same finding under its new version and level', () => {
    const engine = anEngine();
    const said = run(engine, before);
    expect(findingsIn(said).at(-1)).toMatchObject({ state: 'CONFIRMED', ruleVersion: 1, level: 'ORANGE' });
    const findings = findingsIn(settle(engine, said.concat(engine.useRules(rules(other)))));
    expect(new Set(findings.map(({ findingId }) => findingId)).size).toBe(1);
    expect(findings.at(-1)).toMatchObject({ state: 'CLOSED', settled: true, ruleVersion: 2, level: 'RED' });
    expect(findings.map(({ revision }) => revision)).toEqual(findings.map((_, i) => i + 1));
  });

  test('takes its finding back when it is withdrawn, and says no more of it', () => {
    const engine = anEngine();
    const said = run(engine, before);
    const withdrawn = engine.useRules(rules());
    expect(findingsIn(withdrawn)).toMatchObject([{ state: 'RETRACTED', retractedBecause: 'rule-withdrawn' }]);
    const findings = findingsIn(settle(engine, said.concat(withdrawn)));
    expect(findings.at(-1)).toMatchObject({ state: 'RETRACTED' });
  });

  test.each(['in one engine', 'by way of its state'])('goes on counting revisions when it comes back, %s', (way) => {
    let engine = anEngine();
    const said = run(engine, before);
    said.push(...engine.useRules(rules()));
    if (way === 'by way of its state') engine = carried(engine, []);
    said.push(...engine.useRules(rules(aRule())));
    const findings = findingsIn(settle(engine, said));
    expect(findings.map(({ revision }) => revision)).toEqual(findings.map((_, i) => i + 1));
    expect(findings.map(({ state }) => state)).toContain('RETRACTED');
    expect(findings.at(-1)).toMatchObject({
      state: 'CLOSED',
      settled: true,
      firstSlotMs: lie[0],
      lastSlotEndMs: lie[1],
    });
  });

  test('leaves nothing behind of a rule whose findings are settled', () => {
    const engine = anEngine();
    const said = run(engine, before);
    settle(engine, said.concat(engine.useRules(rules())));
    const size = [...engine.takeDirty().values()].reduce((sum, state) => sum + (state?.byteLength ?? 0), 0);
    const never = anEngine({ rules: [] });
    settle(never, run(never, before));
    const least = [...never.takeDirty().values()].reduce((sum, state) => sum + (state?.byteLength ?? 0), 0);
    // A time stamp or two: when a status was last said.
    expect(size - least).toBeLessThan(32);
  });
});
