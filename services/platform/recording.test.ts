import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Recording } from '../core/recording.ts';
import { subjectKinds } from '../core/records.ts';
import { readRecording, writeRecording } from './recording.ts';
import { splitCells } from './recording-csv.ts';
import { RecordingError } from './recording-problems.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'recording-'));
});
afterEach(() => rm(dir, { recursive: true }));

const startMs = Date.UTC(2026, 0, 1);
const plant: Recording = {
  about: {
    title: 'T',
    source: 's: #1',
    licence: 'CC0',
    credit: '',
    timeZone: 'Asia/Shanghai',
    nominalIntervalMs: 900_000,
  },
  sites: [
    {
      arrivalMs: startMs - 5000,
      value: {
        enterpriseId: 'e1',
        revision: 2,
        effectiveFromMs: startMs,
        name: '木业',
        nameEn: '',
        regionCode: '330102',
        sector: 'DUST_EXPLOSION',
        timeZone: 'Asia/Shanghai',
        equipment: [
          {
            equipmentId: 'm1',
            name: 'yes',
            kind: 'PROCESS',
            sectionId: '007',
            ratedPowerKw: null,
            reportIntervalMs: 60_000,
            limits: [
              {
                indicator: 'dp_pa',
                low: 1,
                high: null,
                onDelayMs: 0,
                deadBand: 0.5,
                offDelayMs: 30_000,
                ratePerMinute: 2.5,
              },
            ],
            serves: ['m2'],
            collector: 'WET',
          },
        ],
        meters: [],
        shifts: [{ name: '夜班', startMinute: 1320, endMinute: 360, daysOfWeek: 31, onHolidays: true }],
        retired: false,
        sections: [
          { sectionId: '007', name: '砂光', dust: true, workers: 31, personLimit: 9, cleanAfterRunHours: 4.5 },
        ],
        cameras: [{ cameraId: '33010200001320000001', sectionId: '007' }],
        latitude: 30.25,
        longitude: 120.5,
        carrier: '移动',
      },
    },
  ],
  workRecords: [
    {
      arrivalMs: startMs + 1,
      value: {
        enterpriseId: 'e1',
        recordId: 'w1',
        revision: 0,
        kind: 'TEST_RUN',
        startMs,
        endMs: startMs + 1000,
        filedAtMs: startMs + 1,
        sectionId: null,
        equipmentId: 'm1',
        filedBy: null,
        regime: null,
        grade: null,
        withdrawn: false,
      },
    },
  ],
  siteEvents: [
    {
      arrivalMs: startMs,
      value: {
        enterpriseId: 'e1',
        eventId: 'v1',
        revision: 0,
        kind: 'POWER_CUT',
        startMs,
        endMs: null,
        sectionId: null,
        equipmentId: null,
        sourceId: null,
        confidence: 0.5,
        count: null,
        reference: null,
        value: 1.5,
      },
    },
  ],
  alarmActions: [
    {
      arrivalMs: startMs,
      value: {
        enterpriseId: 'e1',
        actionId: 'a1',
        alarmId: 'x',
        kind: 'ACKNOWLEDGE',
        actorId: 'duty',
        actedAtMs: startMs,
        note: 'line\nbreak',
        attachments: ['b'],
      },
    },
  ],
  telemetry: [
    {
      enterpriseId: 'e1',
      equipmentId: 'm,1 "big"',
      fromMs: startMs,
      toMs: startMs + 3_600_000,
      everyMs: 2500,
      state: 'RUNNING',
      arrival: { delayMs: -1500 },
      gatewayId: 'g1',
      readings: [{ indicator: 'dp_pa', value: -1.5e-7 }],
    },
  ],
  power: [
    {
      enterpriseId: 'e1',
      meterId: 'p1',
      startMs: startMs + 1,
      intervalMs: 900_000,
      quality: 'ESTIMATED',
      arrival: { atMs: startMs + 86_400_000 },
      meanKw: [1.25, Number.NaN, -3],
      extras: { registerKwh: [Number.NaN, 100000.5, 3] },
    },
  ],
  labels: subjectKinds.map((subjectKind) => ({
    detector: 'stopped-but-running',
    enterpriseId: 'e1',
    subjectKind,
    subjectId: '33010200001320000001',
    startMs,
    endMs: startMs + 60_000,
    kind: 'excused',
    ranMs: 30_000,
    note: 'a test run, on file',
  })),
};

const minimal = {
  'recording.yaml': 'format: 1\ntitle: t\nsource: s\nlicence: l\ncredit: c\ntime_zone: UTC\ninterval_s: 900\n',
  'site.json': '{"enterpriseId": "e1", "name": "n", "effectiveFromMs": "2026-01-01T00:00Z"}',
};

async function put(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, text] of Object.entries({ ...minimal, ...files })) await writeFile(join(dir, name), text);
}

async function problemsOf(files: Record<string, string | Buffer>): Promise<readonly string[]> {
  await put(files);
  const error = await readRecording(dir).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RecordingError);
  return (error as RecordingError).problems;
}

