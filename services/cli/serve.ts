import CliTable from 'cli-table3';
import { Command } from 'commander';
import { startDetector } from '../detector/main.ts';
import { describeConfig } from '../platform/config.ts';
import type { Readiness } from '../platform/http.ts';
import { startOpsServer } from '../platform/http.ts';
import { type Running, runUntilStopped } from '../platform/lifecycle.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { createMetrics, type Metrics } from '../platform/metrics.ts';
import { startRegions } from '../regions/main.ts';
import { startSink } from '../sink/main.ts';
import { type Config, detectorParts, readConfig, regionOptions, settings } from './settings.ts';
import { migrate, openClickHouse, openCodec, openLog } from './stack.ts';

/** What runs in one process: services with their readiness, and what to let go of after them. */
export interface Serving extends Running {
  readonly opsUrl: string;
  readonly clickhouseUrl: string | undefined;
  readonly logged: Readonly<Record<string, unknown>>;
}

type ServiceName = 'detector' | 'regions' | 'sink';

/** Starts services against the configured log, registry and ClickHouse; those without an address are embedded. */
export async function serve(config: Config, names: readonly ServiceName[], logger: Logger): Promise<Serving> {
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const metrics = createMetrics();
    const log = await openLog(config);
    closers.push(() => log.close());
    const clickhouse = names.includes('sink') ? await openClickHouse(config, config.clickhousePort) : undefined;
    if (clickhouse) closers.push(() => clickhouse.close());
    await migrate(config, clickhouse?.client);
    const services = await startServices(config, names, { log, clickhouse, metrics });
    const ready = (): Readiness => {
      const each = services.map(([name, service]) => [name, service.ready()] as const);
      return { ready: each.every(([, one]) => one.ready), detail: Object.fromEntries(each) };
    };
    const { httpHost: host, httpPort: port } = config;
    const ops = await startOpsServer({ host, port, registry: metrics.registry, live: () => true, ready });
    closers.push(() => ops.close());
    for (const [, service] of services) closers.push(() => service.stop());
    const ends = services.map(([, service]) => service.ended);
    const logged = { health: ops.url, ...(clickhouse ? { clickhouse: clickhouse.url } : {}) };
    logger.info(logged, 'started');
    return {
      opsUrl: ops.url,
      clickhouseUrl: clickhouse?.url,
      logged,
      ended: Promise.race([...ends, ...(clickhouse ? [clickhouse.ended] : [])]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServices(
  config: Config,
  names: readonly ServiceName[],
  parts: {
    readonly log: Awaited<ReturnType<typeof openLog>>;
    readonly clickhouse: Awaited<ReturnType<typeof openClickHouse>> | undefined;
    readonly metrics: Metrics;
  },
) {
  const codec = await openCodec(config);
  const shared = { log: parts.log, codec, metrics: parts.metrics };
  const services: [ServiceName, Awaited<ReturnType<typeof startDetector | typeof startRegions | typeof startSink>>][] =
    [];
  if (names.includes('detector')) {
    const logger = createLogger({ service: 'detector', level: config.logLevel });
    services.push(['detector', await startDetector({ ...shared, logger, ...detectorParts(config) })]);
  }
  if (names.includes('regions')) {
    const logger = createLogger({ service: 'regions', level: config.logLevel });
    const { timeSource } = config;
    services.push(['regions', await startRegions({ ...shared, logger, options: regionOptions(config), timeSource })]);
  }
  if (parts.clickhouse) {
    const logger = createLogger({ service: 'sink', level: config.logLevel });
    services.push(['sink', await startSink({ ...shared, logger, clickhouse: parts.clickhouse.client })]);
  }
  return services;
}

export function serveCommand(name: ServiceName | 'up', description: string): Command {
  return new Command(name)
    .description(description)
    .option('--check-config', 'say whether the configuration is right, and stop', false)
    .addHelpText('after', () => `\nSettings, from the environment:\n${settingsTable()}`)
    .action(async (options: { checkConfig: boolean }) => {
      const config = readConfig(process.env);
      if (options.checkConfig) {
        process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
        return;
      }
      const logger = createLogger({ service: name, level: config.logLevel });
      const names: ServiceName[] = name === 'up' ? ['detector', 'regions', 'sink'] : [name];
      process.exit(
        await runUntilStopped({ start: () => serve(config, names, logger), logger, deadlineMs: config.drainMs }),
      );
    });
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('create topics, schemas and tables; refuse what exists and is wrong, with the command that mends it')
    .option('--without-clickhouse', 'leave the tables alone', false)
    .action(async (options: { withoutClickhouse: boolean }) => {
      const config = readConfig(process.env);
      const clickhouse = options.withoutClickhouse ? undefined : await openClickHouse(config, 0);
      try {
        const { tables } = await migrate(config, clickhouse?.client);
        process.stdout.write(`topics and schemas are as they should be; ${tables} table migrations applied\n`);
      } finally {
        await clickhouse?.close();
      }
    });
}

function settingsTable(): string {
  const table = new CliTable({
    head: ['variable', 'default', 'meaning'],
    colWidths: [24, 16, 70],
    wordWrap: true,
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  // A default of this machine's own path would tell a reader nothing.
  for (const row of describeConfig(settings)) {
    table.push([row.variable, row.variable === 'RULES_DIR' ? 'rules' : row.default, row.description]);
  }
  return table.toString();
}
