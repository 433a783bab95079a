import type { Label, PowerRun, Recording, TelemetryRun } from './recording.ts';
import { arrivalOf } from './recording-inputs.ts';
import type { Equipment, Meter, SiteRegistration } from './records.ts';
import type { ScoredFinding } from './scoring.ts';

/** Judges every interval that the meter gives by itself, with no memory. */
interface MeterSlot {
  readonly startMs: number;
  readonly endMs: number;
  readonly meanKw: number;
  readonly arrivalMs: number;
}

/** The least that any detector must beat: it never says anything. */
export function doNothing(): ScoredFinding[] {
  return [];
}

/**
 * The plain rule of practice: a machine reported stopped through a whole slot, while its meter shows more than the
 * nameplates of what is reported running beside it plus half of its own. Consecutive slots are one finding. Where a
 * nameplate is missing there is no threshold, and it says nothing.
 */
export function fixedThreshold(recording: Recording, detector: string): ScoredFinding[] {
  return latestSites(recording).flatMap((site) =>
    site.equipment.filter(isProcess).flatMap((machine) => {
      const meter = nearestMeter(site, machine.equipmentId);
      return meter ? judge(recording, site, machine, meter, detector) : [];
    }),
  );
}

/**
 * For each lie, when the first reading arrived that overlaps it and comes from a meter of its subject; the lie could not
 * be known before. Infinity where no meter saw it.
 */
export function firstContradictionMs(recording: Recording): (lie: Label) => number {
  const sites = latestSites(recording);
  return (lie) => {
    const site = sites.find((candidate) => candidate.enterpriseId === lie.enterpriseId);
    const meters = new Set(site?.meters.filter((meter) => bearsOn(meter, lie)).map((meter) => meter.meterId));
    let earliest = Number.POSITIVE_INFINITY;
    for (const run of recording.power) {
      if (run.enterpriseId !== lie.enterpriseId || !meters.has(run.meterId)) continue;
      for (const slot of slotsOf(run, lie.startMs, lie.endMs)) earliest = Math.min(earliest, slot.arrivalMs);
    }
    return earliest;
  };
}

function judge(
  recording: Recording,
  site: SiteRegistration,
  machine: Equipment,
  meter: Meter,
  detector: string,
): ScoredFinding[] {
  if (machine.ratedPowerKw === null) return [];
  const { enterpriseId } = site;
  const runsOf = (equipmentId: string) =>
    recording.telemetry.filter((run) => run.enterpriseId === enterpriseId && run.equipmentId === equipmentId);
  const own = sharesOf(runsOf(machine.equipmentId), (state) => state === 'STOPPED');
  const beside = site.equipment
    .filter((other) => other !== machine && meter.feeds.includes(other.equipmentId))
    .map((other) => ({
      ratedKw: other.ratedPowerKw,
      share: sharesOf(runsOf(other.equipmentId), (state) => state !== 'STOPPED'),
    }));
  const half = machine.ratedPowerKw / 2;
  const findings: ScoredFinding[] = [];
  for (const slot of meterSlots(recording, enterpriseId, meter.meterId)) {
    if (own(slot.startMs, slot.endMs) < 1) continue;
    let explainedKw = 0;
    for (const { ratedKw, share } of beside) {
      // A running neighbour without a nameplate explains anything.
      if (share(slot.startMs, slot.endMs) > 0) explainedKw += ratedKw ?? Number.POSITIVE_INFINITY;
    }
    if (slot.meanKw <= explainedKw + half) continue;
    const last = findings.at(-1);
    if (last?.lastSlotEndMs === slot.startMs) {
      findings[findings.length - 1] = { ...last, lastSlotEndMs: slot.endMs };
      continue;
    }
    findings.push({
      findingId: `${machine.equipmentId}@${slot.startMs}`,
      revision: 1,
      state: 'CONFIRMED',
      detector,
      enterpriseId,
      subjectKind: 'EQUIPMENT',
      subjectId: machine.equipmentId,
      equipmentIds: [machine.equipmentId],
      meterId: meter.meterId,
      firstSlotMs: slot.startMs,
      lastSlotEndMs: slot.endMs,
      saidMs: slot.arrivalMs,
    });
  }
  return findings;
}

/** The share of [from, to) in which reports said so; calls must come in order of time. */
function sharesOf(
  runs: readonly TelemetryRun[],
  says: (state: TelemetryRun['state']) => boolean,
): (fromMs: number, toMs: number) => number {
  const sorted = runs.filter((run) => says(run.state)).sort((a, b) => a.fromMs - b.fromMs);
  let at = 0;
  return (fromMs, toMs) => {
    while (at < sorted.length && sorted[at]!.toMs <= fromMs) at++;
    let sum = 0;
    for (let i = at; i < sorted.length && sorted[i]!.fromMs < toMs; i++) {
      sum += Math.max(0, Math.min(toMs, sorted[i]!.toMs) - Math.max(fromMs, sorted[i]!.fromMs));
    }
    return sum / (toMs - fromMs);
  };
}

function meterSlots(recording: Recording, enterpriseId: string, meterId: string): MeterSlot[] {
  return recording.power
    .filter((run) => run.enterpriseId === enterpriseId && run.meterId === meterId)
    .flatMap((run) => [...slotsOf(run, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)])
    .sort((a, b) => a.startMs - b.startMs);
}

/** The run's readings whose intervals overlap [from, to). */
function* slotsOf(run: PowerRun, fromMs: number, toMs: number): Generator<MeterSlot> {
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

/** A baseline knows one description of each site: the one in force at the end. */
function latestSites(recording: Recording): SiteRegistration[] {
  const latest = new Map<string, SiteRegistration>();
  for (const { value } of recording.sites) {
    const known = latest.get(value.enterpriseId);
    if (!known || known.effectiveFromMs <= value.effectiveFromMs) latest.set(value.enterpriseId, value);
  }
  return [...latest.values()];
}

function isProcess(equipment: Equipment): boolean {
  return equipment.kind === 'PROCESS' || equipment.kind === 'DUST_COLLECTOR' || equipment.kind === 'FURNACE';
}

function nearestMeter(site: SiteRegistration, equipmentId: string): Meter | undefined {
  const feeding = site.meters.filter((meter) => meter.feeds.includes(equipmentId));
  return feeding.sort((a, b) => a.feeds.length - b.feeds.length)[0];
}

function bearsOn(meter: Meter, lie: Label): boolean {
  if (lie.subjectKind === 'EQUIPMENT') return meter.feeds.includes(lie.subjectId);
  return lie.subjectKind === 'METER' ? meter.meterId === lie.subjectId : true;
}
