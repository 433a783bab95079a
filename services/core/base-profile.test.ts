import { describe, expect, test } from '@jest/globals';
import { BaseProfile } from './base-profile.ts';
import { aRandom, dayMs, hourMs, minuteMs, startMs } from './testing/builders.ts';

const slotMs = 15 * minuteMs;

/** A dormitory: quiet nights, long evenings, and longer ones on the last two days of the week. */
function dormitoryKw(ms: number, season = 1): number {
  const hour = (ms % dayMs) / hourMs;
  const evening = Math.exp(-0.5 * ((hour - 20) / 2) ** 2);
  const free = Math.floor((ms - startMs) / dayMs) % 7 >= 5;
  return season * (8 + evening * (free ? 40 : 25));
}

/** Teaches all slots of `days` but those in which the plant runs. */
function taught(
  days: number,
  kwAt: (ms: number) => number,
  { intervalMs = slotMs, noise = 0.1, profile = new BaseProfile(), fromMs = startMs, seed = 1 } = {},
) {
  const random = aRandom(seed);
  for (let ms = fromMs; ms < fromMs + days * dayMs; ms += intervalMs) {
    profile.learn(ms, kwAt(ms) * (1 + noise * (random() - 0.5)), intervalMs);
  }
  return profile;
}

/** What is left of the base over a week when its hours are taken out: the highest less the lowest, kW. */
function remainsKw(profile: BaseProfile, fromMs: number, kwAt: (ms: number) => number): number {
  const rest = Array.from({ length: 7 * 24 }, (_, hour) => {
    const ms = fromMs + hour * hourMs;
    return kwAt(ms) - profile.extraKw(ms);
  });
  return Math.max(...rest) - Math.min(...rest);
}

describe('the base by hour of the week', () => {
  test('is taken out of a dormitory, working days and free ones', () => {
    const profile = taught(42, dormitoryKw);
    const afterMs = startMs + 42 * dayMs;
    expect(remainsKw(profile, afterMs, dormitoryKw)).toBeLessThan(14);
    expect(remainsKw(new BaseProfile(), afterMs, dormitoryKw)).toBeGreaterThan(35);
  });

  test('follows the season', () => {
    const profile = taught(42, dormitoryKw);
    const fromMs = startMs + 42 * dayMs;
    const winter = (ms: number) => dormitoryKw(ms, 1.5);
    taught(42, winter, { profile, fromMs, seed: 2 });
    expect(remainsKw(profile, fromMs + 42 * dayMs, winter)).toBeLessThan(22);
  });

  test('says nothing of a base that no hour foretells', () => {
    const random = aRandom(3);
    const profile = taught(42, () => (random() < 0.5 ? 5 : 90));
    expect(profile.version).toBe(0);
    for (let hour = 0; hour < 168; hour++) expect(profile.extraKw(startMs + hour * hourMs)).toBe(0);
  });

  test('says nothing before it has seen some days', () => {
    const profile = taught(3, dormitoryKw);
    expect(profile.extraKw(startMs + 20 * hourMs)).toBe(0);
  });

  test('says nothing of hours in which the plant always runs', () => {
    const profile = new BaseProfile();
    for (let ms = startMs; ms < startMs + 21 * dayMs; ms += slotMs) {
      const hour = (ms % dayMs) / hourMs;
      if (hour < 8 || hour >= 17) profile.learn(ms, dormitoryKw(ms), slotMs);
    }
    const dayMsOf = startMs + 21 * dayMs;
    expect(profile.extraKw(dayMsOf + 12 * hourMs)).toBe(0);
    expect(profile.extraKw(dayMsOf + 20 * hourMs)).toBeGreaterThan(5);
  });

  test('is moved little by a slot in which a machine starts', () => {
    const profile = taught(21, dormitoryKw);
    const ms = startMs + 21 * dayMs + 3 * hourMs;
    const before = profile.extraKw(ms);
    profile.learn(ms, 80, slotMs);
    expect(Math.abs(profile.extraKw(ms) - before)).toBeLessThan(1);
  });

  test('is the same from minutes as from quarters of an hour', () => {
    const quarters = taught(28, dormitoryKw, { noise: 0 });
    const minutes = taught(28, (ms) => dormitoryKw(Math.floor(ms / slotMs) * slotMs), {
      noise: 0,
      intervalMs: minuteMs,
    });
    for (const hour of [3, 12, 20]) {
      const ms = startMs + 28 * dayMs + hour * hourMs;
      expect(Math.abs(minutes.extraKw(ms) - quarters.extraKw(ms))).toBeLessThan(2);
    }
  });

  test('learns on after being written and read as if nothing had been', () => {
    const profile = taught(10, dormitoryKw);
    const { json, block } = profile.toState();
    const read = BaseProfile.fromState(JSON.parse(JSON.stringify(json)), block.slice());
    const fromMs = startMs + 10 * dayMs;
    taught(7, dormitoryKw, { profile, fromMs });
    taught(7, dormitoryKw, { profile: read, fromMs });
    expect(read.toState()).toEqual(profile.toState());
  });
});
