/**
 * Dust cleaning (清扫清灰): what GB 15577 asks for each shift, held against what was filed, what the section's machines
 * and meters did meanwhile, and what cameras and gauges saw.
 */
import Type from 'typebox';
import { dustCleaningSentence } from '../catalogue/dust-cleaning.ts';
import type { Equipment, SiteRegistration, Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import type { Detector, Place, SiteView, SlotJudgement, SubjectRef, TestPolicy } from './detector.ts';
import { claimedWhileRunning, contradictedByCamera } from './dust-cleaning-claim.ts';
import { missedRunHours, missedShift } from './dust-cleaning-duty.ts';
import { airBlowing, dustLayer } from './dust-cleaning-sight.ts';
import { type Production, producersOf, productionOf } from './production.ts';
import { type BySign, signParameters } from './sign-parameters.ts';

const leastConfidence = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'Events whose source is less confident than this, 0 to 1, are left out.',
});

const signs = {
  'missed-shift': {
    afterShiftMinutes: Type.Integer({
      minimum: 0,
      maximum: 720,
      description: 'Cleaning may go on for this long after the end of its shift.',
    }),
    afterDayMinutes: Type.Integer({
      minimum: 0,
      maximum: 1440,
      description:
        'Where no shifts are registered each day of production is due; its cleaning may come this much later.',
    }),
    leastRunMinutes: Type.Integer({
      minimum: 1,
      maximum: 1440,
      description: 'Cleaning is owed when the section produced for at least this long within the shift.',
    }),
    lateFilingHours: Type.Number({
      minimum: 0,
      maximum: 72,
      description: 'A record filed up to this long after it was due still counts; a later one does not.',
    }),
  },
  'missed-run-hours': {
    runToleranceMinutes: Type.Integer({
      minimum: 0,
      maximum: 720,
      description: 'Production beyond the registered hours between two cleanings that is let pass.',
    }),
  },
  'claimed-while-running': {
    overlapMinutes: Type.Integer({
      minimum: 0,
      maximum: 240,
      description:
        'Production within the time of a claimed cleaning that is let pass: clocks are off, spindles run down.',
    }),
  },
  'contradicted-by-camera': {
    leastConfidence,
    leastSeenPercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: 'Share of the claimed cleaning that cameras must have watched without seeing any.',
    }),
    waitMinutes: Type.Integer({
      minimum: 0,
      maximum: 240,
      description: 'How long after the end of a claimed cleaning other cameras may still speak for it.',
    }),
  },
  'dust-layer': {
    highestLayerMm: Type.Number({ exclusiveMinimum: 0, description: 'Deepest layer of dust that is let lie.' }),
    leastConfidence,
  },
  'air-blowing': {
    leastConfidence,
    clearAfterMinutes: Type.Integer({
      minimum: 0,
      maximum: 720,
      description: 'Blowing that is seen again within this time belongs to the same finding.',
    }),
  },
};

export type DustCleaning = BySign<typeof signs>;

/** The parameters of one sign. */
export type DustCleaningOf<S extends DustCleaning['sign']> = Extract<DustCleaning, { readonly sign: S }>;

