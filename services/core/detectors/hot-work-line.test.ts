import { describe, expect, test } from '@jest/globals';
import type { Output } from '../batch.ts';
import type { Meter, RunState, SiteRegistration, WorkRecord } from '../records.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aWorkRecord,
  dayMs,
  findingsIn,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from '../testing/builders.ts';
import { aHotWorkRule, aWorkshop } from '../testing/hot-work.ts';
import { inShift, plantRecords, within } from '../testing/plant.ts';

const rule = aHotWorkRule('process-running');
const days = 6;
const lastDayMs = startMs + (days - 1) * dayMs;
/** From ten to noon on the last day. */
const permitted = [lastDayMs + 2 * hourMs, lastDayMs + 4 * hourMs] as const;

const two: SiteRegistration = aWorkshop({
  equipment: [
    anEquipment({ sectionId: 'sanding', reportIntervalMs: minuteMs }),
    anEquipment({ equipmentId: 'M2', name: 'Belt sander 2', sectionId: 'sanding', reportIntervalMs: minuteMs }),
    anEquipment({ equipmentId: 'D1', name: 'Exhaust', kind: 'DUST_COLLECTOR', sectionId: 'sanding' }),
  ],
  meters: [aMeter(), aMeter({ meterId: 'P2', feeds: ['M2'] }), aMeter({ meterId: 'P3', feeds: ['D1'] })],
});

interface Plant {
  readonly site?: SiteRegistration;
  /** Hours of the last day in which machines run, UTC. */
  readonly lastDay: Readonly<Record<string, readonly [from: number, to: number]>>;
  readonly said?: (id: string, ms: number) => RunState | undefined;
  readonly baseKw?: (ms: number) => number;
  readonly metered?: (meterId: string, ms: number) => boolean;
}

/** A workshop whose machines run from eight to five, but on the last day as told. */
function lived({ site = two, lastDay, said, baseKw, metered }: Plant, work: readonly Sent[]): Output[] {
  const records = plantRecords({
    registration: site,
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: 5,
    load: {
      M1: { workingKw: 45, standingKw: 2 },
      M2: { workingKw: 30, standingKw: 1.5 },
      D1: { workingKw: 22, standingKw: 0.2 },
    },
    ran: (id, ms) => {
      if (ms < lastDayMs) return inShift(ms, id === 'D1' ? -1 : 0, 9);
      const own = lastDay[id];
      return own !== undefined && inShift(ms, own[0], own[1]);
    },
    ...(said && { said }),
    ...(baseKw && { baseKw }),
    ...(metered && { metered }),
  });
  return runAndSettle(anEngine({ rules: [rule] }), [...records, ...work]);
}

function aPermit(changes: Partial<WorkRecord> = {}): Sent {
  const [fromMs, toMs] = permitted;
  const value = aWorkRecord({
    kind: 'HOT_WORK_PERMIT',
    recordId: 'permit-7',
    startMs: fromMs,
    endMs: toMs,
    filedAtMs: fromMs - hourMs,
    sectionId: 'sanding',
    ...changes,
  });
  return sent('work-records', value.filedAtMs, value);
}

function standing(outputs: readonly Output[]) {
  return latestFindings(outputs).filter(({ state }) => state === 'CLOSED');
}

function lastReason(outputs: readonly Output[], ms: number): string | undefined {
  const statuses = outputs.flatMap((o) => (o.topic === 'enterprise-status' ? [o.value] : []));
  return statuses.findLast(({ asOfMs }) => asOfMs <= ms)?.subjects[0]?.reason;
}

const wholeDay = { M1: [0, 9], M2: [0, 9], D1: [0, 9] } as const;
const stoppedForIt = { M1: [0, 2], M2: [0, 2], D1: [0, 2.3] } as const;

