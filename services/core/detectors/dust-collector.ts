/**
 * Dust collectors (除尘器): dust is made only while the collector draws, from some minutes before the line starts to some
 * minutes after it stops, through a filter whose resistance stays near what it was when new (GB 15577, AQ 4273).
 */
import Type from 'typebox';
import { dustCollectorSentence } from '../catalogue/dust-collector.ts';
import type { Threshold } from '../level-timeline.ts';
import type { Equipment, Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import { beyondReports } from '../sequential-test.ts';
import { rarestReportMs, type SiteVersion, type Witness } from '../site.ts';
import type { Detector, Learned, Place, SiteView, SlotJudgement, TestPolicy } from './detector.ts';
import { learnReference, pressureDrift } from './dust-collector-drift.ts';
import { learnFanLoad, loadAbsent, signsAbsent } from './dust-collector-load.ts';
import { airlockOff, collectorOff } from './dust-collector-off.ts';
import { startedLate, stoppedEarly } from './dust-collector-order.ts';
import { type Production, producersOf, productionOf } from './production.ts';
import { type BySign, signParameters } from './sign-parameters.ts';

const startAllowanceMinutes = Type.Integer({
  minimum: 0,
  maximum: 60,
  description: 'The first minutes of a run are let pass: purging, start-up, clocks that are off.',
});
const confirmAfterMinutes = Type.Integer({
  minimum: 0,
  maximum: 1440,
  description: 'Contradictory time before a confirmation: clocks are off and reports late by minutes.',
});
const clearAfterMinutes = Type.Integer({
  minimum: 0,
  maximum: 1440,
  description: 'A confirmed contradiction ends when nothing spoke for it for this long.',
});
const leastPressurePa = Type.Number({
  minimum: 0,
  description: 'A differential pressure above this shows that air flows through the filter.',
});
const orderToleranceMinutes = Type.Integer({
  minimum: 0,
  maximum: 30,
  description: 'How far a start or stop may miss its time: clocks of two devices differ.',
});

const signs = {
  'reported-off': { startAllowanceMinutes, confirmAfterMinutes, clearAfterMinutes, leastPressurePa },
  'load-absent': {
    startAllowanceMinutes,
    confirmAfterMinutes,
    clearAfterMinutes,
    leastPressurePa,
    lowestLoadPercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 50,
      description: 'A fan that turns, however slowed down, draws more than this share of its usual load.',
    }),
    leastMotorLoadPercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 50,
      description: 'Where no usual load was learned: a motor that turns draws more than this share of its true rating.',
    }),
    falseAlarmsPerMonth: Type.Number({
      exclusiveMinimum: 0,
      description: 'Stated bound: expected false confirmations a collector and 30 days.',
    }),
  },
  'started-late': {
    leadMinutes: Type.Integer({ minimum: 1, maximum: 60, description: 'The fan starts this long before the line.' }),
    longestLateMinutes: Type.Integer({
      minimum: 0,
      maximum: 30,
      description: 'A fan that follows the line later than this is no late start but production without it.',
    }),
    orderToleranceMinutes,
  },
  'stopped-early': {
    trailMinutes: Type.Integer({ minimum: 1, maximum: 60, description: 'The fan runs on this long after the line.' }),
    orderToleranceMinutes,
  },
  'pressure-drift': {
    driftPercent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: 'How far the pressure may leave its reference, as a share of the highest allowed one.',
    }),
    referenceHours: Type.Number({
      minimum: 1,
      maximum: 48,
      description: 'The reference is the mean over the first hours of use of a filter.',
    }),
    confirmAfterMinutes,
    clearAfterMinutes,
    leastPressurePa,
  },
  'airlock-off': { startAllowanceMinutes, confirmAfterMinutes, clearAfterMinutes, leastPressurePa },
};

export type DustCollector = BySign<typeof signs>;

/** The parameters of one sign. */
export type DustCollectorOf<S extends DustCollector['sign']> = Extract<DustCollector, { readonly sign: S }>;

