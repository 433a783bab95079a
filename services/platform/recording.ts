import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Static, Type } from 'typebox';
import { stringify } from 'yaml';
import type { Recording, RecordingAbout, Stated } from '../core/recording.ts';
import { formatInstant, zoneOffsetMs } from '../core/recording-time.ts';
import type { TopicValues } from '../core/records.ts';
import { readCsv, readLines } from './recording-csv.ts';
import { Problems } from './recording-problems.ts';
import { checkStated, instantFields, parseStatedLine, type StatedTopic } from './recording-shapes.ts';
import { CellReader, formatTable, labelTable, powerTable, type Table, telemetryTable } from './recording-tables.ts';
import { checkShape, readYaml } from './recording-yaml.ts';

/** `recording.yaml`. */
const aboutShape = Type.Object(
  {
    format: Type.Literal(1),
    title: Type.String(),
    source: Type.String(),
    licence: Type.String(),
    credit: Type.String(),
    time_zone: Type.String(),
    interval_s: Type.Number({ exclusiveMinimum: 0 }),
  },
  { additionalProperties: false },
);

/**
 * Reads a recording folder (docs/recordings.md). Throws `RecordingError` (code RECORDING_INVALID) with every problem,
 * up to twenty, each with file, line and a hint.
 */
export async function readRecording(dir: string): Promise<Recording> {
  const problems = new Problems();
  const about = readAbout(dir, problems);
  const recording: Recording = {
    about,
    sites: readSites(dir, problems),
    workRecords: await readStated(dir, 'work-records', problems),
    siteEvents: await readStated(dir, 'site-events', problems),
    alarmActions: await readStated(dir, 'alarm-actions', problems),
    telemetry: await readTable(dir, telemetryTable, problems),
    power: await readTable(dir, powerTable, problems),
    labels: await readTable(dir, labelTable, problems),
  };
  problems.throwIfAny(`recording ${basename(dir)}`);
  return recording;
}

/** Writes a recording folder; files that the recording has no rows for are not made. The big tables are zipped. */
export async function writeRecording(dir: string, recording: Recording): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeAbout(dir, recording.about);
  const put = (name: string, text: string | Buffer) => writeFile(join(dir, name), text);
  await put(
    'site.yaml',
    stringify(recording.sites.map(statedFields), { lineWidth: 120, aliasDuplicateObjects: false }),
  );
  const lists: [StatedTopic, readonly Stated<object>[]][] = [
    ['work-records', recording.workRecords],
    ['site-events', recording.siteEvents],
    ['alarm-actions', recording.alarmActions],
  ];
  for (const [name, list] of lists) {
    if (list.length > 0) {
      await put(`${name}.ndjson`, list.map((stated) => `${JSON.stringify(statedFields(stated))}\n`).join(''));
    }
  }
  if (recording.telemetry.length > 0) {
    await put('telemetry.csv.gz', gzipSync(formatTable(telemetryTable, recording.telemetry), { level: 9 }));
  }
  if (recording.power.length > 0) {
    await put('power.csv.gz', gzipSync(formatTable(powerTable, recording.power), { level: 9 }));
  }
  if (recording.labels.length > 0) await put('labels.csv', formatTable(labelTable, recording.labels));
}

/** Writes `recording.yaml`. */
export async function writeAbout(dir: string, about: RecordingAbout): Promise<void> {
  const head: Static<typeof aboutShape> = {
    format: 1,
    title: about.title,
    source: about.source,
    licence: about.licence,
    credit: about.credit,
    time_zone: about.timeZone,
    interval_s: about.nominalIntervalMs / 1000,
  };
  await writeFile(join(dir, 'recording.yaml'), stringify(head, { lineWidth: 120 }));
}

