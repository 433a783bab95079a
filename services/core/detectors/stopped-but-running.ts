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
import type { EvidenceSlot, Verdict } from '../records.ts';
import type { Shares } from '../timeline.ts';

export interface StoppedButRunning {
  /** After a stop the load may stay for this long: spindles run down, conveyors empty. */
  readonly runDownMinutes: number;
  /** A machine that misses this many reports keeps its last reported state; after that it is unknown. */
  readonly holdReports: number;
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

export interface SlotJudgement {
  readonly kind: 'not-stopped' | 'unknown' | 'judged';
  readonly verdict: Verdict;
  readonly reason: string;
  /** Evidence for running against stopped, natural log; 0 unless judged. */
  readonly logLikelihoodRatio: number;
  /** Highest mean load of the slot that a stop as reported explains, kW. */
  readonly upperKw: number;
}

const silent = { logLikelihoodRatio: 0, upperKw: 0 } as const;
const unknown = (reason: string): SlotJudgement => ({ kind: 'unknown', verdict: 'UNKNOWN', reason, ...silent });

/** Highest evidence that one slot can give: it may always be one of the unexplained few. */
export function evidenceCap(p: StoppedButRunning): number {
  return -Math.log(p.unexplainedSlotShare);
}

/**
 * Evidence at which a run is confirmed. A CUSUM of log-likelihood ratios that signals at h has a mean time between
 * false signals of at least e^h slots (Lorden 1971, Ann. Math. Statist. 42(6)), given the model and independent slots.
 */
export function confirmationLimit(p: StoppedButRunning, intervalMs: number): number {
  const slotsPerMonth = (30 * 86_400_000) / intervalMs;
  return Math.log(slotsPerMonth / p.falseAlarmsPerMonth);
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
    if (shares.unknown > shares.running) return unknown('state-unknown');
    return { kind: 'not-stopped', ...runningVerdict(kw, subject, p), ...silent };
  }
  if (kw === undefined) return unknown('load-missing');
  const { modes } = subject;
  if (!modes) return judgeByNameplate(kw, shares, subject, p);
  // Nameplates are weak, but a mode that no nameplate within their known error explains is not of these machines.
  const extraKw = medianKw(modes.running) - medianKw(modes.stopped);
  if (subject.ratedKw !== undefined && extraKw > subject.ratedKw / p.nameplateLow)
    return unknown('modes-not-of-subject');

