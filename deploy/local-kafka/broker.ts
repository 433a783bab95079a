import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fetchKafka } from './fetch.ts';
import { findJava } from './java.ts';
import { freePort, startServer } from './server-process.ts';

export interface LocalBroker {
  readonly brokers: string[];
  stop(): Promise<void>;
}

/**
 * Starts one Apache Kafka broker (KRaft, broker and controller in one process) on the loopback interface.
 *
 * @param options.port default: a free one
 * @param options.dataDir kept and used again at the next start; default: a temporary one, removed on stop
 * @throws LocalServerError `JAVA_MISSING`, `MAVEN_MISSING`, `FETCH_FAILED`, `START_FAILED`
 */
export const startBroker = async (
  options: { readonly port?: number; readonly dataDir?: string } = {},
): Promise<LocalBroker> => {
  const java = findJava(17);
  const libs = await fetchKafka();
  const port = options.port ?? (await freePort());
  const temporary = options.dataDir === undefined;
  const dataDir = temporary ? mkdtempSync(join(tmpdir(), 'kafka-')) : resolve(options.dataDir!);
  mkdirSync(dataDir, { recursive: true });

  const properties = join(dataDir, 'server.properties');
  writeFileSync(properties, serverProperties(join(dataDir, 'log'), port, await freePort()));
  const classPath = ['-cp', join(libs, '*')];
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) {
    // Any 16 bytes in URL-safe base64 make a cluster id; a fixed one keeps the data folder movable.
    const clusterId = Buffer.from('wattness-local-0').toString('base64url');
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
    await promisify(execFile)(java, [...startQuickly, ...classPath, ...format]);
  }
  const server = await startServer({
    command: [java, '-Xms256m', '-Xmx512m', ...startQuickly, ...logSettings, ...classPath, 'kafka.Kafka', properties],
    cwd: dataDir,
    logFile: join(dataDir, 'broker.log'),
    signal: temporary ? '-KILL' : '-TERM',
    readyWithinMs: 60_000,
    isReady: (output) => output.includes('Kafka Server started'),
  });
  return {
    brokers: [`127.0.0.1:${port}`],
    stop: async () => {
      await server.stop();
      if (temporary) rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

const startQuickly = ['-Xshare:auto', '-XX:+UseSerialGC'];

const logSettings = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
];

/** One node, so every internal topic has one replica; a group with one member need not wait for more to come. */
const serverProperties = (logDir: string, port: number, controllerPort: number): string =>
  `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${logDir}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=1000
log.cleaner.backoff.ms=1000
`;
