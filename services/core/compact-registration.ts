import type { Equipment, Meter, SiteRegistration } from './records.ts';
import { sharedCopy, sharedText } from './shared-copies.ts';

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
  const equipment = registration.equipment.map((e) => new CompactEquipment(e));
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

/**
 * What is registered of a machine but for its names: ratings come in steps, so many machines are of one make. One with
 * limits of its own, or that serves others, has a make of its own.
 */
type Make = Omit<Equipment, 'equipmentId' | 'name'>;
const makes = new Map<string, Make>();

class CompactEquipment implements Equipment {
  readonly equipmentId: string;
  readonly name: string;
  private readonly make: Make;

  constructor(e: Equipment) {
    this.equipmentId = e.equipmentId;
    this.name = sharedText(e.name);
    const make = makeOf(e);
    const isPlain = e.limits.length + e.serves.length === 0;
    this.make = isPlain ? sharedCopy(makes, JSON.stringify(make), () => make) : make;
  }

  get kind() {
    return this.make.kind;
  }

  get sectionId() {
    return this.make.sectionId;
  }

  get ratedPowerKw() {
    return this.make.ratedPowerKw;
  }

  get reportIntervalMs() {
    return this.make.reportIntervalMs;
  }

  get limits() {
    return this.make.limits;
  }

  get serves() {
    return this.make.serves;
  }

  get collector() {
    return this.make.collector;
  }

  toJSON(): Equipment {
    return { equipmentId: this.equipmentId, name: this.name, ...this.make };
  }
}

// Written out field by field: a spread would give the fields the representation that they had when decoded.

function makeOf(e: Equipment): Make {
  return {
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
