import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { PowerRun, Recording } from '../core/recording.ts';
import { instantToLocal, localToInstant } from '../core/recording-time.ts';
import { writeRecording } from '../platform/recording.ts';
import { readCsv } from '../platform/recording-csv.ts';
import { Problems } from '../platform/recording-problems.ts';
import { type Mapping, readMapping } from './import-mapping.ts';
import { type ReadStamp, timeFormat } from './import-time.ts';

export interface ImportOptions {
  readonly csvPath: string;
  readonly mappingPath: string;
  readonly outDir: string;
  /** Hears bytes read of bytes in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface ImportSummary {
  readonly rows: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
  readonly missing: number;
}

interface Interval {
  readonly line: number;
  readonly startMs: number;
  /** kW a meter, NaN where the cell is empty. */
  readonly meanKw: readonly number[];
}

const dayMs = 86_400_000;

/**
 * Makes a recording folder of anyone's CSV, by a mapping file. Throws `RecordingError` (code RECORDING_INVALID) with
 * file, line and hint of every problem, up to twenty, and then writes nothing.
 */
export async function importCsv(options: ImportOptions): Promise<ImportSummary> {
  const { mapping, siteFrom } = readMapping(options.mappingPath);
  const intervals = await readIntervals(options, mapping);
  const intervalMs = mapping.interval_s * 1000;
  const fromMs = intervals[0]!.startMs;
  const power = mapping.meters.flatMap((meter, index) => {
    const series = intervals.map(({ startMs, meanKw }) => ({ startMs, kw: meanKw[index]! }));
    const enterpriseId = siteFrom(fromMs).value.enterpriseId;
    return dailyRuns(series, mapping, {
      enterpriseId,
      meterId: meter.meter,
      intervalMs,
      quality: meter.quality ?? 'MEASURED',
      extras: {},
    });
  });
  const recording: Recording = {
    about: {
      title: mapping.title,
      source: mapping.source,
      licence: mapping.licence,
      credit: mapping.credit,
      timeZone: mapping.time_zone,
      nominalIntervalMs: intervalMs,
    },
    sites: [siteFrom(fromMs)],
    workRecords: [],
    siteEvents: [],
    alarmActions: [],
    telemetry: [],
    power,
    labels: [],
  };
  await writeRecording(options.outDir, recording);
  const all = power.flatMap((run) => run.meanKw);
  const missing = all.filter(Number.isNaN).length;
  const toMs = intervals.at(-1)!.startMs + intervalMs;
  return { rows: intervals.length, fromMs, toMs, readings: all.length - missing, missing };
}

async function readIntervals(options: ImportOptions, mapping: Mapping): Promise<Interval[]> {
  const { csvPath, onProgress } = options;
  const file = basename(csvPath);
  const problems = new Problems();
  if (!existsSync(csvPath)) problems.add(file, 0, 'not found; give the path of the CSV to import');
  problems.throwIfAny('import');
  const totalBytes = statSync(csvPath).size;
  const rows = readCsv(
    csvPath,
    mapping.csv?.delimiter ?? ',',
    onProgress && ((bytes) => onProgress(bytes, totalBytes)),
  );
  const header = (await rows.next()).value;
  const names = header ? header.cells.map((name) => name.trim()) : [];
  for (const wanted of [mapping.time.column, ...mapping.meters.map((meter) => meter.column)]) {
    if (!names.includes(wanted))
      problems.add(file, 1, `no column "${wanted}"; the file has ${names.join(', ') || 'none'}`);
  }
  problems.throwIfAny(`import of ${file}`);
  const timeAt = names.indexOf(mapping.time.column);
  const columns = mapping.meters.map((meter) => ({ ...meter, at: names.indexOf(meter.column) }));
  const place = placing(mapping, timeFormat(mapping.time.format)!);
  const intervals: Interval[] = [];
  for await (const { line, cells } of rows) {
    const startMs = place(cells[timeAt]?.trim() ?? '');
    if (typeof startMs === 'string') problems.add(file, line, startMs);
    const meanKw = columns.map(({ at, column, unit }) => {
      const kw = toKw(cells[at]?.trim() ?? '', unit, mapping);
      if (kw === undefined)
        problems.add(file, line, `${column} is "${cells[at]}"; expected a number, or empty if missing`);
      return kw ?? Number.NaN;
    });
    if (typeof startMs === 'number') intervals.push({ line, startMs, meanKw });
    if (problems.full) break;
  }
  if (mapping.time.order === 'by-stamp') sortByStamp(intervals, file, problems);
  if (intervals.length === 0) problems.add(file, 0, 'no row below the header could be read');
  problems.throwIfAny(`import of ${file}`);
  return intervals;
}

