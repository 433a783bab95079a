import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Recording } from '../core/recording.ts';
import { readRecording } from '../platform/recording.ts';
import { RecordingError } from '../platform/recording-problems.ts';
import { importCsv } from './import.ts';
import { timeFormat } from './import-time.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'import-'));
});
afterEach(() => rm(dir, { recursive: true }));

interface Parts {
  readonly time?: string;
  readonly delivery?: string;
  readonly meters?: string;
  readonly csv?: string;
  readonly zone?: string;
  readonly intervalS?: number;
}

const aMapping = (parts: Parts) => `
title: t
source: s
licence: l
credit: c
time_zone: ${parts.zone ?? 'Asia/Shanghai'}
interval_s: ${parts.intervalS ?? 900}
${parts.csv ?? ''}
time: { column: t, format: ${parts.time ?? 'dd-MM-yyyy HH:mm, stamps: interval-end, order: by-row'} }
meters: ${parts.meters ?? '[{ meter: p1, column: v, unit: kWh }]'}
delivery: ${parts.delivery ?? '{ delay_s: 60 }'}
site:
  enterpriseId: e1
  name: n
  meters: [{ meterId: p1 }, { meterId: p2 }]
`;

async function runImport(csv: string, parts: Parts): Promise<Recording> {
  const csvPath = join(dir, 'in.csv');
  const mappingPath = join(dir, 'mapping.yaml');
  await writeFile(csvPath, csv);
  await writeFile(mappingPath, aMapping(parts));
  await importCsv({ csvPath, mappingPath, outDir: join(dir, 'out') });
  return readRecording(join(dir, 'out'));
}

async function refusal(csv: string, parts: Parts): Promise<string> {
  const error = await runImport(csv, parts).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RecordingError);
  return (error as RecordingError).message;
}

const byStamp = 'yyyy-MM-dd HH:mm, stamps: interval-start, order: by-stamp';

