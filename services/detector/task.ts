import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../core/batch.ts';
import { type InputTopic, inputTopics } from '../core/records.ts';
import type { Codec } from '../platform/avro.ts';
import {
  FencedError,
  type Log,
  type LogRecord,
  type Membership,
  OffsetOutOfRangeError,
  type TransactionalProducer,
} from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import { changelogTopic } from '../platform/topics.ts';
import {
  type BatchRecord,
  barrierEntry,
  batchEntry,
  ChangelogError,
  ChangelogReader,
  type Range,
  type Restored,
  snapshotEntries,
} from './changelog.ts';
import { decodeBatch } from './decode.ts';
import { InputStream, type TimeSource } from './input-stream.ts';
import { canonical, fillBatch, OpenBatch } from './merge.ts';
import type { DetectorMetrics } from './metrics.ts';
import { outputRecords } from './outputs.ts';

export interface TaskSettings {
  readonly group: string;
  readonly timeSource: TimeSource;
  readonly batchRecords: number;
  readonly batchMs: number;
  readonly snapshotMs: number;
  readonly engineVersion: string;
  readonly rulesHash: string;
}

export interface TaskParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly membership: Membership;
  readonly createEngine: () => Engine;
  readonly settings: TaskSettings;
  readonly metrics: DetectorMetrics;
  readonly logger: Logger;
}

/** Where a task is, for /readyz. */
export type TaskPhase =
  | { readonly name: 'restoring'; readonly done: number; readonly total: number }
  | { readonly name: 'live' }
  | { readonly name: 'fenced' | 'stopped' };

/** Version of what the changelog holds beside the engine's own states. */
const stateFormat = 1;
/** Shortest wait between looks at the streams, ms. */
const idleMs = 10;
/** How long a stream of a recording must have been seen empty before others go ahead of it, ms. */
const recordedGraceMs = 250;
const firstRetryMs = 500;
const lastRetryMs = 30_000;

/**
 * Partition p of every input and of the changelog: merges the inputs into batches, has the engine judge them and
 * commits what it says with the batch record in one transaction. On any error it throws its state away and restores it
 * from the log; fenced, it stops for good.
 */
export class Task {
  readonly partition: number;
  phase: TaskPhase = { name: 'restoring', done: 0, total: 0 };
  private readonly parts: TaskParts;
  private readonly queueRecords: number;
  private streams: InputStream[] = [];
  private changelog: ChangelogReader | undefined;
  private restored: Restored | undefined;
  private producer: TransactionalProducer | undefined;
  private engine!: Engine;
  private n = 0;
  private snapshotN = 0;
  private nowMs = 0;
  private partsOf = new Map<string, number>();
  private stopping = false;
  private dropped = false;
  private wake: () => void = () => {};

  constructor(partition: number, parts: TaskParts) {
    this.partition = partition;
    this.parts = parts;
    this.queueRecords = 3 * parts.settings.batchRecords;
  }

  /** Runs until stopped, dropped or fenced. Rejects on what no new try can mend. */
  async run(): Promise<void> {
    const { metrics } = this.parts;
    let retryMs = firstRetryMs;
    while (!this.dropped) {
      try {
        await this.restore();
        retryMs = firstRetryMs;
        if (!this.dropped) {
          metrics.livePartitions.inc();
          await this.live().finally(() => metrics.livePartitions.dec());
        }
        break;
      } catch (error) {
        await this.closeProducer();
        this.forget();
        if (error instanceof FencedError) {
          this.parts.logger.warn({ partition: this.partition }, 'a newer owner has this partition: task dropped');
          this.phase = { name: 'fenced' };
          return;
        }
        if (error instanceof OffsetOutOfRangeError || error instanceof ChangelogError) throw error;
        if (this.dropped || this.stopping) break;
        const reason = (error as { code?: string }).code ?? (error as Error).name;
        metrics.failures.inc({ reason });
        this.parts.logger.error({ err: error, partition: this.partition, retryMs }, 'task failed: restoring');
        await Promise.race([sleep(retryMs), this.woken()]);
        retryMs = Math.min(2 * retryMs, lastRetryMs);
      }
    }
    await this.closeProducer();
    this.phase = { name: 'stopped' };
  }

