import { Refusal } from '../core/batch.ts';
import { type InputTopic, inputTopics } from '../core/records.ts';
import { FencedError, type LogRecord, type Membership, OffsetOutOfRangeError } from '../platform/log.ts';
import { isStillOwner } from '../platform/ownership.ts';
import { ChangelogError, type HashedRules } from './changelog.ts';
import { keyOf } from './decode.ts';
import { Intake } from './intake.ts';
import { EngineFailure, type Ledger, type LedgerSettings, RulesFailure } from './ledger.ts';
import { type BatchLimit, fillBatch, OpenBatch } from './merge.ts';
import { type RestoreParts, restoreLedger } from './restore.ts';

export interface TaskSettings extends LedgerSettings {
  readonly batchRecords: number;
  readonly batchMs: number;
  readonly snapshotMs: number;
}

export interface TaskParts extends RestoreParts {
  readonly membership: Membership;
  readonly settings: TaskSettings;
}

/** Where a task is, for /readyz. */
export type TaskPhase =
  | { readonly name: 'restoring'; readonly done: number; readonly total: number }
  | { readonly name: 'live' }
  | { readonly name: 'fenced' | 'stopped' };

/** Longest wait between looks at the streams, ms: what was seen empty changes without a word. */
const idleMs = 10;
/** How long a stream of a recording must have been seen empty before others go ahead of it, ms. */
const recordedGraceMs = 250;
const firstRetryMs = 500;
const lastRetryMs = 30_000;
/** How long a fenced task waits for word of a new generation before it asks whether it is the owner after all, ms. */
const fencedMs = 2_000;
const batchBytes = 16 * 1024 * 1024;
const queueBytes = 32 * 1024 * 1024;
const queueBatches = 3;

/**
 * Partition p of every input and of the changelog: merges the inputs into batches, has the engine judge them and
 * commits what it says with the batch record in one transaction. On any error it throws its state away and restores it
 * from the log, if the group still gives it the partition.
 */
export class Task {
  phase: TaskPhase = { name: 'restoring', done: 0, total: 0 };
  /** Hash of the rules that judge; nothing before it is live. */
  rulesHash: string | undefined;
  readonly #partition: number;
  readonly #parts: TaskParts;
  #intake: Intake;
  /** Time up to which all is judged, by the client's clock where all inputs were seen empty. */
  #reachedMs: number | undefined;
  #stopping = false;
  #dropped = false;
  #rejoined = false;
  #retryMs = firstRetryMs;
  /** Records at which the engine failed, and how it said so. */
  readonly #refusals = new Map<string, Refusal>();
  /** Hashes of rules at which the engine failed. */
  readonly #unusable = new Set<string>();
  /** While it is sought at which record the engine failed: how many at a time, and how many are left. */
  #search: { readonly records: number; left: number } | undefined;

  constructor(partition: number, parts: TaskParts) {
    this.#partition = partition;
    this.#parts = parts;
    this.#intake = this.#createIntake();
  }

