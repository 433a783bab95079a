import { setTimeout as sleep } from 'node:timers/promises';
import { engineDefaults } from '../core/engine.ts';
import type { Recording } from '../core/recording.ts';
import { recordingInputs } from '../core/recording-inputs.ts';
import { inputTopics } from '../core/records.ts';
import { settlingMs } from '../core/replay.ts';
import { arrivedHeader } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { Log, NewRecord, TopicSpec } from '../platform/log.ts';

/** Recorded time that goes out in one send at most, so that provisional findings come in time at high speed too. */
const chunkMs = 6 * 3_600_000;
const chunkRecords = 10_000;

export interface PublishOptions {
  /** Recorded seconds a second; `Infinity` is as fast as the log takes it. */
  readonly speed: number;
  /** Afterwards moves recorded time on until every slot is sealed. */
  readonly settle: boolean;
  readonly onProgress?: (records: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Sends a recording into the log in order of arrival, with the recorded arrival time in a header. Returns how many
 * records were sent; fewer than the recording holds when `signal` ended it.
 */
export async function publish(recording: Recording, log: Log, codec: Codec, options: PublishOptions): Promise<number> {
  const producer = await log.openProducer();
  const topics = await log.topics.describe(inputTopics);
  const startedMs = Date.now();
  let firstMs: number | undefined;
  let sent = 0;
  let chunk: NewRecord[] = [];
  let chunkFromMs = 0;
  let arrivalMs = 0;

  async function send(): Promise<void> {
    if (chunk.length === 0) return;
    const dueMs = startedMs + (chunkFromMs - firstMs!) / options.speed;
    if (dueMs > Date.now()) await sleep(dueMs - Date.now(), undefined, { signal: options.signal });
    sent += chunk.length;
    await producer.send([...chunk, ...clockMarks(topics, arrivalMs)]);
    chunk = [];
    options.onProgress?.(sent);
  }

  try {
    for (const input of recordingInputs(recording)) {
      if (options.signal?.aborted) break;
      firstMs ??= input.arrivalMs;
      if (chunk.length >= chunkRecords || input.arrivalMs - chunkFromMs > chunkMs) {
        await send();
        chunkFromMs = input.arrivalMs;
      }
      arrivalMs = input.arrivalMs;
      chunk.push({
        topic: input.topic,
        key: input.key,
        value: codec.encode(input.topic, input.value),
        headers: { [arrivedHeader]: String(arrivalMs) },
      });
    }
    await send();
    if (options.settle && !options.signal?.aborted) {
      await producer.send(clockMarks(topics, arrivalMs + settlingMs(recording, engineDefaults.latenessHorizonMs)));
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  } finally {
    await producer.close();
  }
  return sent;
}

/**
 * A tombstone in every partition of every input topic: it says that nothing that arrived earlier will follow, so that
 * readers need not wait for topics on which little comes.
 */
export function clockMarks(topics: readonly TopicSpec[], arrivalMs: number): NewRecord[] {
  return topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic: name,
      partition,
      key: null,
      value: null,
      headers: { [arrivedHeader]: String(arrivalMs) },
    })),
  );
}
