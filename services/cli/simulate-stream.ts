import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedInput } from '../core/recording-inputs.ts';
import { inputTopics } from '../core/records.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log, NewRecord, TopicSpec } from '../platform/log.ts';
import { firmCount } from '../simulator/world/firm-plan.ts';
import type { Scenario } from '../simulator/world/scenario.ts';
import { pointCount, streamWorld } from '../simulator/world/stream.ts';
import { progressBar } from './progress.ts';
import { clockMarks } from './publish.ts';
import { readConfig } from './settings.ts';
import { openCodec, openLog } from './stack.ts';

export interface StreamSettings {
  readonly seed: number;
  readonly firms?: number;
  readonly days?: number;
  /** Records a second at most. */
  readonly rate: number;
  /** Arrivals follow the wall clock from now on; otherwise they lie where the scenario puts them, in a header. */
  readonly live: boolean;
}

/** Records in one send at most. */
const sendRecords = 10_000;
const quarterMs = 900_000;
const chinaOffsetMs = 8 * 3_600_000;

/** Streams a world into the configured log until its days are over or SIGINT comes. */
export async function streamScenario(scenario: Scenario, settings: StreamSettings): Promise<void> {
  const config = readConfig(process.env);
  const log = await openLog(config);
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const days = settings.days ?? scenario.days;
  const bar = progressBar('simulated minutes', days * 1440);
  const startedMs = Date.now();
  try {
    const codec = await openCodec(config);
    const { records, minutes } = await stream(scenario, log, codec, settings, stopping.signal, (done) =>
      bar.update(done),
    );
    bar.stop();
    const seconds = (Date.now() - startedMs) / 1000;
    const firms = firmCount(scenario, settings.firms);
    process.stdout.write(
      `${records} records of ${firms} firms over ${minutes} simulated minutes, ${Math.round(records / seconds)} a second\n`,
    );
  } finally {
    bar.stop();
    await log.close();
  }
}

/** Sends second after second of a world; returns what was sent when its days are over or `signal` ends it. */
export async function stream(
  scenario: Scenario,
  log: Log,
  codec: Codec,
  settings: StreamSettings,
  signal: AbortSignal,
  onMinute: (minutes: number) => void,
): Promise<{ readonly records: number; readonly minutes: number }> {
  const { seed, rate, live, days = scenario.days } = settings;
  const firms = firmCount(scenario, settings.firms);
  const world = live ? today(scenario) : scenario;
  // So many points at this rate are one report each in so many seconds.
  const reportMs = live ? 1000 * Math.max(1, Math.round(pointCount(scenario, seed, firms) / rate)) : undefined;
  const fromMs = live ? Math.floor(Date.now() / quarterMs) * quarterMs : undefined;
  const options = { seed, firms, days, ...(reportMs && { reportMs }), ...(fromMs && { fromMs }) };
  const producer = await log.openProducer();
  const topics = await log.topics.describe(inputTopics);
  const sender = createSender(topics, codec, rate, live, (records) => producer.send(records));
  let firstMs: number | undefined;
  let minutes = 0;
  try {
    for (const inputs of streamWorld(world, options)) {
      if (signal.aborted) break;
      const last = inputs.at(-1);
      if (!last) continue;
      firstMs ??= last.arrivalMs;
      if (live && last.arrivalMs > Date.now()) await sleep(last.arrivalMs - Date.now(), undefined, { signal });
      await sender.add(inputs, signal);
      const minute = Math.floor((last.arrivalMs - firstMs) / 60_000);
      if (minute > minutes) onMinute(minute);
      minutes = Math.max(minutes, minute);
    }
    await sender.flush(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await producer.close();
  }
  return { records: sender.sent(), minutes };
}

interface Sender {
  add(inputs: readonly RecordedInput[], signal: AbortSignal): Promise<void>;
  flush(signal: AbortSignal): Promise<void>;
  sent(): number;
}

function createSender(
  topics: readonly TopicSpec[],
  codec: Codec,
  rate: number,
  live: boolean,
  send: (records: readonly NewRecord[]) => Promise<void>,
): Sender {
  const startedMs = Date.now();
  let chunk: NewRecord[] = [];
  let sent = 0;
  let arrivalMs = 0;
  const flush = async (signal: AbortSignal): Promise<void> => {
    if (chunk.length === 0) return;
    const dueMs = startedMs + ((sent + chunk.length) / rate) * 1000;
    if (dueMs > Date.now()) await sleep(dueMs - Date.now(), undefined, { signal });
    // Recorded time needs to be told on topics on which little comes; the wall clock is everybody's.
    await send(live ? chunk : [...chunk, ...clockMarks(topics, arrivalMs)]);
    sent += chunk.length;
    chunk = [];
  };
  return {
    async add(inputs, signal) {
      for (const { topic, key, value, arrivalMs: at } of inputs) {
        arrivalMs = Math.max(arrivalMs, at);
        const record = { topic, key, value: codec.encode(topic, value) };
        chunk.push(live ? record : { ...record, headers: { [arrivedHeader]: String(arrivalMs) } });
        if (chunk.length >= sendRecords) await flush(signal);
      }
      // The second is over: what it held may be waited for.
      if (live) await flush(signal);
    },
    flush,
    sent: () => sent,
  };
}

/** The same firms with their first day today. */
function today(scenario: Scenario): Scenario {
  return { ...scenario, start: new Date(Date.now() + chinaOffsetMs).toISOString().slice(0, 10) };
}
