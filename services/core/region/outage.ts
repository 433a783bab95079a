import { siteEventDefaults } from '../record-defaults.ts';
import type { SiteEvent } from '../records.ts';
import type { Mark } from './firm.ts';
import type { Scope } from './scope.ts';

/** Names the second stage in the events that it says. */
export const outageSource = 'wattness-regions';

/** Many enterprises of a scope fell silent together. */
export interface Outage {
  readonly id: string;
  readonly scope: Scope;
  /** The earliest onset of the cluster that was concluded. */
  readonly startMs: number;
  /** An enterprise is part of it when it fell silent from `fromMs` to `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** It comes at this time of day whether anything is out or not: nobody is told of it. */
  readonly isHabit: boolean;
  /** When most of them were heard again; `null` while it lasts. */
  endMs: number | null;
  /** Enterprises that had fallen silent when it was concluded. */
  readonly silent: number;
  /** Probability of as many by chance. */
  readonly chance: number;
}

/** The same for the same facts: the code of the region, the carrier where it is one carrier's, and the start. */
export function outageId(city: string, { county, carrier }: Scope, startMs: number): string {
  return ['outage', county === '' ? city : county, ...(carrier === '' ? [] : [carrier]), startMs].join('-');
}

export function isPartOf({ fromMs, toMs }: Outage, onsetMs: number): boolean {
  return onsetMs >= fromMs && onsetMs <= toMs;
}

/** What an enterprise is told of it. */
export function outageEvent(enterpriseId: string, outage: Outage, mark: Mark): SiteEvent {
  return {
    ...siteEventDefaults,
    enterpriseId,
    eventId: outage.id,
    revision: mark.revision,
    kind: 'REGIONAL_OUTAGE',
    startMs: mark.startMs,
    endMs: mark.endMs,
    sourceId: outageSource,
    confidence: 1 - outage.chance,
    count: outage.silent,
  };
}

/** When more than half were heard again; `null` while they were not. Nobody left to be heard ends it at `nowMs`. */
export function recoveredMs(startMs: number, members: readonly Mark[], nowMs: number): number | null {
  if (members.length === 0) return Math.max(startMs, nowMs);
  const backMs = members.flatMap((member) => member.backMs ?? []);
  const most = Math.floor(members.length / 2);
  return backMs.length > most ? Math.max(startMs, backMs.sort((a, b) => a - b)[most]!) : null;
}
