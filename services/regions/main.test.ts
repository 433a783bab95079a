import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../core/batch.ts';
import type { DeadLetter, EnterpriseSilence, SiteEvent } from '../core/records.ts';
import { createRegionStage, regionDefaults } from '../core/region/stage.ts';
import { dayMs, heard, heardAgain, hourMs, silent, startMs } from '../core/region/testing/statements.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import { type Codec, createCodec } from '../platform/avro.ts';
import type { Log, LogRecord, NewRecord, Producer } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { createSqliteLog } from '../platform/sqlite-log.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { topicSpecs } from '../platform/topics.ts';
import { type Regions, type RegionsParts, regionsGroup, startRegions } from './main.ts';

const partitions = 3;
const noonMs = startMs + 2 * dayMs + 12 * hourMs;
const names = Array.from({ length: 6 }, (_, i) => `e${i + 1}`);
const outage = names.map((name, i) => silent(name, noonMs + i * 1000));
const recovery = names.map((name, i) => heardAgain(name, noonMs + hourMs + i * 1000));

let log: Log;
let codec: Codec;
let producer: Producer;
let running: Regions[];

beforeEach(async () => {
  log = createSqliteLog({ path: `:memory:${randomUUID()}` });
  await log.topics.create(topicSpecs({ partitions }));
  codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
  producer = await log.openProducer();
  running = [];
});

afterEach(async () => {
  for (const regions of running) await regions.stop();
  await log.close();
});

async function start(own: Partial<RegionsParts> = {}): Promise<Regions> {
  const regions = await startRegions({
    log,
    codec,
    options: regionDefaults,
    timeSource: 'recorded',
    metrics: createMetrics(),
    logger: createLogger({ service: 'regions', level: process.env.LOG_LEVEL ?? 'silent' }),
    ...own,
  });
  if (own.log === undefined) running.push(regions);
  return regions;
}

const aRecord = (statement: EnterpriseSilence): NewRecord => ({
  topic: 'enterprise-silence',
  key: statement.regionCode.slice(0, 4),
  value: codec.encode('enterprise-silence', statement),
});

const say = (statements: readonly EnterpriseSilence[]): Promise<void> => producer.send(statements.map(aRecord));

async function recordsOn(topic: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of log.read({ topics: [topic], follow: false })) all.push(...records);
  return all;
}

async function valuesOn<T extends 'site-events' | 'dead-letters'>(topic: T) {
  return (await recordsOn(topic)).map((record) => {
    const value = codec.decode(topic, record.value!);
    if (value instanceof Refusal) throw new Error(value.detail);
    return value;
  });
}

const eventsOn = async (): Promise<SiteEvent[]> => (await valuesOn('site-events')) as SiteEvent[];

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything that is on the topic now has been taken and committed. */
async function taken(): Promise<void> {
  const ends = await log.topics.endOffsets('enterprise-silence');
  await until('all is taken', async () => {
    const at = await log.topics.committed(regionsGroup, 'enterprise-silence');
    return ends.every((end, partition) => end === 0 || (at[partition] ?? 0) >= end);
  });
}

const nameOf = ({ enterpriseId, eventId, revision }: SiteEvent): string => `${enterpriseId} ${eventId} ${revision}`;

/** Partitions have no order among themselves. */
const sorted = (events: readonly SiteEvent[]): SiteEvent[] =>
  events.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

