import { zoneOffsetMs } from './recording-time.ts';
import type { Meter, SiteRegistration } from './records.ts';
import { type FirmIndex, meterSlots } from './scoring-index.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Energy of one firm on one local day. */
export interface DayEnergy {
  /** The local midnight that it is counted from, written as if it were UTC. */
  readonly localMs: number;
  kwh: number;
  /** Part of it in the marked hours. */
  markedKwh: number;
  /** Time covered by readings, over all meters, as a share of the day. */
  covered: number;
  /** When the last of its readings came. */
  arrivalMs: number;
}

/** The firm's energy by local day, each beginning `beginMs` after midnight; marked hours are told by ms since then. */
export function dailyEnergy(firm: FirmIndex, beginMs: number, isMarked: (sinceMs: number) => boolean): DayEnergy[] {
  const meters = totalMeters(firm.site);
  const days = new Map<number, DayEnergy>();
  const offsetAt = hourlyOffsets(firm.site?.timeZone ?? 'UTC');
  for (const { meterId } of meters) {
    for (const slot of meterSlots(firm, meterId)) {
      const localMs = slot.startMs + offsetAt(slot.startMs) - beginMs;
      const dayStart = Math.floor(localMs / dayMs) * dayMs;
      let day = days.get(dayStart);
      if (!day) {
        day = { localMs: dayStart, kwh: 0, markedKwh: 0, covered: 0, arrivalMs: 0 };
        days.set(dayStart, day);
      }
      const kwh = (slot.meanKw * (slot.endMs - slot.startMs)) / hourMs;
      day.kwh += kwh;
      if (isMarked(localMs - dayStart)) day.markedKwh += kwh;
      day.covered += (slot.endMs - slot.startMs) / dayMs / meters.length;
      day.arrivalMs = Math.max(day.arrivalMs, slot.arrivalMs);
    }
  }
  return [...days.values()].sort((a, b) => a.localMs - b.localMs);
}

/** Sums over a day with gaps compare with nothing. */
export function isWhole(day: DayEnergy): boolean {
  return day.covered > 0.9;
}

function totalMeters(site: SiteRegistration | undefined): readonly Meter[] {
  const totals = site?.meters.filter((meter) => meter.role === 'ENTERPRISE_TOTAL') ?? [];
  return totals.length > 0 ? totals : (site?.meters.filter((meter) => meter.parentMeterId === null) ?? []);
}

/** The zone's offset, asked once an hour: the calendar is slow and meters may speak every minute. */
function hourlyOffsets(timeZone: string): (ms: number) => number {
  let hour = Number.NaN;
  let offsetMs = 0;
  return (ms) => {
    if (Math.floor(ms / hourMs) !== hour) {
      hour = Math.floor(ms / hourMs);
      offsetMs = zoneOffsetMs(timeZone, ms);
    }
    return offsetMs;
  };
}
