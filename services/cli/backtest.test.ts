import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aFirm, aLie, aLoad, aMachine, aMeter, aRecording, aReport, hour } from '../core/testing/scoring.ts';
import { writeRecording } from '../platform/recording.ts';
import { backtestCommand } from './backtest.ts';
import { rulesDir } from './paths.ts';

const day = 24 * hour;
const startMs = Date.UTC(2026, 2, 2);
const dir = mkdtempSync(join(tmpdir(), 'backtest-'));
const at = (name: string) => join(dir, name);

/** A machine of 50 kW that works from eight to eight, and on the eighth and ninth night against its report. */
function aPlant() {
  const nights = [8, 9].map((d) => ({ fromMs: startMs + d * day + 21 * hour, toMs: startMs + d * day + 24 * hour }));
  const isDay = (h: number) => h >= 8 && h < 20;
  const meanKw = Array.from({ length: 11 * 96 }, (_, i) => {
    const atMs = startMs + i * 900_000;
    const runs = isDay((i / 4) % 24) || nights.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
    return runs ? 48 + (i % 7) : 1 + (i % 3) / 10;
  });
  const telemetry = Array.from({ length: 11 }, (_, d) => startMs + d * day).flatMap((midnight) => [
    aReport('m1', midnight, midnight + 8 * hour),
    aReport('m1', midnight + 8 * hour, midnight + 20 * hour, { state: 'RUNNING' }),
    aReport('m1', midnight + 20 * hour, midnight + 24 * hour),
  ]);
  const meter = aMeter('p', ['m1'], { role: 'PRODUCTION' });
  const site = aFirm({ effectiveFromMs: startMs, equipment: [aMachine('m1', { ratedPowerKw: 50 })], meters: [meter] });
  return aRecording([], {
    sites: [{ arrivalMs: startMs, value: site }],
    telemetry,
    power: [aLoad('p', meanKw, { startMs })],
    labels: nights.map(({ fromMs, toMs }) => aLie(fromMs, toMs, { note: 'night-shift: by lamp' })),
  });
}

describe('backtest, as a command', () => {
  let printed = '';
  const run = async (...args: string[]) => {
    await backtestCommand().exitOverride().parseAsync(args, { from: 'user' });
    return printed;
  };

  beforeAll(async () => {
    await writeRecording(at('cases/plant'), aPlant());
    await writeRecording(at('unlabelled'), { ...aPlant(), labels: [] });
    cpSync(rulesDir, at('rules'), { recursive: true });
    const path = at('rules/common/stopped-but-running.yaml');
    // Other rules, that never grow sure within a night.
    const text = readFileSync(path, 'utf8').replace(/confirmAfterMinutes: \d+/, 'confirmAfterMinutes: 1440');
    writeFileSync(path, text);
  });
  afterAll(() => rmSync(dir, { recursive: true }));
  beforeEach(() => {
    printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text;
      return true;
    });
  });

  test('scores all recordings of a folder, by tag, and draws them', async () => {
    const text = await run(at('cases'), '--by-tag', '--picture', at('scores.svg'));
    expect(text).toMatch(/stopped-but-running │ wattness +│ 2 \/ 2 +│ 0 /);
    expect(text).toMatch(/night-shift +│ 2 \/ 2/);
    expect(readFileSync(at('scores.svg'), 'utf8')).toContain('2 of 2 found, 0 false');
  });

  test('says what another rule set would drop, with labels or without', async () => {
    const text = await run(at('cases'), '--compare', at('rules'));
    expect(text).toMatch(/found +│ 2 +│ 0 +│ -2/);
    expect(text).toMatch(/appeared \/ vanished +│ +│ +│ 0 \/ 2/);
    printed = '';
    expect(await run(at('unlabelled'), '--compare', at('rules'))).toContain('- ');
  });

  test('gives figures as data', async () => {
    const rows = JSON.parse(await run(at('cases'), '--json', '--misses'));
    const own = rows.find((row: { method: string }) => row.method === 'wattness');
    expect(own).toMatchObject({ detector: 'stopped-but-running', lies: 2, found: 2, missedLies: [] });
    expect(own.recallInterval.high).toBe(1);
  });

  test('a recording without labels is not taken for one without lies, unless somebody says so', async () => {
    await expect(run(at('unlabelled'))).rejects.toThrow('--honest if it holds no lie');
    expect(await run(at('unlabelled'), '--honest')).toMatch(/stopped-but-running │ wattness +│ 0 \/ 0 +│ 2 /);
  });

  test('a folder without recordings, and a world that nobody wrote, are refused in words', async () => {
    await expect(run(at('rules'))).rejects.toThrow('recording.yaml is missing');
    await expect(run('--scenario', 'nowhere')).rejects.toThrow("There is no scenario 'nowhere'");
    await expect(run()).rejects.toThrow('Name a recording folder, --steel or --scenario.');
  });
});