  /** Finishes the open batch, writes a snapshot and ends. */
  stop(): void {
    this.stopping = true;
    this.wake();
  }

  /** The partition is another's now: ends without a word. */
  drop(): void {
    this.dropped = true;
    this.wake();
  }

  /** A new generation kept the partition here: streams start paused, so they are set going where they stand. */
  rejoin(): void {
    const { membership } = this.parts;
    for (const stream of this.streams) {
      membership.seek(stream.topic, this.partition, stream.position);
      if (!stream.paused) membership.resume(stream.topic, this.partition);
    }
    if (this.changelog) {
      membership.seek(changelogTopic, this.partition, this.changelog.position);
      membership.resume(changelogTopic, this.partition);
    }
  }

  receive(topic: string, records: readonly LogRecord[]): void {
    if (topic === changelogTopic) {
      if (this.changelog?.add(records)) {
        this.restored = this.changelog.finish();
        this.changelog = undefined;
        this.parts.membership.pause(changelogTopic, this.partition);
      }
    } else {
      const stream = this.streams.find((candidate) => candidate.topic === topic);
      const chunk = stream?.push(records, Date.now());
      if (!stream || !chunk) return;
      if (stream.queuedRecords > this.queueRecords && !stream.paused) {
        stream.paused = true;
        this.parts.membership.pause(topic, this.partition);
      }
      const learning = this.parts.codec.prepare(records);
      if (learning) this.makeReadyAfter(learning, stream, chunk, records);
      else stream.makeReady(chunk);
    }
    this.wake();
  }

  private makeReadyAfter(
    learning: Promise<void>,
    stream: InputStream,
    chunk: Parameters<InputStream['makeReady']>[0],
    records: readonly LogRecord[],
  ): void {
    const ready = (): void => {
      stream.makeReady(chunk);
      this.wake();
    };
    learning.then(ready, async (err) => {
      // Nobody can say whether the schema exists: the stream waits, as a wrong dead letter would be a loss.
      this.parts.logger.warn({ err, topic: stream.topic }, 'registry does not answer: waiting');
      await sleep(firstRetryMs);
      const again = this.parts.codec.prepare(records);
      if (again && !this.dropped) this.makeReadyAfter(again, stream, chunk, records);
      else ready();
    });
  }

  // Restoring

  private async restore(): Promise<void> {
    const { log, membership, settings, logger } = this.parts;
    this.phase = { name: 'restoring', done: 0, total: 0 };
    this.producer = await log.openTransactions(`${settings.group}-${this.partition}`);
    const barrier = randomUUID();
    await this.producer.commit({ records: [barrierEntry(this.partition, barrier)] });
    this.restored = undefined;
    this.changelog = new ChangelogReader(barrier);
    const [start] = (await log.topics.startOffsets(changelogTopic)).slice(this.partition);
    this.changelog.position = start!;
    membership.seek(changelogTopic, this.partition, start!);
    membership.resume(changelogTopic, this.partition);
    while (!this.restored && !this.dropped) await this.woken();
    if (this.dropped || !this.restored) return;

    const { snapshot, states, parts, batches } = this.restored as Restored;
    this.engine = this.parts.createEngine();
    for (const [enterpriseId, state] of states) this.engine.restore(enterpriseId, state);
    this.engine.resumeAt(snapshot?.nowMs ?? 0);
    this.nowMs = snapshot?.nowMs ?? 0;
    this.n = this.snapshotN = snapshot?.n ?? 0;
    this.partsOf = parts;
    await this.openStreams(snapshot?.positions);
    const total = batches.reduce((sum, batch) => sum + batch.ranges.reduce((all, range) => all + range.records, 0), 0);
    this.phase = { name: 'restoring', done: 0, total };
    const others = batches.filter((batch) => batch.engineVersion !== settings.engineVersion).length;
    if (others > 0) logger.warn({ partition: this.partition, batches: others }, 'executing batches of another version');
    for (const batch of batches) {
      await this.executeAgain(batch);
      if (this.dropped) return;
    }
    this.restored = undefined;
    logger.info({ partition: this.partition, enterprises: states.size, records: total, n: this.n }, 'restored');
  }

