import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Codec, createCodec } from '../platform/avro.ts';
import { type ClickHouseClient, createClickHouse } from '../platform/clickhouse.ts';
import { startEmbeddedClickHouse } from '../platform/clickhouse-embedded.ts';
import { migrateClickHouse } from '../platform/clickhouse-migrations.ts';
import type { Connections } from '../platform/config-connections.ts';
import type { Log } from '../platform/log.ts';
import { prefixedLog } from '../platform/prefixed-log.ts';
import type { SchemaRegistry } from '../platform/registry.ts';
import { createConfluentRegistry } from '../platform/registry-confluent.ts';
import { createEmbeddedRegistry } from '../platform/registry-embedded.ts';
import { migrateSchemas } from '../platform/registry-migrate.ts';
import { createSqliteLog } from '../platform/sqlite-log.ts';
import { migrateTopics, topicSpecs } from '../platform/topics.ts';
import { clickhouseDir } from './paths.ts';

/** The log by its address, or the embedded one. */
export async function openLog(config: Connections): Promise<Log> {
  return prefixedLog(await openBareLog(config), config.topicPrefix);
}

async function openBareLog(config: Connections): Promise<Log> {
  if (config.kafkaBrokers) {
    // Loaded when it is asked for: the embedded log needs none of it.
    const { createKafkaLog } = await import('../platform/kafka/log.ts');
    return createKafkaLog({ brokers: config.kafkaBrokers, clientId: 'wattness' });
  }
  mkdirSync(config.dataDir, { recursive: true });
  return createSqliteLog({ path: logPath(config) });
}

export function openRegistry(config: Connections): SchemaRegistry {
  if (config.schemaRegistryUrl) return createConfluentRegistry({ url: config.schemaRegistryUrl });
  mkdirSync(config.dataDir, { recursive: true });
  return createEmbeddedRegistry({ path: join(config.dataDir, 'registry.sqlite') });
}

export async function openCodec(config: Connections): Promise<Codec> {
  return createCodec({ registry: openRegistry(config) });
}

export interface ClickHouseHandle {
  readonly client: ClickHouseClient;
  readonly url: string;
  /** Rejects when an embedded engine ends without having been asked to. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** ClickHouse by its address, or an embedded one that listens on `embeddedPort`. */
export async function openClickHouse(config: Connections, embeddedPort: number): Promise<ClickHouseHandle> {
  const { clickhouseUser: user, clickhousePassword: password } = config;
  if (config.clickhouseUrl) {
    const client = createClickHouse({ url: config.clickhouseUrl, user, password });
    return { client, url: config.clickhouseUrl, ended: new Promise(() => {}), close: () => client.close() };
  }
  const engine = await startEmbeddedClickHouse({ path: join(config.dataDir, 'clickhouse'), port: embeddedPort });
  const client = createClickHouse({ url: engine.url, user, password });
  return {
    client,
    url: engine.url,
    ended: engine.ended,
    async close() {
      await client.close();
      await engine.close();
    },
  };
}

/** Topics, schemas and tables as this build needs them; what exists and differs is refused with how to mend it. */
export async function migrate(
  config: Connections,
  clickhouse: ClickHouseClient | undefined,
): Promise<{ readonly tables: number }> {
  const home = config.kafkaBrokers ? { brokers: config.kafkaBrokers } : { path: logPath(config) };
  // By their full names: the commands that mend them must name what the cluster knows.
  const log = await openBareLog(config);
  const specs = topicSpecs({ partitions: config.partitions });
  const named = specs.map((spec) => ({ ...spec, name: config.topicPrefix + spec.name }));
  await migrateTopics(log, named, home).finally(() => log.close());
  await migrateSchemas(openRegistry(config));
  const applied = clickhouse ? await migrateClickHouse(clickhouse, clickhouseDir) : [];
  return { tables: applied.length };
}

function logPath(config: Connections): string {
  return join(config.dataDir, 'log.sqlite');
}
