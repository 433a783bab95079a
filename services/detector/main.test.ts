import { afterEach, describe, expect, test } from '@jest/globals';
import { inputTopics } from '../core/records.ts';
import type { LogRecord } from '../platform/log.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { changelogTopic } from '../platform/topics.ts';
import type { Detector } from './main.ts';
import { breaksIn, countedIn } from './testing/counting-engine.ts';
import {
  alarmsOn,
  aRecord,
  arrived,
  aValue,
  clockMarks,
  createWorld,
  deadLettersOn,
  judged,
  recordsOn,
  type Settings,
  startCounting,
  until,
  type World,
} from './testing/world.ts';

let world: World;
const detectors: Detector[] = [];

async function start(own: Partial<Settings> = {}, log = world.log): Promise<Detector> {
  const detector = await startCounting(world, own, log);
  if (log === world.log) detectors.push(detector);
  return detector;
}

async function send(...records: Parameters<World['producer']['send']>[0]): Promise<void> {
  await world.producer.send(records);
}

const said = async (enterpriseId = 'e') => (await alarmsOn(world)).get(enterpriseId) ?? [];
const whatWasSaid = async (): Promise<string[]> => (await said()).map((alarm) => alarm.summaryEn);

/** What a new owner would find. */
async function changelog(): Promise<Map<string | null, LogRecord>> {
  const newest = new Map<string | null, LogRecord>();
  for (const record of await recordsOn(world.log, changelogTopic)) newest.set(record.key, record);
  for (const [key, { value }] of newest) if (value === null) newest.delete(key);
  return newest;
}

afterEach(async () => {
  for (const detector of detectors.splice(0)) await detector.stop();
  await world.log.close();
});

