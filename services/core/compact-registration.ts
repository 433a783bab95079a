import type { Equipment, Meter, SiteRegistration } from './records.ts';

/** Texts that many firms have alike: names of machines, sections, time zones. */
const texts = new Map<string, string>();
const mostTexts = 10_000;

const noLimits: Equipment['limits'] = [];
const noShifts: SiteRegistration['shifts'] = [];
const noSections: SiteRegistration['sections'] = [];
const noCameras: SiteRegistration['cameras'] = [];
const servesNone: Equipment['serves'] = [];

/**
 * The same description in as little room as it takes: as decoded, each holds its own copy of every text and boxes
 * numbers that would fit their field, and there are millions of machines.
 */
export function compact(registration: SiteRegistration): SiteRegistration {
  const equipment = registration.equipment.map(compactEquipment);
  const ids = new Map(equipment.map((e) => [e.equipmentId, e.equipmentId]));
  return {
    ...registration,
    regionCode: sharedText(registration.regionCode),
    timeZone: sharedText(registration.timeZone),
    equipment,
    meters: registration.meters.map((meter) => compactMeter(meter, ids)),
    shifts: registration.shifts.length === 0 ? noShifts : registration.shifts,
    sections: registration.sections.length === 0 ? noSections : registration.sections,
    cameras: registration.cameras.length === 0 ? noCameras : registration.cameras,
    carrier: sharedText(registration.carrier),
  };
}

// Written out field by field: a spread would give the fields the representation that they had when decoded.

function compactEquipment(e: Equipment): Equipment {
  return {
    equipmentId: e.equipmentId,
    name: sharedText(e.name),
    kind: e.kind,
    sectionId: sharedText(e.sectionId),
    ratedPowerKw: e.ratedPowerKw === null ? null : unboxed(e.ratedPowerKw),
    reportIntervalMs: unboxed(e.reportIntervalMs),
    limits: e.limits.length === 0 ? noLimits : e.limits,
    serves: e.serves.length === 0 ? servesNone : e.serves,
    collector: e.collector,
  };
}

function compactMeter(meter: Meter, ids: ReadonlyMap<string, string>): Meter {
  return {
    meterId: sharedText(meter.meterId),
    role: meter.role,
    intervalMs: unboxed(meter.intervalMs),
    installationId: sharedText(meter.installationId),
    feeds: meter.feeds.map((id) => ids.get(id) ?? id),
    parentMeterId: meter.parentMeterId === null ? null : sharedText(meter.parentMeterId),
    deliveryDelayMs: unboxed(meter.deliveryDelayMs),
    exports: meter.exports,
  };
}

/** The same number, as a small integer where it is one. */
function unboxed(value: number): number {
  const whole = value | 0;
  return whole === value ? whole : value;
}

/** The one copy of a text that many firms have alike. */
export function sharedText(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  // A flood of texts that nobody shares must not keep out those that many do.
  if (texts.size >= mostTexts) texts.clear();
  texts.set(text, text);
  return text;
}
