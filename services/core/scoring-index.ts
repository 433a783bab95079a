import type { PowerRun, Recording, Stated, TelemetryRun } from './recording.ts';
import { arrivalOf } from './recording-inputs.ts';
import type { Equipment, Meter, SiteEvent, SiteRegistration, WorkRecord } from './records.ts';

/** One reading of a meter and when it came. */
export interface MeterSlot {
  readonly startMs: number;
  readonly endMs: number;
  readonly meanKw: number;
  readonly arrivalMs: number;
}

/** What a recording holds of one enterprise, by meter and machine. Scoring knows one description of it: the last. */
export interface FirmIndex {
  readonly enterpriseId: string;
  readonly site: SiteRegistration | undefined;
  /** Time from its first to its last reading or report, ms; 0 where there is none. */
  readonly spanMs: number;
  readonly telemetry: ReadonlyMap<string, readonly TelemetryRun[]>;
  readonly power: ReadonlyMap<string, readonly PowerRun[]>;
  readonly events: readonly Stated<SiteEvent>[];
  readonly work: readonly Stated<WorkRecord>[];
}

/** Parts a recording by enterprise, once, so that scoring many firms does not walk over each other's runs. */
export function indexRecording(recording: Recording): ReadonlyMap<string, FirmIndex> {
  const firms = new Map<string, FirmUnderWay>();
  const firmOf = (enterpriseId: string): FirmUnderWay => {
    const known = firms.get(enterpriseId) ?? new FirmUnderWay(enterpriseId);
    firms.set(enterpriseId, known);
    return known;
  };
  for (const { value } of recording.sites) {
    const firm = firmOf(value.enterpriseId);
    if (!firm.site || firm.site.effectiveFromMs <= value.effectiveFromMs) firm.site = value;
  }
  for (const run of recording.telemetry) {
    const firm = firmOf(run.enterpriseId);
    firm.reach(run.fromMs, run.toMs);
    listAt(firm.telemetry, run.equipmentId).push(run);
  }
  for (const run of recording.power) {
    const firm = firmOf(run.enterpriseId);
    firm.reach(run.startMs, run.startMs + run.meanKw.length * run.intervalMs);
    listAt(firm.power, run.meterId).push(run);
  }
  for (const stated of recording.siteEvents) firmOf(stated.value.enterpriseId).events.push(stated);
  for (const stated of recording.workRecords) firmOf(stated.value.enterpriseId).work.push(stated);
  return firms;
}

class FirmUnderWay implements FirmIndex {
  readonly enterpriseId: string;
  site: SiteRegistration | undefined;
  readonly telemetry = new Map<string, TelemetryRun[]>();
  readonly power = new Map<string, PowerRun[]>();
  readonly events: Stated<SiteEvent>[] = [];
  readonly work: Stated<WorkRecord>[] = [];
  private fromMs = Number.POSITIVE_INFINITY;
  private toMs = Number.NEGATIVE_INFINITY;
  constructor(enterpriseId: string) {
    this.enterpriseId = enterpriseId;
  }
  get spanMs(): number {
    return Math.max(0, this.toMs - this.fromMs);
  }
  reach(fromMs: number, toMs: number): void {
    this.fromMs = Math.min(this.fromMs, fromMs);
    this.toMs = Math.max(this.toMs, toMs);
  }
}

/** Readings of a meter in order of time. */
export function meterSlots(firm: FirmIndex, meterId: string): MeterSlot[] {
  return (firm.power.get(meterId) ?? [])
    .flatMap((run) => [...slotsOf(run, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)])
    .sort((a, b) => a.startMs - b.startMs);
}

/** The run's readings whose intervals overlap [from, to). */
export function* slotsOf(run: PowerRun, fromMs: number, toMs: number): Generator<MeterSlot> {
  const first = Math.max(0, Math.floor((fromMs - run.startMs) / run.intervalMs));
  const end = Math.min(run.meanKw.length, Math.ceil((toMs - run.startMs) / run.intervalMs));
  for (let i = first; i < end; i++) {
    const meanKw = run.meanKw[i]!;
    if (Number.isNaN(meanKw)) continue;
    const startMs = run.startMs + i * run.intervalMs;
    const endMs = startMs + run.intervalMs;
    yield { startMs, endMs, meanKw, arrivalMs: arrivalOf(run.arrival, endMs) };
  }
}

/** Machines that production needs: a stop is a claim about them. */
export function productionOf(site: SiteRegistration): Equipment[] {
  return site.equipment.filter(({ kind }) => kind === 'PROCESS' || kind === 'DUST_COLLECTOR' || kind === 'FURNACE');
}

/** Meters that the machine hangs on; an enterprise total without a list feeds all. */
export function metersFeeding(site: SiteRegistration, equipmentId: string): Meter[] {
  return site.meters.filter(
    ({ role, feeds }) => feeds.includes(equipmentId) || (role === 'ENTERPRISE_TOTAL' && feeds.length === 0),
  );
}

function listAt<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key);
  if (known) return known;
  const list: T[] = [];
  map.set(key, list);
  return list;
}
