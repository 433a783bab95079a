import type { Engine, Output } from '../core/batch.ts';
import { Refusal } from '../core/batch.ts';
import type { InputTopic } from '../core/records.ts';
import type { TimeSource } from '../platform/arrival.ts';
import type { Codec } from '../platform/avro.ts';
import type { LogRecord, NewRecord, TransactionalProducer } from '../platform/log.ts';
import {
  type BatchRecord,
  batchEntry,
  type HashedRules,
  type Range,
  type Restored,
  rangesOf,
  rulesEntries,
  snapshotEntries,
} from './changelog.ts';
import { decodeBatch, keyOf } from './decode.ts';
import type { DetectorMetrics } from './metrics.ts';
import { outputRecords } from './outputs.ts';

export interface LedgerSettings {
  readonly group: string;
  readonly timeSource: TimeSource;
  readonly engineVersion: string;
}

export interface LedgerParts {
  readonly codec: Codec;
  readonly createEngine: (rules: HashedRules) => Engine;
  /** The rules that are to judge, as of now. */
  readonly rules: { readonly current: HashedRules };
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

/** The engine threw as it went over to these rules: they cannot be used, and its state is spoilt. */
export class RulesFailure extends Error {
  readonly code = 'RULES_FAILED';
  readonly hash: string;
  constructor(hash: string, cause: unknown) {
    super(`the engine failed as it went over to rules ${hash}: ${String(cause)}`, { cause });
    this.hash = hash;
  }
}

/** The registry has forgotten a schema: what was judged by it cannot be judged again. */
export class SchemaGoneError extends Error {
  readonly code = 'SCHEMA_GONE';
}

/**
 * The engine of one partition as of batch n, and how it comes to batch n + 1: once by a commit, then by execution.
 *
 * Whatever rules this process has, it goes on with those that the changelog names until it goes over to its own by a
 * batch: so all that is said because of other rules is said in one commit, once, also where the process that wrote the
 * changelog had other rules or died in the middle of a change.
 */
export class Ledger {
  n: number;
  nowMs: number;
  /** Rules that judge. */
  rules: HashedRules;
  readonly #partition: number;
  readonly #parts: LedgerParts;
  readonly #producer: TransactionalProducer;
  readonly #engine: Engine;
  #snapshotN: number;
  /** Hashes of the rules that the changelog holds, and those rules that this process did not bring itself. */
  readonly #kept: Map<string, HashedRules>;
  readonly #own: HashedRules;
  readonly #entryParts: Map<string, number>;

  constructor(partition: number, parts: LedgerParts, producer: TransactionalProducer, restored: Restored) {
    const { snapshot, batches, states } = restored;
    this.#partition = partition;
    this.#parts = parts;
    this.#producer = producer;
    this.#own = parts.rules.current;
    this.#kept = new Map(restored.rules);
    this.rules = this.#rulesNamed(snapshot?.rulesHash ?? batches[0]?.rulesHash ?? this.#own.hash);
    this.#engine = parts.createEngine(this.rules);
    for (const [enterpriseId, state] of states) this.#engine.restore(enterpriseId, state);
    this.nowMs = snapshot?.nowMs ?? 0;
    this.#engine.resumeAt(this.nowMs);
    this.n = this.#snapshotN = snapshot?.n ?? 0;
    this.#entryParts = restored.parts;
  }

  nextTimerMs(): number {
    return this.#engine.nextTimerMs();
  }

  /** True where rules that a batch names are at hand; version 0.1.0 did not write them. */
  knows(rulesHash: string): boolean {
    return this.#own.hash === rulesHash || this.#kept.has(rulesHash);
  }

  #rulesNamed(hash: string): HashedRules {
    return this.#own.hash === hash ? this.#own : (this.#kept.get(hash) ?? this.#own);
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
    const rules = this.#rulesNamed(batch.rulesHash);
    if (rules.hash !== this.rules.hash) this.#engine.useRules(rules);
    this.rules = rules;
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
    await this.#write(nowMs, rangesOf(records, passing), outputs, said);
  }

  /**
   * Goes over to other rules, and commits what is said because of it. The task writes a snapshot before, so that a new
   * owner need not execute what the old rules judged; it is right without as well. After any throw the ledger is spent;
   * `RulesFailure` is a throw of the engine.
   */
  async useRules(rules: HashedRules): Promise<void> {
    let outputs: Output[];
    let said: NewRecord[];
    try {
      outputs = this.#engine.useRules(rules);
      // As it is executed again: what the change made due by now belongs to its batch.
      outputs.push(...this.#engine.apply([], this.nowMs));
      said = outputRecords(outputs, [], this.#parts.codec, this.nowMs);
    } catch (cause) {
      throw new RulesFailure(rules.hash, cause);
    }
    this.rules = rules;
    await this.#write(this.nowMs, [], outputs, said);
  }

  async #write(
    nowMs: number,
    ranges: readonly Range[],
    outputs: readonly Output[],
    said: readonly NewRecord[],
  ): Promise<void> {
    const { settings, metrics } = this.#parts;
    const { group, timeSource, engineVersion } = settings;
    const { rules } = this;
    const batch: BatchRecord = { n: this.n + 1, nowMs, timeSource, ranges, engineVersion, rulesHash: rules.hash };
    const positions = ranges.map(({ topic, to }) => ({ topic, partition: this.#partition, offset: to }));
    const fresh = this.#freshRules();
    const endCommit = metrics.commitSeconds.startTimer();
    await this.#producer.commit({
      records: [batchEntry(this.#partition, batch), ...fresh, ...said],
      group: { id: group, positions },
    });
    endCommit();
    this.#kept.set(rules.hash, rules);
    this.n = batch.n;
    this.nowMs = nowMs;
    for (const range of ranges) metrics.records.inc({ topic: range.topic }, range.records);
    metrics.countOutputs(outputs);
  }

  /** The rules that judge, where the changelog does not hold them yet. */
  #freshRules(): NewRecord[] {
    const { rules } = this;
    return this.#kept.has(rules.hash) ? [] : rulesEntries(this.#partition, rules.hash, rules, this.#entryParts);
  }

  /** Writes what changed since the last snapshot. `positions`: the next offset of each topic after batch n. */
  async snapshot(positions: Readonly<Record<InputTopic, number>>): Promise<void> {
    if (this.n === this.#snapshotN) return;
    const { n, nowMs, rules } = this;
    const { engineVersion } = this.#parts.settings;
    const record = { n, nowMs, positions, engineVersion, rulesHash: rules.hash };
    const dirty = this.#engine.takeDirty();
    const records = snapshotEntries(this.#partition, record, this.#snapshotN, dirty, this.#entryParts);
    records.push(...this.#freshRules());
    const passed = [...this.#kept.keys()].filter((hash) => hash !== rules.hash);
    for (const hash of passed) records.push(...rulesEntries(this.#partition, hash, null, this.#entryParts));
    await this.#producer.commit({ records });
    for (const hash of passed) this.#kept.delete(hash);
    this.#kept.set(rules.hash, rules);
    this.#snapshotN = n;
  }
}
