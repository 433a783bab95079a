import type { Recording } from '../../core/recording.ts';
import type { Limit, Sector } from '../../core/records.ts';
import { hall } from './duties.ts';
import { Story } from './story.ts';

type Case = readonly [name: string, recording: Recording];

/** Dust collectors, indicators with limits, and meters: what instruments show. */
export function deviceCases(): Case[] {
  return [...collectorCases(), ...limitCases()];
}

/** The hall with a collector that starts ten minutes before the line and stops twenty after it, with a meter of its own. */
function collected(name: string): Story {
  const story = hall(name).machine('collector', 18, {
    kind: 'DUST_COLLECTOR',
    collector: 'DRY',
    ratedPowerKw: 22,
    sectionId: 'hall',
    serves: ['sander'],
    reportIntervalMs: 60_000,
    works: false,
  });
  for (let day = 0; day < 4; day++) story.runs('collector', [day, '07:50'], [day, '17:20'], 18);
  return story.meter('fan', ['collector'], { role: 'TREATMENT', besideKw: () => 0.1 });
}

function collectorCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => {
    story.work('CLEANING', [3, '17:25'], [3, '17:45'], { sectionId: 'hall', filed: [3, '17:46'] });
    cases.push([name, story.cleans('hall', [3]).tell(title)]);
  };
  const label = (story: Story, kind: 'lie' | 'excused', from: string, to: string, note: string) =>
    story.label(kind, 'dust-collector', 'EQUIPMENT', 'collector', [3, from], [3, to], note);
  let name = 'collector-off-at-work';
  add(
    name,
    'The sander works for two hours with its collector switched off.',
    label(collected(name).rests('collector', [3, '09:00'], [3, '11:00']), 'lie', '09:00', '11:00', 'off'),
  );
  name = 'collector-said-to-run';
  const claimed = collected(name)
    .rests('collector', [3, '09:00'], [3, '11:00'])
    .says('collector', [3, '09:00'], [3, '11:00'], 'RUNNING');
  add(
    name,
    'The collector is said to run; its meter shows nothing.',
    label(claimed, 'lie', '09:00', '11:00', 'no load'),
  );
  name = 'collector-stops-with-the-line';
  add(
    name,
    'The collector is switched off as the sander stops, and not a quarter of an hour later.',
    label(collected(name).rests('collector', [3, '17:01'], [3, '17:20']), 'lie', '17:00', '17:20', 'early'),
  );
  name = 'collector-off-from-noon';
  add(
    name,
    'After the meal nobody switches the collector on again.',
    label(collected(name).rests('collector', [3, '12:20'], [3, '17:20']), 'lie', '13:00', '17:00', 'off'),
  );

  name = 'collector-in-order';
  add(
    name,
    'It starts before the line and stops after it.',
    label(collected(name), 'excused', '07:50', '17:20', 'in order'),
  );
  name = 'collector-trips';
  add(
    name,
    'It trips and is on again within five minutes.',
    label(collected(name).rests('collector', [3, '10:00'], [3, '10:05']), 'excused', '10:00', '10:05', 'trip'),
  );
  name = 'collector-off-on-a-day-off';
  const rest = collected(name)
    .rests('sander', [3, '08:00'], [3, '17:00'])
    .rests('collector', [3, '07:50'], [3, '17:20']);
  add(name, 'Nothing is sanded, and the collector stands.', label(rest, 'excused', '00:00', '24:00', 'no production'));
  name = 'collector-purges';
  add(
    name,
    'It runs on for three hours to purge.',
    label(collected(name).runs('collector', [3, '17:20'], [3, '20:00'], 18), 'excused', '17:20', '20:00', 'purge'),
  );
  return cases;
}

interface Indicator {
  readonly sector: Sector;
  readonly indicator: string;
  readonly limit: Partial<Limit>;
  readonly kind?: 'DUST_COLLECTOR' | 'FURNACE' | 'PROCESS';
  readonly usual: number;
  readonly noise: number;
}

