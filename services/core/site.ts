import { Refusal } from './batch.ts';
import { compact } from './compact-registration.ts';
import type { Place } from './detectors/detector.ts';
import { mostMachines } from './explained-load.ts';
import type { Equipment, EquipmentKind, Meter, SiteRegistration, SubjectKind } from './records.ts';

/** Versions of one site kept at a time: those in force within the lateness horizon, and a bound against floods. */
const maxVersions = 64;
const slotStepsMs = [60_000, 120_000, 180_000, 300_000, 600_000, 900_000];

/** Loads that may rightly run while production is stopped: they belong to the base of their meter. */
const baseKinds: ReadonlySet<EquipmentKind> = new Set(['HOLDING_FURNACE', 'DORMITORY', 'HVAC', 'PHOTOVOLTAIC']);

/**
 * What one meter can bear witness of. All machines behind it reported stopped is a claim on the group; where the meter
 * feeds a single machine the group is that machine, and where it is the enterprise's total the group is the firm.
 */
export class Witness implements Place {
  readonly drive = 'load';
  readonly equipmentId = '';
  readonly meter: Meter;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  /** Production equipment behind the meter, whose stop is judged. */
  readonly equipment: readonly Equipment[];
  /** Their ids. */
  readonly equipmentIds: readonly string[];
  /** Several machines that have no nearer meter: each of them is judged here too, as far as the load tells them apart. */
  readonly tellsApart: boolean;

  constructor(
    registration: SiteRegistration,
    meter: Meter,
    equipment: readonly Equipment[],
    equipmentIds: readonly string[],
    tellsApart: boolean,
  ) {
    const { subjectKind, subjectId } = subjectOf(registration, meter, equipment);
    this.meter = meter;
    this.subjectKind = subjectKind;
    this.subjectId = subjectId;
    this.equipment = equipment;
    this.equipmentIds = equipmentIds;
    this.tellsApart = tellsApart;
  }

  get key(): string {
    return this.meter.meterId;
  }

  get meterId(): string {
    return this.meter.meterId;
  }

  get stepMs(): number {
    return this.meter.intervalMs;
  }

  /** Sum of the nameplates, kW; `undefined` when one is missing. */
  get ratedKw(): number | undefined {
    return ratingsOf(this.equipment)?.reduce((sum, kw) => sum + kw, 0);
  }

  /** The smallest nameplate, kW; `undefined` when one is missing. */
  get smallestRatedKw(): number | undefined {
    const known = ratingsOf(this.equipment);
    return known && Math.min(...known);
  }

  /** Nothing but this equipment draws power here, as far as the registry knows. */
  get dedicated(): boolean {
    const { role, feeds } = this.meter;
    return (role === 'PRODUCTION' || role === 'TREATMENT') && feeds.length === this.equipment.length;
  }
}

function ratingsOf(equipment: readonly Equipment[]): number[] | undefined {
  const rated = equipment.map((e) => e.ratedPowerKw);
  return rated.every((kw) => kw !== null) ? (rated as number[]) : undefined;
}

export interface SiteVersion {
  readonly registration: SiteRegistration;
  readonly witnesses: readonly Witness[];
}

/** The effective-dated descriptions of one enterprise. */
export class Site {
  /** By effective date. */
  private versions: SiteVersion[] = [];

  /** Takes a registration; a refusal says what is wrong with it, `false` that it changes nothing. */
  register(sent: SiteRegistration): boolean | Refusal {
    const problem = registrationProblem(sent);
    if (problem) return problem;
    const registration = compact(sent);
    const at = this.versions.findIndex((v) => v.registration.effectiveFromMs === registration.effectiveFromMs);
    const version: SiteVersion = { registration, witnesses: witnessesOf(registration) };
    if (at >= 0) {
      if (this.versions[at]!.registration.revision >= registration.revision) return false;
      this.versions[at] = version;
      return true;
    }
    if (this.versions.length >= maxVersions) {
      return new Refusal('too-many-registrations', `more than ${maxVersions} effective dates within the horizon`);
    }
    this.versions = this.versions
      .concat(version)
      .sort((a, b) => a.registration.effectiveFromMs - b.registration.effectiveFromMs);
    return true;
  }

  /** The description in force at a moment; `undefined` before the first one. */
  at(ms: number): SiteVersion | undefined {
    const { versions } = this;
    for (let i = versions.length - 1; i >= 0; i--) {
      if (versions[i]!.registration.effectiveFromMs <= ms) return versions[i];
    }
    return undefined;
  }

  all(): readonly SiteVersion[] {
    return this.versions;
  }

  latest(): SiteVersion | undefined {
    return this.versions.at(-1);
  }

  /** Forgets descriptions that were replaced before `beforeMs`. */
  prune(beforeMs: number): void {
    while (this.versions.length > 1 && this.versions[1]!.registration.effectiveFromMs <= beforeMs)
      this.versions.shift();
  }

  /** How late data may come by arrangement, over all meters and dates, ms. */
  deliveryDelayMs(): number {
    return Math.max(0, ...this.versions.flatMap((v) => v.registration.meters.map((m) => m.deliveryDelayMs)));
  }
}

