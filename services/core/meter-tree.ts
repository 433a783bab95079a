import { generationBehind, isGenerationMeter } from './generation.ts';
import type { Meter, SiteRegistration } from './records.ts';
import { baseKinds } from './site.ts';

/** A meter and those right below it: what they measure cannot be more than what it lets through. */
export interface MeterNode {
  readonly whole: Meter;
  readonly parts: readonly Meter[];
  /** Meters below it of photovoltaics alone: what they measure comes in beside what the whole lets through. */
  readonly roofs: readonly Meter[];
  /** Photovoltaics behind it that nobody measures: by day it may show less than its parts by right. */
  readonly unmeteredSun: boolean;
  /** Machines whose work can be told that it feeds past all of its parts. */
  readonly besideIds: readonly string[];
}

/** All nodes of a site, as far as the registry knows them. */
export function meterNodes(registration: SiteRegistration): readonly MeterNode[] {
  if (registration.retired) return [];
  const roofIds = new Set(registration.equipment.filter((e) => e.kind === 'PHOTOVOLTAIC').map((e) => e.equipmentId));
  return registration.meters.flatMap((whole) => {
    const below = partsOf(registration, whole);
    const roofs = below.filter((meter) => isGenerationMeter(meter, roofIds));
    const parts = below.filter((meter) => !roofs.includes(meter));
    if (parts.length === 0) return [];
    const measured = new Set(below.flatMap(({ feeds }) => feeds));
    const beside = registration.equipment.filter(
      ({ equipmentId, kind }) =>
        !baseKinds.has(kind) &&
        !measured.has(equipmentId) &&
        (whole.feeds.length === 0 || whole.feeds.includes(equipmentId)),
    );
    const unmeteredSun = generationBehind(registration, whole).unmetered;
    return { whole, parts, roofs, unmeteredSun, besideIds: beside.map(({ equipmentId }) => equipmentId) };
  });
}

/** Meters that name it as their parent; where none does and it is the one total of the site, all that name no parent. */
function partsOf({ meters }: SiteRegistration, whole: Meter): readonly Meter[] {
  const named = meters.filter(({ parentMeterId }) => parentMeterId === whole.meterId);
  if (named.length > 0 || whole.role !== 'ENTERPRISE_TOTAL' || whole.parentMeterId !== null) return named;
  if (meters.filter(({ role }) => role === 'ENTERPRISE_TOTAL').length > 1) return [];
  return meters.filter(
    ({ meterId, parentMeterId, feeds }) =>
      meterId !== whole.meterId &&
      parentMeterId === null &&
      (whole.feeds.length === 0 || (feeds.length > 0 && feeds.every((id) => whole.feeds.includes(id)))),
  );
}
