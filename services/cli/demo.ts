import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Refusal } from '../core/batch.ts';
import type { Label } from '../core/recording.ts';
import { recordingInputCount } from '../core/recording-inputs.ts';
import type { Alarm } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { demoPlant } from '../simulator/plant.ts';
import { progressBar } from './progress.ts';
import { publish } from './publish.ts';
import { type Serving, serve } from './serve.ts';
import { type Config, readConfig } from './settings.ts';
import { openCodec, openLog } from './stack.ts';

/** How long each of the three is waited for. */
const patienceMs = 60_000;
const seed = 1;

export class DemoError extends Error {
  readonly code = 'DEMO';
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('run everything embedded on a plant whose operator lies: the alarm, the row by SQL, the metric')
    .option('--once', 'end after it; exit 0 only if each of the three was seen', false)
    .action(async (options: { once: boolean }) => {
      const dataDir = join(process.env.DATA_DIR ?? '.wattness', 'demo');
      rmSync(dataDir, { recursive: true, force: true });
      const config = readConfig({
        LOG_LEVEL: 'warn',
        // With --once other things may run beside it, so no port is taken that they may want.
        ...(options.once ? { HTTP_PORT: '0', CLICKHOUSE_PORT: '0' } : {}),
        ...process.env,
        DATA_DIR: dataDir,
        TIME_SOURCE: 'recorded',
      });
      const logger = createLogger({ service: 'demo', level: config.logLevel });
      say('Starting log, registry, detector, sink and ClickHouse in one process …');
      const serving = await serve(config, ['detector', 'sink'], logger);
      const stopped = Promise.withResolvers<void>();
      process.once('SIGINT', stopped.resolve);
      process.once('SIGTERM', stopped.resolve);
      try {
        const lieFound = await Promise.race([show(config, serving), stopped.promise.then(() => undefined)]);
        if (lieFound && !options.once) {
          invite(serving, config);
          await Promise.race([stopped.promise, serving.ended]);
        }
      } finally {
        say('Stopping …');
        await serving.stop();
      }
    });
}

/** Publishes the plant and shows the three in order; throws `DemoError` when one does not come. */
async function show(config: Config, serving: Serving): Promise<true> {
  const recording = demoPlant(Date.now(), seed);
  const lie = recording.labels.find((label) => label.kind === 'lie')!;
  const { value: site } = recording.sites[0]!;
  const total = recordingInputCount(recording);
  say(`Publishing four days of ${site.name}: ${total.toLocaleString('en')} records …`);
  const log = await openLog(config);
  try {
    const codec = await openCodec(config);
    const bar = progressBar('publish', total);
    const published = publish(recording, log, codec, {
      speed: Number.POSITIVE_INFINITY,
      settle: false,
      onProgress: bar.update,
    }).finally(() => bar.stop());
    const [alarm] = await Promise.all([awaitAlarm(log, codec, lie), published]);
    say('\n1. The alarm, from topic `alarms`:\n');
    say(`   ${alarm.level}  ${alarm.titleZh} · ${alarm.titleEn}`);
    say(`   ${alarm.summaryZh}`);
    say(`   ${alarm.summaryEn}`);
    await showRow(serving, alarm);
    await showMetric(serving);
    return true;
  } finally {
    await log.close();
  }
}

async function awaitAlarm(log: Log, codec: Codec, lie: Label): Promise<Alarm> {
  const patience = AbortSignal.timeout(patienceMs);
  for await (const records of log.read({ topics: ['alarms'], follow: true, signal: patience })) {
    for (const record of records) {
      const alarm = record.value && codec.decode('alarms', record.value);
      if (!alarm || alarm instanceof Refusal) continue;
      if (alarm.conditionActive && alarm.subjectId === lie.subjectId && alarm.raisedMs >= lie.startMs) return alarm;
    }
  }
  throw new DemoError(`no alarm on ${lie.subjectId} within ${patienceMs / 1000} s`);
}

async function showRow(serving: Serving, alarm: Alarm): Promise<void> {
  const query = `SELECT subject_id, state, first_slot_at, last_slot_end_at, round(seen_mean_kw, 1) AS seen_kw, round(stopped_upper_kw, 1) AS stop_explains_kw
FROM wattness.findings_latest WHERE finding_id = '${alarm.findingId}'`;
  const row = await until('row in ClickHouse', async () => {
    const response = await fetch(new URL(`/?user=reader`, serving.clickhouseUrl), {
      method: 'POST',
      body: `${query} FORMAT Vertical`,
    });
    const text = await response.text();
    if (!response.ok) throw new DemoError(`ClickHouse answered ${response.status}: ${text}`);
    return text.trim() === '' ? undefined : text.trimEnd();
  });
  say('\n2. The row, by SQL over HTTP:\n');
  say(indent(query));
  say(indent(row));
}

async function showMetric(serving: Serving): Promise<void> {
  const name = 'wattness_findings_total{rule="stopped-but-running",state="CONFIRMED"}';
  const line = await until('metric', async () => {
    const text = await (await fetch(new URL('/metrics', serving.opsUrl))).text();
    return text.split('\n').find((candidate) => candidate.startsWith(name));
  });
  say('\n3. The metric, as Prometheus scrapes it:\n');
  say(`   ${line}\n`);
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = Date.now() + patienceMs;
  while (Date.now() < deadlineMs) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new DemoError(`no ${what} within ${patienceMs / 1000} s`);
}

function invite(serving: Serving, config: Config): void {
  say(`It goes on running. Ctrl-C ends it.
   SQL      curl '${serving.clickhouseUrl}/?user=reader' -d 'SELECT * FROM wattness.alarms_active FORMAT Vertical'
   metrics  ${serving.opsUrl}/metrics
   health   ${serving.opsUrl}/readyz
   data     ${config.dataDir}`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '   ');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