function readAbout(dir: string, problems: Problems): RecordingAbout {
  const file = 'recording.yaml';
  const path = join(dir, file);
  const none = { title: '', source: '', licence: '', credit: '', timeZone: 'UTC', nominalIntervalMs: 0 };
  if (!existsSync(path)) {
    problems.add(file, 0, `not found; is ${basename(dir)} a recording folder? (docs/recordings.md)`);
    return none;
  }
  const yaml = readYaml(path, problems);
  if (!yaml || !checkShape(aboutShape, yaml.value, file, yaml.lineOf, problems)) return none;
  const head = yaml.value;
  try {
    zoneOffsetMs(head.time_zone, 0);
  } catch {
    problems.add(file, yaml.lineOf(['time_zone']), `time_zone "${head.time_zone}" is not known; write an IANA name`);
  }
  return {
    title: head.title,
    source: head.source,
    licence: head.licence,
    credit: head.credit,
    timeZone: head.time_zone,
    nominalIntervalMs: head.interval_s * 1000,
  };
}

function readSites(dir: string, problems: Problems): Stated<TopicValues['site-registry']>[] {
  const path = ['site.yaml', 'site.json'].map((name) => join(dir, name)).find((name) => existsSync(name));
  if (!path) {
    problems.add('site.yaml', 0, 'not found; a recording needs a site.yaml or site.json with its registrations');
    return [];
  }
  const yaml = readYaml(path, problems);
  if (!yaml) return [];
  const { value, lineOf } = yaml;
  const file = basename(path);
  const many = Array.isArray(value);
  return (many ? value : [value]).flatMap((raw: unknown, index: number) => {
    const line = (at: readonly (string | number)[]) => lineOf(many ? [index, ...at] : at);
    return checkStated('site-registry', raw, file, line, problems, 'effectiveFromMs') ?? [];
  });
}

async function readStated<T extends StatedTopic>(
  dir: string,
  topic: T,
  problems: Problems,
): Promise<Stated<TopicValues[T]>[]> {
  const file = `${topic}.ndjson`;
  const rows: Stated<TopicValues[T]>[] = [];
  if (!existsSync(join(dir, file))) return rows;
  let line = 0;
  for await (const text of readLines(join(dir, file))) {
    line++;
    const row = text.trim() === '' ? undefined : parseStatedLine(topic, text, file, line, problems);
    if (row) rows.push(row);
    if (problems.full) break;
  }
  return rows;
}

async function readTable<Row>(dir: string, table: Table<Row>, problems: Problems): Promise<Row[]> {
  const rows: Row[] = [];
  const file = [`${table.name}.csv`, `${table.name}.csv.gz`].find((name) => existsSync(join(dir, name)));
  if (!file) return rows;
  let reader: CellReader | undefined;
  let line = 0;
  try {
    for await (const row of readCsv(join(dir, file), ',')) {
      line = row.line;
      if (!reader) {
        if (!checkHeader(table, row.cells, file, problems)) return rows;
        const columns = new Map(row.cells.map((name, index) => [name.trim(), index]));
        reader = new CellReader(columns, (what) => problems.add(file, line, what));
        continue;
      }
      const before = problems.count;
      const parsed = table.parse(reader.on(row.cells));
      if (problems.count === before) rows.push(parsed);
      if (problems.full) break;
    }
  } catch (error) {
    problems.add(file, line, `cannot be read on after this line: ${(error as Error).message}`);
  }
  return rows;
}

function checkHeader<Row>(table: Table<Row>, header: readonly string[], file: string, problems: Problems): boolean {
  const names = header.map((name) => name.trim());
  const missing = table.required.filter((name) => !names.includes(name));
  const strange = names.filter((name) => !table.required.includes(name) && !table.optional.includes(name));
  if (missing.length > 0) problems.add(file, 1, `no column ${missing.join(', ')}; the first line names the columns`);
  if (strange.length > 0) {
    problems.add(
      file,
      1,
      `unknown column ${strange.join(', ')}; known are ${[...table.required, ...table.optional].join(', ')}`,
    );
  }
  return missing.length + strange.length === 0;
}

/** `arrivalMs` first, instants as text: these files are read by people. */
export function statedFields({ arrivalMs, value }: Stated<object>): Record<string, unknown> {
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    instantFields.has(name) && typeof field === 'number' ? formatInstant(field) : field,
  ]);
  return { arrivalMs: formatInstant(arrivalMs), ...Object.fromEntries(fields) };
}
