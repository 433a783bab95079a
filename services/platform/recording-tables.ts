import type { Label, LabelKind, PowerExtra, PowerRun, TelemetryRun } from '../core/recording.ts';
import { type Arrival, labelKinds, powerExtras } from '../core/recording.ts';
import { formatInstant, parseInstant } from '../core/recording-time.ts';
import { type PowerQuality, type Reading, type RunState, subjectKinds } from '../core/records.ts';
import { joinCells } from './recording-csv.ts';

/** How one table of a recording is written: its columns, and a row either way. */
export interface Table<Row> {
  readonly name: 'telemetry' | 'power' | 'labels';
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Every problem of the row goes to `problem`; the row is used only when there was none. */
  parse(cell: CellReader): Row;
  format(row: Row): Readonly<Record<string, string>>;
}

const states: readonly RunState[] = ['UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT'];
const qualities: readonly PowerQuality[] = ['SUSPECT', 'ESTIMATED', 'MEASURED'];
/** Column of each quantity beside the mean. */
const extraColumns: Readonly<Record<PowerExtra, string>> = {
  minKw: 'min_kw',
  maxKw: 'max_kw',
  meanKvar: 'mean_kvar',
  registerKwh: 'register_kwh',
};

export const telemetryTable: Table<TelemetryRun> = {
  name: 'telemetry',
  required: ['enterprise', 'equipment', 'from', 'to', 'every_s', 'state', 'arrival'],
  optional: ['gateway', 'readings'],
  parse: (cell) => ({
    enterpriseId: cell.text('enterprise'),
    equipmentId: cell.text('equipment'),
    fromMs: cell.instant('from'),
    toMs: cell.instant('to'),
    everyMs: cell.seconds('every_s'),
    state: cell.oneOf('state', states),
    arrival: cell.arrival('arrival'),
    gatewayId: cell.optional('gateway') ?? null,
    readings: cell.readings('readings'),
  }),
  format: (run) => ({
    enterprise: run.enterpriseId,
    equipment: run.equipmentId,
    from: formatInstant(run.fromMs),
    to: formatInstant(run.toMs),
    every_s: String(run.everyMs / 1000),
    state: run.state,
    arrival: formatArrival(run.arrival),
    gateway: run.gatewayId ?? '',
    readings: run.readings.map(({ indicator, value }) => `${indicator}=${value}`).join(';'),
  }),
};

export const powerTable: Table<PowerRun> = {
  name: 'power',
  required: ['enterprise', 'meter', 'start', 'interval_s', 'mean_kw', 'quality', 'arrival'],
  optional: Object.values(extraColumns),
  parse: (cell) => {
    const meanKw = cell.numbers('mean_kw');
    const extras: Partial<Record<PowerExtra, readonly number[]>> = {};
    for (const name of powerExtras) {
      const column = extraColumns[name];
      if (cell.optional(column) === undefined) continue;
      const values = cell.numbers(column);
      if (values.length !== meanKw.length) {
        cell.problem(`${column} has ${values.length} values and mean_kw ${meanKw.length}; write - where none is known`);
      }
      extras[name] = values;
    }
    return {
      enterpriseId: cell.text('enterprise'),
      meterId: cell.text('meter'),
      startMs: cell.instant('start'),
      intervalMs: cell.seconds('interval_s'),
      quality: cell.oneOf('quality', qualities),
      arrival: cell.arrival('arrival'),
      meanKw,
      extras,
    };
  },
  format: (run) => ({
    enterprise: run.enterpriseId,
    meter: run.meterId,
    start: formatInstant(run.startMs),
    interval_s: String(run.intervalMs / 1000),
    mean_kw: formatNumbers(run.meanKw),
    quality: run.quality,
    arrival: formatArrival(run.arrival),
    ...Object.fromEntries(powerExtras.map((name) => [extraColumns[name], formatNumbers(run.extras[name] ?? [])])),
  }),
};

export const labelTable: Table<Label> = {
  name: 'labels',
  required: ['detector', 'enterprise', 'subject_kind', 'subject', 'start', 'end', 'kind'],
  optional: ['ran_min', 'note'],
  parse: (cell) => ({
    detector: cell.text('detector'),
    enterpriseId: cell.text('enterprise'),
    subjectKind: cell.oneOf('subject_kind', subjectKinds),
    subjectId: cell.text('subject'),
    startMs: cell.instant('start'),
    endMs: cell.instant('end'),
    kind: cell.oneOf<LabelKind>('kind', labelKinds),
    ranMs: cell.optional('ran_min') === undefined ? null : cell.number('ran_min') * 60_000,
    note: cell.optional('note') ?? '',
  }),
  format: (label) => ({
    detector: label.detector,
    enterprise: label.enterpriseId,
    subject_kind: label.subjectKind,
    subject: label.subjectId,
    start: formatInstant(label.startMs),
    end: formatInstant(label.endMs),
    kind: label.kind,
    ran_min: label.ranMs === null ? '' : String(label.ranMs / 60_000),
    note: label.note,
  }),
};

