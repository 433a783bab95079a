import type { DustCleaning } from '../detectors/dust-cleaning.ts';
import type { Finding, SiteEvent, SiteRegistration, WorkRecord } from '../records.ts';
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
  hourMs,
  latestFindings,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from './builders.ts';
import { inShift, type PlantStory, plantRecords } from './plant.ts';

export const shift = {
  name: '白班',
  startMinute: 8 * 60,
  endMinute: 17 * 60,
  daysOfWeek: 0b0111111,
  onHolidays: false,
};
export const section = {
  sectionId: 'S1',
  name: '砂光车间',
  dust: true,
  workers: 12,
  personLimit: null,
  cleanAfterRunHours: null,
};
export const cameras = ['33010600001320000001', '33010600001320000002'].map((cameraId) => ({
  cameraId,
  sectionId: 'S1',
}));
export const [cameraA, cameraB] = cameras.map(({ cameraId }) => cameraId) as [string, string];
export const days = 6;
/** Midnight UTC is eight in the morning in China: the shift of day n is from here on, nine hours. */
export const day = (n: number, hours = 0) => startMs + n * dayMs + hours * hourMs;
export const last = days - 1;

const bySign = {
  'missed-shift': {
    sign: 'missed-shift',
    afterShiftMinutes: 30,
    afterDayMinutes: 720,
    leastRunMinutes: 30,
    lateFilingHours: 4,
  },
  'missed-run-hours': { sign: 'missed-run-hours', runToleranceMinutes: 30 },
  'claimed-while-running': { sign: 'claimed-while-running', overlapMinutes: 10 },
  'contradicted-by-camera': {
    sign: 'contradicted-by-camera',
    leastConfidence: 0.6,
    leastSeenPercent: 50,
    waitMinutes: 30,
  },
  'dust-layer': { sign: 'dust-layer', highestLayerMm: 1, leastConfidence: 0.6 },
  'air-blowing': { sign: 'air-blowing', leastConfidence: 0.6, clearAfterMinutes: 60 },
} as const satisfies { [S in DustCleaning['sign']]: DustCleaning };

export function cleaningRule(sign: DustCleaning['sign']): Rule {
  const parameters = bySign[sign];
  return { ...aRule(), id: `cleaning-${sign}`, detector: 'dust-cleaning', parameters } as Rule;
}

export interface SectionCase {
  readonly site?: Partial<SiteRegistration>;
  /** Cleaned at the end of every shift but these. */
  readonly notCleanedOn?: readonly number[];
  readonly ran?: PlantStory['ran'];
  readonly said?: PlantStory['said'];
  readonly work?: readonly (Partial<WorkRecord> & { readonly arrivalMs?: number })[];
  readonly events?: readonly Partial<SiteEvent>[];
  readonly metered?: boolean;
}

export const works: PlantStory['ran'] = (_, ms) => ms < day(days) && inShift(ms, 0.25, 8.5);

export function storyOf({ site, ran = works, said, metered = true }: SectionCase): PlantStory {
  return {
    registration: aRegistration({
      equipment: [anEquipment()],
      meters: metered ? [aMeter()] : [],
      sections: [section],
      shifts: [shift],
      cameras,
      ...site,
    }),
    fromMs: startMs,
    toMs: day(days, 2),
    seed: 7,
    load: { M1: { workingKw: 45, standingKw: 2 } },
    ran,
    said,
  };
}

export function sectionRecords(one: SectionCase): Sent[] {
  const cleanings: NonNullable<SectionCase['work']>[number][] = Array.from({ length: days }, (_, n) => n)
    .filter((n) => !(one.notCleanedOn ?? []).includes(n))
    .map((n) => ({ recordId: `C${n}`, startMs: day(n, 8.6), endMs: day(n, 9) }));
  const work = [...cleanings, ...(one.work ?? [])].map((record, i) => {
    const value = aWorkRecord({ recordId: `W${i}`, kind: 'CLEANING', sectionId: 'S1', ...record });
    const filedAtMs = record.filedAtMs ?? value.endMs;
    return sent('work-records', record.arrivalMs ?? filedAtMs + 1000, { ...value, filedAtMs });
  });
  const events = (one.events ?? []).map((changes, i) => {
    const value = aSiteEvent({ eventId: `V${i}`, sectionId: 'S1', endMs: null, ...changes });
    return sent('site-events', (value.endMs ?? value.startMs) + 20_000, value);
  });
  return [...plantRecords(storyOf(one)), ...work, ...events];
}

export function found(sign: DustCleaning['sign'], one: SectionCase): Finding[] {
  return latestFindings(runAndSettle(anEngine({ rules: [cleaningRule(sign)] }), sectionRecords(one)));
}
