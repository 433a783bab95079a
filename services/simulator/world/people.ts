import type { SiteEvent } from '../../core/records.ts';
import { joinSpans } from '../plant-schedule.ts';
import { minuteMs } from './china-days.ts';
import type { Firm, FirmSection, StatedEvent } from './firm.ts';
import { hash01, seedOf, wander } from './noise.ts';
import { spanAt } from './spans.ts';
import { liveThrough, runningSpans, type Truth } from './truth.ts';

/** A camera counts this often, and says so when the number has changed. */
const countEveryMs = 5 * minuteMs;
/** People come and go about this often. */
const strollMs = 70 * minuteMs;

/** Person counts of all sections that have a camera and a limit. */
export function personCounts(firm: Firm, truth: Truth): StatedEvent[] {
  return firm.sections.flatMap((section) =>
    section.cameraId !== null && section.personLimit !== null ? countsOf(firm, section, truth) : [],
  );
}

function countsOf(firm: Firm, section: FirmSection, truth: Truth): StatedEvent[] {
  const machines = firm.machines.filter(
    ({ sectionId, works }) => sectionId === section.id && works !== 'follows' && works !== 'always',
  );
  const before = liveThrough(firm, truth.fromMs - 2 * countEveryMs, truth.fromMs);
  const work = joinSpans(machines.flatMap(({ id }) => [...runningSpans(before, id), ...runningSpans(truth, id)]));
  const seed = seedOf(firm.seed, section.id);
  const crowds = firm.deeds.crowds.filter(({ sectionId }) => sectionId === section.id);
  const blind = firm.deeds.events
    .filter(
      ({ value }) => value.sourceId === section.cameraId && value.endMs !== null && value.kind.startsWith('CAMERA_'),
    )
    .map(({ value }) => ({ fromMs: value.startMs, toMs: value.endMs! }));
  const countAt = (ms: number): number => {
    const crowd = crowds.find(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
    if (crowd) return crowd.count;
    if (!spanAt(work, ms)) return 0;
    const present = section.workers * (0.83 + 0.13 * wander(seed, ms / strollMs));
    return Math.min(section.personLimit!, Math.round(present));
  };
  const events: StatedEvent[] = [];
  for (let ms = Math.ceil(truth.fromMs / countEveryMs) * countEveryMs; ms < truth.toMs; ms += countEveryMs) {
    if (blind.some(({ fromMs, toMs }) => fromMs <= ms && ms < toMs)) continue;
    const count = countAt(ms);
    // Within a crowd each count is said: the length of it matters.
    const crowded = crowds.some(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
    if (!crowded && count === countAt(ms - countEveryMs)) continue;
    events.push({ arrivalMs: ms + 6000, value: countEvent(firm, section, ms, count, seed) });
  }
  return events;
}

function countEvent(firm: Firm, section: FirmSection, ms: number, count: number, seed: number): SiteEvent {
  return {
    enterpriseId: firm.id,
    eventId: `count-${section.id}-${ms / minuteMs}`,
    revision: 0,
    kind: 'PERSON_COUNT',
    startMs: ms,
    endMs: null,
    sectionId: section.id,
    equipmentId: null,
    sourceId: section.cameraId,
    confidence: Math.round((0.8 + 0.18 * hash01(seed, ms / minuteMs)) * 100) / 100,
    count,
    reference: null,
    value: null,
  };
}
