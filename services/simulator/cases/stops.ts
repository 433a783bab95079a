import type { Recording } from '../../core/recording.ts';
import { type Moment, Story, type StoryOptions } from './story.ts';

type Case = readonly [name: string, recording: Recording];
const detector = 'stopped-but-running';
const eveningFrom: Moment = [5, '19:00'];
const eveningTo: Moment = [5, '22:00'];

/** A joiner's press with a meter of its own, which works one shift from Monday to Saturday. */
function press(name: string, options: StoryOptions = {}, kw = 40): Story {
  return new Story(name, { ...options, site: { sector: 'OTHER', ...options.site } }).machine('press', kw, {
    ratedPowerKw: 55,
  });
}

function secretEvening(story: Story, kw = 40): Story {
  return story.runs('press', eveningFrom, eveningTo, kw).says('press', eveningFrom, eveningTo, 'STOPPED');
}

function lie(story: Story, note: string): Story {
  return story.lie(detector, 'EQUIPMENT', 'press', eveningFrom, eveningTo, note);
}

function excused(story: Story, note: string, from = eveningFrom, to = eveningTo): Story {
  return story.label('excused', detector, 'EQUIPMENT', 'press', from, to, note);
}

/** Told stopped and running, and what looks like it and is not. */
export function stopCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.tell(title)]);

  let name = 'stop-secret-evening';
  add(
    name,
    'A press works an evening that is reported as stopped.',
    lie(secretEvening(press(name).meter('m', ['press'])), 'evening'),
  );

  name = 'stop-no-nameplate';
  const bare = new Story(name, { site: { sector: 'OTHER' } }).machine('press', 40).meter('m', ['press']);
  add(name, 'The same evening at a press whose nameplate nobody entered.', lie(secretEvening(bare), 'no nameplate'));

  name = 'stop-nameplate-too-high';
  const high = new Story(name, { site: { sector: 'OTHER' } }).machine('press', 40, { ratedPowerKw: 120 });
  add(
    name,
    'The registry says three times what the press draws; it works a secret evening.',
    lie(secretEvening(high.meter('m', ['press'])), 'nameplate'),
  );

  name = 'stop-delivered-next-day';
  const late = press(name, { days: 7 }).meter('m', ['press'], { nextDayAtHour: 9 });
  add(
    name,
    'The utility sends a day of readings the next morning; the secret evening is among them.',
    lie(secretEvening(late), 'delivery'),
  );

  name = 'stop-order-defied';
  const ordered = press(name).meter('m', ['press']).event('STOPPAGE_ORDERED', [4, '00:00'], [6, '00:00']);
  add(
    name,
    'Stopped by order of the county, and at work on both days.',
    ordered.lie(detector, 'EQUIPMENT', 'press', [4, '08:00'], [5, '17:00'], 'order'),
  );

  name = 'stop-declared-night-hoist';
  const hoist = press(name, { days: 10, daysOff: [6, 7, 8, 9] }).meter('m', ['press']);
  hoist.event('STOPPAGE_DECLARED', [6, '00:00'], [10, '00:00']);
  for (const day of [7, 8, 9]) {
    hoist.runs('press', [day, '01:00'], [day, '04:00'], 40).says('press', [day, '01:00'], [day, '04:00'], 'STOPPED');
    hoist.lie(detector, 'EQUIPMENT', 'press', [day, '01:00'], [day, '04:00'], 'declared');
  }
  add(
    name,
    'A stop of four days is declared, and every night the hoist runs from one to four (as a mine in Hebei did).',
    hoist,
  );

  name = 'stop-one-of-two-on-one-meter';
  const two = press(name, { days: 9 }).machine('saw', 14, { ratedPowerKw: 18 }).meter('m', ['press', 'saw']);
  for (const day of [0, 1, 2, 3, 4, 5])
    two.rests('saw', [day, '10:00'], [day, '11:00']).rests('press', [day, '14:00'], [day, '15:00']);
  two.says('press', [8, '08:00'], [8, '12:00'], 'STOPPED').says('press', [8, '13:00'], [8, '17:00'], 'STOPPED');
  two.lie(detector, 'EQUIPMENT', 'press', [8, '08:00'], [8, '17:00'], 'shared');
  add(name, 'Of two machines behind one meter the large one works while it is reported stopped.', two);

  const pressOf = (n: string, options?: StoryOptions) => press(n, options).meter('m', ['press']);
  name = 'stop-legitimate';
  add(
    name,
    'Stopped for two days, reported so, and nothing runs.',
    pressOf(name, { daysOff: [4, 5] }).label(
      'honest-stop',
      detector,
      'EQUIPMENT',
      'press',
      [4, '00:00'],
      [6, '00:00'],
      'stop',
    ),
  );

  name = 'stop-order-obeyed';
  add(
    name,
    'Stopped by order, and it keeps to it.',
    pressOf(name, { daysOff: [4, 5] })
      .event('STOPPAGE_ORDERED', [4, '00:00'], [6, '00:00'])
      .label('honest-stop', detector, 'EQUIPMENT', 'press', [4, '00:00'], [6, '00:00'], 'order'),
  );

  name = 'stop-holding-furnace';
  const holding = press(name).machine('holding', 0, {
    kind: 'HOLDING_FURNACE',
    ratedPowerKw: 30,
    reports: false,
    works: false,
  });
  holding.meter('m', ['press', 'holding'], { role: 'MIXED', besideKw: (m) => (m % 3 < 2 ? 18 : 4) });
  add(
    name,
    'A holding furnace keeps metal warm all night, its thyristors switching from minute to minute, beside a press that stands.',
    excused(holding, 'holding furnace'),
  );

  name = 'stop-dormitory';
  const dormitory = press(name).machine('beds', 0, { kind: 'DORMITORY', reports: false, works: false });
  dormitory.meter('m', ['press', 'beds'], {
    role: 'ENTERPRISE_TOTAL',
    besideKw: () => 9,
  });
  add(name, 'A dormitory on the same meter draws its nine kilowatts day and night.', excused(dormitory, 'dormitory'));

  name = 'stop-hvac';
  const hvac = press(name).machine('hvac', 0, { kind: 'HVAC', ratedPowerKw: 12, reports: false, works: false });
  hvac.meter('m', ['press', 'hvac'], { role: 'MIXED', besideKw: (m) => (m % 15 < 6 ? 10 : 1) });
  add(name, 'Heating switches on and off every quarter of an hour, all night.', excused(hvac, 'HVAC'));

  name = 'stop-photovoltaic';
  const pv = press(name).machine('roof', 0, { kind: 'PHOTOVOLTAIC', ratedPowerKw: 60, reports: false, works: false });
  pv.meter('m', ['press', 'roof'], {
    role: 'ENTERPRISE_TOTAL',
    exports: true,
    besideKw: (m) => 3 - 40 * Math.max(0, Math.sin((Math.PI * ((m % 1440) - 360)) / 720)),
  });
  add(
    name,
    'A roof of panels turns the meter of a firm that stands on Saturday afternoon.',
    excused(pv.rests('press', [5, '13:00'], [5, '17:00']), 'PV: net metering', [5, '12:00'], [5, '18:00']),
  );

  name = 'stop-reactive-compensation';
  const bank = press(name).meter('m', ['press'], { besideKw: (m) => (m % 1440 < 480 || m % 1440 > 1020 ? 1.6 : 1) });
  add(
    name,
    'The capacitor bank stays on at night and loses a little.',
    excused(bank, 'reactive compensation', [5, '17:00'], [6, '00:00']),
  );

  name = 'stop-shared-transformer';
  const tenant = press(name).meter('m', ['press'], {
    role: 'ENTERPRISE_TOTAL',
    besideKw: () => 9,
  });
  add(
    name,
    'A tenant on the same transformer keeps a cold store, day and night.',
    excused(tenant, 'tenants: shared transformer', [5, '18:30'], [5, '22:00']),
  );

  name = 'stop-meter-change';
  const change = press(name, { days: 8 })
    .meter('m', ['press'])
    .shows('m', [7, '00:00'], [8, '00:00'], (kw) => kw * 2);
  change.event('METER_CHANGE', [7, '00:00'], [7, '00:10'], { reference: 'CT 200/5 to 400/5' });
  add(
    name,
    'Current transformers are changed and put on record; readings double.',
    excused(change, 'CT ratio', [7, '00:00'], [8, '00:00']),
  );

  name = 'stop-variable-speed';
  const drive = pressOf(name);
  for (let day = 0; day < 6; day++) drive.runs('press', [day, '13:00'], [day, '17:00'], 12);
  add(
    name,
    'A variable-speed drive works the afternoons at a third of its load, and says that it runs.',
    excused(drive, 'VSD', [5, '13:00'], [5, '17:00']),
  );

  name = 'stop-clock-skew';
  const skewed = pressOf(name);
  for (let day = 0; day < 6; day++)
    skewed
      .says('press', [day, '16:55'], [day, '17:00'], 'STOPPED')
      .says('press', [day, '12:00'], [day, '12:05'], 'RUNNING');
  add(name, 'The clock of the gateway is five minutes off.', excused(skewed, 'clock skew', [5, '16:55'], [5, '17:00']));

  name = 'stop-ramp-down';
  const slow = pressOf(name);
  for (let day = 0; day < 6; day++)
    slow.runsDown('press', [day, '17:00'], 9, 30).says('press', [day, '17:00'], [day, '17:10'], 'STOPPED');
  add(
    name,
    'A heavy flywheel runs down for nine minutes after each stop.',
    excused(slow, 'ramp-down', [5, '17:00'], [5, '17:10']),
  );

  name = 'stop-test-run';
  const tested = secretEvening(pressOf(name)).work('TEST_RUN', eveningFrom, eveningTo, { equipmentId: 'press' });
  add(name, 'A test run is on file for the evening.', excused(tested, 'test run'));

  name = 'stop-maintenance-run';
  const serviced = secretEvening(pressOf(name)).work('MAINTENANCE', eveningFrom, eveningTo, { equipmentId: 'press' });
  add(name, 'Fitters run the press under a maintenance record.', excused(serviced, 'maintenance run'));

  name = 'stop-valley-tariff';
  const night = pressOf(name, { hours: [['00:00', '07:00']] });
  add(
    name,
    'The press works by night for the cheap tariff, and says so.',
    excused(night, 'valley tariff', [5, '00:00'], [5, '07:00']),
  );

  name = 'stop-spring-festival';
  const feast = pressOf(name, { days: 10, startMs: Date.UTC(2026, 1, 8, 16), daysOff: [6, 7, 8, 9] });
  for (const [day, kw] of [
    [3, 28],
    [4, 18],
    [5, 10],
  ] as const)
    feast.rests('press', [day, '13:00'], [day, '17:00']).runs('press', [day, '08:00'], [day, '12:00'], kw);
  feast.event('STOPPAGE_DECLARED', [6, '00:00'], [10, '00:00']);
  add(
    name,
    'Before Spring Festival work thins out from day to day, and then rests.',
    excused(feast, 'Spring Festival', [3, '00:00'], [10, '00:00']),
  );

  name = 'stop-cut-cable';
  const cut = pressOf(name).silent([5, '10:00'], [5, '14:00']).rests('press', [5, '10:00'], [5, '14:00']);
  cut.shows('m', [5, '10:00'], [5, '14:00'], () => Number.NaN).event('POWER_CUT', [5, '10:00'], [5, '14:00']);
  add(
    name,
    'A digger cuts the cable: no power, no reports, no readings.',
    excused(cut, 'cut cable', [5, '10:00'], [5, '14:00']),
  );
  return cases;
}
