import { describe, expect, test } from '@jest/globals';
import { type Label, type Recording, recordingSpan } from '../core/recording.ts';
import { demoPlant, type PlantScenario, simulatePlant } from './plant.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Midnight in Shanghai. */
const startMs = Date.UTC(2026, 8, 1, 16);
const scenario: PlantScenario = { seed: 7, startMs, days: 28, lies: 20, hidden: [] };
const plant = simulatePlant(scenario);

function minutesOf(recording: Recording, meterId: string): number[] {
  return recording.power.filter((run) => run.meterId === meterId).flatMap((run) => run.meanKw);
}

function reported(recording: Recording, { subjectId, startMs: fromMs, endMs }: Label): Set<string> {
  const runs = recording.telemetry.filter(
    (run) => run.equipmentId === subjectId && run.fromMs < endMs && run.toMs > fromMs,
  );
  return new Set(runs.map((run) => run.state));
}

describe('simulatePlant', () => {
  test('is the same for the same scenario and another for another seed', () => {
    expect(simulatePlant(scenario)).toEqual(plant);
    expect(simulatePlant({ ...scenario, seed: 8 }).power).not.toEqual(plant.power);
  });

  test('the utility total holds what the sub-meters show and the dormitory', () => {
    const total = minutesOf(plant, 'utility-total');
    const subs = plant.sites[0]!.value.meters.filter((meter) => meter.parentMeterId === 'utility-total');
    const series = subs.map((meter) => minutesOf(plant, meter.meterId));
    expect(subs).toHaveLength(4);
    total.forEach((kw, slot) => {
      let machines = 0;
      for (const values of series) for (let i = slot * 15; i < slot * 15 + 15; i++) machines += values[i]! / 15;
      expect(kw).toBeGreaterThan(machines + 2.9);
      expect(kw).toBeLessThan(machines * 1.02 + 70);
    });
  });

  test('a lie is reported as stopped while its meter shows the machine at work', () => {
    const lies = plant.labels.filter((label) => label.subjectId === 'sander-1' && label.kind === 'lie');
    expect(lies.length).toBeGreaterThan(1);
    const sander = minutesOf(plant, 'meter-sander');
    for (const lie of lies) {
      expect(reported(plant, lie)).toEqual(new Set(['STOPPED']));
      const during = sander.slice((lie.startMs - startMs) / minute, (lie.endMs - startMs) / minute);
      expect(during.filter((kw) => kw > 15).length).toBe(lie.ranMs! / minute);
    }
  });

  test('puts in as many lies as asked for, on every machine, after an honest week', () => {
    const machines = plant.labels.filter((label) => label.subjectId !== 'dust-collector-1');
    expect(machines.length).toBeGreaterThanOrEqual(18);
    expect(machines.length).toBeLessThanOrEqual(20);
    expect(new Set(machines.map((label) => label.subjectId)).size).toBe(5);
    expect(Math.min(...machines.map((label) => label.startMs))).toBeGreaterThanOrEqual(startMs + 7 * day);
    expect(simulatePlant({ ...scenario, lies: 0 }).labels).toEqual([]);
  });

  test('the dust collector runs whenever a machine makes dust, hidden or not', () => {
    const collector = minutesOf(plant, 'meter-collector');
    const sander = minutesOf(plant, 'meter-sander');
    sander.forEach((kw, i) => {
      if (kw > 15) expect(collector[i]).toBeGreaterThan(30);
    });
  });
});

describe('demoPlant', () => {
  test('ends within a lie of the sander, told by the registry, the reports and the meter', () => {
    const nowMs = Date.UTC(2026, 10, 24, 3, 7, 11);
    const demo = demoPlant(nowMs, 1);
    const endMs = Date.UTC(2026, 10, 24, 3);
    expect(recordingSpan(demo)).toEqual({ fromMs: endMs - 4 * day, toMs: endMs });
    const lie = demo.labels.find((label) => label.subjectId === 'sander-1')!;
    expect(lie).toMatchObject({ startMs: endMs - 100 * minute, endMs, ranMs: 100 * minute });
    expect(reported(demo, lie)).toEqual(new Set(['STOPPED']));
    expect(Math.min(...minutesOf(demo, 'meter-sander').slice(-99))).toBeGreaterThan(15);
  });

  test.each([0, 5, 9, 14, 20])(
    'knows the sander both stopped and running before, at whatever hour it ends (%i)',
    (at) => {
      const demo = demoPlant(Date.UTC(2026, 10, 24, at), 1);
      const before = minutesOf(demo, 'meter-sander').slice(0, -100);
      expect(before.filter((kw) => kw > 15).length).toBeGreaterThan(6 * 60);
      expect(before.filter((kw) => kw < 1).length).toBeGreaterThan(24 * 60);
    },
  );
});
