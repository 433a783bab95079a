import { describe, expect, test } from '@jest/globals';
import { type SlotJudgement, unjudged } from './detectors/detector.ts';
import { enterReasons } from './detectors/reasons.ts';
import { stoppedButRunning } from './detectors/stopped-but-running.ts';
import {
  beyondReports,
  cloneTest,
  confirmationLimit,
  evidenceOf,
  foldSlot,
  type Run,
  type TestState,
} from './sequential-test.ts';
import { aRandom, minuteMs, parameters, startMs } from './testing/builders.ts';

enterReasons(stoppedButRunning.reasons);
const policy = stoppedButRunning.policy(parameters, 5 * minuteMs);
const slotMs = 5 * minuteMs;

function judged(logLikelihoodRatio: number, reason = 'load-of-running-kind'): SlotJudgement {
  return { kind: 'judged', reason, logLikelihoodRatio, seen: 40, bound: 5, share: 1 };
}
const quiet = judged(-8, 'load-of-stopped-kind');
const unknown = unjudged('unknown', 'load-missing');
const running = unjudged('not-claimed', 'reported-running');

/** Folds judgements in turn; returns the state and the runs that ended. */
function fold(judgements: readonly SlotJudgement[], intervalMs = slotMs): { state: TestState; ended: Run[] } {
  const state: TestState = { cusum: 0, run: undefined };
  const ended: Run[] = [];
  for (const [i, judgement] of judgements.entries()) {
    const run = foldSlot(state, startMs + i * intervalMs, intervalMs, judgement, policy);
    if (run) ended.push(run);
  }
  return { state, ended };
}

const times = (n: number, judgement: SlotJudgement) => Array<SlotJudgement>(n).fill(judgement);

describe('a sequential test', () => {
  test('suspects at the first contradictory slot and confirms when time and evidence suffice', () => {
    expect(fold(times(1, judged(11))).state.run).toMatchObject({ provisional: true, confirmed: false });
    expect(fold(times(2, judged(11))).state.run).toMatchObject({ provisional: true, confirmed: true });
    expect(fold(times(2, judged(5))).state.run).toMatchObject({ confirmed: false });
  });

  test('lets weak evidence add up: no single slot was contradictory, and the run is confirmed', () => {
    const weak = judged(1, 'load-between-modes');
    expect(fold(times(5, weak)).state.run).toMatchObject({ provisional: false, confirmed: false });
    expect(fold(times(12, weak)).state.run).toMatchObject({ provisional: true, confirmed: true, firstMs: startMs });
  });

  test('does not confirm before the time that clocks may be off', () => {
    const limit = confirmationLimit(policy, minuteMs);
    expect(fold(times(9, judged(limit)), minuteMs).state.run!.confirmed).toBe(false);
    expect(fold(times(10, judged(limit)), minuteMs).state.run!.confirmed).toBe(true);
  });

  test('ends a confirmed run only after an hour at stop level, and then at its last evidence', () => {
    const lie = times(4, judged(11));
    expect(fold([...lie, ...times(11, quiet)]).ended).toEqual([]);
    const { ended, state } = fold([...lie, ...times(12, quiet)]);
    expect(ended).toMatchObject([{ firstMs: startMs, lastEndMs: startMs + 4 * slotMs, contradictoryMs: 4 * slotMs }]);
    expect(state).toEqual({ cusum: 0, run: undefined });
    expect(fold([...lie, ...times(11, quiet), judged(11), ...times(11, quiet)]).ended).toEqual([]);
  });

  test('drops a suspicion as soon as quiet slots have outweighed it', () => {
    expect(fold([judged(11), quiet]).ended).toEqual([]);
    expect(fold([judged(11), quiet, quiet]).ended).toMatchObject([{ confirmed: false, provisional: true }]);
    // What never was more than weak evidence ends without a word.
    expect(fold([judged(1, 'load-between-modes'), quiet]).ended).toEqual([]);
  });

  test('neither ends nor feeds a run with slots of which nobody can tell', () => {
    const lie = times(4, judged(11));
    const { state, ended } = fold([...lie, ...times(1000, unknown)]);
    expect(ended).toEqual([]);
    expect(state).toEqual(fold(lie).state);
  });

  test('ends a run at once when the machine is reported running', () => {
    expect(fold([...times(4, judged(11)), running]).ended).toMatchObject([{ confirmed: true }]);
  });

  test('keeps the first and the last evidence of a long run', () => {
    const slots = evidenceOf(fold(times(500, judged(3))).state.run!);
    expect(slots).toHaveLength(96);
    expect(slots.map((slot) => (slot.startMs - startMs) / slotMs)).toEqual([
      ...Array.from({ length: 48 }, (_, i) => i),
      ...Array.from({ length: 48 }, (_, i) => 452 + i),
    ]);
  });

  test('goes on in a copy without touching the original', () => {
    const { state } = fold(times(4, judged(11)));
    const before = structuredClone(state);
    const copy = cloneTest(state);
    foldSlot(copy, startMs, slotMs, judged(11), policy);
    expect(state).toEqual(before);
    expect(copy).not.toEqual(before);
  });

  test('confirms by chance no more often than its bound says', () => {
    // Honest slots whose evidence comes from a normal distribution with a likelihood ratio of its own: N(-d²/2, d²).
    const random = aRandom(11);
    const d = 2;
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const months = 200;
    const slots = (months * 30 * 24 * 60) / 15;
    const state: TestState = { cusum: 0, run: undefined };
    let confirmed = 0;
    for (let i = 0; i < slots; i++) {
      const had = state.run?.confirmed ?? false;
      const weak = judged(d * normal() - (d * d) / 2, 'load-between-modes');
      foldSlot(state, startMs + i * 900_000, 900_000, weak, policy);
      if (!had && state.run?.confirmed) confirmed++;
    }
    expect(confirmed / months).toBeLessThanOrEqual(parameters.falseAlarmsPerMonth);
  });
});

test('a confirmation waits for longer only where reports are rarer than half of its wait', () => {
  const waits = [1, 5, 6, 10, 60].map((minutes) => beyondReports(10 * minuteMs, minutes * minuteMs) / minuteMs);
  expect(waits).toEqual([10, 10, 16, 20, 70]);
});
