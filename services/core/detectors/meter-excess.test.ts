import { describe, expect, test } from '@jest/globals';
import { aRandom } from '../testing/builders.ts';
import { excessOf, lossEvidence, noExcess, type Quarter, type UsualExcess, withBalance } from './meter-excess.ts';

/** One false alarm in ten months, as the shipped rule states. */
const confirmed = Math.log(28_800);
const terms = { limit: Math.log(20), cap: 11 };
const load = { kw: 4.4, spreadKw: 1.5 };

/** A works of some 200 kW whose rest is a hundredth of it, to within some 0.4 kW. */
function learned(random: () => number): UsualExcess {
  let usual = noExcess;
  for (let i = 0; i < 400; i++) usual = withBalance(usual, balanceOf(random, 0));
  return usual;
}

function balanceOf(random: () => number, beyondKw: number) {
  const partsKw = 180 + 40 * random();
  const restKw = 0.01 * partsKw + 1.4 * (random() - 0.5) + beyondKw;
  return { wholeKw: partsKw + restKw, partKw: [], partsKw, restKw };
}

/** The highest that evidence adds up to (CUSUM) over three shifts in which a small machine draws what it draws. */
function mostEvidence(random: () => number, shown: (drawnKw: number) => { kw: number; beyondKw: number }): number {
  const usual = learned(random);
  const before: Quarter[] = [];
  let sum = 0;
  let most = 0;
  for (let i = 0; i < 96; i++) {
    const { kw, beyondKw } = shown(1.8 + 5 * random());
    const now = { kw, excessKw: excessOf(usual, balanceOf(random, beyondKw)) };
    sum = Math.max(0, sum + lossEvidence(usual, load, now, before, 0.75, terms));
    most = Math.max(most, sum);
    before.unshift(now);
    before.length = Math.min(before.length, 12);
  }
  return most;
}

describe('what comes through beyond the parts of a works of 200 kW', () => {
  test.each([1, 2, 3])('tells of a small machine that is shown to a third, or to a fifth (seed %d)', (seed) => {
    for (const share of [1 / 3, 8 / 38]) {
      const lost = mostEvidence(aRandom(seed), (kw) => ({ kw: share * kw, beyondKw: (1 - share) * kw }));
      expect(lost).toBeGreaterThan(confirmed);
    }
  });

  test.each([1, 2, 3])('tells of nothing where all is shown, or the machine draws half of it (seed %d)', (seed) => {
    for (const part of [1, 0.5]) {
      expect(mostEvidence(aRandom(seed), (kw) => ({ kw: part * kw, beyondKw: 0 }))).toBeLessThan(confirmed);
    }
  });

  test.each([1, 2, 3])('tells of nothing where a heater is plugged in elsewhere (seed %d)', (seed) => {
    for (const heaterKw of [1.5, 3, 10]) {
      expect(mostEvidence(aRandom(seed), (kw) => ({ kw, beyondKw: heaterKw }))).toBeLessThan(confirmed);
    }
  });
});