describe('the second stage as a service', () => {
  test('says an outage to the enterprises concerned, as site events of their own', async () => {
    const regions = await start();
    await say([...heard(8), ...outage]);
    await taken();
    const records = await recordsOn('site-events');
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
    expect((await eventsOn())[0]).toMatchObject({ kind: 'REGIONAL_OUTAGE', startMs: noonMs, endMs: null });
    expect(regions.ready()).toMatchObject({ ready: true, detail: { partitions: { 0: true, 1: true, 2: true } } });
  });

  test('goes on after a restart where it was: nothing is said again, and revisions rise by one', async () => {
    const first = await start();
    await say([...heard(8), ...outage]);
    await taken();
    await first.stop();
    const again = await start();
    await until('it is ready', () => again.ready().ready);
    await say(heard(1, { regionCode: '330206' }));
    await taken();
    expect(await eventsOn()).toHaveLength(6);
    await say(recovery);
    await taken();
    expect(await eventsOn()).toHaveLength(12);
    const ends = (await eventsOn()).filter((event) => event.revision === 1);
    expect(ends.map((event) => event.endMs)).toEqual(names.map(() => noonMs + hourMs + 3000));
  });

  test('waits by the clock for what other partitions may still say', async () => {
    await start({ timeSource: 'append', options: { ...regionDefaults, settleMs: 300 } });
    const nowMs = Date.now();
    await say([...heard(6, { asOfMs: nowMs - dayMs }), ...outage.map((one) => ({ ...one, asOfMs: nowMs }))]);
    await taken();
    expect(await eventsOn()).toEqual([]);
    await until('it is said', async () => (await eventsOn()).length === 6);
    const [record] = await recordsOn('site-events');
    expect(record!.headers![arrivedHeader]).toBeUndefined();
    expect(record!.appendTimeMs).toBeGreaterThanOrEqual(nowMs + 300);
  });

  test('puts what it cannot read aside, with its reason, and goes on', async () => {
    await start();
    const wrong = { ...aRecord(outage[0]!), key: '4401' };
    await producer.send([{ topic: 'enterprise-silence', key: '3301', value: Buffer.from('poison') }, wrong]);
    await say([...heard(6), ...outage]);
    await taken();
    const letters = (await valuesOn('dead-letters')) as DeadLetter[];
    expect(letters.map((letter) => letter.reason).sort()).toEqual(['wrong-key', 'wrong-magic']);
    expect(letters[0]).toMatchObject({ service: 'regions', topic: 'enterprise-silence' });
    expect(await eventsOn()).toHaveLength(6);
  });

  test('is left by one process and taken up by another in mid-outage', async () => {
    await start();
    await start();
    const cities = ['1101', '3101', '3301', '4401', '5101'];
    const inCity = (city: string) => (one: EnterpriseSilence) => ({
      ...one,
      enterpriseId: `${city}-${one.enterpriseId}`,
      regionCode: `${city}06`,
    });
    await say(cities.flatMap((city) => [...heard(6), ...outage].map(inCity(city))));
    await taken();
    await running.shift()!.stop();
    await say(cities.flatMap((city) => recovery.map(inCity(city))));
    await taken();
    const events = await eventsOn();
    expect(events).toHaveLength(2 * 6 * cities.length);
    expect(new Set(events.map(nameOf)).size).toBe(events.length);
  });

  test('says the same once, whatever process dies in whatever call', async () => {
    const statements = [...heard(8), ...outage, ...recovery];
    const stage = createRegionStage(regionDefaults);
    const expected = statements.flatMap((one) => stage.apply([one], one.asOfMs + regionDefaults.settleMs));
    const lives = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lives, fc.integer({ min: 1, max: 9 }), async (calls, atOnce) => {
        const prefix = log;
        log = createSqliteLog({ path: `:memory:${randomUUID()}` });
        await log.topics.create(topicSpecs({ partitions }));
        producer = await log.openProducer();
        const left = [...calls];
        let last: Promise<Regions> | undefined;
        function next(): void {
          const life = left.shift();
          if (life === undefined) last = start();
          else void start({ log: new MortalLog(log, life, () => setImmediate(next)) });
        }
        next();
        for (let from = 0; from < statements.length; from += atOnce) {
          await say(statements.slice(from, from + atOnce));
          await new Promise((resolve) => setImmediate(resolve));
        }
        // What is left of their lives ends by itself only while there is something to do.
        await until('the last one lives', async () => {
          if (last === undefined) await say(statements.slice(0, 1));
          return last !== undefined;
        });
        await last;
        await taken();
        expect(sorted(await eventsOn())).toEqual(sorted(expected));
        await running.pop()!.stop();
        await log.close();
        log = prefix;
      }),
      { numRuns: 25 },
    );
  });
});
