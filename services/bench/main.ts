import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import CliTable from 'cli-table3';
import { createKafkaLog } from '../platform/kafka/log.ts';
import { findKafka } from '../platform/testing/servers.ts';
import { measureEndToEnd } from './end-to-end.ts';
import { measureEngine } from './engine.ts';
import { measureBareConsume, measureLogConsume } from './kafka-consume.ts';
import { measureSink } from './sink.ts';

/**
 * Measures what the project promises and prints it beside the stored baseline. Absolute figures are of this machine;
 * the ratio to the bare client, measured in the same minute, is what travels. `--store` makes this run the baseline.
 */

const baselinePath = fileURLToPath(new URL('./baseline.json', import.meta.url));
const rulesDir = fileURLToPath(new URL('../../rules', import.meta.url));
const partitions = 4;

interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What the issue asks for; figures of size must stay below it, figures of speed above. */
  readonly wanted?: number;
}

const figures: Figure[] = [];
const add = (name: string, unit: string, value: number, wanted?: number): void => {
  figures.push(wanted === undefined ? { name, unit, value } : { name, unit, value, wanted });
  process.stderr.write(`${name}: ${format(value)} ${unit}\n`);
};

const engine = await measureEngine(rulesDir);
add('engine alone, one core', 'events/s', engine.eventsPerSecond, 500_000);
add('hot state', 'B an equipment', engine.bytesAnEquipment, 600);
add('snapshot', 'B an equipment', engine.snapshotBytesAnEquipment);

const kafka = await findKafka();
if ('unavailable' in kafka) process.stderr.write('end to end through Kafka: not measured\n');
else {
  const log = createKafkaLog({ brokers: kafka.brokers, clientId: 'bench' });
  const endToEnd = await measureEndToEnd(log, rulesDir, partitions);
  const telemetry = (await log.topics.endOffsets('telemetry')).reduce((sum, end) => sum + end, 0);
  const bare = await measureBareConsume(kafka.brokers, 'telemetry', telemetry);
  add('end to end through Kafka, exactly once', 'records/s', endToEnd.recordsPerSecond, 120_000);
  add('bare kafkajs consumer, same records', 'records/s', bare);
  const port = await measureLogConsume(log, 'telemetry', partitions, telemetry);
  add('the log port alone, same records', 'records/s', port);
  add('ratio of the two', '', endToEnd.recordsPerSecond / bare);
  await log.close();
  await kafka.stop();
}

const power = await measureSink('power', 1_000_000);
add('sink, power into ClickHouse', 'rows/s', power.rowsPerSecond, 100_000);
const states = await measureSink('telemetry', 1_000_000);
add('sink, telemetry folded to reported states', 'records/s', states.recordsPerSecond);

const baseline: Record<string, number> = JSON.parse(readFileSync(baselinePath, 'utf8')).figures;
const table = new CliTable({ head: ['', 'measured', 'baseline', 'ratio', 'wanted'], style: { head: [], border: [] } });
for (const { name, unit, value, wanted } of figures) {
  const before = baseline[name];
  const ratio = before === undefined ? '' : (value / before).toFixed(2);
  table.push([
    name,
    `${format(value)} ${unit}`,
    before === undefined ? '' : format(before),
    ratio,
    wanted ? format(wanted) : '',
  ]);
}
process.stdout.write(`${cpus().length} cores, ${cpus()[0]!.model}, Node ${process.version}\n${table.toString()}\n`);
if (process.argv.includes('--store')) {
  const stored = {
    machine: `${cpus().length} cores, ${cpus()[0]!.model}`,
    figures: Object.fromEntries(figures.map((f) => [f.name, f.value])),
  };
  writeFileSync(baselinePath, `${JSON.stringify(stored, null, 2)}\n`);
}
process.exit(0);

function format(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}
