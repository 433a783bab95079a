import { Refusal } from './batch.ts';
import { compact } from './compact-registration.ts';
import type { Place } from './detectors/detector.ts';
import { mostMachines } from './explained-load.ts';
import { type Generation, generationBehind } from './generation.ts';
import type { Equipment, EquipmentKind, Meter, SiteRegistration, SubjectKind } from './records.ts';
import { registrationProblem } from './registration-problem.ts';

/** Versions of one site kept at a time: those in force within the lateness horizon, and a bound against floods. */
const maxVersions = 64;

/** Loads that may rightly run while production is stopped: they belong to the base of their meter. */
export const baseKinds: ReadonlySet<EquipmentKind> = new Set(['HOLDING_FURNACE', 'DORMITORY', 'HVAC', 'PHOTOVOLTAIC']);

/** How rarely the machines report that report most rarely, ms. */
export function rarestReportMs(equipment: readonly Equipment[]): number {
  return equipment.reduce((rarest, { reportIntervalMs }) => Math.max(rarest, reportIntervalMs), 0);
}

/**
 * What one meter can bear witness of. All machines behind it reported stopped is a claim on the group; where the meter
 * feeds a single machine the group is that machine, and where it is the enterprise's total the group is the firm.
 */
export class Witness implements Place {
  readonly drive = 'load';
  readonly equipmentId = '';
  /** The description that it is of. */
  readonly registration: SiteRegistration;
  readonly meter: Meter;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  /** Production equipment behind the meter, whose stop is judged. */
  readonly equipment: readonly Equipment[];
  /** Their ids. */
  readonly equipmentIds: readonly string[];
  /** Several machines that have no nearer meter: each of them is judged here too, as far as the load tells them apart. */
  readonly tellsApart: boolean;
  /** Photovoltaics behind the meter. */
  readonly generation: Generation;
  /** A dormitory, heating, cooling or a holding furnace is registered behind the meter: alone it may show two modes of load. */
  readonly hasBase: boolean;
  /** A stop that one of the machines reports may have been over for so long before its next report, ms. */
  readonly rarestReportMs: number;

  constructor(
    registration: SiteRegistration,
    meter: Meter,
    equipment: readonly Equipment[],
    equipmentIds: readonly string[],
    tellsApart: boolean,
    base: readonly Equipment[],
  ) {
    const { subjectKind, subjectId } = subjectOf(registration, meter, equipment);
    this.registration = registration;
    this.meter = meter;
    this.subjectKind = subjectKind;
    this.subjectId = subjectId;
    this.equipment = equipment;
    this.equipmentIds = equipmentIds;
    this.tellsApart = tellsApart;
    this.generation = generationBehind(registration, meter);
    this.hasBase = base.some(({ kind }) => kind !== 'PHOTOVOLTAIC');
    this.rarestReportMs = rarestReportMs(equipment);
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

  /** Its load may be explained machine by machine, by narrower meters or not. */
  get isShared(): boolean {
    return this.equipment.length > 1 && this.equipment.length <= mostMachines;
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

  /** When the next description after a moment takes effect, ms; `Infinity` where none is known. */
  nextChangeMs(ms: number): number {
    for (const { registration } of this.versions)
      if (registration.effectiveFromMs > ms) return registration.effectiveFromMs;
    return Number.POSITIVE_INFINITY;
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
  const fedBy = (meter: Meter): readonly Equipment[] => {
    const isTotal = meter.role === 'ENTERPRISE_TOTAL' && meter.feeds.length === 0;
    return isTotal ? registration.equipment : meter.feeds.map((id) => byId.get(id)!);
  };
  const judgedBehind = (fed: readonly Equipment[]): readonly Equipment[] => {
    const machines = fed.filter((e) => !baseKinds.has(e.kind));
    // A welding set beside machines is a tool at their sockets, which hardly ever reports: it belongs to their base.
    const judged = machines.some(isMachine) ? machines.filter(isMachine) : machines;
    // Most meters of small firms feed all there is: one list serves.
    return isSame(judged, registration.equipment) ? registration.equipment : judged;
  };
  const groups = registration.meters.map((meter) => {
    const fed = fedBy(meter);
    return { meter, equipment: judgedBehind(fed), base: fed.filter((e) => baseKinds.has(e.kind)) };
  });
  const nearestOf = new Map<string, string>();
  for (const { meter, equipment } of [...groups].sort((a, b) => b.equipment.length - a.equipment.length)) {
    for (const e of equipment) nearestOf.set(e.equipmentId, meter.meterId);
  }
  const witnesses: Witness[] = [];
  for (const { meter, equipment, base } of groups) {
    if (equipment.length === 0) continue;
    const nearest = equipment.every((e) => nearestOf.get(e.equipmentId) === meter.meterId);
    const ids = equipment.map((e) => e.equipmentId);
    const tellsApart = nearest && equipment.length > 1 && equipment.length <= mostMachines;
    witnesses.push(
      new Witness(registration, meter, equipment, isSame(ids, meter.feeds) ? meter.feeds : ids, tellsApart, base),
    );
  }
  return witnesses.slice();
}

function isMachine({ kind }: Equipment): boolean {
  return kind !== 'WELDER';
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** What a meter of a description can bear witness of; `undefined` where no production is behind it. */
export function witnessOf(version: SiteVersion | undefined, meterId: string): Witness | undefined {
  return version?.witnesses.find((witness) => witness.meterId === meterId);
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
