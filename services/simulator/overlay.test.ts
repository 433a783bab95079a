import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Label, Recording } from '../core/recording.ts';
import type { SteelPlantVariant } from './overlay.ts';
import { steelPlantRecording, steelPlantVariants } from './overlay.ts';
import { withLies } from './reported-state.ts';
import { trueStates } from './true-state.ts';

const minute = 60_000;
const hour = 60 * minute;
const slot = 15 * minute;

let right: Recording;
let lies: Label[];
beforeAll(async () => {
  right = await steelPlantRecording(steelPlantVariants['nameplate-right']);
  lies = right.labels.filter((label) => label.kind === 'lie');
});

const kwOf = (recording: Recording) => recording.power.flatMap((run) => run.meanKw);
const siteOf = (recording: Recording) => recording.sites[0]!.value;
const reportedDuring = (recording: Recording, label: Label) =>
  recording.telemetry.filter(
    (run) => run.equipmentId === label.subjectId && run.fromMs < label.endMs && run.toMs > label.startMs,
  );

describe('lies over the steel plant', () => {
  test('are at least sixty, in every month of the year, from half an hour to two days', () => {
    expect(lies.length).toBeGreaterThanOrEqual(60);
    const months = new Set(lies.map((lie) => new Date(lie.startMs + 9 * hour).getUTCMonth()));
    expect(months.size).toBe(12);
    const hours = lies.map((lie) => (lie.endMs - lie.startMs) / hour);
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...hours)).toBeLessThanOrEqual(48);
    // Log-uniform: a third and more below two and a half hours, and some beyond a day.
    expect(hours.filter((length) => length < 2.5).length).toBeGreaterThan(lies.length / 5);
    expect(hours.filter((length) => length > 24).length).toBeGreaterThan(3);
  });

  test('are reported as stopped from end to end, and keep to the report interval and not to the meter', () => {
    for (const lie of lies) {
      expect(new Set(reportedDuring(right, lie).map((run) => run.state))).toEqual(new Set(['STOPPED']));
      expect(lie.startMs % minute).toBe(0);
    }
    expect(lies.filter((lie) => lie.startMs % slot === 0).length).toBeLessThan(lies.length / 4);
  });

  test('hold half an hour of truly running at least, and the label says how much', () => {
    for (const lie of lies) {
      expect(lie.ranMs).toBeGreaterThanOrEqual(30 * minute);
      expect(lie.ranMs).toBeLessThanOrEqual(lie.endMs - lie.startMs);
    }
    expect(lies.some((lie) => lie.ranMs! < lie.endMs - lie.startMs - 8 * hour)).toBe(true);
  });

  test('lie apart, with honest stops in between', () => {
    lies.forEach((lie, i) => {
      if (i > 0) expect(lie.startMs - lies[i - 1]!.endMs).toBeGreaterThanOrEqual(2 * hour);
    });
    const honest = right.labels.filter((label) => label.kind === 'honest-stop');
    expect(honest.length).toBeGreaterThan(300);
    expect(honest.every((stop) => lies.every((lie) => lie.endMs <= stop.startMs || lie.startMs >= stop.endMs))).toBe(
      true,
    );
  });

  test('every minute of the year is reported once', () => {
    const runs = [...right.telemetry].sort((a, b) => a.fromMs - b.fromMs);
    runs.forEach((run, i) => {
      if (i > 0) expect(run.fromMs).toBe(runs[i - 1]!.toMs);
    });
    expect(runs.at(-1)!.toMs - runs[0]!.fromMs).toBe(365 * 24 * hour);
  });
});

