import type { MeterTampering } from '../detectors/meter-tampering.ts';
import type { Finding, Power, PowerQuality, SiteRegistration } from '../records.ts';
import type { Rule } from '../rule.ts';
import {
  aMeter,
  anEngine,
  anEquipment,
  aPower,
  aRandom,
  aRegistration,
  aTelemetry,
  dayMs,
  hourMs,
  latestFindings,
  minuteMs,
  runAndSettle,
  type Sent,
  sent,
  startMs,
} from './builders.ts';
import { aRuleOf } from './sampled.ts';

type Sign = MeterTampering['sign'];

export const quarterMs = 15 * minuteMs;

const times = { confirmAfterMinutes: 30, clearAfterMinutes: 120 };
const balance = { accuracyPercent: 2, leastDropPercent: 25 };

/** The parameters that the shipped rules state; core reads no file, so they are repeated here. */
const parameters: { readonly [S in Sign]: Extract<MeterTampering, { sign: S }> } = {
  'energy-balance': { sign: 'energy-balance', ...times, falseAlarmsPerMonth: 0.1, ...balance, clockSkewMinutes: 3 },
  'phase-loss': { sign: 'phase-loss', ...times, falseAlarmsPerMonth: 0.1, ...balance },
  'flat-line': {
    sign: 'flat-line',
    ...times,
    confirmAfterMinutes: 120,
    falseAlarmsPerMonth: 0.1,
    constantWithinPercent: 0.2,
  },
  reversal: { sign: 'reversal', ...times, registerDigits: 5, tolerancePercent: 20 },
  'estimated-run': { sign: 'estimated-run', ...times, confirmAfterMinutes: 0, longestEstimatedHours: 12 },
  'unfiled-change': {
    sign: 'unfiled-change',
    ...times,
    falseAlarmsPerMonth: 0.1,
    leastChangePercent: 25,
    lastingHours: 24,
  },
};

/** A rule against tampering with meters that looks for one sign of it. */
export function aMeterRule(sign: Sign): Rule {
  return aRuleOf('meter-tampering', parameters[sign], { id: `meter-${sign}` }) as Rule;
}

/** What a meter sends of a quarter of an hour: another load than the true one, another quality, or nothing. */
export type Shown =
  | number
  | { readonly kw: number; readonly quality?: PowerQuality; readonly registerKwh?: number }
  | undefined;

export interface MeteredStory {
  readonly registration?: SiteRegistration;
  readonly days?: number;
  readonly seed?: number;
  /** Load of each machine while it works and while it stands, kW. */
  readonly load?: Readonly<Record<string, readonly [workingKw: number, standingKw: number]>>;
  readonly ran?: (equipmentId: string, ms: number) => boolean;
  readonly said?: (equipmentId: string, ms: number) => 'RUNNING' | 'STOPPED' | undefined;
  /** What draws through the total alone, kW. */
  readonly besideKw?: (ms: number) => number;
  readonly shown?: (meterId: string, ms: number, kw: number) => Shown;
  /** Registers start there, kWh; none where absent. */
  readonly registersFromKwh?: number;
  readonly others?: readonly Sent[];
}

/** A total, two machines on meters of their own, and a hall of two. */
export const meteredSite = aRegistration({
  equipment: ['M1', 'M2', 'M3', 'M4'].map((equipmentId) =>
    anEquipment({ equipmentId, name: `Machine ${equipmentId}`, ratedPowerKw: 50, reportIntervalMs: quarterMs }),
  ),
  meters: [
    aMeter({ meterId: 'T', role: 'ENTERPRISE_TOTAL', feeds: [] }),
    aMeter({ meterId: 'A', feeds: ['M1'], parentMeterId: 'T' }),
    aMeter({ meterId: 'B', feeds: ['M2'], parentMeterId: 'T' }),
    aMeter({ meterId: 'H', role: 'MIXED', feeds: ['M3', 'M4'], parentMeterId: 'T' }),
  ],
  latitude: 30.3,
  longitude: 120.2,
});

