/**
 * The sequential test over the slots of one subject: a CUSUM of log-likelihood ratios, so that weak evidence adds up and
 * the rate of false confirmations is bounded and stated.
 */
import { type SlotJudgement, type StoppedButRunning, verdictOf } from './detectors/stopped-but-running.ts';
import type { EvidenceSlot } from './records.ts';

/**
 * Evidence at which a run is confirmed. A CUSUM of log-likelihood ratios that signals at h has a mean time between
 * false signals of at least e^h slots (Lorden 1971, Ann. Math. Statist. 42(6)), given the model and independent slots.
 */
export function confirmationLimit(p: StoppedButRunning, intervalMs: number): number {
  const slotsPerMonth = (30 * 86_400_000) / intervalMs;
  return Math.log(slotsPerMonth / p.falseAlarmsPerMonth);
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
    if (verdictOf[judgement.reason] === 'CONTRADICTORY') run.provisional = true;
    const longEnough = run.contradictoryMs >= p.confirmAfterMinutes * 60_000;
    if (longEnough && state.cusum >= confirmationLimit(p, slot.intervalMs)) {
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
