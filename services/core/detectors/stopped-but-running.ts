/**
 * Stopped but running (明停暗开): a machine, the machines behind a meter or the whole firm is reported stopped while the
 * load is of the running kind. Pure functions of one slot, and of a sequence of slots.
 */
import Type from 'typebox';
import { stoppedButRunningSentence } from '../catalogue/stopped-but-running.ts';
import { type ExplainedLoad, newsShare } from '../explained-load.ts';
import {
  logLikelihoodRatio,
  type Modes,
  medianKw,
  partialLogLikelihoodRatio,
  runningUpperKw,
  stoppedUpperKw,
} from '../load-model.ts';
import { evidenceCap, evidenceLimit, type LoadParameters } from '../load-parameters.ts';
import type { MeterState } from '../meter-state.ts';
import type { Verdict } from '../records.ts';
import { beyondReports } from '../sequential-test.ts';
import { groupShares, isWorkedOn, reportedGroup } from '../shares.ts';
import { type SiteVersion, type Witness, witnessOf } from '../site.ts';
import type { Shares } from '../timeline.ts';
import { isFloor, loadKw, meanKw } from '../witnessed-load.ts';
import { type Detector, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { judgeMachine, judgeSomeMachine, type SharedSlot } from './shared-meter.ts';

export const parameters = Type.Object(
  {
    claim: Type.Enum(['reported', 'ordered', 'declared'], {
      description:
        'What is held against the load: what the machines report, a stoppage that was ordered, or one that the enterprise declared (holidays among them).',
    }),
    confirmAfterMinutes: Type.Integer({
      minimum: 0,
      maximum: 1440,
      description: 'Contradictory time before a confirmation: clocks are off and reports late by minutes.',
    }),
    clearAfterMinutes: Type.Integer({
      minimum: 0,
      maximum: 1440,
      description: 'A confirmed contradiction ends when the load has been at stop level for this long.',
    }),
    falseAlarmsPerMonth: Type.Number({
      exclusiveMinimum: 0,
      description: 'Stated bound: expected false confirmations a subject and 30 days of stopped time.',
    }),
  },
  { additionalProperties: false },
);

export type StoppedButRunning = Type.Static<typeof parameters>;

/** What the load model and the registry know of a subject when a slot of it is judged. */
export interface SubjectKnowledge {
  readonly modes: Modes | undefined;
  /** Sum of the nameplates behind the meter, kW. */
  readonly ratedKw: number | undefined;
  /** Nameplate of the smallest machine, kW; the machine's own where there is but one. */
  readonly smallestRatedKw: number | undefined;
  readonly machines: number;
  /** True where nothing but these machines draws power through the meter. */
  readonly dedicated: boolean;
  /** What others behind the meter draw in that hour beyond their usual, kW; below 0 in their quiet hours. */
  readonly extraKw: number;
  /** Up to where a load may be of others that nobody registered, kW. */
  readonly othersKw: number;
}

export function knowledgeOf(
  meter: MeterState,
  witness: Witness,
  startMs: number,
  load: LoadParameters,
): SubjectKnowledge {
  const isSame = meter.isInstallation(witness.meter.installationId);
  return {
    modes: isSame && meter.showsMachines(witness, load) ? meter.model.modes : undefined,
    ratedKw: witness.ratedKw,
    smallestRatedKw: witness.smallestRatedKw,
    machines: witness.equipment.length,
    dedicated: witness.dedicated,
    extraKw: isSame ? meter.extraKw(startMs) : 0,
    othersKw: isSame ? meter.othersKw(witness, load, startMs) : 0,
  };
}

/** Why a slot has its verdict, and the verdict: one table, so that a reason always means the same. */
const reasons = {
  'nothing-ordered': 'UNKNOWN',
  'state-unknown': 'UNKNOWN',
  'load-missing': 'UNKNOWN',
  'load-not-learned': 'UNKNOWN',
  'modes-not-of-subject': 'UNKNOWN',
  'part-of-load-of-others': 'UNKNOWN',
  'load-below-any-work': 'UNKNOWN',
  'load-between-modes': 'UNKNOWN',
  'load-between-explanations': 'UNKNOWN',
  'load-of-others': 'UNKNOWN',
  'meter-stuck': 'UNKNOWN',
  'below-detectable-load': 'UNKNOWN',
  'daylight-generation': 'UNKNOWN',
  'which-machine-unknown': 'UNKNOWN',
  'judged-with-its-meter': 'UNKNOWN',
  'reported-running': 'UNKNOWN',
  'reported-running-at-low-load': 'UNKNOWN',
  'reported-running-at-running-load': 'CONSISTENT',
  'load-of-stopped-kind': 'CONSISTENT',
  'load-explained': 'CONSISTENT',
  'load-of-running-kind': 'CONTRADICTORY',
  'load-above-any-idle': 'CONTRADICTORY',
  'load-not-explained': 'CONTRADICTORY',
  'some-machine-runs': 'CONTRADICTORY',
} as const satisfies Record<string, Verdict>;

/**
 * Least load above its stopped median that the meter can tell from a stop, kW: outside of what stops draw, beyond what
 * others may draw, and no less than a machine that works. `undefined` before the modes are learned.
 */
function minimumDetectableKw(subject: SubjectKnowledge, load: LoadParameters): number | undefined {
  const { modes, othersKw } = subject;
  if (!modes) return undefined;
  const shownKw = Math.max(stoppedUpperKw(modes, evidenceLimit(load)), othersKw) - medianKw(modes.stopped);
  return Math.max(shownKw, leastWorkKw(subject, modes, load));
}

/** The same of a meter of a site at a moment, for whoever is shown it; `null` where it tells of no machines. */
export function detectableKwOf(
  view: SiteView,
  version: SiteVersion | undefined,
  meterId: string,
  ms: number,
): number | null {
  const meter = view.meter(meterId);
  const witness = witnessOf(version, meterId);
  if (!meter || !witness) return null;
  return minimumDetectableKw(knowledgeOf(meter, witness, ms, view.load), view.load) ?? null;
}

/**
 * Least that one of the machines adds to the load of a stop while it works, kW: what is less is lamps, controls and
 * machines that idle. The work that a machine's own meter has learned is no more than its true rating; of a group
 * the smallest nameplate bounds it, taken with its worst known overstatement.
 */
function leastWorkKw({ machines, smallestRatedKw }: SubjectKnowledge, modes: Modes, load: LoadParameters): number {
  const workKw = medianKw(modes.running) - medianKw(modes.stopped);
  if (machines === 1) return workKw * load.lowestWorkingShare;
  return Math.min(workKw, (smallestRatedKw ?? 0) / load.nameplateHigh) * load.lowestWorkingShare;
}

/**
 * Judges one slot. `kw` is its mean load, `undefined` where it is missing; `shares` what was reported of it, with
 * run-down and filed test runs counted as running.
 */
export function judgeSlot(
  kw: number | undefined,
  shares: Shares,
  subject: SubjectKnowledge,
  load: LoadParameters,
): SlotJudgement {
  const limit = evidenceLimit(load);
  if (shares.stopped < 0.5) {
    if (shares.unknown > shares.running) return unjudged('unknown', 'state-unknown');
    return unjudged('not-claimed', runningReason(kw, subject, load));
  }
  if (kw === undefined) return unjudged('unknown', 'load-missing');
  const { modes, extraKw } = subject;
  if (!modes) return judgeByNameplate(kw, shares, subject, load);
  // Nameplates are weak, but a mode that no nameplate within their known error explains is not of these machines.
  const workKw = medianKw(modes.running) - medianKw(modes.stopped);
  if (subject.ratedKw !== undefined && workKw > subject.ratedKw / load.nameplateLow)
    return unjudged('unknown', 'modes-not-of-subject');

  // Whatever part of the slot was not reported stopped may have drawn as much as running ever does.
  const whole = shares.stopped === 1;
  const ownUpperKw = shares.stopped * stoppedUpperKw(modes, limit) + (1 - shares.stopped) * runningUpperKw(modes);
  const upperKw = ownUpperKw + extraKw;
  const ownKw = kw - extraKw;
  const judged = { kind: 'judged', seen: kw, bound: upperKw, share: shares.stopped } as const;
  const cap = evidenceCap(load);
  const asStopped = logLikelihoodRatio(modes, ownKw, cap);
  const llr = whole ? asStopped : partialLogLikelihoodRatio(modes, ownKw, shares.stopped, cap);
  // Such a part may be some of the machines, or a tenant that nobody registered.
  if (llr > 0 && ownKw < subject.othersKw) return unjudged('unknown', 'part-of-load-of-others');
  if (llr > 0 && ownKw - medianKw(modes.stopped) < leastWorkKw(subject, modes, load)) {
    return unjudged('unknown', 'load-below-any-work');
  }
  if (llr >= limit) {
    return { ...judged, reason: 'load-of-running-kind', logLikelihoodRatio: llr };
  }
  if (asStopped > -limit) {
    return { ...judged, reason: 'load-between-modes', logLikelihoodRatio: llr };
  }
  const visible = isVisible(minimumDetectableKw(subject, load)!, subject, load);
  return {
    ...judged,
    reason: visible ? 'load-of-stopped-kind' : 'below-detectable-load',
    logLikelihoodRatio: asStopped,
  };
}

/** Whether the smallest machine behind the meter would show if it ran alone. */
function isVisible(detectableKw: number, subject: SubjectKnowledge, load: LoadParameters): boolean {
  // The modes of a single machine are its own: they are apart, so it shows.
  if (subject.machines === 1) return true;
  if (subject.smallestRatedKw === undefined) return false;
  return detectableKw <= (subject.smallestRatedKw / load.nameplateHigh) * load.lowestWorkingShare;
}

/**
 * Before any mode is learned the nameplate, taken with its worst known understatement, still bounds what an idle
 * machine can draw, where nothing else is behind the meter.
 */
function judgeByNameplate(kw: number, shares: Shares, subject: SubjectKnowledge, load: LoadParameters): SlotJudgement {
  if (!subject.dedicated || subject.ratedKw === undefined) return unjudged('unknown', 'load-not-learned');
  const highestKw = subject.ratedKw / load.nameplateLow;
  const upperKw = highestKw * (shares.stopped * load.highestIdleShare + (1 - shares.stopped));
  if (kw <= upperKw) return unjudged('unknown', 'load-not-learned');
  return {
    kind: 'judged',
    reason: 'load-above-any-idle',
    logLikelihoodRatio: evidenceLimit(load),
    seen: kw,
    bound: upperKw,
    share: shares.stopped,
  };
}

function runningReason(
  kw: number | undefined,
  { modes, extraKw }: SubjectKnowledge,
  load: LoadParameters,
): keyof typeof reasons {
  if (kw === undefined || !modes) return 'reported-running';
  return logLikelihoodRatio(modes, kw - extraKw, evidenceCap(load)) >= evidenceLimit(load)
    ? 'reported-running-at-running-load'
    : 'reported-running-at-low-load';
}

/** The group behind a meter, then its machines where they are told apart. */
function subjects(witness: Witness): readonly SubjectRef[] {
  const { subjectKind: kind, subjectId: id, equipmentIds } = witness;
  const group: SubjectRef = { kind, id, equipmentIds };
  if (!witness.tellsApart) return [group];
  return [
    group,
    ...equipmentIds.map(
      (equipmentId): SubjectRef => ({ kind: 'EQUIPMENT', id: equipmentId, equipmentIds: [equipmentId] }),
    ),
  ];
}

export const stoppedButRunning: Detector<StoppedButRunning, Witness> = {
  name: 'stopped-but-running',
  parameters,
  reasons,
  places: (version) => version.witnesses,
  subjects,
  judge(view, version, witness, startMs, rule) {
    const { load } = view;
    const meter = view.meter(witness.meterId)!;
    const { claim } = rule.parameters;
    const endMs = startMs + witness.stepMs;
    if (claim !== 'reported' && !view.kinds.has(stoppageOf[claim])) return nothingOrdered(witness);
    const group = reportedGroup(view, witness.equipment);
    const kw = loadKw(view, witness, startMs);
    const shares = groupShares(group, view, startMs, endMs, load, claim);
    const sameMeter = meter.isInstallation(witness.meter.installationId);
    const lowered = isFloor(view, witness, startMs);
    const settle = (judgement: SlotJudgement): SlotJudgement => {
      if (judgement.logLikelihoodRatio > 0 && meter.isStuck(startMs, evidenceLimit(load))) return stuck;
      return lowered ? asFloor(judgement) : asNews(judgement, witness.stepMs);
    };
    const knowledge = knowledgeOf(meter, witness, startMs, load);
    let whole = settle(judgeSlot(kw, shares, knowledge, load));
    if (whole.logLikelihoodRatio > 0 && allStand(view, version, witness, startMs, endMs)) whole = ofOthers;
    if (!witness.tellsApart) return [whole];
    const each = group.map((machine) => groupShares([machine], view, startMs, endMs, load, claim));
    const explained = sameMeter ? meter.explained : undefined;
    const { extraKw } = knowledge;
    const othersKw = sameMeter ? meter.othersBesideWorkKw(witness, load) : 0;
    const workedOnKw = explained ? beyondUsualKw(view, witness, explained, startMs, endMs) : 0;
    const { stepMs: intervalMs } = witness;
    const shared: SharedSlot = { kw, extraKw, shares: each, explained, intervalMs, workedOnKw, othersKw };
    const some = shares.stopped < 1 ? judgeSomeMachine(shared, load) : undefined;
    return [some ? settle(some) : whole, ...each.map((_, index) => settle(judgeMachine(index, shared, load)))];
  },
  policy: ({ claim, confirmAfterMinutes, clearAfterMinutes, falseAlarmsPerMonth }, _stepMs, witness) => ({
    confirmAfterMs: beyondReports(
      confirmAfterMinutes * 60_000,
      claim === 'reported' && witness ? witness.rarestReportMs : 0,
    ),
    clearAfterMs: clearAfterMinutes * 60_000,
    falseAlarmsPerMonth,
  }),
  sentence: stoppedButRunningSentence,
  indicator: () => null,
};

/** What machines that are worked on, by what was filed, may draw beyond their usual, kW, by nameplate at its worst. */
function beyondUsualKw(
  view: SiteView,
  { equipment }: Witness,
  explained: ExplainedLoad,
  startMs: number,
  endMs: number,
): number {
  if (view.work.length === 0) return 0;
  const { runDownMinutes, nameplateLow } = view.load;
  let kw = 0;
  for (const [i, machine] of equipment.entries()) {
    if (!isWorkedOn(view, machine, startMs - runDownMinutes * 60_000, endMs)) continue;
    const highestKw = machine.ratedPowerKw === null ? Number.POSITIVE_INFINITY : machine.ratedPowerKw / nameplateLow;
    kw += Math.max(0, highestKw - Math.max(0, explained.loadOf(i).kw));
  }
  return kw;
}

/**
 * A load that lies between the modes stays there: what is left on over a break draws the same in each of its minutes, so
 * evidence too weak for a verdict of its own counts once in the time over which loads keep off their mean.
 */
function asNews(judgement: SlotJudgement, stepMs: number): SlotJudgement {
  if (judgement.reason !== 'load-between-modes') return judgement;
  return { ...judgement, logLikelihoodRatio: judgement.logLikelihoodRatio * newsShare(stepMs) };
}

const stuck = unjudged('unknown', 'meter-stuck');
const ofOthers = unjudged('unknown', 'load-of-others');

/**
 * Whether narrower meters show that every machine behind a meter stands: then others draw its load, such as a welding set
 * at a socket. That such a meter may lie is the business of the energy balance.
 */
function allStand(view: SiteView, version: SiteVersion, wide: Witness, startMs: number, endMs: number): boolean {
  const standing = new Set<string>();
  for (const witness of version.witnesses) {
    if (witness.equipment.length >= wide.equipment.length) continue;
    const kw = meanKw(view, witness, startMs, endMs);
    if (kw === undefined || isFloor(view, witness, startMs)) continue;
    const { load } = view;
    const knowledge = knowledgeOf(view.meter(witness.meterId)!, witness, startMs, load);
    if (judgeSlot(kw, stopped, knowledge, load).reason !== 'load-of-stopped-kind') continue;
    for (const id of witness.equipmentIds) standing.add(id);
  }
  return wide.equipmentIds.every((id) => standing.has(id));
}

const stopped: Shares = { stopped: 1, unknown: 0, running: 0, standby: 0 };

/** Of a load that the sun has lowered only what speaks for running holds: more was drawn than the meter showed. */
function asFloor(judgement: SlotJudgement): SlotJudgement {
  if (judgement.kind === 'judged') {
    return reasons[judgement.reason as keyof typeof reasons] === 'CONTRADICTORY'
      ? judgement
      : unjudged('unknown', 'daylight-generation');
  }
  return judgement.reason === 'reported-running-at-low-load' ? unjudged('not-claimed', 'reported-running') : judgement;
}

const stoppageOf = { ordered: 'STOPPAGE_ORDERED', declared: 'STOPPAGE_DECLARED' } as const;
const none = unjudged('not-claimed', 'nothing-ordered');
/** The same for every witness with as many subjects: most slots of most firms are this. */
const nothing: (readonly SlotJudgement[])[] = [];

function nothingOrdered({ tellsApart, equipmentIds }: Witness): readonly SlotJudgement[] {
  const count = tellsApart ? 1 + equipmentIds.length : 1;
  nothing[count] ??= Array<SlotJudgement>(count).fill(none);
  return nothing[count];
}
