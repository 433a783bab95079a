import type { Equipment, RunState, SiteRegistration } from '../records.ts';
import type { Rule } from '../rule.ts';
import { anEquipment, aRegistration, aRule, aTelemetry, dayMs, type Sent, sent, startMs } from './builders.ts';

/** A rule of any detector. */
export function aRuleOf<P>(detector: string, parameters: P, changes: Partial<Rule<P>> = {}): Rule<P> {
  return { ...aRule(), id: detector, detector, parameters, ...(changes as Partial<Rule<never>>) } as Rule<P>;
}

/** The registration of a site, two days before the tests begin. */
export function registered(registration: SiteRegistration = aRegistration()): Sent {
  return sent('site-registry', startMs - 2 * dayMs, registration);
}

export const collector = (changes: Partial<Equipment> = {}): Equipment =>
  anEquipment({
    equipmentId: 'C1',
    name: 'Bag filter 1',
    kind: 'DUST_COLLECTOR',
    collector: 'DRY',
    reportIntervalMs: 5000,
    limits: [],
    ...changes,
  });

export interface Series {
  readonly indicator: string;
  readonly values: readonly (number | null)[];
  readonly stepMs?: number;
  readonly fromMs?: number;
  readonly equipmentId?: string;
  readonly state?: RunState | ((ms: number) => RunState);
}

/** Samples of one machine, each a second after it was taken; `null` is silence. */
export function samples({
  indicator,
  values,
  stepMs = 5000,
  fromMs = startMs,
  equipmentId = 'C1',
  state,
}: Series): Sent[] {
  return values.flatMap((value, i) => {
    if (value === null) return [];
    const observedAtMs = fromMs + i * stepMs;
    return [
      sent(
        'telemetry',
        observedAtMs + 1000,
        aTelemetry({
          equipmentId,
          observedAtMs,
          state: typeof state === 'function' ? state(observedAtMs) : (state ?? 'RUNNING'),
          readings: [{ indicator, value }],
        }),
      ),
    ];
  });
}

/** `[value, times]` pairs written out. */
export function steps(...pairs: readonly (readonly [number | null, number])[]): (number | null)[] {
  return pairs.flatMap(([value, times]) => Array<number | null>(times).fill(value));
}
