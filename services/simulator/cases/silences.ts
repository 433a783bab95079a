import type { Recording } from '../../core/recording.ts';
import { Story, type StoryOptions } from './story.ts';

type Case = readonly [name: string, recording: Recording];
const detector = 'fake-offline';

function press(name: string, options: StoryOptions = {}): Story {
  const story = new Story(name, { ...options, site: { sector: 'OTHER', ...options.site } });
  return story.machine('press', 40, { ratedPowerKw: 55 }).meter('m', ['press']);
}

/** A fan with three sensors that live lives of their own, on a meter of its own. */
function fan(name: string): Story {
  return new Story(name, { site: { sector: 'OTHER' } })
    .machine('fan', 30, { kind: 'FAN', ratedPowerKw: 37, limits: [wideLimit] })
    .meter('m', ['fan']);
}

const wideLimit = {
  indicator: 'inlet_temperature_c',
  low: null,
  high: 120,
  onDelayMs: 0,
  offDelayMs: 0,
  deadBand: 0,
  ratePerMinute: null,
};

const sensors = [
  ['differential_pressure_pa', 1000, 4, 60],
  ['inlet_temperature_c', 32, 18, 1.5],
  ['duct_wind_speed_m_s', 21, 0.2, 0.8],
] as const;

/** Three sensors, and what the firm puts in place of their figures from one moment to another. */
function sensed(story: Story, from: number, to: number, instead: (i: number, ms: number) => number): Story {
  const day = new Map<string, number>();
  const kept = createSensors(story, day);
  for (const [i, [indicator]] of sensors.entries()) {
    story.senses('fan', indicator, (ms, running) => {
      const value = kept(i, ms, running);
      return ms >= from && ms < to ? Number(instead(i, ms).toPrecision(5)) : value;
    });
  }
  return story;
}

function createSensors(story: Story, said: Map<string, number>) {
  return (i: number, ms: number, running: boolean): number => {
    const [, atWork, atRest, noise] = sensors[i]!;
    const value = Number(
      (running ? atWork + noise * story.noise() : atRest + 0.2 * noise * story.noise()).toPrecision(4),
    );
    said.set(`${i} ${ms}`, value);
    return value;
  };
}

