import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readRecording } from '../platform/recording.ts';
import { simulateWorld } from '../simulator/world/world.ts';
import { scenarioOf, writeWorld } from './simulate-world.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'world-'));
});
afterEach(() => rm(dir, { recursive: true }));

const size = { firms: 2, days: 3 };
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe('a world as a folder', () => {
  test('reads back as the firms that went into it', async () => {
    const scenario = scenarioOf('liars-small');
    await writeWorld(dir, scenario, { ...size, seed: 3, perFirm: false });
    const read = await readRecording(dir);
    const firms = [...simulateWorld(scenario, 3, size)];
    for (const part of ['sites', 'workRecords', 'siteEvents', 'telemetry', 'power', 'labels'] as const) {
      expect(plain(read[part])).toEqual(plain(firms.flatMap((firm): readonly unknown[] => firm[part])));
    }
  });

  test('may be a folder a firm', async () => {
    await writeWorld(dir, scenarioOf('always-liar'), { days: 2, seed: 1, perFirm: true });
    expect((await readdir(dir)).sort()).toEqual(['always-liar-0001', 'always-liar-one-0001']);
    const { labels } = await readRecording(join(dir, 'always-liar-0001'));
    expect(labels.every(({ kind, subjectKind }) => kind === 'lie' && subjectKind === 'ENTERPRISE')).toBe(true);
    expect(labels.length).toBeGreaterThan(0);
  });

  test('of a scenario that nobody knows is refused with those that there are', () => {
    expect(() => scenarioOf('nosuch')).toThrow(/liars-small/);
    expect(() => scenarioOf(undefined)).toThrow(/honest-100/);
  });
});
