import { existsSync } from 'node:fs';
import { request } from 'node:http';
import type { StartedTestContainer } from 'testcontainers';
import { startBroker } from '../../../deploy/local-kafka/broker.ts';
import { startRegistry } from '../../../deploy/local-kafka/registry.ts';
import { freePort } from '../../../deploy/local-kafka/server-process.ts';

export interface Unavailable {
  readonly unavailable: string;
}

export interface TestKafka {
  readonly brokers: string[];
  stop(): Promise<void>;
}

export interface TestRegistry {
  /** Base of the Confluent-compatible API. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A real Apache Kafka for a test suite: KAFKA_BROKERS, or a container where a Docker engine answers
 * (image: WATTNESS_KAFKA_IMAGE), or a local broker fetched by Maven. With WATTNESS_REQUIRE_SERVERS=1 it throws where
 * there is none; otherwise it says so on stderr, and the suite is to be skipped.
 */
export const findKafka = (): Promise<TestKafka | Unavailable> => {
  const { KAFKA_BROKERS, WATTNESS_KAFKA_IMAGE = 'apache/kafka:4.3.1' } = process.env;
  if (KAFKA_BROKERS) return Promise.resolve({ brokers: KAFKA_BROKERS.split(','), stop: async () => {} });
  return firstThatStarts('Apache Kafka', [() => startKafkaContainer(WATTNESS_KAFKA_IMAGE), async () => startBroker()]);
};

/** A real schema registry, in the same order: SCHEMA_REGISTRY_URL, container (WATTNESS_REGISTRY_IMAGE), Maven. */
export const findRegistry = (): Promise<TestRegistry | Unavailable> => {
  const { SCHEMA_REGISTRY_URL, WATTNESS_REGISTRY_IMAGE = 'apicurio/apicurio-registry:3.3.3' } = process.env;
  if (SCHEMA_REGISTRY_URL) return Promise.resolve({ url: SCHEMA_REGISTRY_URL, stop: async () => {} });
  return firstThatStarts('Schema registry', [
    () => startRegistryContainer(WATTNESS_REGISTRY_IMAGE),
    async () => startRegistry(),
  ]);
};

const firstThatStarts = async <T>(what: string, ways: readonly (() => Promise<T>)[]): Promise<T | Unavailable> => {
  const reasons: string[] = [];
  for (const start of ways) {
    try {
      return await start();
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const unavailable = reasons.join(' | ');
  if (process.env.WATTNESS_REQUIRE_SERVERS === '1')
    throw new Error(`${what} is required and not to be had: ${unavailable}`);
  process.stderr.write(`DID NOT RUN: ${what} is not to be had, its suites are skipped: ${unavailable}\n`);
  return { unavailable };
};

const startKafkaContainer = async (image: string): Promise<TestKafka> => {
  // Clients are sent to the advertised address, so the outer port must be known before the broker starts.
  const port = await freePort();
  const container = await startContainer(image, { container: port, host: port }, /Kafka Server started/, {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENERS: `PLAINTEXT://:${port},CONTROLLER://:9093`,
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: '1000',
  });
  return { brokers: [`127.0.0.1:${port}`], stop: async () => void (await container.stop()) };
};

const startRegistryContainer = async (image: string): Promise<TestRegistry> => {
  const container = await startContainer(image, 8080, /Listening on/, {});
  const url = `http://${container.getHost()}:${container.getMappedPort(8080)}/apis/ccompat/v7`;
  return { url, stop: async () => void (await container.stop()) };
};

const startContainer = async (
  image: string,
  port: number | { readonly container: number; readonly host: number },
  readyLine: RegExp,
  environment: Record<string, string>,
): Promise<StartedTestContainer> => {
  if (!(await dockerAnswers())) throw new Error('no Docker engine answers');
  // Imported only here: it is large, and most runs need none of it.
  const { GenericContainer, Wait } = await import('testcontainers');
  return new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(readyLine))
    .start();
};

const dockerAnswers = (): Promise<boolean> => {
  const { DOCKER_HOST = 'unix:///var/run/docker.sock' } = process.env;
  const socketPath = DOCKER_HOST.startsWith('unix://') ? DOCKER_HOST.slice('unix://'.length) : undefined;
  if (socketPath !== undefined && !existsSync(socketPath)) return Promise.resolve(false);
  const { hostname, port } = new URL(socketPath === undefined ? DOCKER_HOST : 'tcp://localhost:2375');
  return new Promise((resolve) => {
    const where = socketPath === undefined ? { host: hostname, port } : { socketPath };
    request({ ...where, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('timeout', () => resolve(false))
      .on('error', () => resolve(false))
      .end();
  });
};