const reasons = {
  'line-stands': 'CONSISTENT',
  'line-unknown': 'UNKNOWN',
  'line-starting': 'CONSISTENT',
  'collector-on': 'CONSISTENT',
  'collector-unknown': 'UNKNOWN',
  'collector-stands': 'UNKNOWN',
  'collector-draws': 'CONSISTENT',
  'another-collector-runs': 'UNKNOWN',
  'collector-off': 'CONTRADICTORY',
  'collector-reported-off': 'UNKNOWN',
  'collector-load-missing': 'UNKNOWN',
  'collector-load-low': 'UNKNOWN',
  'collector-load-unlearned': 'UNKNOWN',
  'collector-without-witness': 'UNKNOWN',
  'collector-load-absent': 'CONTRADICTORY',
  'collector-pressure-absent': 'CONTRADICTORY',
  'no-line-start': 'UNKNOWN',
  'no-collector-stop': 'UNKNOWN',
  'start-order-kept': 'CONSISTENT',
  'stop-order-kept': 'CONSISTENT',
  'order-too-close-to-tell': 'UNKNOWN',
  'stopped-by-power-cut': 'UNKNOWN',
  'collector-started-late': 'CONTRADICTORY',
  'collector-stopped-early': 'CONTRADICTORY',
  'pressure-limit-not-registered': 'UNKNOWN',
  'pressure-missing': 'UNKNOWN',
  'collector-without-flow': 'UNKNOWN',
  'reference-not-taken': 'UNKNOWN',
  'filter-changed': 'UNKNOWN',
  'pressure-near-reference': 'CONSISTENT',
  'pressure-left-reference': 'CONTRADICTORY',
  'airlock-not-heard': 'UNKNOWN',
  'airlock-turns': 'CONSISTENT',
  'airlock-off': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

/** A collector, what it exhausts, and who else does. */
export interface CollectorPlace extends Place {
  readonly collector: Equipment;
  readonly line: Production;
  /** Collectors that exhaust the same section, where nobody registered who serves what: one of them may stand by. */
  readonly others: readonly Equipment[];
  /** The meter of the collector alone. */
  readonly own: Witness | undefined;
}

export const pressure = 'differential_pressure_pa';
export const fanLoad = 'fan_load_kw';
export const fanRunning = 'fan_running';
export const airlock = 'airlock_running';
/** Between 0 and 1, as such indicators are sent. */
export const half: Threshold = { value: 0.5, inclusive: false };

const fineStepMs = 300_000;
const coarseStepMs = 900_000;

function isCollector({ kind, serves }: Equipment, { equipmentKinds }: Rule<DustCollector>): boolean {
  if (equipmentKinds.length > 0) return equipmentKinds.includes(kind);
  return kind === 'DUST_COLLECTOR' || (kind === 'FAN' && serves.length > 0);
}

function places(version: SiteVersion, rule: Rule<DustCollector>): CollectorPlace[] {
  const { registration } = version;
  if (registration.retired) return [];
  const collectors = registration.equipment.filter((e) => isCollector(e, rule));
  const { sign } = rule.parameters;
  return collectors.flatMap((collector): CollectorPlace[] => {
    if ((sign === 'pressure-drift' || sign === 'airlock-off') && collector.collector === 'WET') return [];
    const { equipmentId, serves, sectionId } = collector;
    const served =
      serves.length > 0
        ? registration.equipment.filter((e) => serves.includes(e.equipmentId))
        : producersOf(version, sectionId, []);
    const line = productionOf(version, served);
    if (!line) return [];
    const own = version.witnesses.find(
      ({ equipmentIds }) => equipmentIds.length === 1 && equipmentIds[0] === equipmentId,
    );
    const others =
      serves.length > 0
        ? []
        : collectors.filter((e) => e !== collector && e.serves.length === 0 && e.sectionId === sectionId);
    return [{ key: equipmentId, ...driveOf(sign, equipmentId, own), collector, line, others, own }];
  });
}

function driveOf(sign: DustCollector['sign'], equipmentId: string, own: Witness | undefined): Omit<Place, 'key'> {
  const reports = { drive: 'reports', stepMs: fineStepMs, meterId: '', equipmentId: '' } as const;
  switch (sign) {
    case 'load-absent':
      if (!own) return { ...reports, stepMs: coarseStepMs };
      return { drive: 'load', stepMs: own.stepMs, meterId: own.meterId, equipmentId: '' };
    case 'pressure-drift':
      return { ...reports, stepMs: coarseStepMs };
    case 'airlock-off':
      return { ...reports, equipmentId, awaits: airlock };
    default:
      return reports;
  }
}

function judge(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: DustCollector,
  learned: Learned | undefined,
): SlotJudgement {
  switch (p.sign) {
    case 'reported-off':
      return collectorOff(view, place, startMs, p);
    case 'load-absent':
      return place.own ? loadAbsent(view, place, place.own, startMs, p) : signsAbsent(view, place, startMs, p, learned);
    case 'started-late':
      return startedLate(view, place, startMs, p);
    case 'stopped-early':
      return stoppedEarly(view, place, startMs, p);
    case 'pressure-drift':
      return pressureDrift(view, place, startMs, p, learned);
    case 'airlock-off':
      return airlockOff(view, place, startMs, p);
  }
}

function policy(p: DustCollector, _stepMs: number, place?: CollectorPlace): TestPolicy {
  switch (p.sign) {
    case 'started-late':
    case 'stopped-early':
      return { confirmAfterMs: 0, clearAfterMs: 0, falseAlarmsPerMonth: undefined };
    default:
      return {
        confirmAfterMs: beyondReports(
          p.confirmAfterMinutes * 60_000,
          place ? rarestReportMs([place.collector, ...place.others]) : 0,
        ),
        clearAfterMs: p.clearAfterMinutes * 60_000,
        falseAlarmsPerMonth: p.sign === 'load-absent' ? p.falseAlarmsPerMonth : undefined,
      };
  }
}

function thresholdsOf(indicator: string, p: DustCollector): readonly Threshold[] | undefined {
  const leastPressure = 'leastPressurePa' in p ? [{ value: p.leastPressurePa, inclusive: false }] : undefined;
  switch (indicator) {
    case pressure:
      return p.sign === 'pressure-drift' ? undefined : leastPressure;
    case fanRunning:
      return p.sign === 'reported-off' ? [half] : undefined;
    case airlock:
      return p.sign === 'airlock-off' ? [half] : undefined;
    default:
      return undefined;
  }
}

function isOwner({ registration }: SiteVersion, ownerId: string, rule: Rule<DustCollector>): boolean {
  return registration.equipment.some((e) => e.equipmentId === ownerId && isCollector(e, rule));
}

export const dustCollector: Detector<DustCollector, CollectorPlace> = {
  name: 'dust-collector',
  parameters: signParameters(signs, 'What is looked for: a collector that is off, out of order, or off its reference.'),
  reasons,
  places,
  subjects: ({ collector: { equipmentId } }) => [{ kind: 'EQUIPMENT', id: equipmentId, equipmentIds: [equipmentId] }],
  judge: (view, _version, place, startMs, { parameters }, learned) => [
    judge(view, place, startMs, parameters, learned),
  ],
  learn(view, _version, place, startMs, { parameters }, learned) {
    if (parameters.sign === 'pressure-drift') return learnReference(view, place, startMs, parameters, learned);
    if (parameters.sign === 'load-absent' && !place.own) return learnFanLoad(view, place, startMs, parameters, learned);
    return undefined;
  },
  policy,
  sentence: dustCollectorSentence,
  indicator: (_place, { parameters: { sign } }) =>
    sign === 'pressure-drift' ? pressure : sign === 'airlock-off' ? airlock : null,
  samples: (version, ownerId, indicator, rule) =>
    ((rule.parameters.sign === 'pressure-drift' && indicator === pressure) ||
      (rule.parameters.sign === 'load-absent' && indicator === fanLoad)) &&
    isOwner(version, ownerId, rule),
  thresholds: (version, ownerId, indicator, rule) => {
    const own = thresholdsOf(indicator, rule.parameters);
    return own && isOwner(version, ownerId, rule) ? own : undefined;
  },
};
