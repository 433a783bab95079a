/** Hot work that somebody saw: sparks and flames before a camera, starts of a welding set, against permits on file. */
import { parseCameraCode } from '../gb28181.ts';
import type { CameraWitness, EquipmentKind, SiteEvent, SiteEventKind, SiteRegistration } from '../records.ts';
import { type Place, quiet, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { type Coverage, coverageAt, type PermitStanding, type PermitTerms } from './hot-work-permits.ts';
import { type HotSection, hotSections, sectionOf, type WhichSections } from './hot-work-sections.ts';

export interface EventTerms extends PermitTerms {
  readonly breach: 'no-permit' | 'past-permit';
  readonly eventKinds: readonly ('SPARK' | 'FLAME' | 'WELDER_START')[];
  readonly sections: WhichSections;
  readonly leastConfidence: number;
  readonly mergeMinutes: number;
}

const stepMs = 60_000;
const kindsSeen: readonly SiteEventKind[] = ['SPARK', 'FLAME', 'WELDER_START'];
const hotKinds = new Set(kindsSeen);
/** A spark in a duct is the collector's alarm, not somebody's work. */
const ductKinds: ReadonlySet<EquipmentKind> = new Set(['DUST_COLLECTOR', 'FAN']);
const furnaceKinds: ReadonlySet<EquipmentKind> = new Set(['FURNACE', 'HOLDING_FURNACE']);
const breaches: Readonly<Record<EventTerms['breach'], ReadonlySet<PermitStanding>>> = {
  'no-permit': new Set(['no-permit', 'permit-filed-too-late']),
  'past-permit': new Set(['past-permit', 'permit-expired-by-grade']),
};
const calmLists = new Map<string, readonly SlotJudgement[]>();

/** All sections that a rule is about, in one place: whatever was seen, it is judged by the minute. */
export class HotWorkEvents implements Place {
  readonly sign = 'event';
  readonly drive = 'noted';
  readonly key = 'events';
  readonly stepMs = stepMs;
  readonly meterId = '';
  readonly equipmentId = '';
  readonly awaitsKinds = kindsSeen;
  readonly registration: SiteRegistration;
  readonly which: WhichSections;
  /** What is said of each section while nothing is seen. */
  readonly calm: readonly SlotJudgement[];

  constructor(registration: SiteRegistration, which: WhichSections, sections: readonly HotSection[]) {
    this.registration = registration;
    this.which = which;
    this.calm = calmOf(registration, sections);
  }

  get subjects(): readonly SubjectRef[] {
    return hotSections(this.registration, this.which).map(({ subject }) => subject);
  }
}

export function hotWorkEventPlaces(registration: SiteRegistration, which: WhichSections): HotWorkEvents[] {
  const sections = hotSections(registration, which);
  return sections.length === 0 ? [] : [new HotWorkEvents(registration, which, sections)];
}

export function judgeHotWorkEvents(
  view: SiteView,
  place: HotWorkEvents,
  startMs: number,
  terms: EventTerms,
  lookBackMs: number,
): readonly SlotJudgement[] {
  const { registration } = place;
  const seen = sightingsIn(view, startMs, startMs + stepMs).filter((event) => counts(event, registration, terms));
  if (seen.length === 0) return place.calm;
  const judgements = [...place.calm];
  const sections = hotSections(registration, place.which);
  for (const [i, { sectionId }] of sections.entries()) {
    const here = seen.filter((event) => sectionOf(event, registration) === sectionId);
    if (here.length === 0) continue;
    judgements[i] = judgeSection(view, registration, sectionId, here, startMs, terms, lookBackMs);
  }
  return judgements;
}

/** End of the slots in which nothing was seen. */
export function nextSightingMs(view: SiteView, fromMs: number, toMs: number): number {
  if (view.events.length === 0) return toMs;
  const [first] = sightingsIn(view, fromMs, toMs);
  return first ? Math.max(fromMs, Math.floor(first.startMs / stepMs) * stepMs) : toMs;
}

function judgeSection(
  view: SiteView,
  registration: SiteRegistration,
  sectionId: string | undefined,
  seen: readonly SiteEvent[],
  startMs: number,
  terms: EventTerms,
  lookBackMs: number,
): SlotJudgement {
  const covered = seen.map((event) => ({
    event,
    coverage: coverageAt(view, registration, sectionId, Math.max(event.startMs, startMs), terms),
  }));
  const wrong = covered.filter(({ coverage }) => breaches[terms.breach].has(coverage.standing));
  const [first] = wrong;
  if (!first) {
    const { standing } = covered[0]!.coverage;
    return standing === 'permitted' || standing === 'permit-filed-late' ? quiet(standing) : quiet('other-breach');
  }
  if (wrong.every(({ event }) => isOfProcess(event, sectionId, registration))) {
    return unjudged('unknown', 'sparks-of-process');
  }
  const fromMs = Math.max(startMs, first.event.startMs);
  const toMs = Math.max(...wrong.map(({ event }) => seenUntil(event, startMs)));
  return {
    kind: 'judged',
    reason: first.coverage.standing,
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: (toMs - fromMs) / stepMs,
    fromMs,
    toMs,
    cameras: wrong.flatMap(({ event }) => witnessOf(event, registration)),
    detail: {
      ...permitDetail(first.coverage, fromMs),
      source: first.event.sourceId ?? first.event.equipmentId ?? '',
      confidence: first.event.confidence ?? -1,
      ...sightingsBefore(view, registration, sectionId, startMs + stepMs, terms, lookBackMs),
    },
  };
}

/** What a sentence needs of the permit that does not cover the work. */
export function permitDetail({ permit, validUntilMs }: Coverage, atMs: number): Record<string, string | number> {
  if (!permit) return {};
  return {
    permit: permit.recordId,
    grade: permit.grade ?? '',
    permitFromMs: permit.startMs,
    validUntilMs,
    filedLateMinutes: Math.max(0, permit.filedAtMs - atMs) / 60_000,
  };
}

/** How often and as what it was seen up to `endMs`, each time within the time that joins two sightings. */
function sightingsBefore(
  view: SiteView,
  registration: SiteRegistration,
  sectionId: string | undefined,
  endMs: number,
  terms: EventTerms,
  lookBackMs: number,
): { readonly sightings: number; readonly kinds: string } {
  const events = sightingsIn(view, endMs - lookBackMs, endMs);
  const kinds = new Set<string>();
  let sightings = 0;
  let laterMs = endMs;
  for (const event of events.reverse()) {
    if (!counts(event, registration, terms) || sectionOf(event, registration) !== sectionId) continue;
    if (laterMs - seenUntil(event, event.startMs) > terms.mergeMinutes * 60_000) break;
    const { standing } = coverageAt(view, registration, sectionId, event.startMs, terms);
    if (!breaches[terms.breach].has(standing)) break;
    sightings++;
    kinds.add(event.kind);
    laterMs = event.startMs;
  }
  return { sightings, kinds: [...kinds].sort().join(' ') };
}

/** Sightings by the list of events that they are of, with the length of the longest. */
const sightingsByEvents = new WeakMap<readonly SiteEvent[], { list: SiteEvent[]; longestMs: number }>();

/** Sparks, flames and starts that touch [fromMs, toMs), by start and id. */
function sightingsIn({ events }: SiteView, fromMs: number, toMs: number): SiteEvent[] {
  let known = sightingsByEvents.get(events);
  if (!known) {
    const list = events
      .filter(({ kind }) => hotKinds.has(kind))
      .sort((a, b) => a.startMs - b.startMs || (a.eventId < b.eventId ? -1 : 1));
    known = { list, longestMs: list.reduce((ms, { startMs, endMs }) => Math.max(ms, (endMs ?? startMs) - startMs), 0) };
    sightingsByEvents.set(events, known);
  }
  const { list, longestMs } = known;
  const first = firstFrom(list, fromMs - longestMs);
  const found: SiteEvent[] = [];
  for (let i = first; i < list.length && list[i]!.startMs < toMs; i++) {
    const event = list[i]!;
    if (event.startMs >= fromMs || (event.endMs ?? 0) > fromMs) found.push(event);
  }
  return found;
}

function firstFrom(list: readonly SiteEvent[], ms: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.startMs < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function counts(event: SiteEvent, registration: SiteRegistration, terms: EventTerms): boolean {
  if (!terms.eventKinds.some((kind) => kind === event.kind)) return false;
  if (event.confidence !== null && event.confidence < terms.leastConfidence) return false;
  if (event.equipmentId !== null) {
    const machine = registration.equipment.find(({ equipmentId }) => equipmentId === event.equipmentId);
    if (machine && ductKinds.has(machine.kind)) return false;
  }
  // A camera must be one of the site; detectors and welding sets have names of their own.
  return event.sourceId === null || !parseCameraCode(event.sourceId).ok || isCamera(event.sourceId, registration);
}

/** Where metal is molten sparks and flames are its own; starts of a welding set are not. */
function isOfProcess({ kind }: SiteEvent, sectionId: string | undefined, { equipment }: SiteRegistration): boolean {
  if (kind === 'WELDER_START') return false;
  return equipment.some((e) => furnaceKinds.has(e.kind) && (sectionId === undefined || e.sectionId === sectionId));
}

/** Nobody knows how long a moment went on: to the end of its minute. */
function seenUntil({ endMs }: SiteEvent, slotMs: number): number {
  const slotEndMs = (Math.floor(slotMs / stepMs) + 1) * stepMs;
  return endMs === null || endMs <= slotMs ? slotEndMs : Math.min(endMs, slotEndMs);
}

function witnessOf({ sourceId, confidence, reference }: SiteEvent, registration: SiteRegistration): CameraWitness[] {
  const isWitness = sourceId !== null && isCamera(sourceId, registration);
  return isWitness ? [{ sourceId, supports: true, confidence, reference }] : [];
}

function isCamera(sourceId: string, { cameras }: SiteRegistration): boolean {
  return cameras.some(({ cameraId }) => cameraId === sourceId);
}

/** Where nothing looks, nothing seen means nothing. The same for all sites that are watched alike. */
function calmOf({ cameras, equipment }: SiteRegistration, sections: readonly HotSection[]): readonly SlotJudgement[] {
  const watched = sections.map(
    ({ sectionId }) =>
      cameras.some((camera) => sectionId === undefined || camera.sectionId === sectionId) ||
      equipment.some((e) => e.kind === 'WELDER' && (sectionId === undefined || e.sectionId === sectionId)),
  );
  const key = watched.join();
  let calm = calmLists.get(key);
  if (!calm) {
    calm = watched.map((isWatched) => quiet(isWatched ? 'no-hot-work-seen' : 'not-watched'));
    calmLists.set(key, calm);
  }
  return calm;
}
