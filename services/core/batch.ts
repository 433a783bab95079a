import type { InputTopic, OutputTopic, TopicValues } from './records.ts';
import type { RuleSet } from './rule.ts';

/** Where a record stands in the log. */
export interface Origin {
  readonly partition: number;
  readonly offset: number;
}

/**
 * One input record as the engine takes it. `value` is the decoded record, or a refusal where it could not be decoded;
 * `null` is a clock mark (a tombstone on an input topic): it moves time on and has no other effect.
 */
export interface InputRecord<T extends InputTopic = InputTopic> {
  readonly topic: T;
  readonly offset: number;
  /** When the log took it (or, for a recording, when it was recorded to have come). Never device time. */
  readonly arrivalMs: number;
  readonly value: TopicValues[T] | Refusal | null;
}

/** Bad data is a value: the reason code is the dead letter's reason and the metric's label. */
export class Refusal {
  readonly reason: string;
  readonly detail: string;
  constructor(reason: string, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/** What the engine says. A dead letter names its origin; the host adds the raw bytes. */
export type Output =
  | {
      readonly [T in Exclude<OutputTopic, 'dead-letters'>]: { readonly topic: T; readonly value: TopicValues[T] };
    }[Exclude<OutputTopic, 'dead-letters'>]
  | {
      readonly topic: 'dead-letters';
      readonly inputTopic: InputTopic;
      readonly offset: number;
      readonly refusal: Refusal;
    };

/**
 * A deterministic function of batches. The host hands records in canonical order (arrival time, topic rank, offset);
 * the engine fires every timer that is due before each one and, at the end, all that are due at `nowMs`.
 * Nothing here reads a clock, a random number or the network.
 */
export interface Engine {
  /** Applies one batch and returns what is to be said. `nowMs` never goes back. */
  apply(records: Iterable<InputRecord>, nowMs: number): Output[];
  /** When the next timer is due; `Infinity` when none is. */
  nextTimerMs(): number;
  /** State that changed since the last call, by enterprise; `null` bytes where an enterprise is gone. */
  takeDirty(): Map<string, Uint8Array | null>;
  /** Puts back what `takeDirty` returned, into an empty engine. */
  restore(enterpriseId: string, state: Uint8Array): void;
  /**
   * Takes other rules, at a batch boundary, and returns what is to be said because of it. A rule that goes on under its
   * id keeps its history; what a withdrawn one has said and not settled is taken back.
   */
  useRules(rules: RuleSet): Output[];
  /** Sets time after `restore`, before the first batch. */
  resumeAt(nowMs: number): void;
}