  /** Runs until stopped or dropped. Rejects on what no new try can mend. */
  async run(): Promise<void> {
    try {
      for (let isFirst = true; !this.#isHalted(); isFirst = false) {
        try {
          // Opening transactions fences their owner: only who is given the partition now may do that.
          if (isFirst || (await this.#isStillOurs())) await this.#own();
          else await this.#rest(firstRetryMs);
        } catch (error) {
          this.#reset();
          await this.#rest(this.#patienceAfter(error));
        }
      }
    } finally {
      this.phase = { name: 'stopped' };
      this.#reset();
    }
  }

  /** Finishes the open batch, writes a snapshot and ends. */
  stop(): void {
    this.#stopping = true;
    this.#intake.bell.ring();
  }

  /** The partition is another's now: ends without a word. */
  drop(): void {
    this.#dropped = true;
    this.#intake.bell.ring();
  }

  /** A new generation kept the partition here. */
  rejoin(): void {
    this.#rejoined = true;
    this.#intake.rejoin();
    this.#intake.bell.ring();
  }

  receive(topic: string, records: readonly LogRecord[]): void {
    this.#intake.receive(topic, records);
  }

  /** How far the task is behind the wall clock; nothing before it is restored. */
  behindMs(wallMs: number): number | undefined {
    return this.#reachedMs === undefined ? undefined : Math.max(0, wallMs - this.#reachedMs);
  }

  /** From opening the transactions to the last commit: all of it is void when it throws. */
  async #own(): Promise<void> {
    const { log, settings } = this.#parts;
    this.phase = { name: 'restoring', done: 0, total: 0 };
    const producer = await log.openTransactions(`${settings.group}-${this.#partition}`);
    try {
      if (this.#isHalted()) return;
      const onProgress = (done: number, total: number): void => {
        this.phase = { name: 'restoring', done, total };
      };
      const ledger = await restoreLedger(
        this.#partition,
        this.#parts,
        producer,
        this.#intake,
        () => this.#isHalted(),
        onProgress,
      );
      if (!ledger || this.#isHalted()) return;
      this.phase = { name: 'live' };
      await this.#live(ledger);
    } finally {
      // What it threw is what matters; a producer that does not close is closed by the broker's time-out.
      await producer.close().catch((err) => this.#parts.logger.debug({ err }, 'producer did not close'));
    }
  }

  async #live(ledger: Ledger): Promise<void> {
    const { settings } = this.#parts;
    const intake = this.#intake;
    const graceMs = settings.timeSource === 'recorded' ? recordedGraceMs : 0;
    // Durations are of the monotonic clock. The partitions of a process take turns with their snapshots.
    let snapshotDueMs = performance.now() + settings.snapshotMs * (0.5 + ((this.#partition * 0.618) % 0.5));
    let batch = new OpenBatch();
    let openedAtMs = 0;
    while (!this.#dropped) {
      this.rulesHash = ledger.rules.hash;
      const rules = this.#nextRules(ledger);
      intake.look();
      const fill = fillBatch(intake.streams, batch, this.#limit(), intake.seenEmptyAtMs, graceMs);
      let committed = false;
      if (batch.records.length === 0) {
        const nowMs = this.#now(ledger, fill === 'drained');
        this.#reachedMs = nowMs;
        // The old rules judge until now: what the new ones say is dated so.
        const due = rules ? nowMs > ledger.nowMs : ledger.nextTimerMs() <= nowMs;
        if (!this.#stopping && due) await ledger.commit([], this.#refusals, nowMs);
      } else {
        openedAtMs ||= performance.now();
        const waited = performance.now() - openedAtMs >= settings.batchMs;
        if (fill === 'full' || fill === 'cut' || waited || rules || this.#stopping) {
          await ledger.commit(batch.records, this.#refusals);
          this.#reachedMs = ledger.nowMs;
          this.#passed(batch.records.length);
          batch = new OpenBatch();
          openedAtMs = 0;
          committed = true;
        }
      }
      if (this.#dropped) return;
      if (batch.records.length === 0 && (this.#stopping || rules || performance.now() >= snapshotDueMs)) {
        await ledger.snapshot(this.#positions());
        snapshotDueMs = performance.now() + settings.snapshotMs;
        if (this.#stopping || this.#dropped) return;
        if (rules) await this.#goOver(ledger, rules);
      }
      if (!committed) await intake.bell.wait(idleMs);
    }
  }

  /** Rules that are to judge in place of those of the ledger. */
  #nextRules(ledger: Ledger): HashedRules | undefined {
    const { current } = this.#parts.rules;
    return current.hash === ledger.rules.hash || this.#unusable.has(current.hash) ? undefined : current;
  }

  async #goOver(ledger: Ledger, rules: HashedRules): Promise<void> {
    const before = ledger.rules.hash;
    await ledger.useRules(rules);
    this.#parts.logger.info({ partition: this.#partition, before, hash: rules.hash, n: ledger.n }, 'other rules judge');
  }

  /** Time as far as it is known: the wall clock moves it only while every input was seen empty. */
  #now(ledger: Ledger, drained: boolean): number {
    if (!drained || this.#parts.settings.timeSource === 'recorded') return ledger.nowMs;
    let seenMs = Number.POSITIVE_INFINITY;
    for (const stream of this.#intake.streams) seenMs = Math.min(seenMs, this.#intake.seenEmptyAtMs(stream) ?? 0);
    return Math.max(ledger.nowMs, seenMs);
  }

  /** Next offsets to judge. Only while no batch is open are they those of the ledger. */
  #positions(): Record<InputTopic, number> {
    const entries = this.#intake.streams.map((stream) => [stream.topic, stream.processed]);
    return Object.fromEntries(entries) as Record<InputTopic, number>;
  }

  #limit(): BatchLimit {
    return { records: this.#search?.records ?? this.#parts.settings.batchRecords, bytes: batchBytes };
  }

  /** So many records went well. */
  #passed(records: number): void {
    this.#retryMs = firstRetryMs;
    if (!this.#search) return;
    this.#search.left -= records;
    if (this.#search.left <= 0) this.#search = undefined;
  }

  /** Halves the batch until the record at which the engine fails is alone in it; then refuses that record. */
  #narrow({ records, cause }: EngineFailure): void {
    if (records.length > 1) {
      this.#search = { records: Math.ceil(records.length / 2), left: records.length };
    } else if (records.length === 1) {
      this.#refusals.set(keyOf(records[0]!), new Refusal('engine-failed', String(cause)));
      this.#search = undefined;
    }
  }

  /** What to do about an error, and how long to wait before the next try, ms. */
  #patienceAfter(error: unknown): number {
    if (error instanceof OffsetOutOfRangeError || error instanceof ChangelogError) throw error;
    const partition = this.#partition;
    const { metrics, logger } = this.#parts;
    if (error instanceof FencedError) {
      logger.warn({ partition }, 'a newer owner has this partition');
      this.phase = { name: 'fenced' };
      return fencedMs;
    }
    if (this.#isHalted()) return 0;
    const retryMs = this.#retryMs;
    const reason = (error as { code?: string }).code ?? (error as Error).name;
    metrics.failures.inc({ reason });
    logger.error({ err: error, partition, retryMs }, 'task failed: restoring');
    if (error instanceof EngineFailure && error.records.length > 0 && !this.#isRefused(error.records)) {
      this.#narrow(error);
      return firstRetryMs;
    }
    if (error instanceof RulesFailure) {
      // The old ones go on: the changelog has them.
      this.#unusable.add(error.hash);
      metrics.rulesRefused.inc();
      return firstRetryMs;
    }
    this.#retryMs = Math.min(2 * retryMs, lastRetryMs);
    return retryMs;
  }

  #isRefused(records: readonly LogRecord[]): boolean {
    return records.length === 1 && this.#refusals.has(keyOf(records[0]!));
  }

  #isStillOurs(): Promise<boolean> {
    const { log, membership, settings } = this.#parts;
    const what = { group: settings.group, topic: inputTopics[0], partition: this.#partition };
    return isStillOwner(log, membership, what, () => this.#isHalted());
  }

  /** Waits, unless there is reason not to. */
  async #rest(ms: number): Promise<void> {
    this.#rejoined = false;
    const untilMs = performance.now() + ms;
    while (!this.#isHalted() && !this.#rejoined) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return;
      await this.#intake.bell.wait(leftMs);
    }
  }

  /** Throws away what was restored and read. */
  #reset(): void {
    this.rulesHash = undefined;
    this.#intake.close(!this.#dropped);
    this.#intake = this.#createIntake();
  }

  #createIntake(): Intake {
    const { codec, membership, logger, settings } = this.#parts;
    const queue = { records: queueBatches * settings.batchRecords, bytes: queueBytes };
    return new Intake(this.#partition, { codec, membership, logger, timeSource: settings.timeSource, queue });
  }

  #isHalted(): boolean {
    return this.#dropped || this.#stopping;
  }
}
