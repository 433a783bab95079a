import { createCalendar } from './calendar.ts';
import type { Label, TelemetryRun } from './recording.ts';
import { arrivalOf } from './recording-inputs.ts';
import type { Meter, SiteEvent } from './records.ts';
import { type FirmIndex, metersFeeding, slotsOf } from './scoring-index.ts';

const calendar = createCalendar([]);

type Evidence = 'power' | 'readings' | 'events';
const allEvidence: readonly Evidence[] = ['power', 'readings', 'events'];

/** Records that can show what a detector is there to find. Reports of state are what is doubted, never evidence. */
const evidenceOf: Readonly<Record<string, readonly Evidence[]>> = {
  'stopped-but-running': ['power'],
  'fake-offline': ['power'],
  'meter-tampering': ['power'],
  'hot-work': ['power', 'events'],
  'dust-cleaning': ['events'],
  'dust-collector': ['power', 'readings'],
  limit: ['readings'],
  overcrowding: ['events'],
  'camera-watch': ['events'],
};

/** Events that can show it; of the other detectors any may. */
const eventsOf: Readonly<Record<string, readonly SiteEvent['kind'][]>> = {
  'dust-cleaning': ['DUST_LAYER', 'AIR_BLOWING', 'CLEANING_NOT_SEEN'],
  'hot-work': ['SPARK', 'FLAME', 'WELDER_START'],
};

/**
 * When a lie that has lasted for `waitMs` could be known, ms: the arrival of the first record that overlaps what is left of
 * it, speaks of its subject and is of a kind that can show it. A false claim of cleaning is known from the claim and what
 * speaks against it, the load of the section's machines too; that nobody cleaned, when the shift is over. Where no record
 * can show it, or it was over before, that moment is the end of the wait itself.
 */
export function knowableMs(firm: FirmIndex, lie: Label, waitMs = 0): number {
  const detectors = lie.detector.split('|');
  if (detectors.includes('dust-cleaning')) {
    const claimedMs = claimMs(firm, lie);
    const seenMs = firstEventMs(firm, lie, detectors);
    if (claimedMs !== undefined) {
      return Math.max(claimedMs, Math.min(seenMs, firstPowerMs(firm, lie, detectors)), lie.startMs) + waitMs;
    }
    if (!Number.isFinite(seenMs)) return shiftEndMs(firm, lie) + waitMs;
  }
  const fromMs = lie.startMs + waitMs;
  const shownMs = firstEvidenceMs(firm, { ...lie, startMs: fromMs }, detectors);
  return Number.isFinite(shownMs) ? Math.max(shownMs, fromMs) : fromMs;
}

/** Arrival of the first record that shows the lie, ms; `Infinity` where nothing of the kind came at all. */
function firstEvidenceMs(firm: FirmIndex, lie: Label, detectors: readonly string[]): number {
  const kinds = new Set(detectors.flatMap((detector): readonly Evidence[] => evidenceOf[detector] ?? allEvidence));
  return Math.min(
    kinds.has('power') ? firstPowerMs(firm, lie, detectors) : Number.POSITIVE_INFINITY,
    kinds.has('readings') ? firstReadingMs(firm, lie) : Number.POSITIVE_INFINITY,
    kinds.has('events') ? firstEventMs(firm, lie, detectors) : Number.POSITIVE_INFINITY,
  );
}

/** End of the registered shift in which the lie begins, ms; its start where there is none. */
function shiftEndMs({ site }: FirmIndex, { startMs }: Label): number {
  const shifts = site ? calendar.shiftsOverlapping(site, startMs, startMs + 1) : [];
  return Math.max(startMs, ...shifts.map(({ endMs }) => endMs));
}

function firstPowerMs(firm: FirmIndex, lie: Label, detectors: readonly string[]): number {
  // An estimate shows nothing, unless it is the estimate that is the matter.
  const anyQuality = detectors.includes('meter-tampering');
  let earliest = Number.POSITIVE_INFINITY;
  for (const { meterId } of metersOn(firm, lie)) {
    for (const run of firm.power.get(meterId) ?? []) {
      if (run.quality !== 'MEASURED' && !anyQuality) continue;
      for (const slot of slotsOf(run, lie.startMs, lie.endMs)) earliest = Math.min(earliest, slot.arrivalMs);
    }
  }
  return earliest;
}

function firstReadingMs(firm: FirmIndex, lie: Label): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const equipmentId of machinesOf(firm, lie)) {
    for (const run of firm.telemetry.get(equipmentId) ?? []) {
      const observedMs = run.readings.length > 0 ? firstReportMs(run, lie) : undefined;
      if (observedMs !== undefined) earliest = Math.min(earliest, arrivalOf(run.arrival, observedMs));
    }
  }
  return earliest;
}

/** The first report of a run that lies within the label. */
function firstReportMs(run: TelemetryRun, lie: Label): number | undefined {
  const index = Math.max(0, Math.ceil((lie.startMs - run.fromMs) / run.everyMs));
  const observedMs = run.fromMs + index * run.everyMs;
  return observedMs < Math.min(run.toMs, lie.endMs) ? observedMs : undefined;
}

function firstEventMs(firm: FirmIndex, lie: Label, detectors: readonly string[]): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { arrivalMs, value } of firm.events) {
    if (!detectors.some((detector) => eventsOf[detector]?.includes(value.kind) ?? true)) continue;
    if (value.startMs >= lie.endMs || (value.endMs ?? value.startMs) < lie.startMs) continue;
    const speaks =
      lie.subjectKind === 'SECTION' ? value.sectionId === lie.subjectId : namesOf(value).includes(lie.subjectId);
    if (speaks || lie.subjectKind === 'ENTERPRISE') earliest = Math.min(earliest, arrivalMs);
  }
  return earliest;
}

function namesOf(event: FirmIndex['events'][number]['value']): (string | null)[] {
  return [event.equipmentId, event.sourceId, event.sectionId];
}

/** When the first claim to have cleaned came that overlaps the lie; undefined where nobody claims it. */
function claimMs(firm: FirmIndex, lie: Label): number | undefined {
  const claims = firm.work.filter(
    ({ value }) =>
      value.kind === 'CLEANING' &&
      value.sectionId === lie.subjectId &&
      value.startMs < lie.endMs &&
      value.endMs > lie.startMs,
  );
  return claims.length === 0 ? undefined : Math.min(...claims.map(({ arrivalMs }) => arrivalMs));
}

function metersOn(firm: FirmIndex, lie: Label): readonly Meter[] {
  const { site } = firm;
  if (!site) return [];
  switch (lie.subjectKind) {
    case 'ENTERPRISE':
      return site.meters;
    case 'METER':
      return site.meters.filter((meter) => meter.meterId === lie.subjectId);
    default:
      return [...new Set(machinesOf(firm, lie).flatMap((equipmentId) => metersFeeding(site, equipmentId)))];
  }
}

function machinesOf(firm: FirmIndex, lie: Label): string[] {
  const equipment = firm.site?.equipment ?? [];
  switch (lie.subjectKind) {
    case 'EQUIPMENT':
      return [lie.subjectId];
    case 'SECTION':
      return equipment.filter((e) => e.sectionId === lie.subjectId).map((e) => e.equipmentId);
    case 'GATEWAY':
      return [...firm.telemetry].flatMap(([equipmentId, runs]) =>
        runs.some((run) => run.gatewayId === lie.subjectId) ? equipmentId : [],
      );
    case 'ENTERPRISE':
      return equipment.map((e) => e.equipmentId);
    case 'METER':
    case 'CAMERA':
      return [];
  }
}
