import type { SubjectRef } from './detectors/detector.ts';
import { detectableKwOf } from './detectors/stopped-but-running.ts';
import type { Holdings } from './holdings.ts';
import { evidenceLimit } from './load-parameters.ts';
import type { EnterpriseStatus } from './records.ts';
import type { Watch } from './watch.ts';

/** Which verdict holds for every subject of every rule, with what each meter can tell at least. */
export function statusOf(
  held: Holdings,
  watches: readonly Watch[],
  openFindings: number,
  nowMs: number,
): EnterpriseStatus {
  const subjects = watches.flatMap((watch) => {
    if (watch.withdrawn) return [];
    const version = held.site.at(watch.headMs - 1) ?? held.site.all()[0];
    const place = watch.placeIn(version);
    if (!place) return [];
    const meter = place.meterId === '' ? undefined : held.meter(place.meterId);
    const detectableKw = (subject: SubjectRef, index: number): number | null => {
      if (!meter) return null;
      if (index === 0) return detectableKwOf(held, version, place.meterId, watch.headMs - 1);
      if (subject.kind !== 'EQUIPMENT') return null;
      return meter.explained?.minimumDetectableKw(subject.id, evidenceLimit(held.load)) ?? null;
    };
    return watch.status(place, detectableKw);
  });
  const regionCode = held.site.latest()?.registration.regionCode ?? '';
  return { enterpriseId: held.id, regionCode, asOfMs: nowMs, openFindings, subjects };
}
