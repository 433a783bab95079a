import type { Power, Telemetry } from '../records.ts';
import {
  aMeter,
  anEquipment,
  aRandom,
  aRegistration,
  aWorkRecord,
  dayMs,
  hourMs,
  minuteMs,
  type Sent,
  sent,
  startMs,
} from './builders.ts';
import { inShift, type PlantStory, plantRecords, within } from './plant.ts';

const days = 10;
type Span = readonly [fromMs: number, toMs: number];

/**
 * A world of five enterprises over ten days, with lies: machines on meters of their own (one read in fast readings,
 * one in five-minute slots), machines that share a meter, and a firm seen as a whole with a dormitory behind its meter.
 */
export function aWorld(seed: number): Sent[] {
  const random = aRandom(seed);
  return [ownMeters, sharedMeter, wholeFirm, ownMeters, fineSlots].flatMap((kind, index) => {
    const story = kind(`E${index + 1}`, Math.floor(random() * 1e9));
    return plantRecords(story).concat(filed(story));
  });
}

export const worldEndMs = startMs + days * dayMs;

/** Nights of the last three days in which machines run; `count` of them, chosen by the seed. */
function nights(random: () => number, count: number): Span[] {
  return Array.from({ length: count }, (_, n) => {
    const fromMs = startMs + (days - 3 + n) * dayMs + (20 + Math.floor(random() * 3)) * hourMs;
    return [fromMs, fromMs + (1 + Math.floor(random() * 4)) * hourMs];
  });
}

function ownMeters(enterpriseId: string, seed: number): PlantStory {
  const random = aRandom(seed);
  const lies = nights(random, 3);
  const opens = 6 + Math.floor(random() * 3);
  return {
    ...calendar(seed),
    registration: aRegistration({
      enterpriseId,
      equipment: [anEquipment(), anEquipment({ equipmentId: 'M2', ratedPowerKw: null })],
      meters: [aMeter(), aMeter({ meterId: 'P2', feeds: ['M2'] })],
    }),
    load: { M1: { workingKw: 45, standingKw: 2 }, M2: { workingKw: 18, standingKw: 0.4 } },
    readingMs: 5 * minuteMs,
    ran: (id, ms) =>
      inShift(ms, opens, 17) || within(ms, lies[0]!) || (id === 'M1' ? within(ms, lies[1]!) : within(ms, lies[2]!)),
    said: (_, ms) => (inShift(ms, opens, 17) ? 'RUNNING' : 'STOPPED'),
  };
}

function sharedMeter(enterpriseId: string, seed: number): PlantStory {
  const random = aRandom(seed);
  const [night, alone] = nights(random, 2) as [Span, Span];
  // On one afternoon the third machine runs on while it is said to stand, beside others that rightly run.
  const beside: Span = [startMs + 8 * dayMs + 12 * hourMs, startMs + 8 * dayMs + 16 * hourMs];
  const shift: Record<string, Span> = { M1: [7, 18], M2: [9, 20], M3: [6, 12] };
  const works = (id: string, ms: number) => inShift(ms, ...shift[id]!);
  return {
    ...calendar(seed),
    registration: aRegistration({
      enterpriseId,
      equipment: ['M1', 'M2', 'M3'].map((equipmentId) => anEquipment({ equipmentId, ratedPowerKw: 50 })),
      meters: [aMeter({ role: 'MIXED', feeds: ['M1', 'M2', 'M3'] })],
    }),
    load: {
      M1: { workingKw: 30, standingKw: 0.5 },
      M2: { workingKw: 42, standingKw: 0.5 },
      M3: { workingKw: 60, standingKw: 1 },
    },
    baseKw: () => 3,
    ran: (id, ms) =>
      works(id, ms) || within(ms, night) || (id === 'M3' && within(ms, beside)) || (id === 'M1' && within(ms, alone)),
    said: (id, ms) => (works(id, ms) ? 'RUNNING' : 'STOPPED'),
  };
}

function wholeFirm(enterpriseId: string, seed: number): PlantStory {
  const random = aRandom(seed);
  const lies = nights(random, 2);
  const works = (ms: number) => inShift(ms, 8, 19);
  return {
    ...calendar(seed),
    registration: aRegistration({
      enterpriseId,
      equipment: [
        anEquipment({ ratedPowerKw: 200 }),
        anEquipment({ equipmentId: 'M2', ratedPowerKw: 90 }),
        anEquipment({ equipmentId: 'D1', kind: 'DORMITORY', ratedPowerKw: null }),
      ],
      meters: [aMeter({ meterId: 'T1', role: 'ENTERPRISE_TOTAL', feeds: [] })],
    }),
    load: {
      M1: { workingKw: 160, standingKw: 1 },
      M2: { workingKw: 60, standingKw: 1 },
      D1: { workingKw: 0, standingKw: 12 },
    },
    ran: (id, ms) => id !== 'D1' && (works(ms) || lies.some((lie) => within(ms, lie))),
    said: (_, ms) => (works(ms) ? 'RUNNING' : 'STOPPED'),
  };
}

function fineSlots(enterpriseId: string, seed: number): PlantStory {
  const story = ownMeters(enterpriseId, seed);
  const meters = story.registration.meters.map((meter) => ({ ...meter, intervalMs: 5 * minuteMs }));
  return { ...story, registration: { ...story.registration, meters } };
}

function calendar(seed: number): { fromMs: number; toMs: number; seed: number } {
  return { fromMs: startMs, toMs: worldEndMs, seed };
}

/** A test run in the early hours of the fifth day, filed six hours after it began: it excuses nothing that is a lie. */
function filed({ registration: { enterpriseId } }: PlantStory): Sent[] {
  const fromMs = startMs + 5 * dayMs + 2 * hourMs;
  const value = aWorkRecord({ enterpriseId, startMs: fromMs, endMs: fromMs + hourMs, filedAtMs: fromMs });
  return [sent('work-records', fromMs + 6 * hourMs, value)];
}

/** When the thing that a record tells of was over, ms; 0 for a registration. */
export function eventMs({ topic, value }: Sent): number {
  switch (topic) {
    case 'telemetry':
      return (value as Telemetry).observedAtMs;
    case 'power':
      return (value as Power).intervalStartMs + (value as Power).intervalMs;
    case 'work-records':
      return value.startMs;
    default:
      return 0;
  }
}