  private async openStreams(positions: Readonly<Record<InputTopic, number>> | undefined): Promise<void> {
    const { log, membership, settings } = this.parts;
    const streams: InputStream[] = [];
    for (const [rank, topic] of inputTopics.entries()) {
      const position = positions?.[topic] ?? (await log.topics.startOffsets(topic))[this.partition]!;
      streams.push(new InputStream(topic, rank, position, settings.timeSource));
    }
    this.streams = streams;
    for (const stream of streams) {
      membership.seek(stream.topic, this.partition, stream.position);
      membership.resume(stream.topic, this.partition);
    }
  }

  /** One logged batch, exactly as it was: the same records, the same time, nothing said. */
  private async executeAgain(batch: BatchRecord): Promise<void> {
    const records: LogRecord[] = [];
    for (const range of batch.ranges) {
      const stream = this.streams.find((candidate) => candidate.topic === range.topic)!;
      let taken = 0;
      while (taken < range.records) {
        if (this.dropped) return;
        if (stream.head === undefined) {
          await this.woken();
          continue;
        }
        records.push(stream.head);
        stream.shift();
        taken++;
        this.letFlow(stream);
      }
      const lastOffset = records.at(-1)!.offset;
      if (lastOffset !== range.to - 1) {
        throw new ChangelogError(
          `batch ${batch.n} read ${range.topic} up to offset ${range.to}, but record ${taken} of it is now at ${lastOffset}`,
        );
      }
    }
    const sorted = canonical(records, (topic) => inputTopics.indexOf(topic as InputTopic), batch.timeSource);
    const { inputs } = decodeBatch(sorted, this.parts.codec, batch.timeSource, this.nowMs, batch.unknownSchemas);
    this.engine.apply(inputs, batch.nowMs);
    this.n = batch.n;
    this.nowMs = batch.nowMs;
    this.parts.metrics.restoredRecords.inc(records.length);
    if (this.phase.name === 'restoring') this.phase = { ...this.phase, done: this.phase.done + records.length };
  }

  // Live

  private async live(): Promise<void> {
    const { settings } = this.parts;
    if (this.dropped) return;
    this.phase = { name: 'live' };
    let snapshotAtMs = Date.now() + settings.snapshotMs;
    let batch = new OpenBatch();
    let openedAtMs = 0;
    for (;;) {
      if (this.dropped) return;
      const before = batch.records.length;
      const fill = fillBatch(this.streams, batch, settings.batchRecords, this.seenEmpty, this.graceMs);
      for (const stream of this.streams) this.letFlow(stream);
      if (before === 0 && batch.records.length > 0) openedAtMs = Date.now();
      const waited = Date.now() - openedAtMs >= settings.batchMs;
      if (batch.records.length > 0 && (fill === 'full' || fill === 'cut' || waited || this.stopping)) {
        await this.commit(batch.records);
        batch = new OpenBatch();
        continue;
      }
      if (batch.records.length === 0) {
        if (this.stopping) break;
        const nowMs = this.wallNow(fill === 'drained');
        if (this.engine.nextTimerMs() <= nowMs) await this.commit([], nowMs);
        if (Date.now() >= snapshotAtMs) {
          await this.snapshot();
          snapshotAtMs = Date.now() + settings.snapshotMs;
        }
      }
      await Promise.race([sleep(idleMs), this.woken()]);
    }
    await this.snapshot();
  }