const reasons = {
  'no-cleaning-due': 'UNKNOWN',
  'section-stood': 'CONSISTENT',
  'production-unknown': 'UNKNOWN',
  'shift-too-long': 'UNKNOWN',
  'connected-within-shift': 'UNKNOWN',
  'cleaning-on-file': 'CONSISTENT',
  'cleaning-filed-late': 'CONSISTENT',
  'cleaning-missed': 'CONTRADICTORY',
  'cleaning-filed-too-late': 'CONTRADICTORY',
  'within-run-hours': 'CONSISTENT',
  'last-cleaning-not-held': 'UNKNOWN',
  'run-hours-exceeded': 'CONTRADICTORY',
  'run-hours-exceeded-and-standing': 'CONTRADICTORY',
  'nothing-claimed': 'UNKNOWN',
  'line-stood-while-cleaned': 'CONSISTENT',
  'line-ran-while-cleaned': 'CONTRADICTORY',
  'cleaning-seen': 'CONSISTENT',
  'cleaning-seen-in-part': 'UNKNOWN',
  'no-camera-spoke': 'UNKNOWN',
  'cameras-disagree': 'UNKNOWN',
  'cleaning-not-seen': 'CONTRADICTORY',
  'no-layer-measured': 'UNKNOWN',
  'layer-within-limit': 'CONSISTENT',
  'layer-cleaned': 'CONSISTENT',
  'layer-too-deep': 'CONTRADICTORY',
  'layer-not-cleaned': 'CONTRADICTORY',
  'not-watched': 'UNKNOWN',
  'no-blowing-seen': 'CONSISTENT',
  'blown-with-air': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

/** A section in which dust is made, or the whole site where it registered no sections. */
export interface DustPlace extends Place {
  readonly subject: SubjectRef;
  /** `undefined`: the whole site. */
  readonly sectionId: string | undefined;
  /** Everything in the section; a record may name a machine alone. */
  readonly equipment: readonly Equipment[];
  readonly production: Production | undefined;
  /** Production between two cleanings that the registry allows, h. */
  readonly cleanAfterRunHours: number | null;
  readonly cameraIds: readonly string[];
}

const stepMs = 900_000;
const hourMs = 3_600_000;

function places(version: SiteVersion, rule: Rule<DustCleaning>): DustPlace[] {
  const { registration } = version;
  if (registration.retired) return [];
  const { sign } = rule.parameters;
  const found: DustPlace[] = [];
  for (const { sectionId, cleanAfterRunHours } of dustSections(registration)) {
    const producers = producersOf(version, sectionId, rule.equipmentKinds);
    const production = productionOf(version, producers);
    if (!isAsked(sign, production, cleanAfterRunHours)) continue;
    const equipmentIds = producers.map((e) => e.equipmentId);
    found.push({
      key: sectionId ?? '',
      stepMs,
      ...driveOf(sign),
      meterId: '',
      equipmentId: '',
      subject:
        sectionId === undefined
          ? { kind: 'ENTERPRISE', id: registration.enterpriseId, equipmentIds }
          : { kind: 'SECTION', id: sectionId, equipmentIds },
      sectionId,
      equipment: registration.equipment.filter((e) => sectionId === undefined || e.sectionId === sectionId),
      production,
      cleanAfterRunHours,
      cameraIds: registration.cameras.flatMap((camera) =>
        sectionId === undefined || camera.sectionId === sectionId ? camera.cameraId : [],
      ),
    });
  }
  return found;
}

/** A duty falls due though nothing comes; all else is known with what was filed or noted, and is nothing before that. */
function driveOf(sign: DustCleaning['sign']): Pick<Place, 'drive' | 'awaitsKinds'> {
  switch (sign) {
    case 'missed-shift':
    case 'missed-run-hours':
      return { drive: 'time' };
    case 'claimed-while-running':
      return { drive: 'filed', awaitsKinds: ['CLEANING'] };
    case 'contradicted-by-camera':
      return { drive: 'filed', awaitsKinds: ['CLEANING_NOT_SEEN'] };
    case 'dust-layer':
      return { drive: 'filed', awaitsKinds: ['DUST_LAYER'] };
    case 'air-blowing':
      return { drive: 'noted', awaitsKinds: ['AIR_BLOWING'] };
  }
}

function dustSections({ sections, sector }: SiteRegistration) {
  if (sections.length > 0) return sections.filter(({ dust }) => dust);
  return sector === 'DUST_EXPLOSION' ? [{ sectionId: undefined, cleanAfterRunHours: null }] : [];
}

function isAsked(sign: DustCleaning['sign'], production: Production | undefined, runHours: number | null): boolean {
  switch (sign) {
    case 'missed-shift':
    case 'claimed-while-running':
      return production !== undefined;
    case 'missed-run-hours':
      return production !== undefined && runHours !== null;
    default:
      return true;
  }
}

function judge(
  view: SiteView,
  version: SiteVersion,
  place: DustPlace,
  startMs: number,
  p: DustCleaning,
): SlotJudgement {
  switch (p.sign) {
    case 'missed-shift':
      return missedShift(view, version, place, startMs, p, lookBackMs(p));
    case 'missed-run-hours':
      return missedRunHours(view, place, startMs, p, lookBackMs(p));
    case 'claimed-while-running':
      return claimedWhileRunning(view, version, place, startMs, p, lookBackMs(p));
    case 'contradicted-by-camera':
      return contradictedByCamera(view, place, startMs, p);
    case 'dust-layer':
      return dustLayer(view, version, place, startMs, p, lookBackMs(p));
    case 'air-blowing':
      return airBlowing(view, version, place, startMs, p);
  }
}

/** A shift or a day with the time that its cleaning may take; a claim, a layer and run hours of one day. */
function lookBackMs(p: DustCleaning): number {
  switch (p.sign) {
    case 'missed-shift':
      return 25 * hourMs + Math.max(p.afterShiftMinutes, p.afterDayMinutes) * 60_000;
    case 'air-blowing':
      return hourMs;
    default:
      return 24 * hourMs;
  }
}

/** What was filed and what was seen are facts: one slot of it confirms. */
function policy(p: DustCleaning): TestPolicy {
  const clearAfterMs = p.sign === 'air-blowing' ? p.clearAfterMinutes * 60_000 : 0;
  return { confirmAfterMs: 0, clearAfterMs, falseAlarmsPerMonth: undefined };
}

function waitMs(p: DustCleaning): number {
  if (p.sign === 'missed-shift') return p.afterShiftMinutes * 60_000;
  return p.sign === 'contradicted-by-camera' ? p.waitMinutes * 60_000 : 0;
}

export const dustCleaning: Detector<DustCleaning, DustPlace> = {
  name: 'dust-cleaning',
  parameters: signParameters(signs, 'What is looked for: a duty that was missed, a claim that is untrue, or a sight.'),
  reasons,
  places,
  subjects: ({ subject }) => [subject],
  judge: (view, version, place, startMs, { parameters }) => [judge(view, version, place, startMs, parameters)],
  policy,
  waitMs,
  lookBackMs,
  sentence: dustCleaningSentence,
  indicator: (_place, { parameters: { sign } }) => (sign === 'dust-layer' ? 'dust_layer_mm' : null),
};
