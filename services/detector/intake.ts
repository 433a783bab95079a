import { setTimeout as sleep } from 'node:timers/promises';
import { inputTopics } from '../core/records.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import { Bell } from '../platform/bell.ts';
import type { LogRecord, Membership } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import { changelogTopic } from '../platform/topics.ts';
import { ChangelogReader, type Restored } from './changelog.ts';
import { type Chunk, InputStream } from './input-stream.ts';

export interface IntakeParts {
  readonly codec: Codec;
  readonly membership: Membership;
  readonly logger: Logger;
  readonly timeSource: TimeSource;
  /** A stream holds about so much in memory, and then it is paused. */
  readonly queue: { readonly records: number; readonly bytes: number };
}

/** How long the registry is left alone after it did not answer. */
const registryRetryMs = 500;

/** Everything that one partition reads: its changelog while it is restored, and its input streams. */
export class Intake {
  /** Rung when something was delivered or became decodable. */
  readonly bell = new Bell();
  streams: readonly InputStream[] = [];
  readonly #partition: number;
  readonly #parts: IntakeParts;
  readonly #ended = new AbortController();
  #changelog: ChangelogReader | undefined;
  #lookedAtMs = 0;

  constructor(partition: number, parts: IntakeParts) {
    this.#partition = partition;
    this.#parts = parts;
  }

  /** Never throws: it is called from within the client of the log. */
  receive(topic: string, records: readonly LogRecord[]): void {
    if (topic === changelogTopic) this.#changelog?.add(records);
    else this.#receiveInput(topic, records);
    this.bell.ring();
  }

  #receiveInput(topic: string, records: readonly LogRecord[]): void {
    const stream = this.streams.find((candidate) => candidate.topic === topic);
    const chunk = stream?.push(records, Date.now());
    if (!stream || !chunk) return;
    if (!stream.paused && this.#fillOf(stream) > 1) {
      stream.paused = true;
      this.#parts.membership.pause(topic, this.#partition);
    }
    this.#makeReady(stream, chunk);
  }

  #makeReady(stream: InputStream, chunk: Chunk): void {
    const learning = this.#parts.codec.prepare(chunk.records);
    if (!learning) {
      stream.makeReady(chunk);
      this.bell.ring();
      return;
    }
    const { signal } = this.#ended;
    learning.then(
      () => {
        stream.makeReady(chunk);
        this.bell.ring();
      },
      async (err) => {
        if (signal.aborted) return;
        // Nobody can say whether the schema exists: the stream waits, as a wrong dead letter would be a loss.
        this.#parts.logger.warn({ err, topic: stream.topic }, 'registry does not answer: waiting');
        await sleep(registryRetryMs, undefined, { signal }).catch(() => {});
        if (!signal.aborted) this.#makeReady(stream, chunk);
      },
    );
  }

  /** Reads the changelog from `startOffset` to the owner's barrier; nothing when it was halted on the way. */
  async readChangelog(barrier: string, startOffset: number, halted: () => boolean): Promise<Restored | undefined> {
    const { membership } = this.#parts;
    const reader = new ChangelogReader(barrier, startOffset);
    this.#changelog = reader;
    membership.seek(changelogTopic, this.#partition, reader.position);
    membership.resume(changelogTopic, this.#partition);
    while (!reader.complete) {
      if (halted()) return undefined;
      await this.bell.wait();
    }
    if (halted()) return undefined;
    membership.pause(changelogTopic, this.#partition);
    this.#changelog = undefined;
    return reader.finish();
  }

  /** Starts all input streams, one position a topic in the order of `inputTopics`. */
  openStreams(positions: readonly number[]): void {
    this.streams = inputTopics.map(
      (topic, rank) => new InputStream(topic, rank, positions[rank]!, this.#parts.timeSource),
    );
    this.rejoin();
  }

  /** A new generation kept the partition: its streams start paused, so they are set going where they stand. */
  rejoin(): void {
    const { membership } = this.#parts;
    for (const stream of this.streams) {
      membership.seek(stream.topic, this.#partition, stream.position);
      if (!stream.paused) membership.resume(stream.topic, this.#partition);
    }
    if (this.#changelog) {
      membership.seek(changelogTopic, this.#partition, this.#changelog.position);
      membership.resume(changelogTopic, this.#partition);
    }
  }

  /** To be called before heads are looked at. */
  look(): void {
    const nowMs = Date.now();
    if (nowMs < this.#lookedAtMs) for (const stream of this.streams) stream.clockSetBack(nowMs);
    this.#lookedAtMs = nowMs;
    for (const stream of this.streams) this.letFlow(stream);
  }

  letFlow(stream: InputStream): void {
    if (!stream.paused || this.#fillOf(stream) > 0.5) return;
    stream.paused = false;
    this.#parts.membership.resume(stream.topic, this.#partition);
  }

  /** How full the queue of a stream is; above 1 it holds more than it should. */
  #fillOf(stream: InputStream): number {
    const { queue } = this.#parts;
    return Math.max(stream.queuedRecords / queue.records, stream.queuedBytes / queue.bytes);
  }

  /** Time at which a stream was last seen to hold nothing more, by the client's clock. */
  readonly seenEmptyAtMs = (stream: InputStream): number | undefined =>
    this.#parts.membership.caughtUpAtMs(stream.topic, this.#partition);

  /** Lets go of what was read; what still comes is nobody's. `stillOurs` is false when the partition is another's. */
  close(stillOurs: boolean): void {
    this.#ended.abort();
    const { membership } = this.#parts;
    if (stillOurs) {
      for (const { topic } of this.streams) membership.pause(topic, this.#partition);
      if (this.#changelog) membership.pause(changelogTopic, this.#partition);
    }
    this.streams = [];
    this.#changelog = undefined;
  }
}
