/**
 * A process that runs the detector with the counting engine on Apache Kafka, for tests that kill it:
 * `node counting-process.ts BROKERS PREFIX PARTITIONS`. It says `ready` on standard output; SIGTERM stops it.
 */
import { createKafkaLog } from '../../platform/kafka/log.ts';
import { prefixedLog } from '../../platform/prefixed-log.ts';
import { openWorld, startCounting } from './world.ts';

const [brokers, prefix, partitions] = process.argv.slice(2) as [string, string, string];
// The shortest session that brokers for tests allow: so long the group waits for a member that was killed.
const kafka = createKafkaLog({
  brokers: brokers.split(','),
  clientId: 'detector',
  sessionTimeoutMs: 1_500,
  heartbeatMs: 200,
});
const log = prefixedLog(kafka, prefix);
const world = await openWorld(log, Number(partitions));
const detector = await startCounting(world, { batchRecords: 500, batchMs: 50, snapshotMs: 700, tickMs: 400 });

const readiness = setInterval(() => {
  if (!detector.ready().ready) return;
  process.stdout.write('ready\n');
  clearInterval(readiness);
}, 20);

process.on('SIGTERM', async () => {
  await detector.stop();
  await log.close();
  process.exit(0);
});
await detector.ended.catch((error: unknown) => {
  process.stderr.write(`detector failed: ${String(error)}\n`);
  process.exit(1);
});