describe('a detector', () => {
  test('judges every record of every input once, and says it with where it stands', async () => {
    world = await createWorld();
    for (const topic of inputTopics) await send(aRecord(world.codec, topic, 'e'));
    const detector = await start();
    await judged(world);
    expect(countedIn(await said()).sort()).toEqual(inputTopics.map((topic) => `${topic} 0`).sort());
    expect(breaksIn(await said())).toEqual([]);
    expect(detector.ready()).toMatchObject({ ready: true, detail: { partitions: { 0: { name: 'live' } } } });
    const [record] = await recordsOn(world.log, 'alarms');
    expect(record).toMatchObject({
      key: 'e',
      headers: {
        'content-type': 'application/avro',
        ce_specversion: '1.0',
        ce_id: 'e-1',
        ce_source: 'wattness/detector',
        ce_type: 'wattness.alarm.changed',
        ce_subject: 'e',
      },
    });
    expect(new Date(record!.headers!.ce_time!).getTime()).toBeGreaterThanOrEqual((await said())[0]!.changedMs);
  });

  test('judges a recording in the order of its arrival times, whatever order the log took it in', async () => {
    world = await createWorld();
    const at = (topic: (typeof inputTopics)[number], ms: number) => aRecord(world.codec, topic, 'e', arrived(ms));
    await send(at('power', 10), at('power', 30), at('telemetry', 20), at('telemetry', 30), at('site-registry', 5));
    await send(...clockMarks(1, 40));
    await start({ timeSource: 'recorded', tickMs: 15 });
    await judged(world);
    expect(await whatWasSaid()).toEqual([
      'site-registry 0',
      'power 0',
      'tick 15',
      'telemetry 0',
      'tick 30',
      'telemetry 1',
      'power 1',
    ]);
  });

  test('lets no timer fire on the wall clock while an input is not drained', async () => {
    world = await createWorld();
    let answer = false;
    let delivered = false;
    const { codec } = world;
    // A schema that the registry is asked about, and does not answer for a while: its stream has a record that waits.
    const waiting = aRecord(codec, 'power', 'e', { value: Buffer.from([0, 0, 0, 9, 9, 1]) });
    world = {
      ...world,
      codec: {
        ...codec,
        prepare: (records) => {
          delivered ||= records[0]?.topic === 'power';
          return delivered && !answer ? Promise.reject(new Error('no answer')) : undefined;
        },
      },
    };
    await send(aRecord(codec, 'telemetry', 'e'));
    await start({ tickMs: 20 });
    await until('time moves on', async () => (await said()).length > 2);
    await send(waiting);
    await until('it was delivered', () => delivered);
    const before = (await said()).length;
    const timerDueMs = Date.now() + 40;
    await until('a timer would have been due', () => Date.now() > timerDueMs);
    expect((await said()).length).toBe(before);
    answer = true;
    await until('time moves on again', async () => (await said()).length > before);
    expect((await deadLettersOn(world)).map((letter) => letter.reason)).toEqual(['unknown-schema-id']);
    expect(breaksIn(await said())).toEqual([]);
  });

  test('a clock mark moves time and is nothing else', async () => {
    world = await createWorld();
    await send(aRecord(world.codec, 'telemetry', 'e', arrived(10)), ...clockMarks(1, 35));
    await start({ timeSource: 'recorded', tickMs: 10 });
    await judged(world);
    expect(await whatWasSaid()).toEqual(['telemetry 0', 'tick 20', 'tick 30']);
    expect(await deadLettersOn(world)).toEqual([]);
  });

  test('a stop under load ends, and what was judged is in a snapshot', async () => {
    world = await createWorld();
    const detector = await start({ batchRecords: 5, batchMs: 1 });
    let sending = true;
    const flow = (async () => {
      while (sending) {
        await send(...Array.from({ length: 50 }, () => aRecord(world.codec, 'telemetry', 'e')));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await until('something is judged', async () => (await said()).length > 100);
    await detector.stop();
    sending = false;
    await flow;
    const left = await changelog();
    expect([...left.keys()].filter((key) => key?.startsWith('batch/'))).toEqual([]);
    const state = JSON.parse(String(left.get('state/e')?.value)) as { count: number };
    expect(state.count).toBe((await said()).length);
    await start();
    await judged(world);
    expect(breaksIn(await said())).toEqual([]);
    expect((await said()).length).toBe((await world.log.topics.endOffsets('telemetry'))[0]);
  });

  test('writes snapshots while records never cease', async () => {
    world = await createWorld();
    await send(...Array.from({ length: 3000 }, () => aRecord(world.codec, 'telemetry', 'e')));
    const mortal = new MortalLog(world.log);
    await start({ batchRecords: 1, snapshotMs: 1 }, mortal);
    await until('there is a snapshot', async () => (await changelog()).has('snapshot'));
    const judgedBefore = (await world.log.topics.committed('wattness-detector', 'telemetry'))[0] ?? 0;
    mortal.kill();
    expect(judgedBefore).toBeLessThan(3000);
  });

  test('holds a stream back when its queue is full, and loses nothing by it', async () => {
    world = await createWorld();
    await send(...Array.from({ length: 5000 }, () => aRecord(world.codec, 'telemetry', 'e')));
    await send(...Array.from({ length: 5000 }, () => aRecord(world.codec, 'power', 'e')));
    await start({ batchRecords: 10 });
    await judged(world);
    expect(countedIn(await said())).toHaveLength(10_000);
    expect(breaksIn(await said())).toEqual([]);
  });
});

describe('a record that cannot be used', () => {
  test('goes to dead-letters whole, with its reason and its origin, and the partition goes on', async () => {
    world = await createWorld();
    const good = world.codec.encode('power', aValue('power', 'e'));
    const poison: [string, Buffer][] = [
      ['wrong-magic', Buffer.from('hello')],
      ['truncated', Buffer.from([0, 0])],
      ['truncated', Buffer.alloc(0)],
      ['truncated', good.subarray(0, good.length - 2)],
      ['trailing-bytes', Buffer.concat([good, Buffer.from([1])])],
      ['unknown-schema-id', Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2])],
      ['wrong-key', world.codec.encode('power', aValue('power', 'another'))],
    ];
    const headers = { trace: 'abc', 企业: '名' };
    for (const [, value] of poison) await send({ topic: 'power', key: 'e', value, headers });
    await send({ topic: 'power', partition: 0, key: null, value: good }, aRecord(world.codec, 'power', 'e'));
    await start();
    await judged(world);
    const letters = await deadLettersOn(world);
    const [first] = await recordsOn(world.log, 'power');
    expect(letters.map((letter) => letter.reason)).toEqual([...poison.map(([reason]) => reason), 'wrong-key']);
    expect(letters[0]).toEqual({
      deadLetterId: 'power-0-0',
      reason: 'wrong-magic',
      detail: expect.any(String),
      service: 'detector',
      topic: 'power',
      partition: 0,
      offset: 0,
      appendTimeMs: first!.appendTimeMs,
      refusedMs: expect.any(Number),
      key: 'e',
      value: Buffer.from('hello'),
      headers,
    });
    for (const [i, [, value]] of poison.entries()) expect(letters[i]!.value).toEqual(value);
    expect(letters.at(-1)!.key).toBeNull();
    expect(await whatWasSaid()).toEqual(['power 8']);
  });

  test('is cut where it is too large for a dead letter, and its letter says so', async () => {
    world = await createWorld();
    const value = Buffer.alloc(1_040_000, 'x');
    await send({ topic: 'power', key: 'e', value });
    await send({ topic: 'power', key: 'k'.repeat(400_000), partition: 0, value: Buffer.alloc(600_000, 'y') });
    await send({ topic: 'power', key: 'e', value: Buffer.from('z'), headers: { long: 'h'.repeat(900_000), a: 'b' } });
    await send(aRecord(world.codec, 'power', 'e'));
    await start();
    await judged(world);
    const letters = await deadLettersOn(world);
    expect(letters.map((letter) => letter.value!.length)).toEqual([800_000, 600_000, 1]);
    expect(letters[0]!.detail).toContain('value of 1040000 bytes');
    expect(letters[1]!.detail).toContain('key of 400000 characters');
    expect(letters[2]).toMatchObject({ detail: expect.stringContaining('headers'), headers: {} });
    expect(await whatWasSaid()).toEqual(['power 3']);
  });

  test('of a schema that was unknown then is refused again when it is judged again, though it is known now', async () => {
    world = await createWorld();
    const text = JSON.stringify({ type: 'record', name: 'Power', namespace: 'wattness', fields: [] });
    const nextId = (await world.registry.register('elsewhere-value', text)) + 1;
    const header = Buffer.alloc(5);
    header.writeUInt32BE(nextId, 1);
    const body = world.codec.encode('power', aValue('power', 'e')).subarray(5);
    await send({ topic: 'power', key: 'e', value: Buffer.concat([header, body]) }, aRecord(world.codec, 'power', 'e'));
    const mortal = new MortalLog(world.log);
    await start({}, mortal);
    await judged(world);
    mortal.kill();
    expect((await deadLettersOn(world)).map((letter) => letter.reason)).toEqual(['unknown-schema-id']);

    // Now it is registered: the schema of power itself, with another documentation.
    const { readFileSync } = await import('node:fs');
    const own = JSON.parse(readFileSync(new URL('../../schemas/power.avsc', import.meta.url), 'utf8'));
    expect(await world.registry.register('power-value', JSON.stringify({ ...own, doc: 'later' }))).toBe(nextId);
    const { createCodec } = await import('../platform/avro.ts');
    world = { ...world, codec: await createCodec({ registry: world.registry }) };
    await start();
    await send(aRecord(world.codec, 'power', 'e'));
    await judged(world);
    expect(await whatWasSaid()).toEqual(['power 1', 'power 2']);
    expect(breaksIn(await said())).toEqual([]);
  });

  test('at which the engine fails is found, refused, and refused again when it is judged again', async () => {
    world = await createWorld();
    const fault = { ...aValue('telemetry', 'e'), state: 'FAULT' as const };
    const records = Array.from({ length: 7 }, () => aRecord(world.codec, 'telemetry', 'e'));
    records[4] = { ...records[4]!, value: world.codec.encode('telemetry', fault) };
    await send(...records);
    const mortal = new MortalLog(world.log);
    await start({}, mortal);
    await judged(world);
    mortal.kill();
    const letters = await deadLettersOn(world);
    expect(letters).toMatchObject([{ reason: 'engine-failed', offset: 4, value: records[4]!.value }]);
    await start();
    await send(aRecord(world.codec, 'telemetry', 'e'));
    await judged(world);
    expect(await deadLettersOn(world)).toHaveLength(1);
    expect(countedIn(await said())).toEqual([0, 1, 2, 3, 5, 6, 7].map((offset) => `telemetry ${offset}`));
    expect(breaksIn(await said())).toEqual([]);
  });
});
