/**
 * Stopped but running (明停暗开): a machine, the machines behind a meter or the whole firm is reported stopped while the
 * load is of the running kind. Pure functions of one slot, and of a sequence of slots.
 */
import {
  type LoadModelOptions,
  logLikelihoodRatio,
  type Modes,
  medianKw,
  partialLogLikelihoodRatio,
  runningUpperKw,
  stoppedUpperKw,
} from '../load-model.ts';
import type { Verdict } from '../records.ts';
import type { Shares } from '../timeline.ts';

export interface StoppedButRunning {
  /** After a stop the load may stay for this long: spindles run down, conveyors empty. */
  readonly runDownMinutes: number;
  /** A machine that misses this many reports keeps its last reported state; after that it is unknown. */
  readonly holdReports: number;
  /** Contradictory time before a confirmation: clocks are off and reports late by minutes. */
  readonly confirmAfterMinutes: number;
  /** A confirmed contradiction ends when the load has been at stop level for this long. */
  readonly clearAfterMinutes: number;
  /** Slots whose likelihood ratio is at least this are contradictory, at most its inverse consistent. */
  readonly slotLikelihoodRatio: number;
  /** Stated bound: expected false confirmations a subject and 30 days of stopped time. */
  readonly falseAlarmsPerMonth: number;
  /** Share of honestly stopped slots whose load is of the running kind for reasons that nobody filed. */
  readonly unexplainedSlotShare: number;
  readonly leastModeHours: number;
  readonly memoryDays: number;
  readonly highestStoppedRatio: number;
  /** Nameplates understate power down to this share of the truth. */
  readonly nameplateLow: number;
  /** Nameplates overstate power up to this multiple of the truth. */
  readonly nameplateHigh: number;
  /** Highest share of its rated power that a machine draws while it does not work. */
  readonly highestIdleShare: number;
  /** Lowest share of its rated power that a machine draws while it works. */
  readonly lowestWorkingShare: number;
}

export function loadModelOptions(p: StoppedButRunning): LoadModelOptions {
  return {
    leastModeMs: p.leastModeHours * 3_600_000,
    memoryMs: p.memoryDays * 86_400_000,
    highestStoppedRatio: p.highestStoppedRatio,
  };
}

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
}