describe('variants', () => {
  const make = (parts: Partial<SteelPlantVariant>) =>
    steelPlantRecording({ ...steelPlantVariants['nameplate-right'], ...parts });

  test('the same variant is the same recording; another seed is another', async () => {
    expect(await make({})).toEqual(right);
    expect((await make({ seed: 2 })).labels).not.toEqual(right.labels);
  });

  test('a wrong or missing nameplate changes the registry and nothing else', async () => {
    const ratings = [];
    for (const nameplate of [0.4, 3, null]) {
      const { about, sites, ...rest } = await make({ nameplate });
      const { about: _about, sites: _sites, ...same } = right;
      expect(rest).toEqual(same);
      ratings.push(sites[0]!.value.equipment[0]!.ratedPowerKw);
    }
    expect(ratings).toEqual([196, 1470, null]);
  });

  test('bulk delivery brings a whole local day at six the next morning, within what the registry states', async () => {
    const bulk = await make({ delivery: 'bulk' });
    expect(kwOf(bulk)).toEqual(kwOf(right));
    const { deliveryDelayMs } = siteOf(bulk).meters[0]!;
    for (const run of bulk.power) {
      const atMs = 'atMs' in run.arrival ? run.arrival.atMs : Number.NaN;
      expect((atMs + 9 * hour) % (24 * hour)).toBe(6 * hour);
      expect(atMs - run.startMs).toBe(30 * hour);
      expect(atMs - run.startMs).toBeLessThanOrEqual(deliveryDelayMs);
    }
  });

  test('immediate delivery takes one to five minutes, and not the same time always', () => {
    const delays = right.power.map((run) => ('delayMs' in run.arrival ? run.arrival.delayMs : Number.NaN));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(minute);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5 * minute);
    expect(new Set(delays).size).toBeGreaterThan(100);
  });

  test.each(['dormitory', 'holding-furnace', 'on-off-furnace'] as const)(
    'a %s adds its load, is registered, and moves no lie',
    async (base) => {
      const with_ = await make({ base });
      const plain = kwOf(right);
      const added = kwOf(with_).map((kw, i) => kw - plain[i]!);
      expect(Math.min(...added)).toBeGreaterThan(2);
      expect(with_.labels).toEqual(right.labels);
      const site = siteOf(with_);
      expect(site.meters[0]!.feeds).toEqual(site.equipment.map((equipment) => equipment.equipmentId));
      const mean = added.reduce((a, b) => a + b) / added.length;
      const deviation = Math.sqrt(added.reduce((a, b) => a + (b - mean) ** 2, 0) / added.length);
      // A base that stood still would be no test.
      expect(deviation / mean).toBeGreaterThan(0.1);
      expect(mean).toBeGreaterThan(15);
    },
  );
});

describe('true states', () => {
  test('a live stretch is one run if it ever reaches the running share, low spots included, and standby if not', () => {
    const kw = [1, 1, 20, 50, 8, 50, 1, 1, 10, 10, 1];
    const states = trueStates(0, slot, kw, 100, minute);
    expect(states.map((span) => span.state)).toEqual(['STOPPED', 'RUNNING', 'STOPPED', 'STANDBY', 'STOPPED']);
  });

  test('the switch within an interval is put where the energy says', () => {
    // A third of the interval at 91 kW above 1 kW gives a mean of 31 kW.
    const [stopped, running] = trueStates(0, slot, [1, 31, 91, 91, 1], 100, minute);
    expect(stopped?.toMs).toBe(2 * slot - 5 * minute);
    expect(running?.toMs).toBe(4 * slot);
  });

  test('lies replace what is true and nothing outside them', () => {
    const truth = [
      { fromMs: 0, toMs: 10, state: 'STOPPED' as const },
      { fromMs: 10, toMs: 30, state: 'RUNNING' as const },
    ];
    expect(
      withLies(truth, [
        { fromMs: 12, toMs: 15 },
        { fromMs: 20, toMs: 40 },
      ]),
    ).toEqual([
      { fromMs: 0, toMs: 10, state: 'STOPPED' },
      { fromMs: 10, toMs: 12, state: 'RUNNING' },
      { fromMs: 12, toMs: 15, state: 'STOPPED' },
      { fromMs: 15, toMs: 20, state: 'RUNNING' },
      { fromMs: 20, toMs: 30, state: 'STOPPED' },
    ]);
  });
});