/**
 * Start of a row's interval from its stamp, or what is wrong with it. By row, the first stamp alone counts and the
 * others are held against the place of their row; so a file survives a clock change, and one known slip: the midnight
 * that ends a day being stamped with the date of the day that it ends.
 */
function placing(mapping: Mapping, read: ReadStamp): (text: string) => number | string {
  const intervalMs = mapping.interval_s * 1000;
  const toStart = mapping.time.stamps === 'interval-end' ? -intervalMs : 0;
  let nextMs: number | undefined;
  return (text) => {
    const stamp = read(text, mapping.time_zone);
    if (!stamp)
      return `${mapping.time.column} is "${text}"; the mapping says that it looks like ${mapping.time.format}`;
    if (mapping.time.order === 'by-stamp') return stamp.ms + toStart;
    const startMs = nextMs ?? stamp.ms + toStart;
    nextMs = startMs + intervalMs;
    const expected = instantToLocal(mapping.time_zone, startMs - toStart);
    const dayBehind = expected % dayMs === 0 && stamp.localMs === expected - dayMs;
    if (stamp.localMs === expected || dayBehind) return startMs;
    return `stamp "${text}" is not that of its row, ${new Date(expected).toISOString().slice(0, 16)}; is a row missing or doubled? Then use order: by-stamp`;
  };
}

function toKw(text: string, unit: 'kWh' | 'kW' | 'W', mapping: Mapping): number | undefined {
  if (text === '') return Number.NaN;
  const value = Number(mapping.csv?.decimal === ',' ? text.replaceAll('.', '').replace(',', '.') : text);
  if (!Number.isFinite(value)) return undefined;
  const factor = unit === 'kWh' ? 3600 / mapping.interval_s : unit === 'W' ? 0.001 : 1;
  // Six decimals are milliwatts: what is beyond is the dust of binary fractions.
  return Number((value * factor).toFixed(6));
}

function sortByStamp(intervals: Interval[], file: string, problems: Problems): void {
  intervals.sort((a, b) => a.startMs - b.startMs);
  intervals.forEach((interval, index) => {
    const before = intervals[index - 1];
    if (before?.startMs === interval.startMs) {
      problems.add(
        file,
        interval.line,
        `the same interval as line ${before.line}; is it an hour of a clock change? Then use order: by-row`,
      );
    }
  });
}

/** One run a local day, so that a line of the table is a day that a person can look at. */
function dailyRuns(
  series: readonly { startMs: number; kw: number }[],
  mapping: Mapping,
  common: Omit<PowerRun, 'startMs' | 'meanKw' | 'arrival'>,
): PowerRun[] {
  const { intervalMs } = common;
  const runs: PowerRun[] = [];
  let values: number[] = [];
  let startMs = 0;
  let day = Number.NaN;
  const close = () => {
    if (values.length > 0) runs.push({ ...common, startMs, meanKw: values, arrival: arrivalOfDay(mapping, day) });
  };
  for (const { startMs: atMs, kw } of series) {
    const itsDay = Math.floor(instantToLocal(mapping.time_zone, atMs) / dayMs) * dayMs;
    const gap = (atMs - startMs) / intervalMs - values.length;
    if (itsDay !== day || !Number.isInteger(gap)) {
      close();
      values = [];
      startMs = atMs;
      day = itsDay;
    } else {
      for (let i = 0; i < gap; i++) values.push(Number.NaN);
    }
    values.push(kw);
  }
  close();
  return runs;
}

function arrivalOfDay(mapping: Mapping, localDayMs: number): PowerRun['arrival'] {
  const { delay_s: delayS, next_day_at: nextDayAt } = mapping.delivery;
  if (nextDayAt === undefined) return { delayMs: delayS! * 1000 };
  const [hour, minute] = nextDayAt.split(':').map(Number);
  return { atMs: localToInstant(mapping.time_zone, localDayMs + dayMs + (hour! * 60 + minute!) * 60_000) };
}
