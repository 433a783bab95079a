import type { Engine, Output } from '../core/batch.ts';
import { Refusal } from '../core/batch.ts';
import type { InputTopic } from '../core/records.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord, NewRecord, TransactionalProducer } from '../platform/log.ts';
import { type BatchRecord, batchEntry, type Restored, rangesOf, snapshotEntries } from './changelog.ts';
import { decodeBatch, keyOf } from './decode.ts';
import type { DetectorMetrics } from './metrics.ts';
import { outputRecords } from './outputs.ts';

export interface LedgerSettings {
  readonly group: string;
  readonly timeSource: TimeSource;
  readonly engineVersion: string;
  readonly rulesHash: string;
}

export interface LedgerParts {
  readonly codec: Codec;
  readonly createEngine: () => Engine;
  readonly settings: LedgerSettings;
  readonly metrics: DetectorMetrics;
}

/** The engine threw, and its state is spoilt: a fault of the program, which some record brought to light. */
export class EngineFailure extends Error {
  readonly code = 'ENGINE_FAILED';
  readonly records: readonly LogRecord[];
  constructor(records: readonly LogRecord[], cause: unknown) {
    super(`the engine failed at a batch of ${records.length} records: ${String(cause)}`, { cause });
    this.records = records;
  }
}

/** The registry has forgotten a schema: what was judged by it cannot be judged again. */
export class SchemaGoneError extends Error {
  readonly code = 'SCHEMA_GONE';
}

/** The engine of one partition as of batch n, and how it comes to batch n + 1: once by a commit, then by execution. */
export class Ledger {
  n: number;
  nowMs: number;
  readonly #partition: number;
  readonly #parts: LedgerParts;
  readonly #producer: TransactionalProducer;
  readonly #engine: Engine;
  #snapshotN: number;
  readonly #stateParts: Map<string, number>;

  constructor(partition: number, parts: LedgerParts, producer: TransactionalProducer, restored: Restored) {
    const { snapshot, states } = restored;
    this.#partition = partition;
    this.#parts = parts;
    this.#producer = producer;
    this.#engine = parts.createEngine();
    for (const [enterpriseId, state] of states) this.#engine.restore(enterpriseId, state);
    this.nowMs = snapshot?.nowMs ?? 0;
    this.#engine.resumeAt(this.nowMs);
    this.n = this.#snapshotN = snapshot?.n ?? 0;
    this.#stateParts = restored.parts;
  }

  nextTimerMs(): number {
    return this.#engine.nextTimerMs();
  }

  /** A batch of the changelog, exactly as it was: the same records in the same order, the same time, nothing said. */
  executeAgain(batch: BatchRecord, records: readonly LogRecord[]): void {
    const refusals = new Map<string, Refusal>();
    for (const { topic, from, refused = [] } of batch.ranges) {
      for (const i of refused) refusals.set(keyOf({ topic, offset: from + i }), new Refusal('refused-before', ''));
    }
    const { inputs, passing } = decodeBatch(records, this.#parts.codec, batch.timeSource, this.nowMs, refusals);
    if (passing.length !== refusals.size) {
      throw new SchemaGoneError(`the registry no longer knows a schema that batch ${batch.n} was decoded with`);
    }
    this.#engine.apply(inputs, batch.nowMs);
    this.n = batch.n;
    this.nowMs = batch.nowMs;
  }

  /**
   * Judges the next batch and commits what is said with it. Time moves to its last record, or to `idleNowMs` where that
   * is later. After any throw the ledger is spent; `EngineFailure` is a throw of the engine.
   */
  async commit(
    records: readonly LogRecord[],
    refusals: ReadonlyMap<string, Refusal>,
    idleNowMs = this.nowMs,
  ): Promise<void> {
    const { codec, settings, metrics } = this.#parts;
    const { inputs, passing } = decodeBatch(records, codec, settings.timeSource, this.nowMs, refusals);
    const nowMs = Math.max(idleNowMs, inputs.at(-1)?.arrivalMs ?? 0);
    const endApply = metrics.applySeconds.startTimer();
    let outputs: Output[];
    let said: NewRecord[];
    try {
      outputs = this.#engine.apply(inputs, nowMs);
      said = outputRecords(outputs, records, codec, nowMs);
    } catch (cause) {
      throw new EngineFailure(records, cause);
    }
    endApply();
    const ranges = rangesOf(records, passing);
    const { group, timeSource, engineVersion, rulesHash } = settings;
    const batch: BatchRecord = { n: this.n + 1, nowMs, timeSource, ranges, engineVersion, rulesHash };
    const positions = ranges.map(({ topic, to }) => ({ topic, partition: this.#partition, offset: to }));
    const endCommit = metrics.commitSeconds.startTimer();
    await this.#producer.commit({
      records: [batchEntry(this.#partition, batch), ...said],
      group: { id: group, positions },
    });
    endCommit();
    this.n = batch.n;
    this.nowMs = nowMs;
    for (const range of ranges) metrics.records.inc({ topic: range.topic }, range.records);
    metrics.countOutputs(outputs);
  }

  /** Writes what changed since the last snapshot. `positions`: the next offset of each topic after batch n. */
  async snapshot(positions: Readonly<Record<InputTopic, number>>): Promise<void> {
    if (this.n === this.#snapshotN) return;
    const { n, nowMs } = this;
    const record = { n, nowMs, positions, engineVersion: this.#parts.settings.engineVersion };
    const dirty = this.#engine.takeDirty();
    const records = snapshotEntries(this.#partition, record, this.#snapshotN, dirty, this.#stateParts);
    await this.#producer.commit({ records });
    this.#snapshotN = n;
  }
}