/** A table as text; optional columns that nobody uses are left out. */
export function formatTable<Row>(table: Table<Row>, rows: readonly Row[]): string {
  const cells = rows.map((row) => table.format(row));
  const columns = [...table.required, ...table.optional.filter((name) => cells.some((row) => row[name] !== ''))];
  return `${[columns, ...cells.map((row) => columns.map((name) => row[name]!))].map(joinCells).join('\n')}\n`;
}

/** The cells of one row by column name, with what is wrong about them told to `problem`. */
export class CellReader {
  private cells: readonly string[] = [];
  private readonly columns: ReadonlyMap<string, number>;
  readonly problem: (what: string) => void;
  constructor(columns: ReadonlyMap<string, number>, problem: (what: string) => void) {
    this.columns = columns;
    this.problem = problem;
  }

  on(cells: readonly string[]): this {
    this.cells = cells;
    return this;
  }

  optional(column: string): string | undefined {
    const at = this.columns.get(column);
    const text = at === undefined ? undefined : this.cells[at]?.trim();
    return text === '' ? undefined : text;
  }

  text(column: string): string {
    const text = this.optional(column);
    if (text === undefined) this.problem(`${column} is empty`);
    return text ?? '';
  }

  oneOf<T extends string>(column: string, allowed: readonly T[]): T {
    const text = this.text(column) as T;
    if (text !== '' && !allowed.includes(text))
      this.problem(`${column} is "${text}"; it is one of ${allowed.join(', ')}`);
    return text;
  }

  number(column: string): number {
    const text = this.text(column);
    const value = decimal(text);
    if (text !== '' && value === undefined) this.problem(`${column} is "${text}"; write a decimal number with a point`);
    return value ?? 0;
  }

  seconds(column: string): number {
    const ms = Math.round(this.number(column) * 1000);
    if (ms <= 0 && this.optional(column) !== undefined) this.problem(`${column} must be more than 0 seconds`);
    return ms;
  }

  instant(column: string): number {
    const text = this.text(column);
    const ms = parseInstant(text);
    if (text !== '' && ms === undefined) {
      this.problem(`${column} is "${text}"; write an instant with its zone, such as 2018-01-01T00:15+09:00`);
    }
    return ms ?? 0;
  }

  arrival(column: string): Arrival {
    const text = this.text(column);
    if (/^[+-]\d/.test(text)) {
      const seconds = decimal(text.replace('+', ''));
      if (seconds !== undefined) return { delayMs: Math.round(seconds * 1000) };
    }
    const atMs = parseInstant(text);
    if (text !== '' && atMs === undefined) {
      this.problem(
        `${column} is "${text}"; write +SECONDS after the event, or one instant such as 2018-01-02T06:00+09:00`,
      );
    }
    return { atMs: atMs ?? 0 };
  }

  /** Numbers parted by spaces; a dash is a value that is not there. */
  numbers(column: string): number[] {
    const values: number[] = [];
    for (const word of this.text(column).split(/\s+/)) {
      const value = word === '-' ? Number.NaN : decimal(word);
      if (value === undefined) {
        if (word !== '')
          this.problem(`${column} has "${word}"; write numbers with a point, parted by spaces, - where missing`);
        return [];
      }
      values.push(value);
    }
    return values;
  }

  readings(column: string): Reading[] {
    return (this.optional(column)?.split(';') ?? []).map((pair) => {
      const [indicator, number] = pair.split('=');
      const value = decimal(number ?? '');
      if (!indicator || value === undefined)
        this.problem(`${column} has "${pair}"; write indicator=number;indicator=number`);
      return { indicator: indicator ?? '', value: value ?? 0 };
    });
  }
}

function decimal(text: string): number | undefined {
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function formatNumbers(values: readonly number[]): string {
  return values.map((value) => (Number.isNaN(value) ? '-' : String(value))).join(' ');
}

function formatArrival(arrival: Arrival): string {
  if ('atMs' in arrival) return formatInstant(arrival.atMs);
  return `${arrival.delayMs < 0 ? '-' : '+'}${Math.abs(arrival.delayMs) / 1000}`;
}