describe('a recording folder', () => {
  test('gives back whatever a recording can hold', async () => {
    await writeRecording(dir, plant);
    expect(await readRecording(dir)).toEqual(plant);
  });

  test('holds no file for what the recording does not have', async () => {
    await writeRecording(dir, {
      ...plant,
      workRecords: [],
      siteEvents: [],
      alarmActions: [],
      labels: [],
      telemetry: [],
    });
    expect((await readdir(dir)).sort()).toEqual(['power.csv.gz', 'recording.yaml', 'site.yaml']);
  });

  test('fills in the schema defaults of a site that a person wrote, and takes it to arrive when it takes effect', async () => {
    await put({});
    const [site] = (await readRecording(dir)).sites;
    expect(site?.arrivalMs).toBe(startMs);
    expect(site?.value).toMatchObject({ sector: 'OTHER', timeZone: 'Asia/Shanghai', equipment: [], retired: false });
  });

  test('reads plain tables as well as zipped ones, columns in any order, both kinds of line end', async () => {
    await put({
      'power.csv':
        '\ufeffmeter,enterprise,start,interval_s,quality,arrival,mean_kw\r\n\r\np1,e1,2026-01-01T08:00+08:00,60,MEASURED,+5,1 - 2\r\n',
    });
    const [run] = (await readRecording(dir)).power;
    expect(run).toMatchObject({ startMs, intervalMs: 60_000, arrival: { delayMs: 5000 }, meanKw: [1, Number.NaN, 2] });
  });
});

describe('what is wrong with a recording', () => {
  test('is told with file, line and a hint, all files at once', async () => {
    const problems = await problemsOf({
      'site.json': '{\n "enterpriseId": "e1",\n "name": "n",\n "effectiveFromMs": "2026-01-01",\n "sector": "STEEL"\n}',
      'telemetry.csv':
        'enterprise,equipment,from,to,every_s,state,arrival\ne1,m1,2026-01-01T00:00,2026-01-01T01:00Z,0,OFF,later\n',
      'power.csv':
        'enterprise,meter,start,interval_s,mean_kw,quality,arrival,max_kw\ne1,p1,2026-01-01T00:00Z,60,"1,5 2",MEASURED,+1,\ne1,p1,2026-01-01T00:00Z,60,1 2,MEASURED,+1,1\n',
      'site-events.ndjson':
        '{"enterpriseId": "e1"\n{"enterpriseId":"e1","eventId":"v","startMs":5,"kind":"SPARK","colour":1}\n',
    });
    const all = problems.join('\n');
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual([
      'site.json:4',
      'site.json:5',
      'site-events.ndjson:1',
      'site-events.ndjson:2',
      'site-events.ndjson:2',
      'telemetry.csv:2',
      'telemetry.csv:2',
      'telemetry.csv:2',
      'telemetry.csv:2',
      'power.csv:2',
      'power.csv:3',
    ]);
    expect(all).toContain('with its zone, such as');
    expect(all).toContain('one of OTHER, DUST_EXPLOSION, IRON_AND_STEEL');
    expect(all).toContain('unknown field colour');
    expect(all).toContain('arrivalMs is missing');
    expect(all).toContain('max_kw has 1 values and mean_kw 2');
  });

  test('stops at twenty', async () => {
    const rows = 'e1,p1,yesterday,60,1,MEASURED,+1\n'.repeat(1000);
    const problems = await problemsOf({
      'power.csv': `enterprise,meter,start,interval_s,mean_kw,quality,arrival\n${rows}`,
    });
    expect(problems).toHaveLength(20);
  });

  test('includes a folder that is none, a missing column, a misspelt one and an unknown zone', async () => {
    const none = await readRecording(join(dir, 'nowhere')).catch((thrown: unknown) => thrown);
    expect((none as RecordingError).message).toMatch(/recording\.yaml: not found[\s\S]*site\.yaml: not found/);
    const problems = await problemsOf({
      'recording.yaml': minimal['recording.yaml'].replace('UTC', 'Asia/Peking'),
      'labels.csv': 'detector,enterprise,subject_kind,subject,start,end,kinds\n',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^recording\.yaml:6: .*Asia\/Peking.*IANA/),
      expect.stringMatching(/^labels\.csv:1: no column kind;/),
      expect.stringMatching(/^labels\.csv:1: unknown column kinds;/),
    ]);
  });

  test('includes a zipped table that was cut short', async () => {
    const row = 'e1,p1,2026-01-01T00:00Z,60,1,MEASURED,+1\n';
    const whole = gzipSync(`enterprise,meter,start,interval_s,mean_kw,quality,arrival\n${row.repeat(50)}`);
    const problems = await problemsOf({ 'power.csv.gz': whole.subarray(0, whole.length - 12) });
    expect(problems).toEqual([expect.stringMatching(/^power\.csv\.gz.*cannot be read on/)]);
  });
});

test('a quoted cell may hold the delimiter and doubled quotes', () => {
  expect(splitCells('a;"b;""c""";;d', ';')).toEqual(['a', 'b;"c"', '', 'd']);
});
