import type { DustCollector } from '../detectors/dust-collector.ts';
import type { Equipment, Finding, RunState, SiteEvent, SiteRegistration, Telemetry, WorkRecord } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aRegistration,
  aRule,
  aSiteEvent,
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
} from './builders.ts';
import { inShift, type PlantStory, plantRecords, within } from './plant.ts';

const bySign = {
  'reported-off': {
    sign: 'reported-off',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 10,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
  'load-absent': {
    sign: 'load-absent',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 10,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
    lowestLoadPercent: 5,
    leastMotorLoadPercent: 3,
    falseAlarmsPerMonth: 0.1,
  },
  'started-late': { sign: 'started-late', leadMinutes: 5, longestLateMinutes: 10, orderToleranceMinutes: 1 },
  'stopped-early': { sign: 'stopped-early', trailMinutes: 15, orderToleranceMinutes: 1 },
  'pressure-drift': {
    sign: 'pressure-drift',
    driftPercent: 20,
    referenceHours: 8,
    confirmAfterMinutes: 30,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
  'airlock-off': {
    sign: 'airlock-off',
    startAllowanceMinutes: 5,
    confirmAfterMinutes: 30,
    clearAfterMinutes: 60,
    leastPressurePa: 50,
  },
} as const satisfies { [S in DustCollector['sign']]: DustCollector };

export function collectorRule(sign: DustCollector['sign']): Rule {
  return { ...aRule(), id: `collector-${sign}`, detector: 'dust-collector', parameters: bySign[sign] } as Rule;
}

export const day = (n: number, hours = 0) => startMs + n * dayMs + hours * hourMs;
export type Span = readonly [number, number];

export const sander = anEquipment({ reportIntervalMs: minuteMs });
export const collector = anEquipment({
  equipmentId: 'F1',
  name: 'Collector 1',
  kind: 'DUST_COLLECTOR',
  ratedPowerKw: 30,
  reportIntervalMs: minuteMs,
  collector: 'DRY',
  limits: [
    {
      indicator: 'differential_pressure_pa',
      low: 300,
      high: 1600,
      onDelayMs: 0,
      deadBand: 0,
      offDelayMs: 0,
      ratePerMinute: null,
    },
  ],
});
export const ownMeters = [aMeter(), aMeter({ meterId: 'PF', role: 'TREATMENT', feeds: ['F1'] })];

export type Readings = (ms: number, runs: boolean) => Telemetry['readings'];

export interface CollectorCase {
  readonly days?: number;
  readonly site?: Partial<SiteRegistration>;
  readonly equipment?: readonly Equipment[];
  /** When the line and the fan truly run; what is said of them where that is another thing. */
  readonly line?: (ms: number) => boolean;
  readonly fan?: (ms: number) => boolean;
  readonly said?: (id: string, ms: number) => RunState | undefined;
  readonly fanKw?: number;
  /** Readings of the collector; it sends none otherwise. */
  readonly readings?: Readings | undefined;
  readonly work?: readonly Partial<WorkRecord>[];
  readonly events?: readonly Partial<SiteEvent>[];
}

/** Two spells a day; the collector goes five minutes before the line and fifteen after it. */
export const works = (ms: number) => inShift(ms, 1, 5) || inShift(ms, 6, 9);
export const exhausts = (ms: number) => inShift(ms, 1 - 6 / 60, 9 + 16 / 60);

export function collectorRecords(one: CollectorCase): Sent[] {
  const { days = 4, site, equipment = [sander, collector], line = works, fan = exhausts } = one;
  const runs = (id: string, ms: number) => (id === 'F1' ? fan(ms) : line(ms));
  const story: PlantStory = {
    registration: aRegistration({ equipment, meters: ownMeters, ...site }),
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: 11,
    load: Object.fromEntries(
      equipment.map(({ equipmentId: id }) => [
        id,
        id === 'F1' ? { workingKw: one.fanKw ?? 22, standingKw: 0.15 } : { workingKw: 45, standingKw: 2 },
      ]),
    ),
    ran: runs,
    said: one.said ?? ((id, ms) => (runs(id, ms) ? 'RUNNING' : 'STOPPED')),
  };
  const plant = plantRecords(story).map((item): Sent => {
    const value = item.value as Telemetry;
    if (item.topic !== 'telemetry' || value.equipmentId !== 'F1' || !one.readings) return item;
    const readings = one.readings(value.observedAtMs, fan(value.observedAtMs - 7000));
    return { ...item, value: { ...value, readings } };
  });
  const work = (one.work ?? []).map((changes, i) => {
    const value = aWorkRecord({ recordId: `W${i}`, ...changes });
    return sent('work-records', value.startMs, value);
  });
  const events = (one.events ?? []).map((changes, i) => {
    const value = aSiteEvent({ eventId: `V${i}`, ...changes });
    return sent('site-events', value.startMs + minuteMs, value);
  });
  return [...plant, ...work, ...events];
}

/** The last revision of every finding that was ever confirmed. */
export function found(sign: DustCollector['sign'], one: CollectorCase): Finding[] {
  return confirmedBy(sign, collectorRecords(one));
}

export function confirmedBy(sign: DustCollector['sign'], records: readonly Sent[]): Finding[] {
  const outputs = runAndSettle(anEngine({ rules: [collectorRule(sign)] }), records);
  const confirmed = new Set(
    findingsIn(outputs).flatMap(({ findingId, state }) =>
      state === 'PROVISIONAL' || state === 'RETRACTED' ? [] : findingId,
    ),
  );
  return latestFindings(outputs).filter(({ findingId }) => confirmed.has(findingId));
}

export const off: Span = [day(3, 2), day(3, 3)];
export const offNow = (ms: number) => exhausts(ms) && !within(ms, off);
export const saidRunning = (id: string, ms: number): RunState =>
  (id === 'F1' ? exhausts(ms) : works(ms)) ? 'RUNNING' : 'STOPPED';
