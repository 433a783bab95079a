import { randomUUID } from 'node:crypto';
import { Refusal } from '../../core/batch.ts';
import { siteDefaults, siteEventDefaults } from '../../core/record-defaults.ts';
import type { Alarm, DeadLetter, InputTopic, OutputTopic, TopicValues } from '../../core/records.ts';
import { inputTopics } from '../../core/records.ts';
import { arrivedHeader } from '../../platform/arrival.ts';
import { type Codec, createCodec } from '../../platform/avro.ts';
import type { Log, LogRecord, NewRecord, Producer } from '../../platform/log.ts';
import { createLogger } from '../../platform/logger.ts';
import { createMetrics } from '../../platform/metrics.ts';
import type { SchemaRegistry } from '../../platform/registry.ts';
import { createEmbeddedRegistry } from '../../platform/registry-embedded.ts';
import type { LoadedRules } from '../../platform/rules.ts';
import { createSqliteLog } from '../../platform/sqlite-log.ts';
import { topicSpecs } from '../../platform/topics.ts';
import { type Detector, detectorGroup, startDetector } from '../main.ts';
import type { TaskSettings } from '../task.ts';
import { type CountingOptions, createCountingEngine } from './counting-engine.ts';

export type Settings = Omit<TaskSettings, 'group'> & CountingOptions;

export const settings: Settings = {
  timeSource: 'append',
  batchRecords: 100,
  batchMs: 5,
  snapshotMs: 3_600_000,
  engineVersion: 'counting',
  tickMs: Number.POSITIVE_INFINITY,
  sayEvery: 1,
};

/** A log with all topics, a codec, and something to send with. */
export interface World {
  readonly log: Log;
  readonly codec: Codec;
  readonly registry: SchemaRegistry;
  readonly producer: Producer;
  readonly partitions: number;
}

export async function createWorld(partitions = 1): Promise<World> {
  return openWorld(createSqliteLog({ path: `:memory:${randomUUID()}` }), partitions);
}

export async function openWorld(log: Log, partitions: number): Promise<World> {
  await log.topics.create(topicSpecs({ partitions }));
  const registry = createEmbeddedRegistry({ path: ':memory:' });
  const codec = await createCodec({ registry });
  return { log, codec, registry, producer: await log.openProducer(), partitions };
}

/** A detector with the counting engine. `log` stands for the world's own where the test has put something before it. */
export function startCounting(
  world: World,
  own: Partial<Settings> = {},
  log = world.log,
  metrics = createMetrics(),
  rules: { readonly current: LoadedRules } = { current: rulesNamed('r0') },
): Promise<Detector> {
  const { tickMs, sayEvery, ...task } = { ...settings, ...own };
  return startDetector({
    log,
    codec: world.codec,
    createEngine: (first) => createCountingEngine({ tickMs, sayEvery }, first),
    watchRules: () => ({
      get current() {
        return rules.current;
      },
      stop() {},
    }),
    settings: task,
    metrics,
    logger: createLogger({ service: 'detector', level: process.env.LOG_LEVEL ?? 'silent' }),
  });
}

/** Rules that say nothing but which they are: no rule, and a name for a hash. */
export function rulesNamed(hash: string): LoadedRules {
  return { hash, load: {} as LoadedRules['load'], rules: [] };
}

/** A record of an enterprise on one of the topics, without a partition: its key decides. */
export function aRecord(
  codec: Codec,
  topic: InputTopic,
  enterpriseId: string,
  more: Partial<NewRecord> = {},
): NewRecord {
  return { topic, key: enterpriseId, value: codec.encode(topic, aValue(topic, enterpriseId)), ...more };
}

export const arrived = (ms: number): Pick<NewRecord, 'headers'> => ({ headers: { [arrivedHeader]: String(ms) } });

/** A tombstone on every partition of every input. */
export function clockMarks(partitions: number, arrivalMs: number): NewRecord[] {
  return inputTopics.flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      key: null,
      value: null,
      ...arrived(arrivalMs),
    })),
  );
}

const values: { readonly [T in InputTopic]: Omit<TopicValues[T], 'enterpriseId'> } = {
  'site-registry': {
    ...siteDefaults,
    revision: 1,
    effectiveFromMs: 0,
    name: '',
    regionCode: '330106',
  },
  'work-records': {
    recordId: 'w',
    revision: 1,
    kind: 'OTHER',
    startMs: 0,
    endMs: 1,
    filedAtMs: 0,
    sectionId: null,
    equipmentId: null,
    filedBy: null,
    regime: null,
    grade: null,
    withdrawn: false,
  },
  'site-events': {
    ...siteEventDefaults,
    eventId: 's',
    revision: 1,
    kind: 'OTHER',
    startMs: 0,
  },
  'alarm-actions': {
    actionId: 'a',
    alarmId: 'b',
    kind: 'ACKNOWLEDGE',
    actorId: 'c',
    actedAtMs: 0,
    note: null,
    attachments: [],
  },
  telemetry: { equipmentId: 'q', observedAtMs: 0, state: 'RUNNING', gatewayId: null, readings: [] },
  power: {
    meterId: 'm',
    intervalStartMs: 0,
    intervalMs: 900_000,
    meanKw: 1,
    quality: 'MEASURED',
    minKw: null,
    maxKw: null,
    meanKvar: null,
    registerKwh: null,
  },
};

export function aValue<T extends InputTopic>(topic: T, enterpriseId: string): TopicValues[T] {
  return { enterpriseId, ...values[topic] } as unknown as TopicValues[T];
}

export async function recordsOn(log: Log, topic: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of log.read({ topics: [topic], follow: false })) all.push(...records);
  return all;
}

async function valuesOn<T extends OutputTopic>({ log, codec }: World, topic: T): Promise<TopicValues[T][]> {
  return (await recordsOn(log, topic)).map((record) => {
    const value = codec.decode(topic, record.value!);
    if (value instanceof Refusal) throw new Error(`${topic} ${record.offset}: ${value.detail}`);
    return value;
  });
}

export const deadLettersOn = (world: World): Promise<DeadLetter[]> => valuesOn(world, 'dead-letters');

/** All that was said, by enterprise, in order. */
export async function alarmsOn(world: World): Promise<Map<string, Alarm[]>> {
  return Map.groupBy(await valuesOn(world, 'alarms'), (alarm) => alarm.enterpriseId);
}

/** Resolves once the condition holds. The deadline only ends a test that would never end. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves once everything that is on the inputs now has been judged and committed. */
export async function judged({ log }: World, patienceMs?: number): Promise<void> {
  const ends = await Promise.all(inputTopics.map((topic) => log.topics.endOffsets(topic)));
  await until(
    'all inputs are judged',
    async () => {
      const at = await Promise.all(inputTopics.map((topic) => log.topics.committed(detectorGroup, topic)));
      return ends.every((topic, t) => topic.every((end, p) => end === 0 || (at[t]![p] ?? 0) >= end));
    },
    patienceMs,
  );
}
