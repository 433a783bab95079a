import type { Reading, SiteRegistration } from '../records.ts';
import { aMeter, anEquipment, aRandom, aRegistration, dayMs, minuteMs, type Sent, sent, startMs } from './builders.ts';
import { inShift, plantRecords } from './plant.ts';

/** Sensors of a collector: what each shows on average, how far it wanders, and its smallest step. */
export const sensors = {
  differential_pressure_pa: { mean: 1000, sway: 60, step: 5 },
  pulse_jet_pressure_mpa: { mean: 0.46, sway: 0.03, step: 0.005 },
  inlet_temperature_c: { mean: 31, sway: 3, step: 0.1 },
  duct_wind_speed_m_s: { mean: 22, sway: 0.9, step: 0.1 },
} as const;

export type SensorName = keyof typeof sensors;
export const sensorNames = Object.keys(sensors) as SensorName[];

/** A site of machines with sensors, each on a meter of its own. */
export function aSensedSite(ids: readonly string[] = ['M1']): SiteRegistration {
  const limit = { indicator: 'differential_pressure_pa', low: 300, high: 1600 };
  const limits = [{ ...limit, onDelayMs: 180_000, deadBand: 10, offDelayMs: 0, ratePerMinute: null }];
  return aRegistration({
    equipment: ids.map((equipmentId) =>
      anEquipment({ equipmentId, name: equipmentId, limits, reportIntervalMs: 3 * minuteMs }),
    ),
    meters: ids.map((id) => aMeter({ meterId: `P-${id}`, feeds: [id] })),
  });
}

export const worksAt = (ms: number): boolean => inShift(ms, 7, 19);

/** Smooth wander in [-1, 1] that forgets itself over some twenty minutes; the same for the same seed and moment. */
export function swayAt(seed: number, ms: number): number {
  const at = Math.floor(ms / (20 * minuteMs));
  const t = ms / (20 * minuteMs) - at;
  const ends = [at, at + 1].map((place) => 2 * aRandom(seed * 7919 + place)() - 1);
  return ends[0]! + t * t * (3 - 2 * t) * (ends[1]! - ends[0]!);
}

/** What a live sensor of a machine shows: it wanders by its own and rustles; while the machine stands it falls to rest. */
export function liveValue(machine: string, name: SensorName, ms: number): number {
  const { mean, sway, step } = sensors[name];
  const seed = sensorNames.indexOf(name) * 31 + machine.charCodeAt(1);
  const rustle = 0.15 * (aRandom(seed + Math.floor(ms / minuteMs) * 13)() - 0.5);
  const value = worksAt(ms) ? mean + sway * (swayAt(seed, ms) + rustle) : 0;
  return Math.round(value / step) * step;
}

/** A plant over `days` whose sensors show what `shown` says; it works from seven to nineteen and reports so. */
export function sensedPlant(
  days: number,
  shown: (machine: string, name: SensorName, ms: number) => number,
  site = aSensedSite(),
): Sent[] {
  const records = plantRecords({
    registration: site,
    fromMs: startMs,
    toMs: startMs + days * dayMs,
    seed: 5,
    load: Object.fromEntries(
      site.equipment.map(({ equipmentId }) => [equipmentId, { workingKw: 30, standingKw: 0.5 }]),
    ),
    ran: (_, ms) => worksAt(ms),
  });
  return records.map((item) => {
    if (item.topic !== 'telemetry') return item;
    const { equipmentId, observedAtMs } = item.value;
    const readings = sensorNames.map((indicator): Reading => {
      return { indicator, value: shown(equipmentId, indicator, observedAtMs) };
    });
    readings.push({ indicator: 'airlock_running', value: worksAt(observedAtMs) ? 1 : 0 });
    return sent('telemetry', item.arrivalMs, { ...item.value, readings });
  });
}
