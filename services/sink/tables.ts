import type { Refusal } from '../core/batch.ts';
import type { TopicValues } from '../core/records.ts';
import type { LogRecord } from '../platform/log.ts';
import { alarms, findings } from './finding-tables.ts';
import { meterReadings, reportedStates } from './reading-tables.ts';
import type { RowBinary } from './row-binary.ts';
import { deadLetters, enterpriseStatus } from './status-tables.ts';

/** Topics that the sink stores, each in a table of its own. */
export const storedTopics = ['power', 'telemetry', 'findings', 'alarms', 'enterprise-status', 'dead-letters'] as const;
export type StoredTopic = (typeof storedTopics)[number];

/** A decoded record with the record that it came in. */
export interface Item<T extends StoredTopic = StoredTopic> {
  readonly value: TopicValues[T];
  readonly record: LogRecord;
}

/** How the records of one topic become rows of one table. */
export interface Table<T extends StoredTopic = StoredTopic> {
  readonly name: string;
  /** In the order in which `write` writes them. */
  readonly columns: readonly string[];
  /** What keeps a value from ever being a row. */
  refuse(value: TopicValues[T]): Refusal | undefined;
  /** Writes the rows of these records and returns how many. */
  write(rows: RowBinary, items: readonly Item<T>[]): number;
}

export const tables: { readonly [T in StoredTopic]: Table<T> } = {
  power: meterReadings,
  telemetry: reportedStates,
  findings,
  alarms,
  'enterprise-status': enterpriseStatus,
  'dead-letters': deadLetters,
};
