/**
 * Real servers without Docker, for tests and by hand:
 *
 *   node deploy/local-kafka/start.ts [--registry] [--port N] [--data DIR]          until Ctrl-C
 *   node deploy/local-kafka/start.ts [--registry] -- npm test                      as long as the command runs
 *
 * The command gets KAFKA_BROKERS and, with --registry, SCHEMA_REGISTRY_URL, so that a whole test run shares them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startBroker } from './broker.ts';
import { startRegistry } from './registry.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { registry: { type: 'boolean' }, port: { type: 'string' }, data: { type: 'string' } },
});

const started = await Promise.allSettled([
  startBroker({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values.data === undefined ? {} : { dataDir: values.data }),
  }),
  ...(values.registry ? [startRegistry()] : []),
]);
const stopAll = () => Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
const failed = started.filter((one) => one.status === 'rejected');
if (failed.length > 0) {
  for (const { reason } of failed) console.error(reason instanceof Error ? reason.message : reason);
  await stopAll();
  process.exit(1);
}

const variables: Record<string, string> = {};
for (const one of started) {
  if (one.status !== 'fulfilled') continue;
  if ('brokers' in one.value) variables.KAFKA_BROKERS = one.value.brokers.join(',');
  else variables.SCHEMA_REGISTRY_URL = one.value.url;
}
const [command, ...args] = positionals;
if (command === undefined) {
  for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`);
  // A pending promise alone does not keep Node alive.
  const alive = setInterval(() => {}, 1 << 30);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(alive);
} else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
}
await stopAll();
