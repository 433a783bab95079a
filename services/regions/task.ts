import { Refusal } from '../core/batch.ts';
import type { EnterpriseSilence, SiteEvent } from '../core/records.ts';
import { cityOf } from '../core/region/scope.ts';
import { createRegionStage, type RegionOptions, type RegionStage } from '../core/region/stage.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import { Bell } from '../platform/bell.ts';
import { FencedError, type Log, type LogRecord, type Membership, type TransactionalProducer } from '../platform/log.ts';
import type { Logger } from '../platform/logger.ts';
import { isStillOwner } from '../platform/ownership.ts';
import type { RegionMetrics } from './metrics.ts';
import { eventRecord, refusalRecord } from './outputs.ts';
import { restoreState, stateRecords } from './state.ts';

export const silenceTopic = 'enterprise-silence';

export interface TaskParts {
  readonly log: Log;
  readonly codec: Codec;
  readonly logger: Logger;
  readonly metrics: RegionMetrics;
  readonly membership: Membership;
  readonly group: string;
  readonly options: RegionOptions;
  readonly timeSource: TimeSource;
}

const firstRetryMs = 500;
const lastRetryMs = 30_000;
/** How long a fenced task waits before it asks whether it is the owner after all, ms. */
const fencedMs = 2_000;
/** Records of one commit at most: each changes the state of one enterprise, of some hundred bytes. */
const batchRecords = 2_000;
const queueRecords = 3 * batchRecords;
/** Longest sleep between looks at the clock, ms: clocks can be set. */
const idleMs = 1_000;

/** What is said of a moment, and when that was by the time of the statements. */
interface Said {
  readonly event: SiteEvent;
  readonly atMs: number;
}

/**
 * Partition p of the statements and of the state: cities, each whole. What is said, the state after it and the next
 * position go out in one transaction. On any error the state is thrown away and restored.
 */
export class RegionTask {
  isLive = false;
  readonly #partition: number;
  readonly #parts: TaskParts;
  readonly #bell = new Bell();
  #queue: LogRecord[] = [];
  #position = 0;
  #paused = false;
  /** How far the log's clock is ahead of ours, or its newest record behind, ms. */
  #aheadMs = 0;
  #stopping = false;
  #dropped = false;
  #retryMs = firstRetryMs;

  constructor(partition: number, parts: TaskParts) {
    this.#partition = partition;
    this.#parts = parts;
  }

