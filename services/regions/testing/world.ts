import { randomUUID } from 'node:crypto';
import { Refusal } from '../../core/batch.ts';
import type { EnterpriseSilence, SiteEvent, TopicValues } from '../../core/records.ts';
import { createRegionStage, regionDefaults } from '../../core/region/stage.ts';
import { dayMs, heardAgain, hourMs, silent, startMs } from '../../core/region/testing/statements.ts';
import { type Codec, createCodec } from '../../platform/avro.ts';
import type { Log, LogRecord, NewRecord, Producer } from '../../platform/log.ts';
import { createLogger } from '../../platform/logger.ts';
import { createMetrics } from '../../platform/metrics.ts';
import { createEmbeddedRegistry } from '../../platform/registry-embedded.ts';
import { createSqliteLog } from '../../platform/sqlite-log.ts';
import { topicSpecs } from '../../platform/topics.ts';
import { type Regions, type RegionsParts, regionsGroup, startRegions } from '../main.ts';

export const noonMs = startMs + 2 * dayMs + 12 * hourMs;
export const names = Array.from({ length: 6 }, (_, i) => `e${i + 1}`);
/** Six enterprises that fall silent together, and are heard again an hour later. */
export const outage = names.map((name, i) => silent(name, noonMs + i * 1000));
export const recovery = names.map((name, i) => heardAgain(name, noonMs + hourMs + i * 1000));

/** A log with all topics, a codec, and something to send with. */
export interface World {
  readonly log: Log;
  readonly codec: Codec;
  readonly producer: Producer;
}

export async function openWorld(log: Log = createSqliteLog({ path: `:memory:${randomUUID()}` })): Promise<World> {
  await log.topics.create(topicSpecs({ partitions: 3 }));
  const codec = await createCodec({ registry: createEmbeddedRegistry({ path: ':memory:' }) });
  return { log, codec, producer: await log.openProducer() };
}

export function start({ log, codec }: World, own: Partial<RegionsParts> = {}): Promise<Regions> {
  return startRegions({
    log,
    codec,
    options: regionDefaults,
    timeSource: 'recorded',
    metrics: createMetrics(),
    logger: createLogger({ service: 'regions', level: process.env.LOG_LEVEL ?? 'silent' }),
    ...own,
  });
}

export function recordOf({ codec }: World, statement: EnterpriseSilence): NewRecord {
  const value = codec.encode('enterprise-silence', statement);
  return { topic: 'enterprise-silence', key: statement.regionCode.slice(0, 4), value };
}

export function say(world: World, statements: readonly EnterpriseSilence[]): Promise<void> {
  return world.producer.send(statements.map((statement) => recordOf(world, statement)));
}

/** What there is to say of the statements, each settled before the next. */
export function expectedOf(statements: readonly EnterpriseSilence[]): SiteEvent[] {
  const stage = createRegionStage(regionDefaults);
  return statements.flatMap((one) => stage.apply([one], one.asOfMs + regionDefaults.settleMs));
}

export async function recordsOn({ log }: World, topic: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of log.read({ topics: [topic], follow: false })) all.push(...records);
  return all;
}

export async function valuesOn<T extends 'site-events' | 'dead-letters'>(
  world: World,
  topic: T,
): Promise<TopicValues[T][]> {
  return (await recordsOn(world, topic)).map((record) => {
    const value = world.codec.decode(topic, record.value!);
    if (value instanceof Refusal) throw new Error(value.detail);
    return value;
  });
}

export const nameOf = ({ enterpriseId, eventId, revision }: SiteEvent): string =>
  `${enterpriseId} ${eventId} ${revision}`;

/** Partitions have no order among themselves. */
export function sorted(events: readonly SiteEvent[]): SiteEvent[] {
  return events.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** Resolves once the condition holds. The deadline only ends a test that would never end. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything that is on the topic now has been taken and committed. */
export async function taken({ log }: World): Promise<void> {
  const ends = await log.topics.endOffsets('enterprise-silence');
  await until('all is taken', async () => {
    const at = await log.topics.committed(regionsGroup, 'enterprise-silence');
    return ends.every((end, partition) => end === 0 || (at[partition] ?? 0) >= end);
  });
}
