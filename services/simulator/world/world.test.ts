import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Recording, recordingSpan } from '../../core/recording.ts';
import { midnightMs } from './china-days.ts';
import { firmPlaces, planFirm } from './firm-plan.ts';
import { loadScenario, type Scenario } from './scenario.ts';
import { trickNames } from './tricks.ts';
import { liveWindow, simulateWorld } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const scenario = (name: string): Scenario =>
  loadScenario(fileURLToPath(new URL(`../../../testdata/scenarios/${name}.yaml`, import.meta.url)));
const digest = (recording: Recording) => createHash('sha256').update(JSON.stringify(recording)).digest('hex');
const first = (name: string, seed: number, days: number) =>
  simulateWorld(scenario(name), seed, { firms: 1, days }).next().value!;

describe('a world', () => {
  test('is the same for the same scenario, seed and size, and another for another seed', () => {
    const three = (seed: number) =>
      [...simulateWorld(scenario('liars-small'), seed, { firms: 3, days: 5 })].map(digest);
    expect(three(5)).toEqual(three(5));
    expect(three(6)).not.toEqual(three(5));
  });

  test('keeps a firm as it is when other groups are added to the scenario', () => {
    const small = scenario('furniture');
    const more: Scenario = {
      ...small,
      firms: [{ name: 'another', count: 1, sector: 'metal' }, ...small.firms],
    };
    const furniture = (world: Scenario) =>
      [...simulateWorld(world, 1, { days: 5 })].find(({ sites }) => sites[0]!.value.enterpriseId === 'furniture-0001')!;
    expect(digest(furniture(more))).toBe(digest(furniture(small)));
  });

  test('lived in windows is the world lived at once', () => {
    const world = scenario('liars-small');
    for (const name of ['sparks-wood', 'fanless-wood', 'crowd-metal', 'meter-metal']) {
      const group = world.firms.find((candidate) => candidate.name === name)!;
      const firm = planFirm(world, group, 0, 3, 14);
      const [fromMs, toMs] = [firm.startMs + 11 * day, firm.startMs + 12 * day];
      const whole = liveWindow(firm, fromMs, toMs, new Map());
      const registers = new Map<string, number>();
      const parts = Array.from({ length: 12 }, (_, i) =>
        liveWindow(firm, fromMs + 2 * i * hour, fromMs + 2 * (i + 1) * hour, registers),
      );
      const minutesOf = (windows: readonly (typeof whole)[]) =>
        windows
          .flatMap(({ telemetry }) => telemetry)
          .flatMap((run) =>
            Array.from(
              { length: Math.ceil((run.toMs - run.fromMs) / run.everyMs) },
              (_, i) =>
                `${run.equipmentId} ${run.fromMs + i * run.everyMs} ${run.state} ${JSON.stringify(run.readings)}`,
            ),
          )
          .sort();
      expect(minutesOf(parts)).toEqual(minutesOf([whole]));
      const loads = (windows: readonly (typeof whole)[]) =>
        windows
          .flatMap(({ power }) => power)
          .flatMap((run) =>
            run.meanKw.map(
              (kw, i) => `${run.meterId} ${run.startMs + i * run.intervalMs} ${kw} ${run.extras.registerKwh?.[i]}`,
            ),
          )
          .sort();
      expect(loads(parts)).toEqual(loads([whole]));
      const said = (windows: readonly (typeof whole)[]) =>
        windows
          .flatMap(({ siteEvents, workRecords }) => [...siteEvents, ...workRecords])
          .map((one) => JSON.stringify(one))
          .sort();
      expect(said(parts)).toEqual(said([whole]));
    }
  });

  test('begins with firms of all groups, in proportion', () => {
    const places = [...firmPlaces(scenario('honest-100'))];
    expect(places).toHaveLength(100);
    expect(new Set(places.slice(0, 20).map(({ group }) => group.name)).size).toBeGreaterThan(10);
    expect(new Set(places.map(({ group, index }) => `${group.name} ${index}`)).size).toBe(100);
  });
});

