/** Cameras that show nothing, as their platform says: no picture, or one that is covered, turned away or frozen. */
import type { SiteEvent, SiteRegistration, WorkRecord } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import type { CameraPlace, CameraSight } from './camera-watch.ts';
import { quiet, type SiteView, type SlotJudgement, type TestPolicy, unjudged } from './detector.ts';
import { minute, producersOf, productionMinutes, productionOf } from './production.ts';

const stepMs = 300_000;

export const sightPolicy: TestPolicy = { confirmAfterMs: 0, clearAfterMs: 0, falseAlarmsPerMonth: undefined };

const sees = quiet('camera-sees');
const known = quiet('cameras-known');
const unknownCode = unjudged('unknown', 'camera-not-registered');
const withinGrace = unjudged('unknown', 'camera-out-within-grace');
const excused = unjudged('unknown', 'camera-out-excused');

/** All registered cameras of a site, and last the site itself: for events under codes that it has not registered. */
export function camerasPlace(version: SiteVersion): CameraPlace[] {
  const { cameras, sections, enterpriseId } = version.registration;
  if (cameras.length === 0) return [];
  return [
    {
      key: 'cameras',
      stepMs,
      drive: 'filed',
      meterId: '',
      equipmentId: '',
      subjects: [
        ...cameras.map(({ cameraId: id }) => ({ kind: 'CAMERA', id, equipmentIds: [] }) as const),
        { kind: 'ENTERPRISE', id: enterpriseId, equipmentIds: [] },
      ],
      watched: cameras.map(({ sectionId }) => ({
        section: sections.find((section) => section.sectionId === sectionId)?.name || sectionId,
        production: productionOf(version, producersOf(version, sectionId, [])),
      })),
    },
  ];
}

export function judgeCameras(
  view: SiteView,
  { registration }: SiteVersion,
  place: CameraPlace,
  startMs: number,
  parameters: CameraSight,
): readonly SlotJudgement[] {
  const endMs = startMs + stepMs;
  const kind = parameters.sign === 'dark' ? 'CAMERA_DARK' : 'CAMERA_BLIND';
  const out: SiteEvent[] = [];
  for (const event of view.events) {
    if (event.kind !== kind || event.startMs >= endMs) continue;
    if (event.confidence === null || event.confidence >= parameters.leastConfidence) out.push(event);
  }
  const now = out.filter((event) => endOf(event) > startMs);
  if (now.length === 0) return allSee(place);
  const codes = new Set(registration.cameras.map(({ cameraId }) => cameraId));
  return [
    ...registration.cameras.map(({ cameraId, sectionId }, i) => {
      const own = out.filter(({ sourceId }) => sourceId === cameraId);
      if (!own.some((event) => endOf(event) > startMs)) return sees;
      return judgeCamera(view, registration, own, { cameraId, sectionId, ...place.watched[i]! }, startMs, parameters);
    }),
    now.some(({ sourceId }) => sourceId === null || !codes.has(sourceId)) ? unknownCode : known,
  ];
}

interface Watching {
  readonly cameraId: string;
  readonly sectionId: string;
  readonly section: string;
  readonly production: CameraPlace['watched'][number]['production'];
}

function judgeCamera(
  view: SiteView,
  registration: SiteRegistration,
  own: readonly SiteEvent[],
  { cameraId, sectionId, section, production }: Watching,
  startMs: number,
  { sign, graceMinutes, graceWhileProducingMinutes }: CameraSight,
): SlotJudgement {
  const endMs = startMs + stepMs;
  const excuses = excusesOf(view, registration, sectionId, endMs);
  if (excuses.some((excuse) => excuse.toMs > startMs)) return excused;
  // What comes back for a moment was not back: spells that touch are one.
  let sinceMs = endMs;
  let untilMs = startMs;
  for (const event of own.toSorted((a, b) => b.startMs - a.startMs)) {
    if (endOf(event) < sinceMs && endOf(event) <= startMs) continue;
    sinceMs = Math.min(sinceMs, event.startMs);
    untilMs = Math.max(untilMs, endOf(event));
  }
  const countedMs = Math.max(sinceMs, ...excuses.map(({ toMs }) => toMs));
  const outMs = Math.min(endMs, untilMs) - countedMs;
  const isProducing = producesIn(view, production, startMs);
  const graceMs = (isProducing ? graceWhileProducingMinutes : graceMinutes) * 60_000;
  if (outMs <= graceMs) return withinGrace;
  const latest = own.reduce((a, b) => (a.startMs > b.startMs ? a : b));
  const { confidence, reference } = latest;
  return {
    kind: 'judged',
    reason: `camera-${sign}${isProducing ? '-while-producing' : ''}`,
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: 1,
    fromMs: countedMs,
    toMs: Math.min(endMs, untilMs),
    cameras: [{ sourceId: cameraId, supports: true, confidence, reference }],
    detail: { section },
  };
}

/** Cuts, outages and maintenance that concern a section and began before `toMs`. */
function excusesOf(
  { events, work }: SiteView,
  { equipment }: SiteRegistration,
  sectionId: string,
  toMs: number,
): { readonly toMs: number }[] {
  const isThere = ({ sectionId: where, equipmentId }: SiteEvent | WorkRecord): boolean =>
    equipmentId === null
      ? where === null || where === sectionId
      : equipment.some((e) => e.equipmentId === equipmentId && e.sectionId === sectionId);
  const excuses: { toMs: number }[] = [];
  for (const event of events) {
    if (event.kind !== 'POWER_CUT' && event.kind !== 'REGIONAL_OUTAGE') continue;
    if (event.startMs < toMs && isThere(event)) excuses.push({ toMs: endOf(event) });
  }
  for (const record of work) {
    if (record.kind !== 'MAINTENANCE' || record.withdrawn || record.equipmentId !== null) continue;
    if (record.startMs < toMs && isThere(record)) excuses.push({ toMs: record.endMs });
  }
  return excuses;
}

function producesIn(view: SiteView, production: Watching['production'], startMs: number): boolean {
  if (!production) return false;
  for (const known of productionMinutes(view, production, startMs, startMs + stepMs)) {
    if (known >= minute.reported) return true;
  }
  return false;
}

const endOf = ({ endMs }: SiteEvent): number => endMs ?? Number.POSITIVE_INFINITY;

/** The same for every site with as many cameras: most slots of most sites are this. */
const lists: (readonly SlotJudgement[])[] = [];

function allSee({ watched: { length } }: CameraPlace): readonly SlotJudgement[] {
  lists[length] ??= [...Array<SlotJudgement>(length).fill(sees), known];
  return lists[length];
}
