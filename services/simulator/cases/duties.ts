import type { Recording } from '../../core/recording.ts';
import { Story, type StoryOptions } from './story.ts';

type Case = readonly [name: string, recording: Recording];
const camera = '33010600001320000001';

/** A hall in which wood is sanded: one machine, one meter, a camera, cleaned after each day's work. */
export function hall(name: string, options: StoryOptions = {}, dust = true): Story {
  const section = { sectionId: 'hall', name: '打磨车间', dust, workers: 12, personLimit: 9, cleanAfterRunHours: null };
  return new Story(name, {
    days: 4,
    ...options,
    site: { sections: [section], cameras: [{ cameraId: camera, sectionId: 'hall' }], ...options.site },
  })
    .machine('sander', 40, { ratedPowerKw: 55, sectionId: 'hall' })
    .meter('m', ['sander']);
}

/** What people owe in a section with dust: permits for hot work, cleaning, room, a camera that sees. */
export function dutyCases(): Case[] {
  return [...hotWorkCases(), ...cleaningCases(), ...peopleCases(), ...cameraCases()];
}

function hotWorkCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.cleans('hall').tell(title)]);
  const lie = (story: Story, from: string, to: string, note: string) =>
    story.lie('hot-work', 'SECTION', 'hall', [3, from], [3, to], note);
  const excuse = (story: Story, from: string, to: string, note: string) =>
    story.label('excused', 'hot-work', 'SECTION', 'hall', [3, from], [3, to], note);
  const spark = { sectionId: 'hall', sourceId: camera, confidence: 0.9 };
  const sparks = (story: Story, kind: 'SPARK' | 'FLAME' | 'WELDER_START', clocks: readonly string[], fields = {}) => {
    for (const clock of clocks) story.event(kind, [3, clock], null, { ...spark, ...fields });
    return story;
  };
  const evening = ['19:00', '19:08', '19:15', '19:24'];
  const permit = { sectionId: 'hall' };

  let name = 'hot-work-sparks-without-permit';
  add(
    name,
    'A camera sees sparks in a sanding hall in the evening; nobody asked for a permit.',
    lie(sparks(hall(name), 'SPARK', evening), '19:00', '19:30', 'no permit'),
  );
  name = 'hot-work-flame-without-permit';
  add(
    name,
    'A cutting flame in a sanding hall without a permit.',
    lie(sparks(hall(name), 'FLAME', evening), '19:00', '19:30', 'no permit'),
  );
  name = 'hot-work-chip-welder-starts';
  add(
    name,
    'A chip-and-QR welder reports four starts in a hall without a permit.',
    lie(
      sparks(hall(name), 'WELDER_START', evening, { sourceId: 'welder-7', confidence: null }),
      '19:00',
      '19:30',
      'no permit',
    ),
  );
  name = 'hot-work-past-its-permit';
  const past = sparks(hall(name), 'SPARK', ['18:10', '18:20', '19:50', '20:05', '20:20']).work(
    'HOT_WORK_PERMIT',
    [3, '18:00'],
    [3, '19:00'],
    permit,
  );
  add(
    name,
    'A permit ends at seven; the work goes on until half past eight.',
    lie(past, '19:00', '20:30', 'past permit'),
  );
  name = 'hot-work-line-runs';
  const line = hall(name).work('HOT_WORK_PERMIT', [3, '09:00'], [3, '11:00'], permit);
  add(
    name,
    'Welding is permitted for two hours in which the sander works on.',
    lie(line, '09:00', '11:00', 'line runs'),
  );

  name = 'hot-work-permitted';
  const good = sparks(hall(name), 'SPARK', evening).work('HOT_WORK_PERMIT', [3, '18:30'], [3, '20:00'], permit);
  add(name, 'Sparks under a permit, with the line at rest.', excuse(good, '18:30', '20:00', 'permitted'));
  name = 'hot-work-permit-filed-late';
  const late = sparks(hall(name, { days: 5 }), 'SPARK', evening).work('HOT_WORK_PERMIT', [3, '18:30'], [3, '20:00'], {
    ...permit,
    filed: [3, '21:30'],
  });
  add(
    name,
    'The paper permit is typed in an hour and a half after the work.',
    excuse(late, '18:30', '20:00', 'late-filed permit'),
  );
  name = 'hot-work-grinder';
  add(
    name,
    'A hand grinder throws a few sparks that the camera is not sure of.',
    excuse(sparks(hall(name), 'SPARK', evening, { confidence: 0.35 }), '19:00', '19:30', 'grinder'),
  );
  name = 'hot-work-permitted-repeats';
  const repeats = hall(name);
  for (const from of ['17:40', '19:40'])
    repeats.work('HOT_WORK_PERMIT', [3, from], [3, from === '17:40' ? '18:40' : '20:40'], permit);
  add(
    name,
    'Two permits of one evening, and sparks within each.',
    excuse(sparks(repeats, 'SPARK', ['17:50', '18:20', '19:50', '20:30']), '17:40', '20:40', 'permitted repeats'),
  );
  name = 'hot-work-line-stands';
  const stands = hall(name)
    .rests('sander', [3, '09:00'], [3, '11:00'])
    .work('HOT_WORK_PERMIT', [3, '09:10'], [3, '10:50'], permit);
  add(
    name,
    'Welding is permitted for two hours, and the line is stopped for it.',
    excuse(stands, '09:00', '11:00', 'line stands'),
  );
  return cases;
}

function cleaningCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.tell(title)]);
  const lie = (story: Story, day: number, from: string, to: string, note: string) =>
    story.lie('dust-cleaning', 'SECTION', 'hall', [day, from], [day, to], note);
  const excuse = (story: Story, day: number, note: string) =>
    story.label('excused', 'dust-cleaning', 'SECTION', 'hall', [day, '00:00'], [day, '24:00'], note);
  const seen = { sectionId: 'hall', sourceId: camera, confidence: 0.9 };
  const shift = { name: '白班', startMinute: 480, endMinute: 1020, daysOfWeek: 0b0111111, onHolidays: false };
  const withShift = { site: { shifts: [shift] } };

  let name = 'cleaning-left-out';
  add(
    name,
    'On Wednesday nobody cleans after the shift.',
    lie(hall(name, withShift).cleans('hall', [2]), 2, '08:00', '24:00', 'missed'),
  );
  name = 'cleaning-claimed-while-running';
  const claimed = hall(name, { days: 4, ...withShift })
    .runs('sander', [3, '17:00'], [3, '18:00'], 40)
    .cleans('hall');
  add(
    name,
    'Cleaning is put on record for minutes in which the sander ran.',
    lie(claimed, 3, '17:05', '17:25', 'claimed'),
  );
  name = 'cleaning-not-seen';
  const unseen = hall(name, withShift)
    .cleans('hall')
    .event('CLEANING_NOT_SEEN', [3, '17:05'], [3, '17:25'], { ...seen, came: [3, '17:27'] });
  add(name, 'Cleaning is put on record, and the camera saw none.', lie(unseen, 3, '17:05', '17:25', 'not seen'));
  name = 'cleaning-layer-of-two-mm';
  const layer = hall(name, withShift)
    .cleans('hall')
    .event('DUST_LAYER', [3, '10:00'], [3, '11:00'], { ...seen, value: 2.1 });
  add(name, 'A layer of two millimetres lies in a hall that works on.', lie(layer, 3, '10:00', '11:00', 'layer'));
  name = 'cleaning-by-compressed-air';
  const air = hall(name, withShift).cleans('hall').event('AIR_BLOWING', [3, '17:05'], [3, '17:20'], seen);
  add(name, 'Somebody blows the dust about with compressed air.', lie(air, 3, '17:05', '17:20', 'air'));

  name = 'cleaning-no-production';
  add(
    name,
    'On Wednesday nothing runs, and nothing is cleaned.',
    excuse(hall(name, { daysOff: [2], ...withShift }).cleans('hall'), 2, 'no production'),
  );
  name = 'cleaning-holiday';
  const feast = hall(name, { days: 5, startMs: Date.UTC(2026, 3, 1, 16), daysOff: [2, 3, 4], ...withShift });
  add(name, 'Over Tomb-Sweeping Day the calendar has no shift.', excuse(feast.cleans('hall'), 2, 'holiday'));
  name = 'cleaning-filed-in-the-evening';
  const filed = hall(name, withShift)
    .cleans('hall', [3])
    .work('CLEANING', [3, '17:05'], [3, '17:25'], { sectionId: 'hall', filed: [3, '17:55'] });
  add(name, 'The record of the cleaning is typed in half an hour after it.', excuse(filed, 3, 'late record'));
  name = 'cleaning-seen-by-camera';
  const done = hall(name, withShift)
    .cleans('hall')
    .event('CLEANING_SEEN', [3, '17:05'], [3, '17:25'], { ...seen, came: [3, '17:27'] });
  add(
    name,
    'Cleaned, put on record, and seen.',
    excuse(done.event('DUST_LAYER', [3, '10:00'], [3, '10:30'], { ...seen, value: 0.5 }), 3, 'seen'),
  );
  return cases;
}

function peopleCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.cleans('hall').tell(title)]);
  /** A count every five minutes. */
  const counted = (story: Story, from: number, counts: readonly number[], confidence = 0.9) => {
    for (const [i, count] of counts.entries()) {
      const clock = `${Math.floor((from + i * 5) / 60)}:${String((from + i * 5) % 60).padStart(2, '0')}`;
      story.event('PERSON_COUNT', [3, clock], null, { sectionId: 'hall', sourceId: camera, count, confidence });
    }
    return story;
  };
  const many = (before: number, high: number, length: number) => [
    ...Array(6).fill(before),
    ...Array(length).fill(high),
    ...Array(8).fill(before),
  ];
  const label = (story: Story, kind: 'lie' | 'excused', to: string, note: string) =>
    story.label(kind, 'overcrowding', 'SECTION', 'hall', [3, '10:30'], [3, to], note);
  let name = 'people-fourteen-in-a-hall-for-nine';
  add(
    name,
    'Fourteen people work for an hour in a hall for nine.',
    label(counted(hall(name), 600, many(7, 14, 12)), 'lie', '11:30', 'crowd'),
  );
  name = 'people-ten-for-an-hour';
  add(
    name,
    'One more than allowed, for an hour.',
    label(counted(hall(name), 600, many(9, 10, 12)), 'lie', '11:30', 'crowd'),
  );
  name = 'people-visitors';
  add(
    name,
    'A group of visitors stays for twenty-five minutes.',
    label(counted(hall(name), 600, many(8, 20, 5)), 'lie', '10:55', 'visitors'),
  );
  name = 'people-at-the-limit';
  add(
    name,
    'As many as allowed are there all morning.',
    label(counted(hall(name), 600, many(9, 9, 12)), 'excused', '11:30', 'limit'),
  );
  name = 'people-five-minutes';
  add(
    name,
    'Somebody looks in for five minutes.',
    label(counted(hall(name), 600, many(9, 12, 1)), 'excused', '10:40', 'brief'),
  );
  name = 'people-shift-change';
  const change = counted(hall(name), 600, many(8, 16, 4)).event('SHIFT_CHANGE', [3, '10:30'], [3, '10:50'], {
    sectionId: 'hall',
  });
  add(
    name,
    'Both shifts are there while one hands over to the other.',
    label(change, 'excused', '10:50', 'shift change'),
  );
  name = 'people-miscounted';
  add(
    name,
    'The camera counts double and says that it is not sure.',
    label(counted(hall(name), 600, many(8, 17, 12), 0.3), 'excused', '11:30', 'unsure'),
  );
  return cases;
}

function cameraCases(): Case[] {
  const cases: Case[] = [];
  const add = (name: string, title: string, story: Story) => cases.push([name, story.cleans('hall').tell(title)]);
  const own = { sourceId: camera, sectionId: 'hall', confidence: 0.95 };
  const label = (story: Story, kind: 'lie' | 'excused', from: string, to: string, note: string) =>
    story.label(kind, 'camera-watch', 'CAMERA', camera, [3, from], [3, to], note);
  let name = 'camera-dark-at-work';
  add(
    name,
    'The camera gives no picture for two hours of work.',
    label(hall(name).event('CAMERA_DARK', [3, '09:00'], [3, '11:00'], own), 'lie', '09:00', '11:00', 'dark'),
  );
  name = 'camera-covered-at-work';
  add(
    name,
    'Somebody hangs a cloth over the camera for a morning.',
    label(hall(name).event('CAMERA_BLIND', [3, '09:00'], [3, '11:30'], own), 'lie', '09:00', '11:30', 'covered'),
  );
  name = 'camera-dark-all-night';
  add(
    name,
    'The camera is off from evening to midnight.',
    label(hall(name).event('CAMERA_DARK', [3, '18:00'], [3, '23:30'], own), 'lie', '18:00', '23:30', 'dark'),
  );
  name = 'camera-restarts';
  add(
    name,
    'The recorder restarts within eight minutes.',
    label(hall(name).event('CAMERA_DARK', [3, '09:00'], [3, '09:08'], own), 'excused', '09:00', '09:08', 'restart'),
  );
  name = 'camera-power-cut';
  const cut = hall(name)
    .rests('sander', [3, '09:00'], [3, '11:00'])
    .silent([3, '09:00'], [3, '11:00'])
    .shows('m', [3, '09:00'], [3, '11:00'], () => Number.NaN);
  add(
    name,
    'A power cut takes the camera with everything else.',
    label(
      cut.event('POWER_CUT', [3, '09:00'], [3, '11:00']).event('CAMERA_DARK', [3, '09:00'], [3, '11:00'], own),
      'excused',
      '09:00',
      '11:00',
      'power cut',
    ),
  );
  name = 'camera-unsure';
  add(
    name,
    'A camera in low sun may be covered, or not.',
    label(
      hall(name).event('CAMERA_BLIND', [3, '16:00'], [3, '16:50'], { ...own, confidence: 0.4 }),
      'excused',
      '16:00',
      '16:50',
      'unsure',
    ),
  );
  return cases;
}
