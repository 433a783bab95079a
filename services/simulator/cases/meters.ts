import type { Recording } from '../../core/recording.ts';
import { type Moment, Story, type StoryOptions } from './story.ts';

type Case = readonly [name: string, recording: Recording];

/** Two machines with a meter each, below the meter of the firm. */
function tree(name: string, options: StoryOptions = {}): Story {
  return new Story(name, { days: 8, ...options, site: { sector: 'OTHER' } })
    .machine('press', 40, { ratedPowerKw: 55 })
    .machine('saw', 25, { ratedPowerKw: 30 })
    .meter('total', ['press', 'saw'], { role: 'ENTERPRISE_TOTAL', besideKw: () => 3 })
    .meter('m1', ['press'], { parentMeterId: 'total' })
    .meter('m2', ['saw'], { parentMeterId: 'total' });
}

function lone(name: string, register?: (kwh: number, ms: number) => number): Story {
  const story = new Story(name, { days: 9, site: { sector: 'OTHER' } }).machine('press', 40, { ratedPowerKw: 55 });
  return story.meter('m', ['press'], register ? { register } : {});
}

/** Meters that lie: the energy balance, lost phases, dead figures, registers; and what is honest of it. */
export function meterCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.tell(title)]);
  const monday: Moment = [7, '00:00'];
  const end: Moment = [8, '00:00'];
  const label = (story: Story, kind: 'lie' | 'excused', meter: string, from: Moment, to: Moment, note: string) =>
    story.label(kind, 'meter-tampering', 'METER', meter, from, to, note);

  let name = 'meter-total-bypassed';
  const bypassed = tree(name).shows('total', monday, end, (kw) => kw * 0.21);
  add(
    name,
    'The transformers of the firm’s total are shorted, 8 A of 38: the meters below it add up to more.',
    label(bypassed, 'lie', 'total', monday, end, 'CT shorting'),
  );
  name = 'meter-total-lowered-by-a-phase';
  const phase = tree(name).shows('total', monday, end, (kw) => (kw * 2) / 3);
  add(
    name,
    'A phase of the total is lost: it shows two thirds of what flows.',
    label(phase, 'lie', 'total', monday, end, 'phase'),
  );
  name = 'meter-stands-flat';
  const flat = lone(name);
  for (const [from, to] of [
    ['08:00', '12:00'],
    ['13:00', '17:00'],
  ] as const)
    flat.shows('m', [8, from], [8, to], () => 31.37);
  add(
    name,
    'A meter shows the same figure to the hundredth through a day of work.',
    label(flat, 'lie', 'm', [8, '08:00'], [8, '17:00'], 'flat'),
  );
  name = 'meter-register-runs-backwards';
  const morningMs = lone(name).ms([8, '09:00']);
  const hoursBack = (ms: number) => Math.min(3, Math.max(0, (ms - morningMs) / 3_600_000));
  const back = lone(name, (kwh, ms) => 5000 + kwh - 80 * hoursBack(ms));
  add(
    name,
    'Wired the wrong way round, the register of a meter counts down for three hours of work.',
    label(back, 'lie', 'm', [8, '09:00'], [8, '12:00'], 'register'),
  );

  name = 'meter-register-reset';
  const changeMs = lone(name).ms([8, '07:00']);
  const reset = lone(name, (kwh, ms) => (ms > changeMs ? Math.max(0, kwh - 1950) : 5000 + kwh));
  reset.event('METER_CHANGE', [8, '06:50'], [8, '07:10'], { sourceId: 'm' });
  add(
    name,
    'A new meter begins at naught, which is on file.',
    label(reset, 'excused', 'm', [8, '06:00'], [8, '24:00'], 'reset'),
  );
  name = 'meter-balance-holds';
  add(
    name,
    'The total is the sum of what lies below it and a little light.',
    label(tree(name), 'excused', 'total', monday, end, 'balance'),
  );
  name = 'meter-register-rolls-over';
  add(
    name,
    'The register passes 9,999.99 and begins again.',
    label(
      lone(name, (kwh) => (8600 + kwh) % 10_000),
      'excused',
      'm',
      [0, '00:00'],
      [9, '00:00'],
      'rollover',
    ),
  );
  name = 'meter-total-changed-on-file';
  const change = tree(name)
    .shows('total', monday, end, () => Number.NaN)
    .event('METER_CHANGE', monday, end, { sourceId: 'total' });
  add(
    name,
    'The total is out for a day while its transformers are changed, which is on file.',
    label(change, 'excused', 'total', monday, end, 'CT change'),
  );
  name = 'meter-at-rest';
  const rest = tree(name, { daysOff: [7] });
  add(
    name,
    'The firm stands for two days and draws its three kilowatts.',
    label(rest, 'excused', 'm1', [6, '00:00'], end, 'rest'),
  );
  return cases;
}
