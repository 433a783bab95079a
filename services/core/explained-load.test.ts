import { describe, expect, test } from '@jest/globals';
import { ExplainedLoad } from './explained-load.ts';
import { aRandom, dayMs, minuteMs } from './testing/builders.ts';

const slotMs = 15 * minuteMs;
const cap = 11.5;
const trueKw = [30, 42, 12];
const baseKw = 5;

interface World {
  readonly days?: number;
  readonly seed?: number;
  readonly ratedKw?: readonly (number | null)[];
  /** Chance that a machine which runs is said to stand, by machine, from a day on. */
  readonly lying?: readonly number[];
  readonly fromDay?: number;
}

/** Three machines that come and go by themselves in blocks of two hours, and a load that wanders by ten percent. */
function taught({ days = 20, seed = 1, ratedKw = [60, null, 10], lying = [0, 0, 0], fromDay = 0 }: World = {}) {
  const random = aRandom(seed);
  const load = new ExplainedLoad(['M1', 'M2', 'M3'], ratedKw, 500);
  let ran = [false, false, false];
  let said = ran;
  for (let slot = 0; slot < (days * dayMs) / slotMs; slot++) {
    if (slot % 8 === 0) {
      ran = trueKw.map(() => random() < 0.5);
      const lies = slot * slotMs >= fromDay * dayMs;
      said = ran.map((runs, i) => runs && !(lies && random() < lying[i]!));
    }
    const kw = trueKw.reduce((sum, own, i) => sum + (ran[i] ? own * (0.9 + 0.2 * random()) : 0), baseKw);
    load.learn(
      said.map((runs) => (runs ? 1 : 0)),
      kw,
      slotMs,
    );
  }
  return load;
}

describe('a load that is explained by what is reported', () => {
  test.each([1, 2, 3])('gives each machine its own, whatever its nameplate says (seed %d)', (seed) => {
    const load = taught({ seed });
    for (const [i, kw] of trueKw.entries()) {
      expect(Math.abs(load.loadOf(i).kw / kw - 1)).toBeLessThan(0.1);
      expect(load.loadOf(i).sdKw).toBeLessThan(0.1 * kw);
    }
    const { kw, sdKw } = load.explain([1, 1, 0]);
    expect(Math.abs(kw - 77)).toBeLessThan(4);
    expect(sdKw).toBeLessThan(15);
  });

  test.each([1, 2, 3])('is still right within a fifth when a machine lies in a fifth of its time (seed %d)', (seed) => {
    const load = taught({ seed, days: 40, lying: [0, 0.2, 0], fromDay: 5 });
    for (const [i, kw] of trueKw.entries()) expect(Math.abs(load.loadOf(i).kw / kw - 1)).toBeLessThan(0.2);
  });

  test('shows a machine that runs against its report, and no other', () => {
    const load = taught();
    const seen = load.evidence(1, [1, 0, 0], baseKw + 30 + 42, cap);
    expect(seen.llr).toBeGreaterThan(Math.log(20));
    expect(load.evidence(1, [1, 0, 0], baseKw + 30, cap).llr).toBeLessThan(-Math.log(20));
  });

  test('tells two suspects apart whose evidence both reaches the cap', () => {
    const load = taught({ days: 60 });
    const [, large, small] = [0, 1, 2].map((index) => load.evidence(index, [0, 0, 0], baseKw + 42, cap));
    expect([large!.llr, small!.llr]).toEqual([cap, cap]);
    expect(large!.uncapped - small!.uncapped).toBeGreaterThan(Math.log(20));
  });

  test('says nothing of a machine that was never reported running', () => {
    const load = taught({ lying: [0, 1, 0] });
    expect(load.evidence(1, [1, 0, 0], baseKw + 30 + 42, cap)).toEqual({ llr: 0, uncapped: 0, atBest: 0 });
  });

  test('says beforehand that a small machine could not be seen besides large ones', () => {
    const load = taught();
    const alone = load.evidence(2, [0, 0, 0], baseKw, cap);
    const besides = load.evidence(2, [1, 1, 0], baseKw + 72, cap);
    expect(alone.atBest).toBeGreaterThan(Math.log(20));
    expect(besides.atBest).toBeLessThan(alone.atBest);
    const random = aRandom(4);
    const tiny = new ExplainedLoad(['large', 'tiny'], [null, null], 2000);
    for (let slot = 0; slot < 2000; slot++) {
      const [large, small] = [random() < 0.5, random() < 0.5];
      tiny.learn(
        [large ? 1 : 0, small ? 1 : 0],
        (large ? 150 * (0.9 + 0.2 * random()) : 0) + (small ? 0.8 : 0) + 1,
        slotMs,
      );
    }
    expect(tiny.evidence(1, [1, 0], 151, cap).atBest).toBeLessThan(Math.log(20));
  });

  test('never gives evidence beyond its cap, nor less of it for more load', () => {
    const load = taught();
    let before = Number.NEGATIVE_INFINITY;
    for (let kw = 0; kw < 2000; kw += 3) {
      const { llr } = load.evidence(1, [1, 0, 0], kw, cap);
      expect(llr).toBeGreaterThanOrEqual(before);
      expect(Math.abs(llr)).toBeLessThanOrEqual(cap);
      before = llr;
    }
  });

  test('stays finite and sure of itself over a year, with machines that always run together', () => {
    const random = aRandom(8);
    const load = new ExplainedLoad(['M1', 'M2'], [100, 100], 1e6);
    for (let slot = 0; slot < 35_000; slot++) {
      const on = slot % 96 < 40 ? 1 : 0;
      load.learn([on, on], 20 + on * 100 * (0.9 + 0.2 * random()), slotMs);
    }
    const { kw, sdKw } = load.explain([1, 1]);
    expect(Math.abs(kw - 120)).toBeLessThan(10);
    expect(sdKw).toBeGreaterThan(0);
    expect(sdKw).toBeLessThan(50);
    // Which of the two draws what was never seen: neither can be judged without the other.
    expect(load.evidence(0, [0, 1], 120, cap)).toEqual({ llr: 0, uncapped: 0, atBest: 0 });
  });

  test('learns on after being written and read as if nothing had been', () => {
    const load = taught({ days: 3 });
    const read = ExplainedLoad.fromJSON(JSON.parse(JSON.stringify(load)));
    for (const each of [load, read]) each.learn([1, 0, 0.5], 44, slotMs);
    expect(read.toJSON()).toEqual(load.toJSON());
    expect(read.equipmentIds).toEqual(['M1', 'M2', 'M3']);
  });
});

describe('machines that were never seen to change', () => {
  test('are taken to do what they always did: then the rest of the load tells of the others', () => {
    const random = aRandom(9);
    const load = new ExplainedLoad(['always', 'never', 'shifts', 'always-2'], [null, null, null, 80], 900);
    for (let slot = 0; slot < (8 * dayMs) / slotMs; slot++) {
      const works = slot % 96 >= 32 && slot % 96 < 68 ? 1 : 0;
      load.learn([1, 0, works, 1], (90 + 60 * works) * (0.95 + 0.1 * random()), slotMs);
    }
    expect([0, 1, 2, 3].map((index) => load.isSeen(index))).toEqual([false, false, true, false]);
    const running = load.withUnseen([0, 0, 0, 0], [0, 1, 3]);
    expect(running).toEqual([1, 0, 0, 1]);
    expect(load.evidence(2, running, 150, cap).llr).toBeGreaterThan(3);
    expect(load.evidence(2, running, 90, cap).llr).toBeLessThan(-3);
  });
});
