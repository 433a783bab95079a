import {
  type Arrival,
  type PowerExtra,
  type PowerRun,
  type Recording,
  reportCount,
  type TelemetryRun,
} from './recording.ts';
import { type InputTopic, inputTopics, type Power, type Telemetry, type TopicValues } from './records.ts';

/** One record as it came: the topic's value, its key (the enterprise), and when it arrived. */
export type RecordedInput = {
  readonly [T in InputTopic]: {
    readonly topic: T;
    readonly key: string;
    readonly value: TopicValues[T];
    readonly arrivalMs: number;
  };
}[InputTopic];

/**
 * Every record of a recording in the order in which a log would have taken it: by arrival, at equal arrival by the
 * topics' canonical rank, then by the order in the folder. Runs are expanded one record at a time, so memory grows with
 * the number of runs, never with the number of records.
 */
export function* recordingInputs(recording: Recording): Generator<RecordedInput, void, void> {
  const waiting = cursorsOf(recording).filter((cursor) => cursor.advance());
  waiting.sort(compare);
  const open = new CursorHeap();
  let next = 0;
  for (;;) {
    // A run takes part in the merge only from its first arrival on: the heap holds those that overlap now.
    while (next < waiting.length && (open.size === 0 || compare(waiting[next]!, open.first) < 0)) {
      open.push(waiting[next++]!);
    }
    if (open.size === 0) return;
    const cursor = open.first;
    yield cursor.take();
    if (cursor.advance()) open.settleFirst();
    else open.dropFirst();
  }
}

/** The number of records that `recordingInputs` will give, for progress. */
export function recordingInputCount(recording: Recording): number {
  let count = recording.sites.length + recording.workRecords.length;
  count += recording.siteEvents.length + recording.alarmActions.length;
  for (const run of recording.telemetry) count += reportCount(run);
  for (const run of recording.power) for (const kw of run.meanKw) if (!Number.isNaN(kw)) count++;
  return count;
}

/** A place within one run. */
abstract class Cursor {
  arrivalMs = 0;
  readonly rank: number;
  readonly order: number;
  constructor(topic: InputTopic, order: number) {
    this.rank = inputTopics.indexOf(topic);
    this.order = order;
  }
  /** Moves to the next record and sets its arrival; false at the end. */
  abstract advance(): boolean;
  abstract take(): RecordedInput;
}

class SingleCursor extends Cursor {
  private readonly input: RecordedInput;
  private taken = false;
  constructor(input: RecordedInput, order: number) {
    super(input.topic, order);
    this.input = input;
  }
  override advance(): boolean {
    if (this.taken) return false;
    this.taken = true;
    this.arrivalMs = this.input.arrivalMs;
    return true;
  }
  override take(): RecordedInput {
    return this.input;
  }
}

class TelemetryCursor extends Cursor {
  private readonly run: TelemetryRun;
  private index = -1;
  constructor(run: TelemetryRun, order: number) {
    super('telemetry', order);
    this.run = run;
  }
  private observedAtMs(): number {
    return this.run.fromMs + this.index * this.run.everyMs;
  }
  override advance(): boolean {
    this.index++;
    this.arrivalMs = arrivalOf(this.run.arrival, this.observedAtMs());
    return this.observedAtMs() < this.run.toMs;
  }
  override take(): RecordedInput {
    const { enterpriseId, equipmentId, state, gatewayId, readings } = this.run;
    const observedAtMs = this.observedAtMs();
    const value: Telemetry = { enterpriseId, equipmentId, observedAtMs, state, gatewayId, readings };
    return { topic: 'telemetry', key: enterpriseId, value, arrivalMs: this.arrivalMs };
  }
}

class PowerCursor extends Cursor {
  private readonly run: PowerRun;
  private index = -1;
  constructor(run: PowerRun, order: number) {
    super('power', order);
    this.run = run;
  }
  override advance(): boolean {
    const { run } = this;
    do this.index++;
    while (Number.isNaN(run.meanKw[this.index]));
    this.arrivalMs = arrivalOf(run.arrival, run.startMs + (this.index + 1) * run.intervalMs);
    return this.index < run.meanKw.length;
  }
  override take(): RecordedInput {
    const { run, index } = this;
    const value: Power = {
      enterpriseId: run.enterpriseId,
      meterId: run.meterId,
      intervalStartMs: run.startMs + index * run.intervalMs,
      intervalMs: run.intervalMs,
      meanKw: run.meanKw[index]!,
      quality: run.quality,
      minKw: extraAt(run, 'minKw', index),
      maxKw: extraAt(run, 'maxKw', index),
      meanKvar: extraAt(run, 'meanKvar', index),
      registerKwh: extraAt(run, 'registerKwh', index),
    };
    return { topic: 'power', key: run.enterpriseId, value, arrivalMs: this.arrivalMs };
  }
}

function extraAt(run: PowerRun, name: PowerExtra, index: number): number | null {
  const value = run.extras[name]?.[index];
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** When the record of an event came, ms. */
export function arrivalOf(arrival: Arrival, eventMs: number): number {
  return 'atMs' in arrival ? arrival.atMs : eventMs + arrival.delayMs;
}

function cursorsOf(recording: Recording): Cursor[] {
  const cursors: Cursor[] = [];
  const single = <T extends InputTopic>(topic: T, stated: readonly { arrivalMs: number; value: TopicValues[T] }[]) => {
    for (const { arrivalMs, value } of stated) {
      const input = { topic, key: value.enterpriseId, value, arrivalMs } as unknown as RecordedInput;
      cursors.push(new SingleCursor(input, cursors.length));
    }
  };
  single('site-registry', recording.sites);
  single('work-records', recording.workRecords);
  single('site-events', recording.siteEvents);
  single('alarm-actions', recording.alarmActions);
  for (const run of recording.telemetry) cursors.push(new TelemetryCursor(run, cursors.length));
  for (const run of recording.power) cursors.push(new PowerCursor(run, cursors.length));
  return cursors;
}

function compare(a: Cursor, b: Cursor): number {
  return a.arrivalMs - b.arrivalMs || a.rank - b.rank || a.order - b.order;
}

/** Binary min-heap. */
class CursorHeap {
  private readonly items: Cursor[] = [];

  get size(): number {
    return this.items.length;
  }

  get first(): Cursor {
    return this.items[0]!;
  }

  push(cursor: Cursor): void {
    const { items } = this;
    let at = items.push(cursor) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compare(items[parent]!, cursor) <= 0) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = cursor;
  }

  dropFirst(): void {
    const last = this.items.pop()!;
    if (this.items.length === 0) return;
    this.items[0] = last;
    this.settleFirst();
  }

  /** Restores order after the first cursor has moved on. */
  settleFirst(): void {
    const { items } = this;
    const cursor = items[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && compare(items[child + 1]!, items[child]!) < 0) child++;
      if (compare(cursor, items[child]!) <= 0) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = cursor;
  }
}
