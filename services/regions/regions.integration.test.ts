import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { heard } from '../core/region/testing/statements.ts';
import { createKafkaLog } from '../platform/kafka/log.ts';
import type { Log } from '../platform/log.ts';
import { prefixedLog } from '../platform/prefixed-log.ts';
import { MortalLog } from '../platform/testing/mortal-log.ts';
import { findKafka } from '../platform/testing/servers.ts';
import type { Regions } from './main.ts';
import {
  expectedOf,
  openWorld,
  outage,
  recovery,
  say,
  sorted,
  start,
  taken,
  valuesOn,
  type World,
} from './testing/world.ts';

const kafka = await findKafka();
const run = 'unavailable' in kafka ? describe.skip : describe;

run('the second stage on Apache Kafka', () => {
  let world: World;
  let log: Log;
  const running: Regions[] = [];

  beforeEach(async () => {
    const { brokers } = kafka as { brokers: string[] };
    log = prefixedLog(createKafkaLog({ brokers, clientId: 'regions-test' }), `regions-${randomUUID()}-`);
    world = await openWorld(log);
  }, 60_000);

  afterEach(async () => {
    for (const regions of running.splice(0)) await regions.stop();
    await log.close();
  }, 60_000);

  afterAll(async () => {
    if (!('unavailable' in kafka)) await kafka.stop();
  }, 60_000);

  test('says each revision once over a stop, a death in a commit and a start', async () => {
    const statements = [...heard(8), ...outage, ...recovery];
    const first = await start(world);
    await say(world, statements.slice(0, 10));
    await taken(world);
    await first.stop();
    const died = Promise.withResolvers<void>();
    // It lives to own its partitions and to take up what comes, and dies in one of its commits.
    void start(world, { log: new MortalLog(log, 22, died.resolve) });
    for (const statement of statements.slice(10, 16)) await say(world, [statement]);
    await died.promise;
    running.push(await start(world));
    await say(world, statements.slice(16));
    await taken(world);
    expect(sorted(await valuesOn(world, 'site-events'))).toEqual(sorted(expectedOf(statements)));
  }, 120_000);
});
