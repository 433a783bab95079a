import { describe, expect, test } from '@jest/globals';
import { OthersLoad } from './others-load.ts';

const stopped = { stopped: 1, unknown: 0, running: 0, standby: 0 };
const running = { stopped: 0, unknown: 0, running: 1, standby: 0 };
const silent = { stopped: 0, unknown: 1, running: 0, standby: 0 };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const slotMs = hourMs / 4;

/** Learns one day: a stop from the hour `from` on for `hours`, part of the load drawn in it where `isPart` is true. */
function learnDay(load: OthersLoad, day: number, isPart: boolean, from = 12, hours = 1): void {
  for (let ms = day * dayMs; ms < (day + 1) * dayMs; ms += slotMs) {
    const hour = (ms % dayMs) / hourMs;
    const stands = hour >= from && hour < from + hours;
    load.learn(ms, stands ? stopped : running, !stands || (isPart && hour < from + 0.5));
  }
}

function afterDays(count: number, isPart: (day: number) => boolean): OthersLoad {
  const load = new OthersLoad();
  for (let day = 0; day < count; day++) learnDay(load, day, isPart(day));
  return load;
}

const noon = 12.5 * hourMs;

describe('part of the load of work while all machines are said to stand', () => {
  test('may be of others until the machines stood at that hour on eight days', () => {
    expect(afterDays(7, () => false).isUnusualAt(noon)).toBe(false);
    expect(afterDays(8, () => false).isUnusualAt(noon)).toBe(true);
  });

  test('is unusual where one day in nine shows it, as with a liar, and usual where every sixth one does', () => {
    expect(afterDays(36, (day) => day % 9 === 0).isUnusualAt(noon)).toBe(true);
    expect(afterDays(36, (day) => day % 6 === 0).isUnusualAt(noon)).toBe(false);
  });

  test('may be of others at an hour at which the machines never stood', () => {
    expect(afterDays(30, () => false).isUnusualAt(16 * hourMs)).toBe(false);
  });

  test('is beside open work what it is at all hours at which the machines stood', () => {
    expect(afterDays(7, () => false).isUnusual).toBe(false);
    expect(afterDays(30, () => false).isUnusual).toBe(true);
    expect(afterDays(30, () => true).isUnusual).toBe(false);
  });

  test('may be of others at every hour once it is usual at one: they are there', () => {
    const load = new OthersLoad();
    for (let day = 0; day < 60; day++) learnDay(load, day, day % 2 === 0, day % 2 === 0 ? 12 : 2);
    expect(load.isUnusualAt(2 * hourMs)).toBe(false);
  });

  test('may be of others next to an hour at which it is usual', () => {
    const load = afterDays(30, () => false);
    for (let day = 30; day < 60; day++) learnDay(load, day, true, 13);
    expect([noon, 13 * hourMs].map((ms) => load.isUnusualAt(ms))).toEqual([false, false]);
  });

  test('counts once a day, however many of its slots show it, and a silence teaches nothing', () => {
    const load = afterDays(8, () => false);
    for (let ms = 9 * dayMs; ms < 40 * dayMs; ms += slotMs) load.learn(ms, silent, true);
    learnDay(load, 40, true);
    expect(load.isUnusualAt(noon)).toBe(true);
  });

  test('is forgotten within months: a tenant that moves out is one no more', () => {
    const load = afterDays(90, () => true);
    for (let day = 90; day < 300; day++) learnDay(load, day, false);
    expect(load.isUnusualAt(noon)).toBe(true);
  });

  test('is the same after a restart, in the midst of an hour too', () => {
    const load = afterDays(9, (day) => day % 3 === 0);
    load.learn(9 * dayMs + noon, stopped, true);
    const again = OthersLoad.fromJSON(JSON.parse(JSON.stringify(load)));
    for (const each of [load, again]) each.learn(9 * dayMs + 13 * hourMs, running, true);
    expect(again).toEqual(load);
  });
});
