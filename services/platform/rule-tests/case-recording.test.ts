import { describe, expect, test } from '@jest/globals';
import { recordingInputs } from '../../core/recording-inputs.ts';
import type { Power, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from '../../core/records.ts';
import { caseRecording } from './case-recording.ts';
import type { CaseNotation, RuleTestNotation } from './shape.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const site: RuleTestNotation['site'] = {
  equipment: {
    press: { ratedKw: 60, section: 'hall', gateway: 'gw-1' },
    filter: { kind: 'DUST_COLLECTOR' },
  },
  meters: { total: { role: 'ENTERPRISE_TOTAL', feeds: ['press'] } },
  sections: { hall: { dust: true, workers: 34 } },
  cameras: { '33010600001320000001': 'hall' },
  shifts: { late: { from: '20:00', to: '04:00', days: 'Mon-Wed, Sat' } },
};

/** All that comes of one case, in the order of arrival, and what is wrong with it. */
function inputsOf(notation: Partial<CaseNotation>, history?: RuleTestNotation['history']) {
  const problems: string[] = [];
  const file = {
    site,
    cases: [{ name: 'a case', ...notation }],
    ...(history && { history }),
  };
  const built = caseRecording(file, 0, (path, text) => problems.push(`${path.join('.')}: ${text}`));
  const inputs = [...recordingInputs(built.recording)];
  const of = <T>(topic: string) =>
    inputs.flatMap((input) =>
      input.topic === topic ? [{ at: input.arrivalMs - built.startMs, ...(input.value as T) }] : [],
    );
  return {
    ...built,
    problems,
    of,
    minutes: (ms: number) => (ms - built.startMs) / minuteMs,
  };
}