  // Whatever part of the slot was not reported stopped may have drawn as much as running ever does.
  const whole = shares.stopped === 1;
  const upperKw = shares.stopped * stoppedUpperKw(modes, evidenceLimit) + (1 - shares.stopped) * runningUpperKw(modes);
  const cap = evidenceCap(p);
  const asStopped = logLikelihoodRatio(modes, kw, cap);
  const llr = whole ? asStopped : partialLogLikelihoodRatio(modes, kw, shares.stopped, cap);
  if (llr >= evidenceLimit) {
    return {
      kind: 'judged',
      verdict: 'CONTRADICTORY',
      reason: 'load-of-running-kind',
      logLikelihoodRatio: llr,
      upperKw,
    };
  }
  if (asStopped > -evidenceLimit) {
    return { kind: 'judged', verdict: 'UNKNOWN', reason: 'load-between-modes', logLikelihoodRatio: llr, upperKw };
  }
  const visible = isVisible(minimumDetectableKw(modes, p), subject, p);
  return {
    kind: 'judged',
    verdict: visible ? 'CONSISTENT' : 'UNKNOWN',
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
  if (!subject.dedicated || subject.ratedKw === undefined) return unknown('load-not-learned');
  const highestKw = subject.ratedKw / p.nameplateLow;
  const upperKw = highestKw * (shares.stopped * p.highestIdleShare + (1 - shares.stopped));
  if (kw <= upperKw) return unknown('load-not-learned');
  return {
    kind: 'judged',
    verdict: 'CONTRADICTORY',
    reason: 'load-above-any-idle',
    logLikelihoodRatio: Math.log(p.slotLikelihoodRatio),
    upperKw,
  };
}

function runningVerdict(kw: number | undefined, { modes }: SubjectKnowledge, p: StoppedButRunning) {
  if (kw === undefined || !modes) return { verdict: 'UNKNOWN', reason: 'reported-running' } as const;
  const llr = logLikelihoodRatio(modes, kw, evidenceCap(p));
  return llr >= Math.log(p.slotLikelihoodRatio)
    ? ({ verdict: 'CONSISTENT', reason: 'reported-running' } as const)
    : ({ verdict: 'UNKNOWN', reason: 'reported-running-at-low-load' } as const);
}

/** A stretch of slots in which evidence for running holds against a reported stop. */
export interface Run {
  firstMs: number;
  /** End of the last slot with evidence for running. */
  lastEndMs: number;
  contradictoryMs: number;
  /** Sums over contradictory slots, weighted by their length: mean and bound follow. */
  kwMs: number;
  upperKwMs: number;
  logLikelihoodRatio: number;
  /** True once a single slot was contradictory. */
  provisional: boolean;
  confirmed: boolean;
  /** Time at stop level since `lastEndMs`. */
  quietMs: number;
  first: EvidenceSlot[];
  last: EvidenceSlot[];
}

/** Where the sequential test of one subject stands after a slot. */
export interface TestState {
  cusum: number;
  run: Run | undefined;
}

const evidenceKept = 48;

/**
 * Takes one slot into the sequential test; returns a run that ended with it, if it was at least provisional. Missing
 * and unknown slots neither add to a run nor end it.
 */
export function foldSlot(
  state: TestState,
  slot: {
    readonly startMs: number;
    readonly intervalMs: number;
    readonly kw: number | undefined;
    readonly stoppedShare: number;
  },
  judgement: SlotJudgement,
  p: StoppedButRunning,
): Run | undefined {
  if (judgement.kind === 'unknown') return undefined;
  if (judgement.kind === 'not-stopped') return endRun(state);
  const llr = judgement.logLikelihoodRatio;
  if (llr > 0) {
    const run = state.run ?? newRun(slot.startMs);
    state.run = run;
    state.cusum += llr;
    run.lastEndMs = slot.startMs + slot.intervalMs;
    run.quietMs = 0;
    const weightMs = slot.intervalMs * slot.stoppedShare;
    run.contradictoryMs += weightMs;
    run.kwMs += slot.kw! * weightMs;
    run.upperKwMs += judgement.upperKw * weightMs;
    run.logLikelihoodRatio += llr;
    keepEvidence(run, {
      startMs: slot.startMs,
      intervalMs: slot.intervalMs,
      meanKw: slot.kw!,
      stoppedShare: slot.stoppedShare,
      logLikelihoodRatio: llr,
    });
    if (judgement.verdict === 'CONTRADICTORY') run.provisional = true;
    if (state.cusum >= confirmationLimit(p, slot.intervalMs)) {
      run.provisional = true;
      run.confirmed = true;
    }
    return undefined;
  }
  state.cusum = Math.max(0, state.cusum + llr);
  const { run } = state;
  if (!run) return undefined;
  run.quietMs += slot.intervalMs;
  const over = run.confirmed ? run.quietMs >= p.clearAfterMinutes * 60_000 : state.cusum === 0;
  return over ? endRun(state) : undefined;
}

export function cloneTest(state: TestState): TestState {
  const { run } = state;
  return { cusum: state.cusum, run: run && { ...run, first: [...run.first], last: [...run.last] } };
}

/** Evidence slots of a run in order, the middle of a long one left out. */
export function evidenceOf(run: Run): EvidenceSlot[] {
  return [...run.first, ...run.last];
}

function newRun(firstMs: number): Run {
  return {
    firstMs,
    lastEndMs: firstMs,
    contradictoryMs: 0,
    kwMs: 0,
    upperKwMs: 0,
    logLikelihoodRatio: 0,
    provisional: false,
    confirmed: false,
    quietMs: 0,
    first: [],
    last: [],
  };
}

function keepEvidence(run: Run, slot: EvidenceSlot): void {
  if (run.first.length < evidenceKept) run.first.push(slot);
  else {
    run.last.push(slot);
    if (run.last.length > evidenceKept) run.last.shift();
  }
}

function endRun(state: TestState): Run | undefined {
  const { run } = state;
  state.run = undefined;
  state.cusum = 0;
  return run?.provisional ? run : undefined;
}