function witnessesOf(registration: SiteRegistration): Witness[] {
  if (registration.retired) return [];
  const byId = new Map(registration.equipment.map((e) => [e.equipmentId, e]));
  const judgedBehind = (meter: Meter): readonly Equipment[] => {
    const isTotal = meter.role === 'ENTERPRISE_TOTAL' && meter.feeds.length === 0;
    const fed = isTotal ? registration.equipment : meter.feeds.map((id) => byId.get(id)!);
    const judged = fed.filter((e) => !baseKinds.has(e.kind));
    // Most meters of small firms feed all there is: one list serves.
    return isSame(judged, registration.equipment) ? registration.equipment : judged;
  };
  const groups = registration.meters.map((meter) => ({ meter, equipment: judgedBehind(meter) }));
  const nearestOf = new Map<string, string>();
  for (const { meter, equipment } of [...groups].sort((a, b) => b.equipment.length - a.equipment.length)) {
    for (const e of equipment) nearestOf.set(e.equipmentId, meter.meterId);
  }
  const witnesses: Witness[] = [];
  for (const { meter, equipment } of groups) {
    if (equipment.length === 0) continue;
    const nearest = equipment.every((e) => nearestOf.get(e.equipmentId) === meter.meterId);
    const ids = equipment.map((e) => e.equipmentId);
    const tellsApart = nearest && equipment.length > 1 && equipment.length <= mostMachines;
    witnesses.push(
      new Witness(registration, meter, equipment, isSame(ids, meter.feeds) ? meter.feeds : ids, tellsApart),
    );
  }
  return witnesses.slice();
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** One meter of a description; sites have few, so no index is kept. */
export function meterOf(version: SiteVersion | undefined, meterId: string): Meter | undefined {
  return version?.registration.meters.find((meter) => meter.meterId === meterId);
}

function subjectOf(registration: SiteRegistration, meter: Meter, equipment: readonly Equipment[]) {
  if (meter.role === 'ENTERPRISE_TOTAL') {
    return { subjectKind: 'ENTERPRISE' as const, subjectId: registration.enterpriseId };
  }
  return equipment.length === 1
    ? { subjectKind: 'EQUIPMENT' as const, subjectId: equipment[0]!.equipmentId }
    : { subjectKind: 'METER' as const, subjectId: meter.meterId };
}

/** Everything that makes a registration unusable, in one refusal; `undefined` when it is sound. */
function registrationProblem(registration: SiteRegistration): Refusal | undefined {
  const { equipment, meters } = registration;
  const broken: string[] = [];
  const equipmentIds = new Set<string>();
  const twice: string[] = [];
  for (const e of equipment) {
    if (e.equipmentId === '') broken.push('an equipment without id');
    if (equipmentIds.has(e.equipmentId)) twice.push(`equipment ${e.equipmentId} is listed twice`);
    equipmentIds.add(e.equipmentId);
    if (e.ratedPowerKw !== null && !(e.ratedPowerKw > 0 && e.ratedPowerKw < 1e6)) {
      broken.push(`rated power of ${e.equipmentId} is ${e.ratedPowerKw} kW`);
    }
    if (!(e.reportIntervalMs >= 1000 && e.reportIntervalMs <= 3_600_000)) {
      broken.push(`report interval of ${e.equipmentId} is ${e.reportIntervalMs} ms; 1 s to 1 h is possible`);
    }
  }
  const meterById = new Map<string, Meter>();
  for (const m of meters) {
    if (m.meterId === '' || meterById.has(m.meterId)) broken.push(`meter id '${m.meterId}' is empty or listed twice`);
    meterById.set(m.meterId, m);
    if (!slotStepsMs.includes(m.intervalMs)) {
      broken.push(`slots of ${m.meterId} are ${m.intervalMs} ms; 1, 2, 3, 5, 10 or 15 min are possible`);
    }
    if (!(m.deliveryDelayMs >= 0 && m.deliveryDelayMs <= 7 * 86_400_000)) {
      broken.push(`delivery delay of ${m.meterId} is ${m.deliveryDelayMs} ms; up to 7 days are possible`);
    }
    for (const id of m.feeds)
      if (!equipmentIds.has(id)) broken.push(`meter ${m.meterId} feeds unknown equipment ${id}`);
  }
  for (const m of meters) {
    if (m.parentMeterId !== null && !meterById.has(m.parentMeterId)) {
      broken.push(`meter ${m.meterId} has unknown parent ${m.parentMeterId}`);
    }
  }
  for (const e of equipment) {
    const feeding = meters.filter((m) => m.feeds.includes(e.equipmentId) && m.role !== 'ENTERPRISE_TOTAL');
    for (const [i, a] of feeding.entries()) {
      for (const b of feeding.slice(i + 1)) {
        if (!isUpstream(a, b, meterById) && !isUpstream(b, a, meterById)) {
          twice.push(`equipment ${e.equipmentId} is behind meters ${a.meterId} and ${b.meterId} at once`);
        }
      }
    }
  }
  if (twice.length > 0) return new Refusal('equipment-in-two-places', [...twice, ...broken].slice(0, 8).join('; '));
  if (broken.length > 0) return new Refusal('broken-registration', broken.slice(0, 8).join('; '));
  return undefined;
}

function isUpstream(upper: Meter, lower: Meter, byId: ReadonlyMap<string, Meter>): boolean {
  let at: Meter | undefined = lower;
  for (let steps = 0; at && steps <= byId.size; steps++) {
    if (at.meterId === upper.meterId) return true;
    at = at.parentMeterId === null ? undefined : byId.get(at.parentMeterId);
  }
  return false;
}