const co: Indicator = { sector: 'IRON_AND_STEEL', indicator: 'co_ppm', limit: { high: 24 }, usual: 6, noise: 1 };
const inlet: Indicator = {
  sector: 'DUST_EXPLOSION',
  indicator: 'inlet_temperature_c',
  limit: { high: 70 },
  kind: 'DUST_COLLECTOR',
  usual: 35,
  noise: 1,
};
const casting: Indicator = {
  sector: 'ALUMINIUM_DEEP_WELL_CASTING',
  indicator: 'inlet_water_pressure_mpa',
  limit: { low: 0.15, high: 0.35 },
  usual: 0.25,
  noise: 0.004,
};
const furnace: Indicator = {
  sector: 'IRON_AND_STEEL',
  indicator: 'cooling_water_outlet_temperature_c',
  limit: { high: 55 },
  kind: 'FURNACE',
  usual: 42,
  noise: 0.5,
};

/** One device that reports every ten seconds through a day of two hours' story, and what its sensor shows within it. */
function sensed(name: string, what: Indicator, from: string, seconds: number, value: number): Story {
  const { sector, indicator, limit, kind = 'PROCESS', usual, noise } = what;
  const full = {
    low: null,
    high: null,
    onDelayMs: 0,
    offDelayMs: 0,
    deadBand: 0,
    ratePerMinute: null,
    indicator,
    ...limit,
  };
  const story = new Story(name, { days: 1, site: { sector }, hours: [['08:00', '12:00']] });
  story.machine('device', 60, {
    kind,
    limits: [full],
    reportIntervalMs: 10_000,
    collector: kind === 'DUST_COLLECTOR' ? 'DRY' : null,
  });
  story.says('device', [0, '00:00'], [0, '08:00'], 'SILENT').says('device', [0, '10:00'], [1, '00:00'], 'SILENT');
  const fromMs = story.ms([0, from]);
  return story.senses('device', indicator, (ms) => {
    const shown = ms >= fromMs && ms < fromMs + seconds * 1000 ? value : usual;
    return Number((shown + noise * story.noise()).toPrecision(4));
  });
}

function limitCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.tell(title)]);
  const label = (story: Story, kind: 'lie' | 'excused', to: string, note: string) =>
    story.label(kind, 'limit', 'EQUIPMENT', 'device', [0, '09:00'], [0, to], note);
  let name = 'limit-carbon-monoxide';
  add(
    name,
    'Carbon monoxide stands at 60 ppm for ten minutes.',
    label(sensed(name, co, '9:00', 600, 60), 'lie', '09:10', 'CO'),
  );
  name = 'limit-collector-inlet';
  add(
    name,
    'The inlet of a collector is at 82 degrees for five minutes.',
    label(sensed(name, inlet, '9:00', 300, 82), 'lie', '09:05', 'inlet'),
  );
  name = 'limit-casting-water';
  add(
    name,
    'Water pressure falls off for a minute and a half while a deep well is cast.',
    label(sensed(name, casting, '9:00', 90, 0.08), 'lie', '09:02', 'seconds count'),
  );
  name = 'limit-cooling-water';
  add(
    name,
    'Cooling water leaves a furnace at 68 degrees.',
    label(sensed(name, furnace, '9:00', 400, 68), 'lie', '09:07', 'cooling water'),
  );
  name = 'limit-within';
  add(
    name,
    'Carbon monoxide stays at its usual six parts.',
    label(sensed(name, co, '9:00', 600, 12), 'excused', '09:10', 'within'),
  );
  name = 'limit-puff';
  add(
    name,
    'A puff of gas passes within twenty seconds.',
    label(sensed(name, co, '9:00', 20, 60), 'excused', '09:01', 'brief'),
  );
  name = 'limit-of-the-site';
  const own = { ...furnace, limit: { high: 75 } };
  add(
    name,
    'This furnace is registered for 75 degrees, and reaches 68.',
    label(sensed(name, own, '9:00', 400, 68), 'excused', '09:07', 'site-specific limit'),
  );
  name = 'limit-under-maintenance';
  const kept = sensed(name, furnace, '9:00', 400, 68).work('MAINTENANCE', [0, '08:30'], [0, '10:00'], {
    equipmentId: 'device',
  });
  add(
    name,
    'A sensor is calibrated under a maintenance record.',
    label(kept, 'excused', '09:07', 'maintenance window'),
  );
  return cases;
}
