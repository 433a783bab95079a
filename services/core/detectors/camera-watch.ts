/**
 * Camera watch: a dust section with many workers needs a camera, and a camera that shows nothing is none. What a camera
 * is accused of rests on codes that the site registered; events under any other code are said to be unknown, no more.
 */
import Type from 'typebox';
import { cameraWatchSentence } from '../catalogue/camera-watch.ts';
import type { Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import { camerasPlace, judgeCameras, sightPolicy } from './camera-sight.ts';
import { type Detector, type Place, quiet, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import type { Production } from './production.ts';
import { type BySign, signParameters } from './sign-parameters.ts';

const sight = {
  graceMinutes: Type.Integer({
    minimum: 0,
    maximum: 1440,
    description: 'How long a camera may show nothing while its section stands.',
  }),
  graceWhileProducingMinutes: Type.Integer({
    minimum: 0,
    maximum: 1440,
    description: 'How long a camera may show nothing while its section produces, by report or by meter.',
  }),
  leastConfidence: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Events whose source gives itself less confidence than this, 0 to 1, are left aside.',
  }),
};

const signs = {
  missing: {
    workersAbove: Type.Integer({
      minimum: 0,
      description: 'Dust sections with more workers on one shift than this need a camera.',
    }),
  },
  dark: sight,
  blind: sight,
};

export type CameraWatch = BySign<typeof signs>;
export type CameraSight = Extract<CameraWatch, { readonly sign: 'dark' | 'blind' }>;

export interface CameraPlace extends Place {
  readonly subjects: readonly SubjectRef[];
  /** Of the section that needs a camera; absent where the cameras themselves are watched. */
  readonly duty?: { readonly workers: number; readonly sectionId: string };
  /** By the order of subjects: what the section of each camera is called and what it produces. */
  readonly watched: readonly { readonly section: string; readonly production: Production | undefined }[];
}

const dayMs = 86_400_000;
const dutyStepMs = 900_000;

const registered = [quiet('camera-registered')];
const stillMissing = [unjudged('unknown', 'camera-missing')];

/** One place for each section that needs a camera, whether it has one or not: then the duty is met. */
function dutyPlaces({ registration }: SiteVersion, workersAbove: number): CameraPlace[] {
  return registration.sections.flatMap(({ sectionId, dust, workers }) =>
    dust && workers !== null && workers > workersAbove
      ? [
          {
            key: sectionId,
            stepMs: dutyStepMs,
            drive: 'time' as const,
            meterId: '',
            equipmentId: '',
            subjects: [{ kind: 'SECTION', id: sectionId, equipmentIds: [] } as const],
            duty: { workers, sectionId },
            watched: [],
          },
        ]
      : [],
  );
}

function judgeDuty(
  { registration }: SiteVersion,
  { workers, sectionId }: { readonly workers: number; readonly sectionId: string },
  startMs: number,
  workersAbove: number,
): readonly SlotJudgement[] {
  if (registration.cameras.some((camera) => camera.sectionId === sectionId)) return registered;
  const { effectiveFromMs } = registration;
  // It stays so until somebody acts: once a day is often enough to say it again.
  const isTold = startMs % dayMs === 0 || (effectiveFromMs <= startMs && startMs < effectiveFromMs + dutyStepMs);
  if (!isTold) return stillMissing;
  return [
    {
      kind: 'judged',
      reason: 'camera-missing',
      logLikelihoodRatio: 1,
      seen: undefined,
      bound: 0,
      share: 1,
      fromMs: effectiveFromMs,
      detail: { workers, workersAbove },
    },
  ];
}

export const cameraWatch: Detector<CameraWatch, CameraPlace> = {
  name: 'camera-watch',
  parameters: signParameters(
    signs,
    'Which fault of watching by camera: missing, dark (no picture), or blind (covered, turned away, frozen).',
  ),
  reasons: {
    'camera-registered': 'CONSISTENT',
    'camera-missing': 'CONTRADICTORY',
    'camera-sees': 'CONSISTENT',
    'camera-out-within-grace': 'UNKNOWN',
    'camera-out-excused': 'UNKNOWN',
    'camera-not-registered': 'UNKNOWN',
    'cameras-known': 'CONSISTENT',
    'camera-dark': 'CONTRADICTORY',
    'camera-dark-while-producing': 'CONTRADICTORY',
    'camera-blind': 'CONTRADICTORY',
    'camera-blind-while-producing': 'CONTRADICTORY',
  } satisfies Record<string, Verdict>,
  places(version, { parameters }) {
    if (version.registration.retired) return [];
    return parameters.sign === 'missing' ? dutyPlaces(version, parameters.workersAbove) : camerasPlace(version);
  },
  subjects: (place) => place.subjects,
  judge(view, version, place, startMs, { parameters }: Rule<CameraWatch>) {
    if (parameters.sign === 'missing') return judgeDuty(version, place.duty!, startMs, parameters.workersAbove);
    return judgeCameras(view, version, place, startMs, parameters);
  },
  policy: (parameters) => (parameters.sign === 'missing' ? dutyPolicy : sightPolicy),
  waitMs: (parameters) => (parameters.sign === 'missing' ? 0 : parameters.graceWhileProducingMinutes * 60_000),
  sentence: cameraWatchSentence,
  indicator: () => null,
  lookBackMs: (parameters) => (parameters.sign === 'missing' ? 0 : parameters.graceMinutes * 60_000),
  quietUntil(view, place, fromMs, toMs, { parameters }) {
    // Without events on file no camera is out, and none is unknown.
    return parameters.sign !== 'missing' && view.events.length === 0
      ? Math.floor(toMs / place.stepMs) * place.stepMs
      : fromMs;
  },
};

const dutyPolicy = { confirmAfterMs: 0, clearAfterMs: 0, falseAlarmsPerMonth: undefined };