describe('liars of every kind', () => {
  let recordings: Recording[];
  beforeAll(() => {
    recordings = [...simulateWorld(scenario('liars-small'), 1)];
  });

  test('each trick leaves a label', () => {
    const notes = new Set(
      recordings
        .flatMap(({ labels }) => labels)
        .filter(({ kind }) => kind === 'lie')
        .map(({ note }) => note.split(', ')[0]!),
    );
    const named: Record<string, string> = { zeros: 'zero' };
    for (const trick of trickNames) expect([...notes]).toContain(named[trick] ?? trick);
  });

  test('labels lie within the span of their recording and after the honest days', () => {
    for (const recording of recordings) {
      const span = recordingSpan(recording)!;
      for (const { startMs, endMs, note } of recording.labels) {
        expect(endMs).toBeGreaterThan(startMs);
        expect(startMs).toBeGreaterThanOrEqual(Math.floor(span.fromMs / hour) * hour);
        expect(endMs).toBeLessThanOrEqual(span.toMs + 4 * hour);
        if (!/always|no-camera/.test(note)) expect(startMs).toBeGreaterThanOrEqual(span.fromMs + 10 * day - hour);
      }
    }
  });

  test('labels name subjects that are registered', () => {
    for (const { labels, sites } of recordings) {
      const { enterpriseId, equipment, meters, sections, cameras } = sites[0]!.value;
      const known = {
        ENTERPRISE: [enterpriseId],
        EQUIPMENT: equipment.map(({ equipmentId }) => equipmentId),
        METER: meters.map(({ meterId }) => meterId),
        SECTION: sections.map(({ sectionId }) => sectionId),
        CAMERA: cameras.map(({ cameraId }) => cameraId),
        GATEWAY: ['gateway-1', 'gateway-2'],
      };
      for (const label of labels) expect(known[label.subjectKind]).toContain(label.subjectId);
    }
  });

  test('a machine said to be stopped draws its running load at its own meter in the label', () => {
    const { labels, power, telemetry } = recordings.find(
      ({ sites }) => sites[0]!.value.enterpriseId === 'night-wood-0001',
    )!;
    const lies = labels.filter(({ subjectId, note }) => note === 'night-shift' && !subjectId.startsWith('collector'));
    expect(lies.length).toBeGreaterThan(2);
    for (const lie of lies) {
      const told = telemetry.filter(
        ({ equipmentId, fromMs, toMs }) => equipmentId === lie.subjectId && fromMs < lie.endMs && toMs > lie.startMs,
      );
      expect(told.every(({ state }) => state === 'STOPPED')).toBe(true);
      const own = power.filter(({ meterId }) => meterId === `meter-${lie.subjectId}`);
      const inside: number[] = [];
      const before: number[] = [];
      for (const run of own) {
        run.meanKw.forEach((kw, i) => {
          const at = run.startMs + i * run.intervalMs;
          if (at >= lie.startMs && at < lie.endMs) inside.push(kw);
          if (at < lie.startMs && at >= lie.startMs - 30 * minute) before.push(kw);
        });
      }
      expect(Math.min(...inside)).toBeGreaterThan(2 * Math.max(...before));
    }
  });

  test('a firm that always lies is never reported to run, and works every working day', () => {
    const { labels, telemetry } = recordings.find(({ sites }) => sites[0]!.value.enterpriseId === 'always-wood-0001')!;
    expect(new Set(telemetry.map(({ state }) => state))).toEqual(new Set(['STOPPED']));
    expect(labels.length).toBeGreaterThan(15);
    expect(labels.every(({ subjectKind }) => subjectKind === 'ENTERPRISE')).toBe(true);
  });
});

describe('an honest world', () => {
  test('plans no lie for any of its hundred firms, and every habit of the scenario leaves its excuse', () => {
    const world = scenario('honest-100');
    const notes = new Set<string>();
    for (const { group, index } of firmPlaces(world)) {
      const { labels, claims, cleaning, collectors } = planFirm(world, group, index, 2, world.days).deeds;
      expect([...labels, ...claims].filter(({ kind }) => kind === 'lie')).toEqual([]);
      expect([...cleaning, ...collectors]).toEqual([]);
      for (const { note } of [...labels, ...claims]) notes.add(note.split(',')[0]!);
    }
    const excuses = ['test run', 'maintenance', 'gateway drop', 'gateway fault on file', 'power cut', 'carrier outage'];
    excuses.push('estimated by the utility', 'readings lost', 'meter change on file', 'stoppage kept');
    excuses.push('permitted', 'permit filed late', 'grinder', 'shift change', 'restart of a camera');
    expect([...notes]).toEqual(expect.arrayContaining(excuses));
  });

  test('reports a machine running exactly while it draws more than its idle load', () => {
    const recording = first('honest-100', 1, 10);
    const { equipment, meters } = recording.sites[0]!.value;
    const single = meters.find(
      ({ feeds, meterId }) =>
        feeds.length === 1 &&
        meterId.startsWith('meter-') &&
        equipment.some((e) => e.equipmentId === feeds[0] && e.kind === 'PROCESS'),
    )!;
    const running = recording.telemetry.filter(
      ({ equipmentId, state }) => equipmentId === single.feeds[0] && state === 'RUNNING',
    );
    const loads = recording.power
      .filter(({ meterId }) => meterId === single.meterId)
      .flatMap((run) =>
        run.meanKw.map((kw, i) => ({
          at: run.startMs + i * run.intervalMs,
          kw,
        })),
      );
    const top = Math.max(...loads.map(({ kw }) => kw));
    const excused = recording.labels.filter(({ subjectId }) => subjectId === single.feeds[0]);
    let wrong = 0;
    for (const { at, kw } of loads) {
      const says = running.some(({ fromMs, toMs }) => fromMs <= at && toMs >= at + minute);
      const silent = running.some(
        ({ fromMs, toMs }) => Math.abs(fromMs - at) <= minute || Math.abs(toMs - at) <= minute,
      );
      if (silent || excused.some(({ startMs, endMs }) => at >= startMs - minute && at <= endMs)) continue;
      if (says !== kw > 0.1 * top) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test('works on a rest day taken in exchange and rests on a holiday', () => {
    const recording = [...simulateWorld(scenario('honest-100'), 1, { firms: 1, days: 45 })][0]!;
    const ranOn = (date: string) => {
      const fromMs = midnightMs(Math.round(Date.parse(`${date}T00:00:00Z`) / day));
      return recording.telemetry.some(
        ({ state, fromMs: at }) => state === 'RUNNING' && at >= fromMs && at < fromMs + day,
      );
    };
    // Labour Day 2026: 1 to 5 May are off, Saturday the 9th is worked.
    expect(['2026-05-02', '2026-05-04', '2026-05-05'].map(ranOn)).toEqual([false, false, false]);
    expect(ranOn('2026-05-09')).toBe(true);
    expect(ranOn('2026-05-06')).toBe(true);
  });
});
