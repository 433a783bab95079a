import type { Label } from '../../core/recording.ts';
import type { SiteEvent, WorkRecord } from '../../core/records.ts';
import { joinSpans } from '../plant-schedule.ts';
import { createRandom, type Random } from '../random.ts';
import type { Span } from '../reported-state.ts';
import { dayMs, hourMs, localDay, midnightMs, minuteMs } from './china-days.ts';
import type { Firm, FirmSection, StatedEvent, StatedWork } from './firm.ts';
import { cleaningMinutes, shiftsOfDay } from './schedule.ts';
import { clipSpans } from './spans.ts';
import { liveThrough, runningSpans, type Truth } from './truth.ts';

export interface CleaningTraces {
  readonly works: StatedWork[];
  readonly events: StatedEvent[];
  readonly labels: Label[];
}

/** Cleaning of all shifts that end in the window: what was filed, what cameras saw, and where that was untrue. */
export function cleaningOf(firm: Firm, truth: Truth): CleaningTraces {
  const traces: CleaningTraces = { works: [], events: [], labels: [] };
  for (const section of firm.sections) {
    if (!section.dust) continue;
    const line = firm.machines.filter(
      ({ sectionId, works }) => sectionId === section.id && (works === 'shifts' || works === 'always'),
    );
    for (const due of dueCleanings(firm, truth)) {
      const all = due.fromMs < truth.fromMs ? liveThrough(firm, due.fromMs, due.toMs) : truth;
      const runs = joinSpans(line.flatMap(({ id }) => runningSpans(all, id)));
      const work = clipSpans(runs, due.fromMs, due.toMs);
      if (work.length > 0) cleanOnce(firm, section, due, work, traces);
    }
  }
  return traces;
}

/** Shifts, and evenings of overtime, that end in the window. */
function dueCleanings(firm: Firm, truth: Truth): Span[] {
  const due: Span[] = [];
  for (let day = localDay(truth.fromMs) - 1; midnightMs(day) < truth.toMs; day++) {
    const shifts = shiftsOfDay(firm, day);
    due.push(...shifts);
    const last = shifts.at(-1);
    const eveningEndMs = midnightMs(day) + 21 * hourMs;
    if (last && last.toMs < eveningEndMs - 2 * hourMs) due.push({ fromMs: last.toMs, toMs: eveningEndMs });
  }
  return due.filter(({ toMs }) => toMs > truth.fromMs && toMs <= truth.toMs);
}

function cleanOnce(firm: Firm, section: FirmSection, due: Span, work: readonly Span[], traces: CleaningTraces): void {
  const random = createRandom(firm.seed, `cleaning ${section.id} ${due.toMs}`);
  const deed = firm.deeds.cleaning.find(({ sectionId, fromMs }) => sectionId === section.id && fromMs === due.fromMs);
  const first = work[0]!;
  const last = work.at(-1)!;
  // A hidden night or a test may run past the shift; then it is cleaned as it comes.
  const startMs = Math.min(last.toMs, due.toMs) + Math.round(random.between(2, 4)) * minuteMs;
  const span = {
    fromMs: startMs,
    toMs: startMs + Math.round(random.between(cleaningMinutes / 2, cleaningMinutes * 0.7)) * minuteMs,
  };
  // Cleaning may be made up for some hours after the shift; then the obligation has lapsed.
  const lapsedMs = due.toMs + 4 * hourMs;
  const lie = (wrong: Span, note: string) => traces.labels.push(labelOf(firm, section, wrong, note));
  // A line that never stops is never cleaned.
  switch (section.cleans ? deed?.how : 'skipped') {
    case 'skipped':
      // What was not cleaned is of the whole shift.
      lie({ fromMs: first.fromMs, toMs: lapsedMs }, 'not-cleaned');
      return;
    case 'claimed-while-running': {
      const longest = work.reduce((a, b) => (b.toMs - b.fromMs > a.toMs - a.fromMs ? b : a));
      const fromMs = longest.fromMs + Math.floor(((longest.toMs - longest.fromMs) * 0.3) / minuteMs) * minuteMs;
      const claimed = { fromMs, toMs: Math.min(longest.toMs, fromMs + 20 * minuteMs) };
      file(firm, section, claimed, random, traces);
      // What was claimed so was not done in the shift at all.
      lie({ fromMs: claimed.fromMs, toMs: lapsedMs }, 'cleaned-while-running');
      return;
    }
    case 'denied-by-camera':
      file(firm, section, span, random, traces);
      see(firm, section, 'CLEANING_NOT_SEEN', span, random, traces, null);
      lie({ fromMs: span.fromMs, toMs: lapsedMs }, 'cleaning-denied-by-camera');
      return;
    case 'air-blowing': {
      const blown = { fromMs: span.fromMs + 2 * minuteMs, toMs: span.toMs - 2 * minuteMs };
      file(firm, section, span, random, traces);
      see(firm, section, 'AIR_BLOWING', blown, random, traces, null);
      lie(blown, 'air-blowing');
      return;
    }
    case 'thick-layer': {
      const atMs = last.fromMs + Math.floor((last.toMs - last.fromMs) / 4 / minuteMs) * minuteMs;
      const depthMm = Math.round(random.between(1.4, 3.6) * 10) / 10;
      see(firm, section, 'DUST_LAYER', { fromMs: atMs, toMs: atMs }, random, traces, depthMm);
      lie({ fromMs: atMs, toMs: last.toMs }, 'thick-layer');
      file(firm, section, span, random, traces);
      return;
    }
    default:
      file(firm, section, span, random, traces);
      if (section.cameraId) see(firm, section, 'CLEANING_SEEN', span, random, traces, null);
  }
}

