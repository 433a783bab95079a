/** Instants as recordings write them, and wall-clock time of a zone. Pure: the zone rules are the runtime's own. */

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** Ms since the epoch of an ISO 8601 instant with Z or an offset, or undefined. A time without a zone is no instant. */
export function parseInstant(text: string): number | undefined {
  if (!instant.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The shortest exact ISO text in UTC: seconds and milliseconds only where they are not zero. */
export function formatInstant(ms: number): string {
  const text = new Date(ms).toISOString();
  if (ms % 1000 !== 0) return text;
  return ms % 60_000 === 0 ? `${text.slice(0, 16)}Z` : `${text.slice(0, 19)}Z`;
}

const quarterHourMs = 900_000;
/** China has kept one offset since its last summer time ended in September 1991. */
const chinaOffsetMs = 8 * 3_600_000;
const chinaSinceMs = Date.UTC(1992, 0, 1);
/** Since 1973 every zone has changed its clocks at a quarter of an hour of UTC (tz database). */
const quartersSinceMs = Date.UTC(1973, 0, 1);
const mostZones = 256;
const mostQuarters = 4096;

interface ZoneClock {
  readonly format: Intl.DateTimeFormat;
  /** Offset in each quarter of an hour that was asked for, ms. */
  readonly offsets: Map<number, number>;
}

const clocks = new Map<string, ZoneClock>();

/**
 * What the zone's clocks are ahead of UTC at that instant, ms. Throws RangeError for an unknown zone or time. Asking the
 * runtime costs microseconds, so answers are kept for a while.
 */
export function zoneOffsetMs(timeZone: string, atMs: number): number {
  if (timeZone === 'Asia/Shanghai' && atMs >= chinaSinceMs) return chinaOffsetMs;
  const { format, offsets } = clockOf(timeZone);
  if (!(atMs >= quartersSinceMs)) return askOffsetMs(format, atMs);
  const quarter = Math.floor(atMs / quarterHourMs);
  let offsetMs = offsets.get(quarter);
  if (offsetMs === undefined) {
    if (offsets.size >= mostQuarters) offsets.clear();
    offsetMs = askOffsetMs(format, quarter * quarterHourMs);
    offsets.set(quarter, offsetMs);
  }
  return offsetMs;
}

/** True for a zone that the runtime knows, whose local time can be asked for without an error. */
export function isTimeZone(timeZone: string): boolean {
  try {
    clockOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

function clockOf(timeZone: string): ZoneClock {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = { format: new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }), offsets: new Map() };
    // Zones come with registrations, and the same one may be spelt in many ways.
    if (clocks.size >= mostZones) clocks.clear();
    clocks.set(timeZone, clock);
  }
  return clock;
}

function askOffsetMs(format: Intl.DateTimeFormat, atMs: number): number {
  const name = format.formatToParts(atMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name);
  if (!match?.[1]) return 0;
  const seconds = (Number(match[2]) * 60 + Number(match[3])) * 60 + Number(match[4] ?? 0);
  return (match[1] === '-' ? -seconds : seconds) * 1000;
}

/**
 * The instant at which the zone's clocks show `localMs` (a wall-clock time written as if it were UTC). Of an hour that
 * comes twice, the first; a time that a clock change skips becomes the instant that far after the change.
 */
export function localToInstant(timeZone: string, localMs: number): number {
  const before = localMs - zoneOffsetMs(timeZone, localMs - 86_400_000);
  if (before + zoneOffsetMs(timeZone, before) === localMs) return before;
  const after = localMs - zoneOffsetMs(timeZone, localMs + 86_400_000);
  return after + zoneOffsetMs(timeZone, after) === localMs ? after : before;
}

/** The zone's wall-clock time at an instant, written as if it were UTC. */
export function instantToLocal(timeZone: string, ms: number): number {
  return ms + zoneOffsetMs(timeZone, ms);
}
