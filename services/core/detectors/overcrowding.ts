/**
 * Overcrowding: the cameras of a section count more people than may be in it. Each camera is a witness of its own: the
 * highest count is a lower bound of the people there, as each sees but a part.
 */
import Type from 'typebox';
import { createCalendar } from '../calendar.ts';
import { overcrowdingSentence } from '../catalogue/overcrowding.ts';
import type { CameraWitness, Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import {
  type Detector,
  type Place,
  quiet,
  type SiteView,
  type SlotJudgement,
  type SubjectRef,
  unjudged,
} from './detector.ts';

const parameters = Type.Object(
  {
    leastConfidence: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Events whose source gives itself less confidence than this, 0 to 1, are left aside.',
    }),
    onDelayMinutes: Type.Integer({
      minimum: 0,
      maximum: 240,
      description: 'How long too many must be counted, from the first such count on.',
    }),
    offDelayMinutes: Type.Integer({
      minimum: 0,
      maximum: 240,
      description: 'How long no more than allowed must be counted for it to be over.',
    }),
    shiftChangeMinutes: Type.Integer({
      minimum: 0,
      maximum: 120,
      description: 'Time before and after a change of shifts in which both shifts may be there.',
    }),
  },
  { additionalProperties: false },
);

type Overcrowding = Type.Static<typeof parameters>;

interface SectionPlace extends Place {
  readonly subjects: readonly SubjectRef[];
  readonly personLimit: number;
  readonly cameraIds: readonly string[];
}

/** Counts are kept in steps of five minutes: cameras count that often or more. */
const stepMs = 300_000;

const calendar = createCalendar([]);

const notCounted = [unjudged('unknown', 'persons-not-counted')];
const notRegistered = [unjudged('unknown', 'camera-not-registered')];
const withinLimit = [quiet('persons-within-limit')];
const shiftChange = [unjudged('holds', 'shift-change')];

/** Indicator under which the counts of one camera are kept that a rule trusts; of all unregistered ones together. */
function countsOf({ parameters: { leastConfidence } }: Rule<Overcrowding>, cameraId: string): string {
  return `persons>=${leastConfidence} ${cameraId}`;
}
const unregistered = 'unregistered';

function places({ registration }: SiteVersion): SectionPlace[] {
  if (registration.retired) return [];
  return registration.sections.flatMap(({ sectionId, personLimit }) =>
    personLimit === null
      ? []
      : [
          {
            key: sectionId,
            stepMs,
            drive: 'samples' as const,
            meterId: '',
            equipmentId: sectionId,
            subjects: [{ kind: 'SECTION', id: sectionId, equipmentIds: [] } as const],
            personLimit,
            cameraIds: registration.cameras.filter((c) => c.sectionId === sectionId).map((c) => c.cameraId),
          },
        ],
  );
}

/** What the cameras of a section counted in one slot. */
interface Counted {
  readonly heard: boolean;
  /** Highest count above the limit; `undefined` where none was. */
  readonly most: number | undefined;
}

function countedIn(
  view: SiteView,
  { equipmentId, personLimit, cameraIds }: SectionPlace,
  startMs: number,
  rule: Rule<Overcrowding>,
): Counted {
  let heard = false;
  let most: number | undefined;
  for (const cameraId of cameraIds) {
    const timeline = view.levels(equipmentId, countsOf(rule, cameraId));
    const levels = timeline?.levelsAt(startMs);
    if (!timeline || !levels) continue;
    heard = true;
    if (levels.high < timeline.levelAbove(limitOf(personLimit))) continue;
    most = Math.max(most ?? 0, timeline.peakAt(startMs).high ?? 0);
  }
  return { heard, most };
}

const limitOf = (personLimit: number) => ({ value: personLimit, inclusive: false });

function judge(
  view: SiteView,
  version: SiteVersion,
  place: SectionPlace,
  startMs: number,
  rule: Rule<Overcrowding>,
): readonly SlotJudgement[] {
  const { heard, most } = countedIn(view, place, startMs, rule);
  if (!heard) {
    const others = view.levels(place.equipmentId, countsOf(rule, unregistered))?.levelsAt(startMs);
    return others ? notRegistered : notCounted;
  }
  if (most === undefined) return withinLimit;
  if (isShiftChange(view, version, place.equipmentId, startMs, rule.parameters)) return shiftChange;
  return [
    {
      kind: 'judged',
      reason: isLong(view, version, place, startMs, rule) ? 'too-many-persons' : 'too-many-persons-within-on-delay',
      logLikelihoodRatio: 1,
      seen: most,
      bound: place.personLimit,
      share: 1,
      cameras: witnesses(view, place, startMs, rule),
    },
  ];
}