function file(firm: Firm, section: FirmSection, span: Span, random: Random, traces: CleaningTraces): void {
  const filedAtMs = span.toMs + Math.round(random.between(1, 8)) * minuteMs;
  const value: WorkRecord = {
    enterpriseId: firm.id,
    recordId: `clean-${section.id}-${span.fromMs / minuteMs}`,
    revision: 0,
    kind: 'CLEANING',
    startMs: span.fromMs,
    endMs: span.toMs,
    filedAtMs,
    sectionId: section.id,
    equipmentId: null,
    filedBy: '班组长',
    regime: null,
    grade: null,
    withdrawn: false,
  };
  traces.works.push({ arrivalMs: filedAtMs + 1500, value });
}

function see(
  firm: Firm,
  section: FirmSection,
  kind: SiteEvent['kind'],
  span: Span,
  random: Random,
  traces: CleaningTraces,
  valueMm: number | null,
): void {
  // A camera that is dark or covered sees nothing.
  const blind = firm.deeds.events.some(
    ({ value }) =>
      value.sourceId === section.cameraId &&
      (value.kind === 'CAMERA_DARK' || value.kind === 'CAMERA_BLIND') &&
      value.startMs < span.toMs + minuteMs &&
      (value.endMs ?? span.toMs) >= span.fromMs,
  );
  if (blind && kind !== 'DUST_LAYER') return;
  const value: SiteEvent = {
    enterpriseId: firm.id,
    eventId: `${kind.toLowerCase()}-${section.id}-${span.fromMs / minuteMs}`,
    revision: 0,
    kind,
    startMs: span.fromMs,
    endMs: span.toMs > span.fromMs ? span.toMs : null,
    sectionId: section.id,
    equipmentId: null,
    sourceId: kind === 'DUST_LAYER' ? `dust-gauge-${section.id}` : section.cameraId,
    confidence: Math.round(random.between(0.75, 0.97) * 100) / 100,
    count: null,
    reference: kind === 'DUST_LAYER' ? null : `clip/${section.cameraId}/${span.fromMs}`,
    value: valueMm,
  };
  traces.events.push({ arrivalMs: span.toMs + 20_000, value });
}

function labelOf(firm: Firm, section: FirmSection, span: Span, note: string): Label {
  return {
    detector: 'dust-cleaning',
    enterpriseId: firm.id,
    subjectKind: 'SECTION',
    subjectId: section.id,
    startMs: span.fromMs,
    endMs: Math.min(span.toMs, span.fromMs + dayMs, firm.endMs),
    kind: 'lie',
    ranMs: null,
    note,
  };
}
