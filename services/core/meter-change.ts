import type { SiteEvent, SiteRegistration } from './records.ts';

/** Whether an event files that the meter, or its transformers, were replaced; one that names no meter of the site may be of any. */
export function changesMeter(
  { kind, sourceId }: SiteEvent,
  meterId: string,
  { meters }: Pick<SiteRegistration, 'meters'>,
): boolean {
  if (kind !== 'METER_CHANGE') return false;
  return sourceId === meterId || !meters.some((meter) => meter.meterId === sourceId);
}
