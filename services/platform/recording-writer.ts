import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { stringify } from 'yaml';
import type { Recording, RecordingAbout } from '../core/recording.ts';
import { statedFields, writeAbout } from './recording.ts';
import { joinCells } from './recording-csv.ts';
import { labelTable, powerTable, type Table, telemetryTable } from './recording-tables.ts';

export interface RecordingWriter {
  /** Adds what a recording holds; its `about` is not looked at. */
  add(recording: Recording): Promise<void>;
  close(): Promise<void>;
}

/** Rows a write: one string of a month of many firms would be longer than a string can be. */
const rowsAWrite = 5000;

/** Writes a recording folder part by part, so that it may be larger than memory. */
export async function openRecordingWriter(dir: string, about: RecordingAbout): Promise<RecordingWriter> {
  await mkdir(dir, { recursive: true });
  await writeAbout(dir, about);
  const files = new Map<string, Part>();
  const file = (name: string): Part => {
    let part = files.get(name);
    if (!part) {
      part = openPart(join(dir, name));
      files.set(name, part);
    }
    return part;
  };
  const rows = async <Row>(table: Table<Row>, name: string, added: readonly Row[]): Promise<void> => {
    if (added.length === 0) return;
    const columns = [...table.required, ...table.optional];
    const fresh = !files.has(name);
    const part = file(name);
    if (fresh) await part.write(`${joinCells(columns)}\n`);
    for (let at = 0; at < added.length; at += rowsAWrite) {
      const lines = added.slice(at, at + rowsAWrite).map((row) => {
        const cells = table.format(row);
        return `${joinCells(columns.map((column) => cells[column] ?? ''))}\n`;
      });
      await part.write(lines.join(''));
    }
  };
  const lines = async (name: string, stated: readonly Parameters<typeof statedFields>[0][]): Promise<void> => {
    if (stated.length === 0) return;
    await file(name).write(stated.map((one) => `${JSON.stringify(statedFields(one))}\n`).join(''));
  };
  return {
    async add(recording) {
      const sites = recording.sites.map(statedFields);
      await file('site.yaml').write(stringify(sites, { lineWidth: 120, aliasDuplicateObjects: false }));
      await lines('work-records.ndjson', recording.workRecords);
      await lines('site-events.ndjson', recording.siteEvents);
      await lines('alarm-actions.ndjson', recording.alarmActions);
      await rows(telemetryTable, 'telemetry.csv.gz', recording.telemetry);
      await rows(powerTable, 'power.csv.gz', recording.power);
      await rows(labelTable, 'labels.csv', recording.labels);
    },
    async close() {
      for (const part of files.values()) await part.close();
    },
  };
}

interface Part {
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Zipped where the name says so; a write resolves when the next one may come. */
function openPart(path: string): Part {
  const target = createWriteStream(path);
  const zip = path.endsWith('.gz') ? createGzip({ level: 6 }) : undefined;
  zip?.pipe(target);
  const entry: Writable = zip ?? target;
  const done = finished(target);
  // Told by the write that fails, or by close.
  done.catch(() => {});
  return {
    write: (text) =>
      new Promise((resolve, reject) => entry.write(text, (error) => (error ? reject(error) : resolve()))),
    async close() {
      entry.end();
      await done;
    },
  };
}
