import Type, { type Static } from 'typebox';
import type { ConfigProblem } from './config.ts';

/**
 * Settings that all services share; a service spreads them into its own object. Without any of the three addresses
 * everything is embedded, with its data under DATA_DIR.
 */
export const connectionSettings = {
  kafkaBrokers: Type.Optional(
    Type.Array(Type.String({ pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:/,]+):[0-9]{1,5}$', description: 'host:port' }), {
      env: 'KAFKA_BROKERS',
      description: 'Kafka brokers to start from; not set: the log is embedded.',
    }),
  ),
  schemaRegistryUrl: Type.Optional(
    Type.String({
      env: 'SCHEMA_REGISTRY_URL',
      format: 'uri',
      description: 'Confluent-compatible schema registry, with its path and credentials; not set: embedded.',
    }),
  ),
  clickhouseUrl: Type.Optional(
    Type.String({
      env: 'CLICKHOUSE_URL',
      format: 'uri',
      description: 'ClickHouse over HTTP; not set: embedded.',
    }),
  ),
  clickhouseUser: Type.String({ env: 'CLICKHOUSE_USER', default: 'default', description: 'User of ClickHouse.' }),
  clickhousePassword: Type.String({
    env: 'CLICKHOUSE_PASSWORD',
    default: '',
    secret: true,
    description: 'Password of the ClickHouse user.',
  }),
  dataDir: Type.String({
    env: 'DATA_DIR',
    default: '.wattness',
    description: 'Directory of what is embedded: log, registry, ClickHouse.',
  }),
  partitions: Type.Integer({
    env: 'PARTITIONS',
    default: 4,
    minimum: 1,
    maximum: 1024,
    description: 'Partitions of every topic; fixed once the topics exist.',
  }),
  topicPrefix: Type.String({
    env: 'TOPIC_PREFIX',
    default: '',
    pattern: '^[a-zA-Z0-9._-]*$',
    description: 'Goes before every topic, group and transactional id, where installations share a cluster.',
  }),
  httpHost: Type.String({
    env: 'HTTP_HOST',
    default: '127.0.0.1',
    description: 'Address to listen on for health and metrics; 0.0.0.0 in a container.',
  }),
  httpPort: Type.Integer({
    env: 'HTTP_PORT',
    default: 8080,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on for health and metrics; 0 takes a free one.',
  }),
  logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    env: 'LOG_LEVEL',
    default: 'info',
    description: 'Least severity that is logged.',
  }),
};

const connections = Type.Object(connectionSettings);
export type Connections = Static<typeof connections>;

/** What must hold between the shared settings; to be given to `loadConfig`. */
export function connectionRules(config: Partial<Connections>): ConfigProblem[] {
  if (config.kafkaBrokers === undefined || config.schemaRegistryUrl !== undefined) return [];
  // Two machines with an embedded registry each would give one id to two schemas, and misread each other's records.
  const hint = 'With KAFKA_BROKERS set, all services must take schema ids from one registry. Expected: URL.';
  return [{ variable: 'SCHEMA_REGISTRY_URL', value: null, hint }];
}