  /** Runs until stopped or dropped. */
  async run(): Promise<void> {
    for (let isFirst = true; !this.#isHalted(); isFirst = false) {
      try {
        if (isFirst || (await this.#isStillOurs())) await this.#own();
        else await this.#rest(firstRetryMs);
      } catch (error) {
        await this.#rest(this.#patienceAfter(error));
      } finally {
        this.isLive = false;
        if (!this.#dropped) this.#parts.membership.pause(silenceTopic, this.#partition);
      }
    }
  }

  /** Commits what is under way and ends. */
  stop(): void {
    this.#stopping = true;
    this.#bell.ring();
  }

  /** The partition is another's now: ends without a word. */
  drop(): void {
    this.#dropped = true;
    this.#bell.ring();
  }

  /** A new generation kept the partition here: its stream starts paused. */
  rejoin(): void {
    if (this.isLive) this.#flow();
    this.#bell.ring();
  }

  /** Never throws: it is called from within the client of the log. */
  receive(records: readonly LogRecord[]): void {
    if (!this.isLive) return;
    for (const record of records) {
      // Repeats of a rewound stream.
      if (record.offset < this.#position) continue;
      this.#queue.push(record);
      this.#position = record.offset + 1;
      this.#aheadMs = record.appendTimeMs - Date.now();
    }
    if (!this.#paused && this.#queue.length > queueRecords) {
      this.#paused = true;
      this.#parts.membership.pause(silenceTopic, this.#partition);
    }
    this.#bell.ring();
  }

  /** From opening the transactions to the last commit: all of it is void when it throws. */
  async #own(): Promise<void> {
    const { log, group, options, logger } = this.#parts;
    const producer = await log.openTransactions(`${group}-${this.#partition}`);
    try {
      const stage = createRegionStage(options);
      const restored = await restoreState(log, this.#partition, producer, stage);
      const oldest = (await log.topics.startOffsets(silenceTopic))[this.#partition]!;
      if (this.#isHalted()) return;
      if (restored !== undefined && restored < oldest) {
        // Older than can be of use: the enterprises will say anew what holds.
        logger.warn({ partition: this.#partition, restored, oldest }, 'statements were lost to retention');
      }
      this.#position = Math.max(restored ?? 0, oldest);
      this.#queue = [];
      this.isLive = true;
      this.#flow();
      await this.#live(stage, producer);
    } finally {
      await producer.close().catch((err) => logger.debug({ err }, 'producer did not close'));
    }
  }

  async #live(stage: RegionStage, producer: TransactionalProducer): Promise<void> {
    while (!this.#isHalted()) {
      const records = this.#queue.splice(0, batchRecords);
      if (this.#paused && this.#queue.length < batchRecords) this.#flow();
      const waitMs = records.length > 0 ? 0 : stage.nextDueMs() - this.#nowMs();
      if (waitMs <= 0) {
        await this.#commit(stage, producer, records);
        this.#retryMs = firstRetryMs;
      } else await this.#bell.wait(Math.min(waitMs, idleMs));
    }
  }

  async #commit(stage: RegionStage, producer: TransactionalProducer, records: readonly LogRecord[]): Promise<void> {
    const { codec, group, timeSource, metrics } = this.#parts;
    await codec.prepare(records);
    const statements: EnterpriseSilence[] = [];
    const refused: (readonly [LogRecord, Refusal])[] = [];
    for (const record of records) {
      const value = statementOf(record, codec);
      if (value instanceof Refusal) refused.push([record, value]);
      else if (value !== null) statements.push(value);
    }
    const said = timeSource === 'recorded' ? this.#judgeRecorded(stage, statements) : this.#judge(stage, statements);
    // What is queued behind the batch has not been read yet, as far as the next owner is concerned.
    const position = this.#queue[0]?.offset ?? this.#position;
    const nowMs = Date.now();
    await producer.commit({
      records: [
        ...said.map(({ event, atMs }) =>
          eventRecord(event, codec, nowMs, timeSource === 'recorded' ? atMs : undefined),
        ),
        ...refused.map(([record, refusal]) => refusalRecord(record, refusal, codec, nowMs)),
        ...stateRecords(this.#partition, stage.takeDirty(), position),
      ],
      group: { id: group, positions: [{ topic: silenceTopic, partition: this.#partition, offset: position }] },
    });
    metrics.records.inc(records.length);
    metrics.events.inc(said.length);
    for (const [, { reason }] of refused) metrics.refused.inc({ reason });
  }

  #judge(stage: RegionStage, statements: readonly EnterpriseSilence[]): Said[] {
    const nowMs = this.#nowMs();
    return stage.apply(statements, nowMs).map((event) => ({ event, atMs: nowMs }));
  }

  /** Recorded time stands still between statements, so each is taken as if nothing earlier could follow. */
  #judgeRecorded(stage: RegionStage, statements: readonly EnterpriseSilence[]): Said[] {
    const inOrder = statements.toSorted((a, b) => a.asOfMs - b.asOfMs);
    return inOrder.flatMap((statement) => {
      const atMs = statement.asOfMs + this.#parts.options.settleMs;
      return stage.apply([statement], atMs).map((event) => ({ event, atMs }));
    });
  }

  /** Time by the log's clock: that of its newest record here, moved on by ours. */
  #nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  #flow(): void {
    const { membership } = this.#parts;
    this.#paused = false;
    membership.seek(silenceTopic, this.#partition, this.#position);
    membership.resume(silenceTopic, this.#partition);
  }

  #patienceAfter(error: unknown): number {
    const { logger, metrics } = this.#parts;
    const partition = this.#partition;
    if (error instanceof FencedError) {
      logger.warn({ partition }, 'a newer owner has this partition');
      return fencedMs;
    }
    const retryMs = this.#retryMs;
    metrics.failures.inc({ reason: (error as { code?: string }).code ?? (error as Error).name });
    logger.error({ err: error, partition, retryMs }, 'task failed: restoring');
    this.#retryMs = Math.min(2 * retryMs, lastRetryMs);
    return retryMs;
  }

  #isStillOurs(): Promise<boolean> {
    const { log, membership, group } = this.#parts;
    const what = { group, topic: silenceTopic, partition: this.#partition };
    return isStillOwner(log, membership, what, () => this.#isHalted());
  }

  async #rest(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    for (let leftMs = ms; leftMs > 0 && !this.#isHalted(); leftMs = untilMs - performance.now()) {
      await this.#bell.wait(leftMs);
    }
  }

  #isHalted(): boolean {
    return this.#dropped || this.#stopping;
  }
}

/** `null` where there is nothing to take: a tombstone. */
function statementOf(record: LogRecord, codec: Codec): EnterpriseSilence | Refusal | null {
  if (record.value === null) return null;
  const value = codec.decode(silenceTopic, record.value);
  if (value instanceof Refusal || cityOf(value.regionCode) === record.key) return value;
  // It lies in the partition of another city, whose task never sees the enterprises that belong with it.
  return new Refusal('wrong-key', `key ${record.key} is not the city of region ${value.regionCode}`);
}
