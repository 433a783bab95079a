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

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the zone's clocks are ahead of UTC at that instant, ms. Throws RangeError for an unknown zone. */
export function zoneOffsetMs(timeZone: string, atMs: number): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    formats.set(timeZone, format);
  }
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