/** Silent or dead while the load shows production, and every honest silence. */
export function silenceCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.tell(title)]);

  let name = 'offline-unplugged';
  add(
    name,
    'Somebody unplugs the gateway for a morning of production.',
    press(name)
      .silent([5, '07:40'], [5, '12:00'])
      .lie(detector, 'ENTERPRISE', '', [5, '08:00'], [5, '12:00'], 'silent'),
  );

  name = 'offline-whole-day';
  add(
    name,
    'The gateway is off for a whole working day.',
    press(name)
      .silent([5, '00:00'], [6, '00:00'])
      .lie(detector, 'ENTERPRISE', '', [5, '08:00'], [5, '17:00'], 'silent'),
  );

  name = 'offline-repeated';
  const drops = press(name);
  for (let i = 0; i < 7; i++) {
    const from = 8 * 60 + 30 + i * 30;
    const clock = (m: number) => `${Math.floor(m / 60)}:${String(m % 60).padStart(2, '0')}`;
    drops.runs('press', [5, '12:00'], [5, '13:00'], 40).silent([5, clock(from)], [5, clock(from + 25)]);
  }
  add(
    name,
    'The line drops again and again, and only during work.',
    drops.lie(detector, 'ENTERPRISE', '', [5, '08:30'], [5, '12:00'], 'repeated offline'),
  );

  for (const [kind, title, instead] of [
    ['frozen', 'Three sensors stand still for a day of work.', (i: number) => sensors[i]![1]],
    ['zero', 'All sensors say zero while the fan draws its power.', () => 0],
    [
      'identical',
      'Three unrelated sensors move on one curve.',
      (i: number, ms: number) => sensors[i]![1] * (1 + 0.05 * Math.sin(ms / 1_300_000) + 0.03 * Math.sin(ms / 431_000)),
    ],
  ] as const) {
    name = `offline-${kind}`;
    const story = fan(name);
    sensed(story, story.ms([5, '08:00']), story.ms([5, '17:00']), instead);
    add(name, title, story.lie(detector, 'EQUIPMENT', 'fan', [5, '08:00'], [5, '17:00'], kind));
  }

  name = 'offline-replayed';
  const replayed = fan(name);
  const said = new Map<string, number>();
  const alive = createSensors(replayed, said);
  const [from, to] = [replayed.ms([5, '08:00']), replayed.ms([5, '12:00'])];
  for (const [i, [indicator]] of sensors.entries()) {
    replayed.senses('fan', indicator, (ms, running) => {
      const value = alive(i, ms, running);
      return ms >= from && ms < to ? said.get(`${i} ${ms - 86_400_000}`)! : value;
    });
  }
  add(
    name,
    'The sensors of Saturday morning are those of Friday morning.',
    replayed.lie(detector, 'EQUIPMENT', 'fan', [5, '08:00'], [5, '12:00'], 'replayed'),
  );

  const excuse = (story: Story, from: string, to: string, note: string) =>
    story.label('excused', detector, 'ENTERPRISE', '', [5, from], [5, to], note);

  name = 'offline-really-down';
  add(
    name,
    'The firm stands, and its gateway is switched off with it.',
    excuse(press(name, { daysOff: [5] }).silent([5, '00:00'], [6, '00:00']), '00:00', '24:00', 'really down'),
  );

  name = 'offline-power-cut';
  const cut = press(name)
    .silent([5, '09:00'], [5, '11:00'])
    .rests('press', [5, '09:00'], [5, '11:00'])
    .event('POWER_CUT', [5, '09:00'], [5, '11:00']);
  add(
    name,
    'A power cut takes gateway and machines.',
    excuse(
      cut.shows('m', [5, '09:00'], [5, '11:00'], () => 0),
      '09:00',
      '11:00',
      'power cut',
    ),
  );

  name = 'offline-gateway-fault-at-night';
  add(
    name,
    'The gateway breaks down in the evening, with the load at its base.',
    excuse(press(name).silent([5, '18:00'], [6, '00:00']), '18:00', '24:00', 'gateway fault'),
  );

  name = 'offline-gateway-fault-on-file';
  const fault = press(name).silent([5, '09:00'], [5, '11:30']).event('GATEWAY_FAULT', [5, '09:00'], [5, '11:30']);
  add(
    name,
    'A fault of the gateway is on file, and mended within the morning.',
    excuse(fault, '09:00', '11:30', 'gateway fault'),
  );

  name = 'offline-regional-outage';
  const outage = press(name).silent([5, '09:00'], [5, '11:00']).event('REGIONAL_OUTAGE', [5, '08:55'], [5, '11:05']);
  add(name, 'The carrier is down in the county, and says so.', excuse(outage, '09:00', '11:00', 'carrier outage'));

  name = 'offline-kept-and-sent-later';
  const kept = press(name).tell(
    'The line is down for two hours; the gateway keeps its reports and sends them at once.',
  );
  const [lost, back] = [new Story(name).ms([5, '09:00']), new Story(name).ms([5, '11:00'])];
  cases.push([name, { ...kept, telemetry: kept.telemetry.flatMap((run) => heldBack(run, lost, back)) }]);

  name = 'offline-region-of-eight';
  const firms = Array.from({ length: 8 }, (_, i) => {
    const story = press(name, {
      firm: `${name}-${i + 1}`,
      site: { carrier: 'mobile', latitude: 30.2, longitude: 120.1 },
    });
    return excuse(story.silent([5, '09:00'], [5, '10:30']), '09:00', '10:30', 'regional outage').tell(
      'Eight firms of a county fall silent in the same minute, at work.',
    );
  });
  const each = <T>(part: (firm: Recording) => readonly T[]) => firms.flatMap(part);
  const telemetry = each((firm) => firm.telemetry);
  const [sites, power, labels] = [each((firm) => firm.sites), each((firm) => firm.power), each((firm) => firm.labels)];
  cases.push([name, { ...firms[0]!, sites, telemetry, power, labels }]);

  name = 'offline-sensors-alive';
  const honest = fan(name);
  sensed(honest, 0, 0, () => 0);
  add(name, 'Three sensors of a fan live lives of their own.', honest);
  return cases;
}

function heldBack(run: Recording['telemetry'][number], lostMs: number, backMs: number): Recording['telemetry'] {
  if (run.toMs <= lostMs || run.fromMs >= backMs) return [run];
  const part = (fromMs: number, toMs: number, arrival: typeof run.arrival) => ({ ...run, fromMs, toMs, arrival });
  return [
    part(run.fromMs, lostMs, run.arrival),
    part(Math.max(run.fromMs, lostMs), Math.min(run.toMs, backMs), { atMs: backMs }),
    part(backMs, run.toMs, run.arrival),
  ].filter(({ fromMs, toMs }) => toMs > fromMs);
}
