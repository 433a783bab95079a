import { describe, expect, test } from '@jest/globals';
import { OthersLoad } from './others-load.ts';

const stopped = { stopped: 1, unknown: 0, running: 0, standby: 0 };
const running = { stopped: 0, unknown: 0, running: 1, standby: 0 };
const silent = { stopped: 0, unknown: 1, running: 0, standby: 0 };

/** Stops of three slots between work; those for which `isPart` is true show part of the load of work in their second. */
function afterStops(count: number, isPart: (stop: number) => boolean): OthersLoad {
  const load = new OthersLoad();
  for (let stop = 0; stop < count; stop++) {
    for (const slot of [0, 1, 2]) load.learn(stopped, slot === 1 && isPart(stop));
    load.learn(running, true);
  }
  return load;
}

describe('part of the load of work while all machines are said to stand', () => {
  test('may be of others until eight stops were seen', () => {
    expect(afterStops(7, () => false).isUnusual).toBe(false);
    expect(afterStops(8, () => false).isUnusual).toBe(true);
  });

  test('is unusual where one stop in four shows it, as with a liar, and usual where every other one does', () => {
    expect(afterStops(40, (stop) => stop % 4 === 0).isUnusual).toBe(true);
    expect(afterStops(40, (stop) => stop % 2 === 0).isUnusual).toBe(false);
  });

  test('counts once a stop, however long it is, and a silence within does not end one', () => {
    const load = afterStops(8, () => false);
    for (let slot = 0; slot < 1000; slot++) load.learn(slot % 10 === 0 ? silent : stopped, true);
    load.learn(running, true);
    expect(load.isUnusual).toBe(true);
  });

  test('is forgotten within months: a tenant that moves out is one no more', () => {
    const load = afterStops(200, () => true);
    for (let stop = 0; stop < 200; stop++) {
      load.learn(stopped, false);
      load.learn(running, true);
    }
    expect(load.isUnusual).toBe(true);
  });

  test('is the same after a restart, in the midst of a stop too', () => {
    const load = afterStops(8, (stop) => stop % 3 === 0);
    load.learn(stopped, true);
    const again = OthersLoad.fromJSON(load.toJSON());
    for (const each of [load, again]) each.learn(running, true);
    expect(again).toEqual(load);
  });
});
