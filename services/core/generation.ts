import { isDark } from './daylight.ts';
import type { Meter, SiteRegistration } from './records.ts';

/** Photovoltaics behind a meter: what it shows is what is drawn there less what they generate. */
export interface Generation {
  /** Meters that measure some of it, and nothing else. */
  readonly meters: readonly Meter[];
  /** Some of it, or all, is not measured: by day what the meter shows is the least that may be drawn. */
  readonly unmetered: boolean;
}

export const noGeneration: Generation = { meters: [], unmetered: false };

/** What generates behind a meter, as registered; a meter that may run backwards generates by itself. */
export function generationBehind(registration: SiteRegistration, meter: Meter): Generation {
  const roofs = new Set(registration.equipment.filter((e) => e.kind === 'PHOTOVOLTAIC').map((e) => e.equipmentId));
  if (roofs.size === 0) return meter.exports ? { meters: [], unmetered: true } : noGeneration;
  const feedsAll = meter.role === 'ENTERPRISE_TOTAL' && meter.feeds.length === 0;
  const own = feedsAll ? roofs : new Set(meter.feeds.filter((id) => roofs.has(id)));
  const meters = registration.meters.filter(
    (other) =>
      other.meterId !== meter.meterId &&
      isGenerationMeter(other, roofs) &&
      (other.feeds.every((id) => own.has(id)) || isBehind(registration, other, meter.meterId)),
  );
  if (own.size === 0 && meters.length === 0) return meter.exports ? { meters, unmetered: true } : noGeneration;
  const measured = new Set(meters.flatMap(({ feeds }) => feeds));
  return { meters, unmetered: [...own].some((id) => !measured.has(id)) };
}

/** Whether photovoltaics at the site may generate in a slot. */
export function isSunny(registration: SiteRegistration, startMs: number, endMs: number): boolean {
  return !isDark(registration, startMs) || !isDark(registration, endMs);
}

/** True for a meter of photovoltaics alone. */
export function isGenerationMeter({ feeds }: Meter, roofs: ReadonlySet<string>): boolean {
  return feeds.length > 0 && feeds.every((id) => roofs.has(id));
}

/** Whether a meter hangs under another one, directly or through others. */
function isBehind({ meters }: SiteRegistration, meter: Meter, upstreamId: string): boolean {
  let parentId = meter.parentMeterId;
  // As many steps as there are meters: a ring of parents must not hold us.
  for (let steps = meters.length; steps > 0 && parentId !== null; steps--) {
    if (parentId === upstreamId) return true;
    parentId = meters.find(({ meterId }) => meterId === parentId)?.parentMeterId ?? null;
  }
  return false;
}