describe('importCsv', () => {
  test('takes time from the row where midnight carries the date of the day that it ends', async () => {
    const { power, sites } = await runImport('t,v\n01-01-2018 23:45,1\n01-01-2018 00:00,2.5\n02-01-2018 00:15,3\n', {});
    const firstMs = Date.UTC(2018, 0, 1, 15, 30);
    expect(power.map((run) => [run.startMs - firstMs, run.meanKw])).toEqual([
      [0, [4, 10]],
      [1_800_000, [12]],
    ]);
    expect(power[0]?.arrival).toEqual({ delayMs: 60_000 });
    expect(sites[0]?.value.effectiveFromMs).toBe(firstMs);
  });

  test('by row, a missing row is found out and named', async () => {
    const message = await refusal('t,v\n01-01-2018 00:15,1\n01-01-2018 00:45,2\n', {});
    expect(message).toMatch(/in\.csv:3: stamp "01-01-2018 00:45" is not that of its row, 2018-01-01T00:30/);
  });

  test('by stamp, rows come in any order, gaps stay gaps and empty cells are missing', async () => {
    const csv = 't,v\n2026-01-01 01:00,4\n2026-01-01 00:00,1\n2026-01-01 00:15,\n';
    const { power } = await runImport(csv, { time: byStamp, meters: '[{ meter: p1, column: v, unit: kW }]' });
    expect(power.map((run) => run.meanKw)).toEqual([[1, Number.NaN, Number.NaN, Number.NaN, 4]]);
  });

  test('by stamp, the same interval twice is refused', async () => {
    const message = await refusal('t,v\n2026-01-01 00:00,1\n2026-01-01 00:00,1\n', { time: byStamp });
    expect(message).toContain('the same interval as line 2');
  });

  test('reads semicolons, decimal commas, watts, several meters, and delivery of a day on the next morning', async () => {
    const { power } = await runImport('t;a;b\n1/2/2026 9:15;"1.234,5";7\n', {
      csv: "csv: { delimiter: ';', decimal: ',' }",
      time: 'dd/MM/yyyy HH:mm, stamps: interval-end, order: by-row',
      meters: '[{ meter: p1, column: a, unit: W }, { meter: p2, column: b, unit: kW, quality: ESTIMATED }]',
      delivery: '{ next_day_at: "06:00" }',
    });
    const arrival = { atMs: Date.UTC(2026, 1, 1, 22) };
    expect(power).toMatchObject([
      { meterId: 'p1', meanKw: [1.2345], quality: 'MEASURED', arrival, startMs: Date.UTC(2026, 1, 1, 1) },
      { meterId: 'p2', meanKw: [7], quality: 'ESTIMATED', arrival },
    ]);
  });

  test('by row, the hour that a clock change gives twice is kept; by stamp it is refused', async () => {
    const quarters = ['02:45', '02:00', '02:15', '02:30', '02:45', '03:00'];
    const csv = `t,v\n${quarters.map((quarter) => `2026-10-25 ${quarter},1\n`).join('')}`;
    const parts = { zone: 'Europe/Berlin', time: byStamp };
    expect(await refusal(csv, parts)).toContain('clock change');
    const { power } = await runImport(csv, { ...parts, time: byStamp.replace('by-stamp', 'by-row') });
    expect(power).toMatchObject([{ startMs: Date.UTC(2026, 9, 25, 0, 45), meanKw: [4, 4, 4, 4, 4, 4] }]);
  });

  test('names every bad cell and every missing column, and writes nothing', async () => {
    expect(await refusal('x,v\n', {})).toContain('in.csv:1: no column "t"; the file has x, v');
    const message = await refusal('t,v\n01-01-2018 00:15,abc\n32-01-2018 00:30,2\n', {});
    expect(message).toMatch(/in\.csv:2: v is "abc"[\s\S]*in\.csv:3: t is "32-01-2018 00:30"/);
    await expect(readRecording(join(dir, 'out'))).rejects.toThrow('not found');
  });

  test('says what is wrong with the mapping, by line', async () => {
    const message = await refusal('t,v\n', {
      meters: '[{ meter: p9, column: v, unit: kWh }]',
      time: 'nonsense, stamps: interval-end, order: by-row',
    });
    expect(message).toMatch(/mapping\.yaml:9: time\.format[\s\S]*mapping\.yaml:10: meter "p9" is not among/);
    expect(await refusal('t,v\n', { meters: '[{ meter: p1, column: v, unit: MW }]' })).toMatch(
      /mapping\.yaml:10: meters\.0\.unit/,
    );
    expect(await refusal('t,v\n', { delivery: '{ at: 3 }' })).toMatch(/mapping\.yaml:11: .*at/);
  });
});

describe('time formats', () => {
  test('read what they say and nothing else', () => {
    const at = Date.UTC(2026, 0, 1, 16);
    expect(timeFormat('iso')?.('2026-01-02 00:00+08:00', 'Asia/Shanghai')?.ms).toBe(at);
    expect(timeFormat('epoch-s')?.(String(at / 1000), 'Asia/Shanghai')?.localMs).toBe(Date.UTC(2026, 0, 2));
    expect(timeFormat('yyyy/MM/dd HH:mm')?.('2026/1/1 24:00', 'Asia/Shanghai')?.ms).toBe(at);
    expect(timeFormat('dd.MM.yyyy HH:mm')?.('31.02.2026 10:00', 'UTC')).toBeUndefined();
    expect(timeFormat('dd.MM.yyyy HH:mm')?.('01.02.2026', 'UTC')).toBeUndefined();
    expect(timeFormat('HH:mm')).toBeUndefined();
  });
});

test('the steel plant in testdata is the whole year, unchanged but for the unit', async () => {
  const { power, about } = await readRecording(fileURLToPath(new URL('../../testdata/steel-plant/', import.meta.url)));
  const kw = power.flatMap((run) => run.meanKw);
  expect(kw).toHaveLength(365 * 96);
  expect(power[0]?.startMs).toBe(Date.UTC(2017, 11, 31, 15));
  expect(power).toHaveLength(365);
  // The sum of the source's column, kWh.
  expect(kw.reduce((sum, value) => sum + value / 4, 0)).toBeCloseTo(959636.71, 2);
  expect(Math.max(...kw)).toBe(628.72);
  expect(about.licence).toBe('CC BY 4.0');
});
