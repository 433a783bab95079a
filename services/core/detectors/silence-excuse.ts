/** What may excuse silence: an outage of the region, a power cut, or a gateway's fault, as filed. */
import type { Equipment, SiteEvent } from '../records.ts';
import { concerns } from '../shares.ts';
import type { SiteVersion } from '../site.ts';

export interface SilentStretch {
  readonly version: SiteVersion;
  readonly ids: ReadonlySet<string>;
  /** By machine, where it is known. */
  readonly gatewayOf: (equipmentId: string) => string | undefined;
  /** Gateways that machines of the site were heard through. */
  readonly gatewayIds: ReadonlySet<string>;
  readonly fromMs: number;
  readonly toMs: number;
  /** The load is of the running kind. */
  readonly isRunning: boolean;
}

/** From the best on. The last two excuse nothing: the load belies the cut, or the time that a repair may take is over. */
const ranks = ['silent-region', 'power-cut', 'fault-on-file', 'silent-despite-cut', 'silent-past-fault'] as const;

export interface Excuse {
  readonly reason: (typeof ranks)[number];
  readonly isSpent: boolean;
  /** Beginning of what was filed, ms. */
  readonly filedMs: number;
}

/**
 * What excuses all of the machines: of each its best excuse, of them together the worst; undefined where one has none. A
 * fault excuses for `graceMs` from its beginning.
 */
export function excuseOf(events: readonly SiteEvent[], stretch: SilentStretch, graceMs: number): Excuse | undefined {
  const { fromMs, toMs } = stretch;
  const during = events.filter(({ startMs, endMs }) => startMs < toMs && (endMs ?? Number.POSITIVE_INFINITY) > fromMs);
  let worst: Excuse | undefined;
  for (const machine of during.length === 0 ? [] : stretch.version.registration.equipment) {
    if (!stretch.ids.has(machine.equipmentId)) continue;
    let best: Excuse | undefined;
    for (const event of during) {
      const excuse = excuseBy(event, machine, stretch, graceMs);
      if (excuse && (!best || order(excuse, best) < 0)) best = excuse;
    }
    if (!best) return undefined;
    if (!worst || order(best, worst) > 0) worst = best;
  }
  return worst;
}

/** By rank, then by age, so that it does not matter in which order things were filed. */
function order(a: Excuse, b: Excuse): number {
  return ranks.indexOf(a.reason) - ranks.indexOf(b.reason) || a.filedMs - b.filedMs;
}

function excuseBy(event: SiteEvent, machine: Equipment, stretch: SilentStretch, graceMs: number): Excuse | undefined {
  const { kind, startMs: filedMs, sourceId } = event;
  if (kind === 'REGIONAL_OUTAGE') return { reason: 'silent-region', isSpent: false, filedMs };
  if ((kind !== 'POWER_CUT' && kind !== 'GATEWAY_FAULT') || !concerns(event, machine)) return undefined;
  if (kind === 'POWER_CUT') {
    // A quarter of an hour with a cut in it may have any load; one that lies wholly within it has none.
    const isWhole = filedMs <= stretch.fromMs && (event.endMs ?? Number.POSITIVE_INFINITY) >= stretch.toMs;
    const isSpent = stretch.isRunning && isWhole;
    return { reason: isSpent ? 'silent-despite-cut' : 'power-cut', isSpent, filedMs };
  }
  const isOfOneGateway = sourceId !== null && stretch.gatewayIds.has(sourceId);
  if (isOfOneGateway && stretch.gatewayOf(machine.equipmentId) !== sourceId) return undefined;
  const isSpent = stretch.fromMs >= filedMs + graceMs;
  return { reason: isSpent ? 'silent-past-fault' : 'fault-on-file', isSpent, filedMs };
}