/** Why a slot has its verdict, and the verdict: one table, so that a reason always means the same. */
export const verdictOf = {
  'not-yet-judged': 'UNKNOWN',
  'not-registered': 'UNKNOWN',
  'state-unknown': 'UNKNOWN',
  'load-missing': 'UNKNOWN',
  'load-not-learned': 'UNKNOWN',
  'modes-not-of-subject': 'UNKNOWN',
  'load-between-modes': 'UNKNOWN',
  'load-between-explanations': 'UNKNOWN',
  'below-detectable-load': 'UNKNOWN',
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

export type Reason = keyof typeof verdictOf;

export interface SlotJudgement {
  /** Whether the slot bears on the test: a stop was reported and can be judged, no stop was, or nobody can tell. */
  readonly kind: 'not-stopped' | 'unknown' | 'judged';
  readonly reason: Reason;
  /** Evidence for running against stopped, natural log; 0 unless judged. */
  readonly logLikelihoodRatio: number;
  /** Highest mean load of the slot that a stop as reported explains, kW. */
  readonly upperKw: number;
}

/** A slot that cannot be judged, or in which no stop was reported. */
export function unjudged(kind: 'not-stopped' | 'unknown', reason: Reason): SlotJudgement {
  return { kind, reason, logLikelihoodRatio: 0, upperKw: 0 };
}

/** Highest evidence that one slot can give: it may always be one of the unexplained few. */
export function evidenceCap(p: StoppedButRunning): number {
  return -Math.log(p.unexplainedSlotShare);
}

/** Least load above its stopped median that the meter can tell from a stop, kW. */
export function minimumDetectableKw(modes: Modes, p: StoppedButRunning): number {
  return stoppedUpperKw(modes, Math.log(p.slotLikelihoodRatio)) - medianKw(modes.stopped);
}

/**
 * Judges one slot. `kw` is its mean load, `undefined` where it is missing; `shares` what was reported of it, with
 * run-down and filed test runs counted as running.
 */
export function judgeSlot(
  kw: number | undefined,
  shares: Shares,
  subject: SubjectKnowledge,
  p: StoppedButRunning,
): SlotJudgement {
  const evidenceLimit = Math.log(p.slotLikelihoodRatio);
  if (shares.stopped < 0.5) {
    if (shares.unknown > shares.running) return unjudged('unknown', 'state-unknown');
    return unjudged('not-stopped', runningReason(kw, subject, p));
  }
  if (kw === undefined) return unjudged('unknown', 'load-missing');
  const { modes } = subject;
  if (!modes) return judgeByNameplate(kw, shares, subject, p);
  // Nameplates are weak, but a mode that no nameplate within their known error explains is not of these machines.
  const extraKw = medianKw(modes.running) - medianKw(modes.stopped);
  if (subject.ratedKw !== undefined && extraKw > subject.ratedKw / p.nameplateLow)
    return unjudged('unknown', 'modes-not-of-subject');

  // Whatever part of the slot was not reported stopped may have drawn as much as running ever does.
  const whole = shares.stopped === 1;
  const upperKw = shares.stopped * stoppedUpperKw(modes, evidenceLimit) + (1 - shares.stopped) * runningUpperKw(modes);
  const cap = evidenceCap(p);
  const asStopped = logLikelihoodRatio(modes, kw, cap);
  const llr = whole ? asStopped : partialLogLikelihoodRatio(modes, kw, shares.stopped, cap);
  if (llr >= evidenceLimit) {
    return {
      kind: 'judged',
      reason: 'load-of-running-kind',
      logLikelihoodRatio: llr,
      upperKw,
    };
  }
  if (asStopped > -evidenceLimit) {
    return { kind: 'judged', reason: 'load-between-modes', logLikelihoodRatio: llr, upperKw };
  }
  const visible = isVisible(minimumDetectableKw(modes, p), subject, p);
  return {
    kind: 'judged',
    reason: visible ? 'load-of-stopped-kind' : 'below-detectable-load',
    logLikelihoodRatio: asStopped,
    upperKw,
  };
}

/** Whether the smallest machine behind the meter would show if it ran alone. */
function isVisible(detectableKw: number, subject: SubjectKnowledge, p: StoppedButRunning): boolean {
  // The modes of a single machine are its own: they are apart, so it shows.
  if (subject.machines === 1) return true;
  if (subject.smallestRatedKw === undefined) return false;
  return detectableKw <= (subject.smallestRatedKw / p.nameplateHigh) * p.lowestWorkingShare;
}

/**
 * Before any mode is learned the nameplate, taken with its worst known understatement, still bounds what an idle
 * machine can draw, where nothing else is behind the meter.
 */
function judgeByNameplate(kw: number, shares: Shares, subject: SubjectKnowledge, p: StoppedButRunning): SlotJudgement {
  if (!subject.dedicated || subject.ratedKw === undefined) return unjudged('unknown', 'load-not-learned');
  const highestKw = subject.ratedKw / p.nameplateLow;
  const upperKw = highestKw * (shares.stopped * p.highestIdleShare + (1 - shares.stopped));
  if (kw <= upperKw) return unjudged('unknown', 'load-not-learned');
  return {
    kind: 'judged',
    reason: 'load-above-any-idle',
    logLikelihoodRatio: Math.log(p.slotLikelihoodRatio),
    upperKw,
  };
}

function runningReason(kw: number | undefined, { modes }: SubjectKnowledge, p: StoppedButRunning): Reason {
  if (kw === undefined || !modes) return 'reported-running';
  return logLikelihoodRatio(modes, kw, evidenceCap(p)) >= Math.log(p.slotLikelihoodRatio)
    ? 'reported-running-at-running-load'
    : 'reported-running-at-low-load';
}