  private readonly seenEmpty = (stream: InputStream): number | undefined =>
    this.parts.membership.caughtUpAtMs(stream.topic, this.partition);

  private get graceMs(): number {
    return this.parts.settings.timeSource === 'recorded' ? recordedGraceMs : 0;
  }

  /** Time as far as it is known: the wall clock moves it only while every input was seen empty. */
  private wallNow(drained: boolean): number {
    if (!drained || this.parts.settings.timeSource === 'recorded') return this.nowMs;
    let seenMs = Number.POSITIVE_INFINITY;
    for (const stream of this.streams) seenMs = Math.min(seenMs, this.seenEmpty(stream) ?? Number.NEGATIVE_INFINITY);
    return Math.max(this.nowMs, seenMs);
  }

  private async commit(records: readonly LogRecord[], idleNowMs = this.nowMs): Promise<void> {
    const { codec, settings, metrics } = this.parts;
    const { inputs, gaps } = decodeBatch(records, codec, settings.timeSource, this.nowMs);
    const nowMs = inputs.reduce((latest, input) => Math.max(latest, input.arrivalMs), idleNowMs);
    const endApply = metrics.applySeconds.startTimer();
    const outputs = this.engine.apply(inputs, nowMs);
    endApply();
    const ranges = rangesOf(records);
    const batch: BatchRecord = {
      n: this.n + 1,
      nowMs,
      timeSource: settings.timeSource,
      ranges,
      engineVersion: settings.engineVersion,
      rulesHash: settings.rulesHash,
      unknownSchemas: gaps,
    };
    const endCommit = metrics.commitSeconds.startTimer();
    await this.producer!.commit({
      records: [batchEntry(this.partition, batch), ...outputRecords(outputs, records, codec, nowMs)],
      group: {
        id: settings.group,
        positions: ranges.map(({ topic, to }) => ({ topic, partition: this.partition, offset: to })),
      },
    });
    endCommit();
    this.n = batch.n;
    this.nowMs = nowMs;
    for (const range of ranges) metrics.records.inc({ topic: range.topic }, range.records);
    metrics.countOutputs(outputs);
    metrics.behindSeconds.set({ partition: this.partition }, Math.max(0, Date.now() - nowMs) / 1000);
  }

  private async snapshot(): Promise<void> {
    if (this.n === this.snapshotN) return;
    const { settings } = this.parts;
    const positions = Object.fromEntries(this.streams.map((stream) => [stream.topic, stream.processed])) as Record<
      InputTopic,
      number
    >;
    const record = { n: this.n, nowMs: this.nowMs, positions, engineVersion: settings.engineVersion, stateFormat };
    const dirty = this.engine.takeDirty();
    const records = snapshotEntries(this.partition, record, this.snapshotN, dirty, this.partsOf);
    await this.producer!.commit({ records });
    this.snapshotN = this.n;
  }

  private letFlow(stream: InputStream): void {
    if (!stream.paused || stream.queuedRecords > this.queueRecords / 2) return;
    stream.paused = false;
    this.parts.membership.resume(stream.topic, this.partition);
  }

  private async closeProducer(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    await producer?.close().catch((err) => this.parts.logger.debug({ err }, 'producer did not close'));
  }

  /** Streams stop: what arrives for the old state must not reach the new one. */
  private forget(): void {
    if (this.dropped) return;
    for (const stream of this.streams) this.parts.membership.pause(stream.topic, this.partition);
    this.streams = [];
    this.changelog = undefined;
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

function rangesOf(records: readonly LogRecord[]): Range[] {
  const ranges = new Map<string, { topic: InputTopic; from: number; to: number; records: number }>();
  for (const { topic, offset } of records) {
    const range = ranges.get(topic);
    if (range) {
      range.to = offset + 1;
      range.records++;
    } else ranges.set(topic, { topic: topic as InputTopic, from: offset, to: offset + 1, records: 1 });
  }
  return [...ranges.values()];
}
