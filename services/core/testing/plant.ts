import type { RunState, SiteRegistration } from '../records.ts';
import { aRandom, aTelemetry, dayMs, hourMs, minuteMs, type Sent, sent, startMs } from './builders.ts';

/** Which machine runs, or what is said of it, at a moment; `undefined` is silence. */
export interface PlantStory {
  readonly registration: SiteRegistration;
  readonly fromMs: number;
  readonly toMs: number;
  readonly seed: number;
  /** True load of each machine while it works and while it stands, kW. */
  readonly load: Readonly<Record<string, { readonly workingKw: number; readonly standingKw: number }>>;
  readonly ran: (equipmentId: string, ms: number) => boolean;
  readonly said?: ((equipmentId: string, ms: number) => RunState | undefined) | undefined;
  /** Load behind the total or shared meter that belongs to no machine, kW. */
  readonly baseKw?: (ms: number) => number;
  /** False while the meter is not heard. */
  readonly metered?: (meterId: string, ms: number) => boolean;
  /** Length of the readings of a meter; its slots' length when absent. */
  readonly readingMs?: number;
}

export const firstArrivalMs = startMs - 2 * dayMs;

/**
 * Everything that comes from a plant that lives a story: its registration, telemetry as often as registered and power
 * for each interval, a few seconds after the event. Loads wander by some ten percent as workpieces do.
 */
export function plantRecords(story: PlantStory): Sent[] {
  const { registration, fromMs, toMs, load, ran } = story;
  const { enterpriseId } = registration;
  const random = aRandom(story.seed);
  const said = story.said ?? ((id, ms) => (ran(id, ms) ? 'RUNNING' : 'STOPPED'));
  const records: Sent[] = [sent('site-registry', Math.min(firstArrivalMs, fromMs), registration)];
  const wander = new Map<string, number>();
  const sums = new Map<string, number>();
  for (let ms = fromMs; ms < toMs; ms += minuteMs) {
    const drawn = new Map<string, number>();
    for (const { equipmentId, reportIntervalMs } of registration.equipment) {
      const held = 0.9 * (wander.get(equipmentId) ?? 0) + 0.1 * (random() - 0.5);
      wander.set(equipmentId, held);
      const { workingKw, standingKw } = load[equipmentId]!;
      const kw = ran(equipmentId, ms) ? workingKw * (1 + held + 0.1 * (random() - 0.5)) : standingKw;
      drawn.set(equipmentId, Math.max(0, kw * (1 + 0.04 * (random() - 0.5))));
      if ((ms - fromMs) % reportIntervalMs !== 0) continue;
      const state = said(equipmentId, ms);
      if (state === undefined) continue;
      const value = aTelemetry({ enterpriseId, equipmentId, observedAtMs: ms + 7000, state });
      records.push(sent('telemetry', ms + 9000, value));
    }
    for (const meter of registration.meters) {
      const total = meter.role === 'ENTERPRISE_TOTAL';
      const ids = total ? registration.equipment.map((e) => e.equipmentId) : meter.feeds;
      const base = total || ids.length > 1 ? (story.baseKw?.(ms) ?? 0) : 0;
      const kw = ids.reduce((sum, id) => sum + drawn.get(id)!, base);
      const sum = (sums.get(meter.meterId) ?? 0) + kw;
      const endMs = ms + minuteMs;
      const intervalMs = total ? meter.intervalMs : (story.readingMs ?? meter.intervalMs);
      sums.set(meter.meterId, endMs % intervalMs === 0 ? 0 : sum);
      if (endMs % intervalMs !== 0 || story.metered?.(meter.meterId, ms) === false) continue;
      records.push(
        sent('power', endMs + 5000, {
          enterpriseId,
          meterId: meter.meterId,
          intervalStartMs: endMs - intervalMs,
          intervalMs,
          meanKw: (sum * minuteMs) / intervalMs,
          quality: 'MEASURED',
          minKw: null,
          maxKw: null,
          meanKvar: null,
          registerKwh: null,
        }),
      );
    }
  }
  return records;
}

/** True in the shift of every day from one hour of the day to another, UTC. */
export function inShift(ms: number, fromHour: number, toHour: number): boolean {
  const hour = (ms % dayMs) / hourMs;
  return hour >= fromHour && hour < toHour;
}

export function within(ms: number, [fromMs, toMs]: readonly [number, number]): boolean {
  return ms >= fromMs && ms < toMs;
}