/** Whether too many were counted for the on-delay; slots without a count neither count nor end it. */
function isLong(
  view: SiteView,
  version: SiteVersion,
  place: SectionPlace,
  startMs: number,
  rule: Rule<Overcrowding>,
): boolean {
  const neededMs = rule.parameters.onDelayMinutes * 60_000 + stepMs;
  let countedMs = stepMs;
  for (let ms = startMs - stepMs; countedMs < neededMs && startMs - ms < 2 * neededMs; ms -= stepMs) {
    const { heard, most } = countedIn(view, place, ms, rule);
    if (!heard) continue;
    if (most === undefined || isShiftChange(view, version, place.equipmentId, ms, rule.parameters)) return false;
    countedMs += stepMs;
  }
  return countedMs >= neededMs;
}

function witnesses(
  view: SiteView,
  { equipmentId, personLimit, cameraIds }: SectionPlace,
  startMs: number,
  rule: Rule<Overcrowding>,
): CameraWitness[] {
  return cameraIds.flatMap((sourceId) => {
    const timeline = view.levels(equipmentId, countsOf(rule, sourceId));
    const levels = timeline?.levelsAt(startMs);
    if (!timeline || !levels) return [];
    const supports = levels.high >= timeline.levelAbove(limitOf(personLimit));
    return [{ sourceId, supports, confidence: null, reference: null }];
  });
}

/** Whether one shift goes and another comes about that time, by the working calendar or because somebody said so. */
function isShiftChange(
  view: SiteView,
  { registration }: SiteVersion,
  sectionId: string,
  startMs: number,
  { shiftChangeMinutes }: Overcrowding,
): boolean {
  const marginMs = shiftChangeMinutes * 60_000;
  const fromMs = startMs - marginMs;
  const toMs = startMs + stepMs + marginMs;
  for (const { kind, startMs: saidMs, endMs, sectionId: where } of view.events) {
    if (kind !== 'SHIFT_CHANGE' || (where !== null && where !== sectionId)) continue;
    if (saidMs < toMs && (endMs ?? saidMs) >= fromMs) return true;
  }
  if (registration.shifts.length < 2 || marginMs === 0) return false;
  const due = calendar.shiftsOverlapping(registration, fromMs - marginMs, toMs + marginMs);
  const isNear = (ms: number) => fromMs <= ms && ms < toMs;
  return due.some(
    (going) => isNear(going.endMs) && due.some((coming) => Math.abs(coming.startMs - going.endMs) <= marginMs),
  );
}

export const overcrowding: Detector<Overcrowding, SectionPlace> = {
  name: 'overcrowding',
  parameters,
  reasons: {
    'persons-not-counted': 'UNKNOWN',
    'camera-not-registered': 'UNKNOWN',
    'shift-change': 'UNKNOWN',
    'too-many-persons-within-on-delay': 'UNKNOWN',
    'persons-within-limit': 'CONSISTENT',
    'too-many-persons': 'CONTRADICTORY',
  } satisfies Record<string, Verdict>,
  places,
  subjects: (place) => place.subjects,
  judge,
  policy: ({ onDelayMinutes, offDelayMinutes }) => ({
    confirmAfterMs: onDelayMinutes * 60_000 + stepMs,
    clearAfterMs: offDelayMinutes * 60_000 + stepMs,
    falseAlarmsPerMonth: undefined,
  }),
  sentence: overcrowdingSentence,
  indicator: () => 'persons',
  sampleOf({ registration }, { sourceId, sectionId, count, confidence }, rule) {
    if (count === null || (confidence !== null && confidence < rule.parameters.leastConfidence)) return undefined;
    const camera = registration.cameras.find(({ cameraId }) => cameraId === sourceId);
    // What a camera watches is as registered, whatever it says of itself.
    const ownerId = camera?.sectionId ?? sectionId;
    if (!registration.sections.some((section) => section.sectionId === ownerId)) return undefined;
    return { ownerId: ownerId!, indicator: countsOf(rule, camera?.cameraId ?? unregistered), value: count };
  },
  thresholds({ registration }, ownerId, indicator, rule) {
    if (!indicator.startsWith(countsOf(rule, ''))) return undefined;
    const section = registration.sections.find(({ sectionId }) => sectionId === ownerId);
    return section && section.personLimit !== null ? [limitOf(section.personLimit)] : undefined;
  },
  lookBackMs: ({ onDelayMinutes }) => 2 * (onDelayMinutes * 60_000 + stepMs),
  quietUntil(view, place, fromMs, toMs, rule) {
    let untilMs = toMs;
    for (const cameraId of place.cameraIds) {
      const timeline = view.levels(place.equipmentId, countsOf(rule, cameraId));
      if (!timeline) continue;
      const limit = timeline.levelAbove(limitOf(place.personLimit));
      let ms = fromMs;
      while (ms < untilMs && (timeline.levelsAt(ms)?.high ?? -1) < limit) ms = timeline.runEndMs(ms);
      untilMs = Math.min(untilMs, ms);
    }
    return Math.floor(untilMs / stepMs) * stepMs;
  },
};