describe('a case becomes a recording', () => {
  test('its site has the defaults of the registry, and entries by id', () => {
    const [registration] = inputsOf({ length: '1h' }).of<SiteRegistration>('site-registry');
    expect(registration).toMatchObject({
      enterpriseId: 'e1',
      sector: 'DUST_EXPLOSION',
      timeZone: 'Asia/Shanghai',
    });
    expect(registration!.equipment[0]).toMatchObject({
      equipmentId: 'press',
      kind: 'PROCESS',
      reportIntervalMs: 300_000,
    });
    expect(registration!.meters[0]).toMatchObject({
      meterId: 'total',
      intervalMs: 900_000,
      parentMeterId: null,
    });
    expect(registration!.cameras).toEqual([{ cameraId: '33010600001320000001', sectionId: 'hall' }]);
    expect(registration!.shifts).toEqual([
      {
        name: 'late',
        startMinute: 1200,
        endMinute: 1680,
        daysOfWeek: 0b0100111,
        onHolidays: false,
      },
    ]);
  });

  test('states are reports at the interval of the machine; silence is none', () => {
    const { of, minutes } = inputsOf({
      state: { press: '10min RUNNING, 10min -, 5min STOPPED' },
    });
    const reports = of<Telemetry>('telemetry');
    expect(reports.map(({ observedAtMs, state }) => [minutes(observedAtMs), state])).toEqual([
      [0, 'RUNNING'],
      [5, 'RUNNING'],
      [20, 'STOPPED'],
    ]);
    expect(reports.map(({ at }) => at)).toEqual([2000, 302_000, 1_202_000]);
    expect(reports[0]!.gatewayId).toBe('gw-1');
  });

  test('readings ride on reports, one a report', () => {
    const { of } = inputsOf({
      readings: {
        filter: {
          differential_pressure_pa: '1200 1210 - 1230',
          fan_load_kw: '4x5',
        },
      },
    });
    const readings = of<Telemetry>('telemetry').map((report) => report.readings.map(({ value }) => value));
    expect(readings).toEqual([[1200, 5], [1210, 5], [5], [1230, 5]]);
  });

  test('power comes a minute after its interval, with its quality and extras', () => {
    const { of } = inputsOf({
      power: { total: { mean: '40 - 41e', max: '50 50 51' } },
    });
    expect(of<Power>('power').map(({ at, meanKw, quality, maxKw }) => [at / minuteMs, meanKw, quality, maxKw])).toEqual(
      [
        [16, 40, 'MEASURED', 50],
        [46, 41, 'ESTIMATED', 51],
      ],
    );
  });

  test('what is late comes all at once', () => {
    const { of } = inputsOf({
      power: { total: '4x40' },
      state: { press: '1h RUNNING' },
      late: [{ of: ['total', 'press'], from: '+15m', to: '+45m', at: '+3h' }],
    });
    expect(of<Power>('power').map(({ at }) => at / minuteMs)).toEqual([16, 61, 180, 180]);
    expect(of<Telemetry>('telemetry').filter(({ at }) => at === 3 * hourMs).length).toBe(6);
  });

  test('people, events and work are told as they are filed', () => {
    const { of, minutes } = inputsOf({
      persons: { hall: '12 13' },
      events: [{ kind: 'SPARK', at: '+10m', section: 'hall', comes: '+20m' }],
      work: [
        { kind: 'HOT_WORK_PERMIT', from: '+1h', to: '+2h', section: 'hall' },
        { kind: 'CLEANING', from: '+1h', to: '+2h', section: 'hall' },
      ],
    });
    const events = of<SiteEvent>('site-events');
    expect(events.map(({ kind, startMs, count, at }) => [kind, minutes(startMs), count, at / 1000])).toEqual([
      ['PERSON_COUNT', 0, 12, 2],
      ['PERSON_COUNT', 1, 13, 62],
      ['SPARK', 10, null, 1200],
    ]);
    expect(events[0]!.sourceId).toBe('33010600001320000001');
    expect(of<WorkRecord>('work-records').map(({ kind, at }) => [kind, at / hourMs])).toEqual([
      ['HOT_WORK_PERMIT', 1],
      ['CLEANING', 2],
    ]);
  });

  test('the site may change on the way', () => {
    const changes = [{ at: '+2h', site: { meters: { total: { installation: 'ct-200' } } } }];
    const sites = inputsOf({ length: '4h', changes }).of<SiteRegistration>('site-registry');
    expect(sites.map(({ meters }) => [meters[0]!.installationId, meters[0]!.role])).toEqual([
      ['', 'ENTERPRISE_TOTAL'],
      ['ct-200', 'ENTERPRISE_TOTAL'],
    ]);
    expect(sites[1]!.at).toBe(2 * hourMs);
  });

  test('a day of history is repeated up to the start, with scatter of its own each day', () => {
    const history = {
      days: 2,
      power: { total: '24h 40~4' },
      work: [{ kind: 'CLEANING' as const, from: '+1h', to: '+2h', section: 'hall' }],
    };
    const { of, startMs, problems } = inputsOf({ power: { total: '1h 40' } }, history);
    const past = of<Power>('power').filter(({ intervalStartMs }) => intervalStartMs < startMs);
    expect(past.length).toBe(2 * 96);
    expect(past[0]!.meanKw).not.toBe(past[96]!.meanKw);
    expect(of<WorkRecord>('work-records').map(({ at }) => at / hourMs)).toEqual([-46, -22]);
    expect(new Set(of<WorkRecord>('work-records').map(({ recordId }) => recordId)).size).toBe(2);
    expect(problems).toEqual([]);
  });

  test('lasts as long as its longest series, or as it says', () => {
    const lasting = (notation: Partial<CaseNotation>) => {
      const { startMs, endMs } = inputsOf(notation);
      return (endMs - startMs) / hourMs;
    };
    expect(lasting({ state: { press: '2h RUNNING' }, power: { total: '4x40' } })).toBe(2);
    expect(lasting({ length: '5h', state: { press: 'RUNNING' } })).toBe(5);
    expect(lasting({ state: { press: 'RUNNING' }, power: { total: '3h 40' } })).toBe(3);
  });

  test('what it cannot mean is told at its place', () => {
    const { problems } = inputsOf({
      start: 'yesterday',
      state: { pres: '2h RUNNING', press: '2h RUNING' },
      late: [{ of: 'total', from: '+0', to: '+4h', at: '+3h' }],
      site: { shifts: { late: { from: '25:00', to: '04:00', days: 'Mo' } } },
    });
    expect(problems.join('\n')).toContain("cases.0.start: 'yesterday' is no instant");
    expect(problems.join('\n')).toContain(
      "cases.0.state.pres: the site has no equipment 'pres'; did you mean 'press'?",
    );
    expect(problems.join('\n')).toContain("cases.0.state.press: 'RUNING' is no state");
    expect(problems.join('\n')).toContain('cases.0.late.0.at: what is late comes after it happened');
    expect(problems.join('\n')).toContain("cases.0.site.shifts.late.from: '25:00' is no time of day");
    expect(problems.join('\n')).toContain("cases.0.site.shifts.late.days: 'Mo' are no days");
  });
});
