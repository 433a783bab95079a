import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { type CollectorPlace, type DustCollectorOf, pressure } from './dust-collector.ts';

const hourMs = 3_600_000;

type Drift = DustCollectorOf<'pressure-drift'>;

/**
 * Differential pressure against what it was over the first hours of the filter's use. The whole range of a slot must
 * have moved, so that the pulse of the jets is no drift.
 */
export function pressureDrift(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: Drift,
  learned: Learned | undefined,
): SlotJudgement {
  const { collector, stepMs } = place;
  const allowedPa = collector.limits.find(({ indicator }) => indicator === pressure)?.high ?? undefined;
  if (allowedPa === undefined) return unjudged('unknown', 'pressure-limit-not-registered');
  if (!ranThrough(view, place, startMs)) return unjudged('unknown', 'collector-stands');
  const ranges = view.channel(collector.equipmentId, pressure)?.ranges;
  const lowPa = ranges?.lowAt(startMs) ?? Number.NaN;
  if (Number.isNaN(lowPa)) return unjudged('unknown', 'pressure-missing');
  const [sumPa = 0, slots = 0, sinceMs = 0] = learned ?? [];
  // Sealed slots know of a change a day later.
  if (changedMs(view, place, startMs + stepMs) > sinceMs) return unjudged('unknown', 'filter-changed');
  if (slots * stepMs < p.referenceHours * hourMs) return unjudged('unknown', 'reference-not-taken');
  const referencePa = sumPa / slots;
  const highPa = ranges!.highAt(startMs);
  // A fan that stands, whatever is said of it, is no matter of the filter.
  if (highPa <= p.leastPressurePa) return unjudged('unknown', 'collector-without-flow');
  const mayMovePa = (p.driftPercent / 100) * allowedPa;
  const up = lowPa > referencePa + mayMovePa;
  if (!up && !(highPa < referencePa - mayMovePa)) return quiet('pressure-near-reference');
  return {
    kind: 'judged',
    reason: 'pressure-left-reference',
    logLikelihoodRatio: 1,
    seen: (lowPa + highPa) / 2,
    bound: up ? referencePa + mayMovePa : referencePa - mayMovePa,
    share: 1,
    detail: { referencePa, allowedPa, driftPercent: p.driftPercent, referenceHours: p.referenceHours },
  };
}

/** Sum and number of the first slots of use, and since when the filter is in use, ms. */
export function learnReference(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: Drift,
  learned: Learned | undefined,
): Learned | undefined {
  const endMs = startMs + place.stepMs;
  const [sumPa = 0, slots = 0, sinceMs = 0] = learned ?? [];
  if (changedMs(view, place, endMs) > sinceMs) return [0, 0, endMs];
  if (slots * place.stepMs >= p.referenceHours * hourMs || !ranThrough(view, place, startMs)) return learned;
  const ranges = view.channel(place.collector.equipmentId, pressure)?.ranges;
  const lowPa = ranges?.lowAt(startMs) ?? Number.NaN;
  if (!(lowPa > p.leastPressurePa)) return learned;
  return [sumPa + (lowPa + ranges!.highAt(startMs)) / 2, slots + 1, sinceMs];
}

/** It ran in the slot and the one before: a start takes time to build up pressure. */
function ranThrough(view: SiteView, { collector, stepMs }: CollectorPlace, startMs: number): boolean {
  const timeline = view.timeline(collector.equipmentId);
  return timeline?.uniformKind(startMs - stepMs, startMs + stepMs) === 'running';
}

/** End of the newest maintenance on file of the collector itself that ended by `ms`; 0 where there is none. */
function changedMs(view: SiteView, { collector }: CollectorPlace, ms: number): number {
  let newestMs = 0;
  for (const { kind, equipmentId, endMs, withdrawn } of view.work) {
    if (kind !== 'MAINTENANCE' || withdrawn || equipmentId !== collector.equipmentId || endMs > ms) continue;
    newestMs = Math.max(newestMs, endMs);
  }
  return newestMs;
}
