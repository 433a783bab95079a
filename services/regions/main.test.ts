import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EnterpriseSilence } from '../core/records.ts';
import { regionDefaults } from '../core/region/stage.ts';
import { dayMs, heard, hourMs } from '../core/region/testing/statements.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import type { Regions, RegionsParts } from './main.ts';
import * as there from './testing/world.ts';
import { nameOf, names, noonMs, openWorld, outage, recovery, sorted, until, type World } from './testing/world.ts';

let world: World;
let running: Regions[];

beforeEach(async () => {
  world = await openWorld();
  running = [];
});

afterEach(async () => {
  for (const regions of running) await regions.stop();
  await world.log.close();
});

async function start(own: Partial<RegionsParts> = {}): Promise<Regions> {
  const regions = await there.start(world, own);
  running.push(regions);
  return regions;
}

async function say(...statements: EnterpriseSilence[]): Promise<void> {
  await there.say(world, statements);
  await there.taken(world);
}

const events = () => there.valuesOn(world, 'site-events');

describe('the second stage as a service', () => {
  test('says an outage to the enterprises concerned, as site events of their own', async () => {
    const regions = await start();
    await say(...heard(8), ...outage);
    const records = await there.recordsOn(world, 'site-events');
    expect(records.map((record) => record.key).sort()).toEqual(names);
    const first = records.find((record) => record.key === 'e1')!;
    expect(first.headers).toMatchObject({
      ce_id: `e1-outage-3301-${noonMs}-0`,
      ce_source: 'wattness/regions',
      ce_type: 'wattness.site.event',
      ce_subject: 'e1',
      // The fourth of eight made it an outage; once nothing earlier could follow, it was said.
      [arrivedHeader]: String(outage[3]!.asOfMs + regionDefaults.settleMs),
    });
    expect((await events())[0]).toMatchObject({ kind: 'REGIONAL_OUTAGE', startMs: noonMs, endMs: null });
    expect(regions.ready()).toMatchObject({ ready: true, detail: { partitions: { 0: true, 1: true, 2: true } } });
  });

  test('goes on after a restart where it was: nothing is said again, and revisions rise by one', async () => {
    await start();
    await say(...heard(8), ...outage);
    await running.pop()!.stop();
    const again = await start();
    await until('it is ready', () => again.ready().ready);
    await say(...heard(1, { regionCode: '330206' }));
    expect(await events()).toHaveLength(6);
    await say(...recovery);
    expect(await events()).toHaveLength(12);
    const ends = (await events()).filter((event) => event.revision === 1);
    expect(ends.map((event) => event.endMs)).toEqual(names.map(() => noonMs + hourMs + 3000));
  });

  test('waits by the clock for what other partitions may still say', async () => {
    await start({ timeSource: 'append', options: { ...regionDefaults, settleMs: 300 } });
    const nowMs = Date.now();
    await say(...heard(6, { asOfMs: nowMs - dayMs }), ...outage.map((one) => ({ ...one, asOfMs: nowMs })));
    await until('it is said', async () => (await events()).length === 6);
    const [record] = await there.recordsOn(world, 'site-events');
    expect(record!.headers![arrivedHeader]).toBeUndefined();
    expect(record!.appendTimeMs).toBeGreaterThanOrEqual(nowMs + 300);
  });

  test('keeps over a restart what still waits', async () => {
    await start({ timeSource: 'append' });
    const nowMs = Date.now();
    await say(...heard(6, { asOfMs: nowMs - dayMs }), ...outage.map((one) => ({ ...one, asOfMs: nowMs })));
    await running.pop()!.stop();
    expect(await events()).toEqual([]);
    await start({ timeSource: 'append', options: { ...regionDefaults, settleMs: 1 } });
    await until('it is said', async () => (await events()).length === 6);
  });

  test('puts what it cannot read aside, with its reason, and goes on', async () => {
    await start();
    const poison = { topic: 'enterprise-silence', key: '3301', value: Buffer.from('poison') };
    await world.producer.send([poison, { ...there.recordOf(world, outage[0]!), key: '4401' }]);
    await say(...heard(6), ...outage);
    const letters = await there.valuesOn(world, 'dead-letters');
    expect(letters.map((letter) => letter.reason).sort()).toEqual(['wrong-key', 'wrong-magic']);
    expect(letters[0]).toMatchObject({ service: 'regions', topic: 'enterprise-silence' });
    expect(await events()).toHaveLength(6);
  });

  test('is left by one process and taken up by another in mid-outage', async () => {
    await start();
    await start();
    const cities = ['1101', '3101', '3301', '4401', '5101'];
    const everywhere = (statements: readonly EnterpriseSilence[]): EnterpriseSilence[] =>
      cities.flatMap((city) =>
        statements.map((one) => ({ ...one, enterpriseId: `${city}-${one.enterpriseId}`, regionCode: `${city}06` })),
      );
    await say(...everywhere([...heard(6), ...outage]));
    await running.shift()!.stop();
    await say(...everywhere(recovery));
    const said = (await events()).map(nameOf);
    expect(said).toHaveLength(2 * 6 * cities.length);
    expect(new Set(said).size).toBe(said.length);
  });
});

test('the second stage says the same once, whatever process dies in whatever call', async () => {
  const statements = [...heard(8), ...outage, ...recovery];
  const lives = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(lives, fc.integer({ min: 1, max: 9 }), async (calls, atOnce) => {
      const mortal = await openWorld();
      const left = [...calls];
      let last: Promise<Regions> | undefined;
      const next = (): void => {
        const life = left.shift();
        if (life === undefined) last = there.start(mortal);
        else void there.start(mortal, { log: new MortalLog(mortal.log, life, () => setImmediate(next)) });
      };
      next();
      for (let from = 0; from < statements.length; from += atOnce) {
        await there.say(mortal, statements.slice(from, from + atOnce));
        await new Promise((resolve) => setImmediate(resolve));
      }
      // They die by what they do, so they are given something to do.
      await until('the last one lives', async () => {
        if (last === undefined) await there.say(mortal, statements.slice(0, 1));
        return last !== undefined;
      });
      const survivor = await last!;
      await there.taken(mortal);
      expect(sorted(await there.valuesOn(mortal, 'site-events'))).toEqual(sorted(there.expectedOf(statements)));
      await survivor.stop();
      await mortal.log.close();
    }),
    { numRuns: 25 },
  );
});