describe('a permit for hot work in a dust section', () => {
  test('while its line runs is found within two slots, and says what was seen', () => {
    const outputs = lived({ lastDay: wholeDay }, [aPermit()]);
    const [only, ...rest] = standing(outputs);
    expect(rest).toEqual([]);
    expect(only).toMatchObject({
      subjectKind: 'SECTION',
      subjectId: 'sanding',
      equipmentIds: ['M1', 'M2'],
      reason: 'line-runs-under-permit',
      firstSlotMs: permitted[0] + 15 * minuteMs,
      lastSlotEndMs: permitted[1],
    });
    expect(findingsIn(outputs)[0]!.saidMs - permitted[0]).toBeLessThanOrEqual(32 * minuteMs);
    expect(only!.summaryEn).toMatch(
      /^Section 砂光车间: hot work is permitted from 01-10 10:00 to 01-10 12:00 \(permit permit-7\), so its line must stand; but meter P\d showed [\d.]+ kW on average for 1 h 45 min, and a stop with welding explains at most [\d.]+ kW\. Running is 10\^\d+ times likelier than a stop\.$/,
    );
    expect(only!.summaryZh).toContain('其间该区域生产设备应当停机');
  });

  test('is as it should be while the line stands, though its exhaust runs on', () => {
    const outputs = lived({ lastDay: { ...stoppedForIt, D1: [0, 4] } }, [aPermit()]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(lastReason(outputs, permitted[1] - 10 * minuteMs)).toBe('line-stands');
  });

  test('gives the line a quarter of an hour to come to rest', () => {
    const late = { M1: [0, 2.2], M2: [0, 2.2], D1: [0, 2.5] } as const;
    expect(findingsIn(lived({ lastDay: late }, [aPermit()]))).toEqual([]);
  });

  test('is broken by one machine of the line alone', () => {
    const [only] = standing(lived({ lastDay: { ...stoppedForIt, M2: [0, 9] } }, [aPermit()]));
    expect(only).toMatchObject({ reason: 'line-runs-under-permit' });
    expect(only!.summaryEn).toContain('meter P2 showed');
  });

  test('is broken by a machine that is reported stopped and draws as if it ran', () => {
    const said = (id: string, ms: number): RunState =>
      within(ms, permitted) ? 'STOPPED' : inShift(ms, 0, 9) && id !== '' ? 'RUNNING' : 'STOPPED';
    expect(standing(lived({ lastDay: wholeDay, said }, [aPermit()]))).toHaveLength(1);
  });

  test('is broken by a machine that is reported running, where no meter was heard', () => {
    const metered = (_: string, ms: number) => !within(ms, [permitted[0] - hourMs, permitted[1] + hourMs]);
    const [only] = standing(lived({ lastDay: wholeDay, metered }, [aPermit()]));
    expect(only).toMatchObject({ reason: 'line-reported-running-under-permit' });
    expect(only!.summaryEn).toContain('machine Belt sander 1 was reported running for 1 h 45 min');
  });

  test('is not broken by a machine that was left reported running and draws nothing', () => {
    const said = (): RunState => 'RUNNING';
    expect(findingsIn(lived({ lastDay: stoppedForIt, said }, [aPermit()]))).toEqual([]);
  });

  test.each([
    ['that is withdrawn', { withdrawn: true }],
    ['of another section', { sectionId: 'paint' }],
    ['that was closed early', { endMs: permitted[0] + 20 * minuteMs }],
  ])('%s asks nothing of the line', (_, changes) => {
    expect(findingsIn(lived({ lastDay: wholeDay }, [aPermit(changes)]))).toEqual([]);
  });

  test('that is closed early by a later revision takes the finding back', () => {
    const permit = aPermit();
    const closed = { ...(permit.value as WorkRecord), revision: 2, endMs: permitted[0] + 15 * minuteMs };
    const said = findingsIn(
      lived({ lastDay: wholeDay }, [permit, sent('work-records', permitted[0] + 3 * hourMs, closed)]),
    );
    expect(said[0]).toMatchObject({ state: 'CONFIRMED' });
    expect(said.at(-1)).toMatchObject({ state: 'RETRACTED', retractedBecause: 'no-permit-in-force' });
  });

  test('of a section of which nothing is known is unknown', () => {
    const site = { ...two, meters: [] };
    const said = (): undefined => undefined;
    const outputs = lived({ site, lastDay: wholeDay, said }, [aPermit()]);
    expect(findingsIn(outputs)).toEqual([]);
    expect(lastReason(outputs, permitted[1] - 10 * minuteMs)).toBe('load-missing');
  });
});

describe('a meter that the line shares', () => {
  const hall: Meter = aMeter({ meterId: 'hall', role: 'MIXED', feeds: ['M1', 'M2', 'D1'] });
  const site: SiteRegistration = { ...two, meters: [hall] };

  test('tells the exhaust, which runs on, from the line', () => {
    expect(findingsIn(lived({ site, lastDay: { ...stoppedForIt, D1: [0, 9] } }, [aPermit()]))).toEqual([]);
  });

  test('shows the permitted welding, which is no sign of a line that runs', () => {
    const baseKw = (ms: number) => (within(ms, permitted) ? 5 : 0.5);
    expect(findingsIn(lived({ site, lastDay: stoppedForIt, baseKw }, [aPermit()]))).toEqual([]);
  });
});
