import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../core/batch.ts';
import type { Recording } from '../core/recording.ts';
import type { Finding } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { findKafka, findRegistry } from '../platform/testing/servers.ts';

/** Where a test of the whole system runs: settings for its processes, and how to let go of what stands behind them. */
export interface TestStack {
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Everything embedded, in a folder of its own. */
export async function embeddedStack(): Promise<TestStack> {
  const dir = mkdtempSync(join(tmpdir(), 'wattness-e2e-'));
  return {
    env: { DATA_DIR: dir, HTTP_PORT: '0', CLICKHOUSE_PORT: '0', LOG_LEVEL: 'error', TIME_SOURCE: 'recorded' },
    close: async () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Apache Kafka, a Confluent-compatible registry and chDB; says why where one of them cannot be had. */
export async function realStack(): Promise<TestStack | { readonly unavailable: string }> {
  const kafka = await findKafka();
  if ('unavailable' in kafka) return kafka;
  const registry = await findRegistry();
  if ('unavailable' in registry) {
    await kafka.stop();
    return registry;
  }
  const embedded = await embeddedStack();
  return {
    env: {
      ...embedded.env,
      KAFKA_BROKERS: kafka.brokers.join(','),
      SCHEMA_REGISTRY_URL: registry.url,
      // The brokers may be somebody's, and another suite may run on them now.
      TOPIC_PREFIX: `test-${randomUUID()}.`,
    },
    async close() {
      await embedded.close();
      await registry.stop();
      await kafka.stop();
    },
  };
}

/** Every finding revision on the topic now, in the order of each partition. */
export async function findingsOn(log: Log, codec: Codec): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const records of log.read({ topics: ['findings'], follow: false })) {
    for (const record of records) {
      const value = codec.decode('findings', record.value!);
      if (value instanceof Refusal) throw new Error(`finding at offset ${record.offset}: ${value.detail}`);
      findings.push(value);
    }
  }
  return findings;
}

/** What of a settled finding must not depend on how it came about. */
export function settledFacts(findings: Iterable<Finding>): string[] {
  const facts: string[] = [];
  for (const f of findings) {
    if (!f.settled || f.state !== 'CLOSED') continue;
    const { findingId, firstSlotMs, lastSlotEndMs, contradictoryMs, seenMeanKw, logLikelihoodRatio } = f;
    facts.push(
      JSON.stringify({ findingId, firstSlotMs, lastSlotEndMs, contradictoryMs, seenMeanKw, logLikelihoodRatio }),
    );
  }
  return facts.sort();
}

/** Polls until the condition holds. */
export async function until(what: string, patienceMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`waited ${patienceMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** True when a group has processed everything that stands on these topics now. */
export async function hasProcessed(log: Log, group: string, topics: readonly string[]): Promise<boolean> {
  for (const topic of topics) {
    const ends = await log.topics.endOffsets(topic);
    const positions = await log.topics.committed(group, topic);
    if (ends.some((end, partition) => end > 0 && (positions[partition] ?? 0) < end)) return false;
  }
  return true;
}

/** One recording of several enterprises, so that more than one partition has something to do. */
export function sideBySide(recordings: readonly Recording[]): Recording {
  const named = recordings.map((recording, i) => {
    const enterpriseId = `plant-${i + 1}`;
    const own = <T extends { readonly enterpriseId: string }>(items: readonly T[]): T[] =>
      items.map((item) => ({ ...item, enterpriseId }));
    return {
      ...recording,
      sites: recording.sites.map((site) => ({ ...site, value: { ...site.value, enterpriseId } })),
      telemetry: own(recording.telemetry),
      power: own(recording.power),
      labels: own(recording.labels),
    };
  });
  return {
    ...named[0]!,
    sites: named.flatMap((recording) => recording.sites),
    telemetry: named.flatMap((recording) => recording.telemetry),
    power: named.flatMap((recording) => recording.power),
    labels: named.flatMap((recording) => recording.labels),
  };
}
