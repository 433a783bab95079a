/**
 * Limit: an indicator of a machine is outside its limits, or changes too fast, for longer than its on-delay. Seconds
 * matter where metal and water meet, so each sample is judged as it comes.
 */
import { limitSentence } from '../catalogue/limit.ts';
import { bucketMs, type LevelTimeline } from '../level-timeline.ts';
import type { Equipment, Verdict } from '../records.ts';
import type { Rule } from '../rule.ts';
import type { SiteVersion } from '../site.ts';
import type { Detector, Place, SiteView, SlotJudgement, SubjectRef, TestPolicy } from './detector.ts';
import { quiet, unjudged } from './detector.ts';
import { isMaintained, useAt } from './in-use.ts';
import { levelExcursion, levelsCalmUntilMs } from './limit-levels.ts';
import { rateExcursion, ratesCalmUntilMs } from './limit-rate.ts';
import {
  type LimitParameters,
  type LimitTerms,
  parameters,
  registeredLimit,
  termsOf,
  thresholdsOf,
} from './limit-terms.ts';

const reasons = {
  'limit-not-registered': 'UNKNOWN',
  'limit-changed': 'UNKNOWN',
  'indicator-not-heard': 'UNKNOWN',
  'state-unknown': 'UNKNOWN',
  'machine-not-in-use': 'UNKNOWN',
  'under-maintenance': 'UNKNOWN',
  'outside-within-on-delay': 'UNKNOWN',
  'crosses-the-limit': 'UNKNOWN',
  'within-dead-band': 'CONSISTENT',
  'within-limits': 'CONSISTENT',
  'above-limit': 'CONTRADICTORY',
  'below-limit': 'CONTRADICTORY',
  'changes-too-fast': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

/** What one slot shows: nothing, calm, what is neither, or an excursion. */
export type Shown = 'unheard' | 'calm' | 'band' | 'crossing' | 'changed' | Excursion;

export interface Excursion {
  readonly reason: 'above-limit' | 'below-limit' | 'changes-too-fast';
  readonly seen: number;
  readonly bound: number;
  /** Where it begins, when that is not the slot's start, ms. */
  readonly fromMs?: number;
  /** Time outside up to the end of the slot, ms: as much as the on-delay asks for, or more. */
  readonly outsideMs: number;
}

interface LimitPlace extends Place {
  readonly subjects: readonly SubjectRef[];
  /** What holds for its one machine; absent for the machines (or the enterprise) without a registered limit. */
  readonly machine?: Equipment;
  readonly terms?: LimitTerms;
  readonly policy?: TestPolicy;
}

const onePlain: Readonly<Record<Exclude<Shown, Excursion | 'calm' | 'changed'>, readonly SlotJudgement[]>> = {
  unheard: [unjudged('unknown', 'indicator-not-heard')],
  band: [unjudged('holds', 'within-dead-band')],
  crossing: [unjudged('holds', 'crosses-the-limit')],
};
const changedLimit = [unjudged('unknown', 'limit-changed')];
const calm = [quiet('within-limits')];
const notInUse = [unjudged('not-claimed', 'machine-not-in-use')];
const stateUnknown = [unjudged('unknown', 'state-unknown')];
const underMaintenance = [unjudged('not-claimed', 'under-maintenance')];
const unregistered = unjudged('unknown', 'limit-not-registered');
const defaultPolicy: TestPolicy = { confirmAfterMs: 0, clearAfterMs: 0, falseAlarmsPerMonth: undefined };
const siteFrom = { limitFrom: 'site' };
const ruleFrom = { limitFrom: 'rule' };

/** A machine that the rule looks at, whether it has limits or not. */
function isOfKind({ equipmentKinds, parameters: p }: Rule<LimitParameters>, machine: Equipment): boolean {
  if (equipmentKinds.length > 0 && !equipmentKinds.includes(machine.kind)) return false;
  return (
    p.collector === undefined ||
    machine.collector === p.collector ||
    registeredLimit(machine, p.indicator) !== undefined
  );
}

function places({ registration }: SiteVersion, rule: Rule<LimitParameters>): LimitPlace[] {
  if (registration.retired) return [];
  const { parameters: p, equipmentKinds } = rule;
  const bare: Equipment[] = [];
  const found: LimitPlace[] = [];
  for (const machine of registration.equipment) {
    if (!isOfKind(rule, machine)) continue;
    const terms = termsOf(p, machine);
    if (terms) found.push(machinePlace(rule, machine, terms));
    else bare.push(machine);
  }
  if (p.siteLimits !== 'required') return found;
  // Where a rule names no kind of machine, any one machine of the site may be the one that has the indicator.
  const named = equipmentKinds.length > 0 || p.collector !== undefined;
  if (named ? bare.length === 0 : found.length > 0) return found;
  const subjects: SubjectRef[] = named
    ? bare.map(({ equipmentId: id }) => ({ kind: 'EQUIPMENT', id, equipmentIds: [id] }))
    : [{ kind: 'ENTERPRISE', id: registration.enterpriseId, equipmentIds: [] }];
  return [...found, { key: '', stepMs: 900_000, drive: 'time', meterId: '', equipmentId: '', subjects }];
}

function machinePlace({ parameters: p }: Rule<LimitParameters>, machine: Equipment, terms: LimitTerms): LimitPlace {
  const { equipmentId, reportIntervalMs } = machine;
  const stepMs = bucketMs(reportIntervalMs);
  // A sample stands for the bucket after its own, too; where reports are rarer than buckets that may hold no other.
  const mayBeAlone = terms.onDelayMs > 0 && terms.ratePerMinute === undefined && reportIntervalMs > stepMs;
  const place: LimitPlace = {
    key: equipmentId,
    stepMs,
    drive: 'samples',
    meterId: '',
    equipmentId,
    subjects: [{ kind: 'EQUIPMENT', id: equipmentId, equipmentIds: [equipmentId] }],
    machine,
    terms,
    // The on-delay begins with the slot of the first sample outside; that of the first one back inside holds the last
    // one outside, too, so that the first slot that counts for the off-delay is the one after.
    policy: {
      confirmAfterMs: Math.max(terms.onDelayMs + stepMs, mayBeAlone ? 2 * stepMs + 1 : 0),
      clearAfterMs: terms.offDelayMs,
      falseAlarmsPerMonth: undefined,
    },
  };
  // A limit that the rule brings along holds for whatever machine sends the indicator.
  return registeredLimit(machine, p.indicator) ? place : { ...place, awaits: p.indicator };
}

function judge(
  view: SiteView,
  version: SiteVersion,
  { machine, terms, subjects, stepMs, policy }: LimitPlace,
  startMs: number,
  { parameters: p }: Rule<LimitParameters>,
): readonly SlotJudgement[] {
  if (!machine || !terms || !policy) return subjects.map(() => unregistered);
  const neededMs = policy.confirmAfterMs;
  const shown = shownIn(view, machine, terms, startMs, stepMs, p.indicator, neededMs);
  if (shown === 'unheard') return onePlain.unheard;
  if (isMaintained(view.work, machine, startMs)) return underMaintenance;
  if (p.onlyWhile === 'running') {
    const use = useAt(view, version, machine, startMs);
    if (use !== 'in-use') return use === 'unknown' ? stateUnknown : notInUse;
  }
  if (shown === 'calm') return calm;
  if (shown === 'changed') return changedLimit;
  if (typeof shown === 'string') return onePlain[shown];
  const { reason, seen, bound, outsideMs, fromMs } = shown;
  const isLong =
    outsideMs >= neededMs && (terms.onDelayMs === 0 || wasHeldTo(view, version, machine, terms, startMs, p));
  return [
    {
      kind: 'judged',
      reason: isLong ? reason : 'outside-within-on-delay',
      logLikelihoodRatio: 1,
      seen,
      bound,
      share: 1,
      ...(fromMs === undefined ? {} : { fromMs }),
      detail: terms.from === 'site' ? siteFrom : ruleFrom,
    },
  ];
}

function shownIn(
  view: SiteView,
  machine: Equipment,
  terms: LimitTerms,
  startMs: number,
  stepMs: number,
  indicator: string,
  neededMs: number,
): Shown {
  const { equipmentId } = machine;
  const levels = view.levels(equipmentId, indicator);
  if (!levels?.levelsAt(startMs)) return 'unheard';
  if (terms.ratePerMinute === undefined) return levelExcursion(levels, terms, startMs, neededMs);
  const rates = view.rates(equipmentId, indicator);
  return rates ? rateExcursion(rates, terms, startMs, stepMs, levels.endMs) : 'unheard';
}

/** Whether the limit held for the machine throughout the on-delay: before, a value outside means nothing. */
function wasHeldTo(
  view: SiteView,
  version: SiteVersion,
  machine: Equipment,
  { onDelayMs }: LimitTerms,
  startMs: number,
  { onlyWhile }: LimitParameters,
): boolean {
  for (let backMs = onDelayMs; backMs > 0; backMs -= 60_000) {
    if (isMaintained(view.work, machine, startMs - backMs)) return false;
    if (onlyWhile === 'running' && useAt(view, version, machine, startMs - backMs) === 'not-in-use') return false;
  }
  return true;
}

function heldMachine({ registration }: SiteVersion, ownerId: string, rule: Rule<LimitParameters>) {
  const machine = registration.equipment.find((e) => e.equipmentId === ownerId);
  return machine && isOfKind(rule, machine) ? machine : undefined;
}

function termsFor(version: SiteVersion, ownerId: string, indicator: string, rule: Rule<LimitParameters>) {
  if (indicator !== rule.parameters.indicator || version.registration.retired) return undefined;
  const machine = heldMachine(version, ownerId, rule);
  return machine && termsOf(rule.parameters, machine);
}

export const limit: Detector<LimitParameters, LimitPlace> = {
  name: 'limit',
  parameters,
  reasons,
  places,
  subjects: (place) => place.subjects,
  judge,
  policy: (_parameters, _stepMs, place) => place?.policy ?? defaultPolicy,
  sentence: limitSentence,
  indicator: (_place, rule) => rule.parameters.indicator,
  thresholds(version, ownerId, indicator, rule) {
    const terms = termsFor(version, ownerId, indicator, rule);
    return terms && thresholdsOf(terms);
  },
  leastPerMinute: (version, ownerId, indicator, rule) => termsFor(version, ownerId, indicator, rule)?.ratePerMinute,
  quietUntil(view, { machine, terms, stepMs }, fromMs, toMs, { parameters: p }) {
    // While samples come there is but one slot to judge.
    if (toMs <= fromMs) return fromMs;
    if (!machine || !terms) return Math.floor(toMs / stepMs) * stepMs;
    const untilMs = calmUntilMs(view, machine, terms, fromMs, toMs, p.indicator);
    return Math.floor(untilMs / stepMs) * stepMs;
  },
};

function calmUntilMs(
  view: SiteView,
  { equipmentId }: Equipment,
  terms: LimitTerms,
  fromMs: number,
  toMs: number,
  indicator: string,
): number {
  const levels: LevelTimeline | undefined = view.levels(equipmentId, indicator);
  if (!levels) return toMs;
  if (terms.ratePerMinute === undefined) return levelsCalmUntilMs(levels, terms, fromMs, toMs);
  const rates = view.rates(equipmentId, indicator);
  return rates ? ratesCalmUntilMs(rates, terms, fromMs, toMs) : toMs;
}
