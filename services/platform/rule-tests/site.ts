import { equipmentDefaults, meterDefaults, shiftDefaults, siteDefaults } from '../../core/record-defaults.ts';
import type { Equipment, EquipmentKind, MeterRole, Sector, Shift, SiteRegistration } from '../../core/records.ts';
import { parseDuration } from './duration.ts';
import type { SiteNotation } from './shape.ts';

export const enterpriseId = 'e1';

/** A machine of a test reports every five minutes: sparse enough that days of history take no time. */
const reportEveryMs = 300_000;

const sectorOf: Readonly<Record<string, Sector>> = {
  dust: 'DUST_EXPLOSION',
  steel: 'IRON_AND_STEEL',
  aluminium: 'ALUMINIUM_DEEP_WELL_CASTING',
  other: 'OTHER',
};
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Says what cannot be read, by the path within the site. */
type Say = (path: readonly string[], problem: string) => void;

/** A site with what a case says of it laid over it: fields of entries are replaced, all else stays. */
export function mergeSite(base: SiteNotation, over: SiteNotation | undefined): SiteNotation {
  if (!over) return base;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMap(below) && isMap(value) ? mergeEntries(below, value) : value;
  }
  return merged as SiteNotation;
}

function mergeEntries(below: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...below };
  for (const [id, entry] of Object.entries(over)) {
    merged[id] = isMap(merged[id]) && isMap(entry) ? { ...(merged[id] as object), ...entry } : entry;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The registration that a site of a test stands for; all that it does not say has the default of the schema. */
export function registrationOf(
  site: SiteNotation,
  effectiveFromMs: number,
  revision: number,
  say: Say,
): SiteRegistration {
  const ms = (path: readonly string[], text: string | undefined, otherwise: number): number => {
    if (text === undefined) return otherwise;
    const parsed = parseDuration(text);
    if (parsed === undefined) say(path, `'${text}' is no time; write 15min, 90s or 2h`);
    return parsed ?? otherwise;
  };
  return {
    ...siteDefaults,
    enterpriseId,
    revision,
    effectiveFromMs,
    name: site.name ?? '示例企业',
    sector: sectorOf[site.sector ?? 'dust']!,
    regionCode: site.region ?? '330106',
    timeZone: site.timeZone ?? siteDefaults.timeZone,
    latitude: site.latitude ?? null,
    longitude: site.longitude ?? null,
    carrier: site.carrier ?? '',
    equipment: Object.entries(site.equipment ?? {}).map(([id, notation]): Equipment => {
      const at = ['equipment', id];
      const { kind, section, ratedKw, reportEvery, limits, collector, gateway, ...fields } = notation;
      return {
        ...equipmentDefaults,
        ...fields,
        equipmentId: id,
        kind: (kind as EquipmentKind | undefined) ?? equipmentDefaults.kind,
        sectionId: section ?? '',
        ratedPowerKw: ratedKw ?? null,
        reportIntervalMs: ms([...at, 'reportEvery'], reportEvery, reportEveryMs),
        collector: (collector as Equipment['collector']) ?? null,
        limits: (limits ?? []).map((limit, i) => ({
          indicator: limit.indicator,
          low: limit.low ?? null,
          high: limit.high ?? null,
          onDelayMs: ms([...at, 'limits', String(i)], limit.onDelay, 0),
          offDelayMs: ms([...at, 'limits', String(i)], limit.offDelay, 0),
          deadBand: limit.deadBand ?? 0,
          ratePerMinute: limit.ratePerMinute ?? null,
        })),
      };
    }),
    meters: Object.entries(site.meters ?? {}).map(([id, { role, interval, installation, parent, ...notation }]) => ({
      ...meterDefaults,
      meterId: id,
      role: (role as MeterRole | undefined) ?? meterDefaults.role,
      intervalMs: ms(['meters', id, 'interval'], interval, meterDefaults.intervalMs),
      installationId: installation ?? '',
      feeds: notation.feeds ?? [],
      parentMeterId: parent ?? null,
      deliveryDelayMs: ms(['meters', id, 'deliveryDelay'], notation.deliveryDelay, 0),
      exports: notation.exports ?? false,
    })),
    sections: Object.entries(site.sections ?? {}).map(([id, section]) => ({
      sectionId: id,
      name: section.name ?? '',
      dust: section.dust ?? false,
      workers: section.workers ?? null,
      personLimit: section.personLimit ?? null,
      cleanAfterRunHours: section.cleanAfterRunHours ?? null,
    })),
    cameras: Object.entries(site.cameras ?? {}).map(([cameraId, sectionId]) => ({ cameraId, sectionId })),
    shifts: Object.entries(site.shifts ?? {}).map(([name, { from, to, days, onHolidays }]): Shift => {
      const startMinute = minuteOf(from);
      const endMinute = minuteOf(to);
      const daysOfWeek = days === undefined ? shiftDefaults.daysOfWeek : weekdayBits(days);
      if (startMinute === undefined) say(['shifts', name, 'from'], `'${from}' is no time of day; write 08:00`);
      if (endMinute === undefined) say(['shifts', name, 'to'], `'${to}' is no time of day; write 20:00`);
      if (daysOfWeek === undefined) say(['shifts', name, 'days'], `'${days}' are no days; write Mon-Fri, or Mon, Wed`);
      const start = startMinute ?? 0;
      const end = endMinute ?? 0;
      return {
        name,
        startMinute: start,
        endMinute: end > start ? end : end + 1440,
        daysOfWeek: daysOfWeek ?? 0,
        onHolidays: onHolidays ?? false,
      };
    }),
  };
}

function minuteOf(text: string): number | undefined {
  const found = /^(\d\d?):(\d\d)$/.exec(text);
  const minute = found ? Number(found[1]) * 60 + Number(found[2]) : Number.NaN;
  return minute <= 1440 ? minute : undefined;
}

function weekdayBits(text: string): number | undefined {
  let bits = 0;
  for (const part of text.toLowerCase().split(',')) {
    const [first, last] = part.split('-').map((day) => weekdays.indexOf(day.trim()));
    if (first === undefined || first < 0 || last === -1 || part.split('-').length > 2) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      bits |= 1 << day;
      if (day === (last ?? first)) break;
    }
  }
  return bits;
}
