import { Refusal } from './batch.ts';
import { parseCameraCode } from './gb28181.ts';
import { isTimeZone } from './recording-time.ts';
import type { Equipment, Meter, SiteRegistration } from './records.ts';

/** Divisors of the seal step of a quarter of an hour. */
const slotStepsMs = [60_000, 180_000, 300_000, 900_000];
const mostShifts = 64;
const mostSections = 256;
const mostCameras = 256;
const mostLimits = 64;
const longestDelayMs = 86_400_000;
/** A shift of two days is a mistake in writing; calendars look back no further. */
const longestShiftMinutes = 48 * 60;
const minutesADay = 24 * 60;

/** Everything that makes a registration unusable, in one refusal; `undefined` when it is sound. */
export function registrationProblem(registration: SiteRegistration): Refusal | undefined {
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
    broken.push(...limitProblems(e));
  }
  const meterById = new Map<string, Meter>();
  for (const m of meters) {
    if (m.meterId === '' || meterById.has(m.meterId)) broken.push(`meter id '${m.meterId}' is empty or listed twice`);
    meterById.set(m.meterId, m);
    if (!slotStepsMs.includes(m.intervalMs)) {
      broken.push(`slots of ${m.meterId} are ${m.intervalMs} ms; 1, 3, 5 or 15 min are possible`);
    }
    if (!(m.deliveryDelayMs >= 0 && m.deliveryDelayMs <= 7 * 86_400_000)) {
      broken.push(`delivery delay of ${m.meterId} is ${m.deliveryDelayMs} ms; up to 7 days are possible`);
    }
    for (const id of m.feeds)
      if (!equipmentIds.has(id)) broken.push(`meter ${m.meterId} feeds unknown equipment ${id}`);
  }
  for (const e of equipment) {
    for (const id of e.serves)
      if (!equipmentIds.has(id)) broken.push(`${e.equipmentId} serves unknown equipment ${id}`);
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
  broken.push(...calendarProblems(registration), ...sectionProblems(registration));
  if (twice.length > 0) return new Refusal('equipment-in-two-places', [...twice, ...broken].slice(0, 8).join('; '));
  if (broken.length > 0) return new Refusal('broken-registration', broken.slice(0, 8).join('; '));
  return undefined;
}

function limitProblems({ equipmentId, limits }: Equipment): string[] {
  const broken: string[] = [];
  const say = (problem: string) => broken.push(`${equipmentId}: ${problem}`);
  if (limits.length > mostLimits) say(`${limits.length} limits; ${mostLimits} are possible`);
  const indicators = new Set<string>();
  for (const { indicator, low, high, deadBand, onDelayMs, offDelayMs, ratePerMinute } of limits) {
    if (indicator === '' || indicators.has(indicator)) say(`limits of '${indicator}' are listed twice, or of nothing`);
    indicators.add(indicator);
    const bounds = [low, high].filter((bound) => bound !== null);
    if (!bounds.every(Number.isFinite) || (low !== null && high !== null && low >= high)) {
      say(`limits of ${indicator} are ${low} and ${high}`);
    }
    if (!(deadBand >= 0 && deadBand < Number.POSITIVE_INFINITY)) say(`dead-band of ${indicator} is ${deadBand}`);
    if (ratePerMinute !== null && !(ratePerMinute > 0 && ratePerMinute < Number.POSITIVE_INFINITY)) {
      say(`rate of ${indicator} is ${ratePerMinute} a minute`);
    }
    for (const delayMs of [onDelayMs, offDelayMs]) {
      if (!(delayMs >= 0 && delayMs <= longestDelayMs)) say(`a delay of ${indicator} is ${delayMs} ms`);
    }
  }
  return broken;
}

function isUpstream(upper: Meter, lower: Meter, byId: ReadonlyMap<string, Meter>): boolean {
  let at: Meter | undefined = lower;
  for (let steps = 0; at && steps <= byId.size; steps++) {
    if (at.meterId === upper.meterId) return true;
    at = at.parentMeterId === null ? undefined : byId.get(at.parentMeterId);
  }
  return false;
}

function calendarProblems({ timeZone, shifts }: SiteRegistration): string[] {
  const broken: string[] = [];
  if (!isTimeZone(timeZone)) broken.push(`time zone '${timeZone}' is not known`);
  if (shifts.length > mostShifts) broken.push(`${shifts.length} shifts; ${mostShifts} are possible`);
  for (const { name, startMinute, endMinute } of shifts) {
    const sound =
      startMinute >= 0 &&
      startMinute < minutesADay &&
      endMinute > startMinute &&
      endMinute - startMinute <= longestShiftMinutes;
    if (!sound) broken.push(`shift '${name}' goes from minute ${startMinute} to ${endMinute}`);
  }
  return broken;
}

function sectionProblems({ sections, cameras }: SiteRegistration): string[] {
  const broken: string[] = [];
  const sectionIds = new Set<string>();
  if (sections.length > mostSections) broken.push(`${sections.length} sections; ${mostSections} are possible`);
  for (const { sectionId } of sections) {
    if (sectionId === '' || sectionIds.has(sectionId)) {
      broken.push(`section id '${sectionId}' is empty or listed twice`);
    }
    sectionIds.add(sectionId);
  }
  if (cameras.length > mostCameras) broken.push(`${cameras.length} cameras; ${mostCameras} are possible`);
  for (const { cameraId, sectionId } of cameras) {
    const code = parseCameraCode(cameraId);
    if (!code.ok) broken.push(`camera '${cameraId}': ${code.problem}`);
    if (sections.length > 0 && !sectionIds.has(sectionId)) {
      broken.push(`camera ${cameraId} watches unknown section '${sectionId}'`);
    }
  }
  return broken;
}