const loads: NonNullable<MeteredStory['load']> = { M1: [40, 1.6], M2: [22, 0.9], M3: [30, 1], M4: [12, 0.5] };

/** A shift from 08:00 to 18:00 on the site's clock, Monday to Saturday, machines a quarter of an hour apart. */
export function inHours(equipmentId: string, ms: number): boolean {
  const local = ms + 8 * hourMs;
  const day = Math.floor((local - startMs) / dayMs) % 7;
  const hour = (local % dayMs) / hourMs;
  const late = Number(equipmentId.slice(1)) / 4;
  return day < 6 && hour >= 7 + late && hour < 17 + late;
}

/** What all that is metered there sends, in readings of a quarter of an hour. */
export function meteredRecords(story: MeteredStory): Sent[] {
  const { registration = meteredSite, days = 14, seed = 1, ran = inHours, said, shown, besideKw } = story;
  const random = aRandom(seed);
  const load = story.load ?? loads;
  const records: Sent[] = [sent('site-registry', startMs - 2 * dayMs, registration), ...(story.others ?? [])];
  const wander = new Map<string, number>();
  const registers = new Map<string, number>();
  for (let ms = startMs; ms < startMs + days * dayMs; ms += quarterMs) {
    const drawn = new Map<string, number>();
    for (const { equipmentId, kind } of registration.equipment) {
      if (kind === 'PHOTOVOLTAIC') continue;
      const held = 0.7 * (wander.get(equipmentId) ?? 0) + 0.3 * (random() - 0.5);
      wander.set(equipmentId, held);
      const [workingKw, standingKw] = load[equipmentId]!;
      let worked = 0;
      for (let minute = ms; minute < ms + quarterMs; minute += minuteMs)
        worked += ran(equipmentId, minute) ? 1 / 15 : 0;
      const work = workingKw * (1 + 0.4 * held);
      drawn.set(equipmentId, (worked * work + (1 - worked) * standingKw) * (1 + 0.06 * (random() - 0.5)));
      const state = said ? said(equipmentId, ms) : ran(equipmentId, ms) ? 'RUNNING' : 'STOPPED';
      if (state)
        records.push(sent('telemetry', ms + 9000, aTelemetry({ equipmentId, observedAtMs: ms + 7000, state })));
    }
    for (const { meterId, role, feeds } of registration.meters) {
      const isTotal = role === 'ENTERPRISE_TOTAL';
      let kw = isTotal ? (besideKw?.(ms) ?? 4) * (1 + 0.2 * (random() - 0.5)) : 0;
      for (const [id, own] of drawn) if (isTotal || feeds.includes(id)) kw += own * (isTotal ? 1.01 : 1);
      const seen = shown ? shown(meterId, ms, kw) : kw;
      if (seen === undefined) continue;
      const reading = typeof seen === 'number' ? { kw: seen } : seen;
      const register = (registers.get(meterId) ?? story.registersFromKwh ?? 0) + (reading.kw * quarterMs) / hourMs;
      registers.set(meterId, register);
      const value: Power = aPower({
        meterId,
        intervalStartMs: ms,
        intervalMs: quarterMs,
        meanKw: Math.round(reading.kw * (1 + 0.002 * (typeof seen === 'number' ? random() - 0.5 : 0)) * 1000) / 1000,
        quality: reading.quality ?? 'MEASURED',
        registerKwh: reading.registerKwh ?? (story.registersFromKwh === undefined ? null : register),
      });
      records.push(sent('power', ms + quarterMs + 60_000, value));
    }
  }
  return records;
}

/** What rules against those signs confirm of a story, once all is settled. */
export function tamperingIn(story: MeteredStory, ...signs: readonly Sign[]): Finding[] {
  const engine = anEngine({ rules: signs.map(aMeterRule) });
  return latestFindings(runAndSettle(engine, meteredRecords(story))).filter(
    ({ state }) => state !== 'RETRACTED' && state !== 'PROVISIONAL',
  );
}

/** A moment of the eleventh day, a Thursday, on the site's clock. */
export function onThursday(hour: number): number {
  return startMs + 10 * dayMs + (hour - 8) * hourMs;
}
