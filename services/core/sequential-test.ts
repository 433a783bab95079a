/**
 * The sequential test over the slots of one subject: a CUSUM of log-likelihood ratios, so that weak evidence adds up and
 * the rate of false confirmations is bounded and stated. Where a contradiction is no matter of chance, time alone counts.
 */
import type { SlotJudgement, TestPolicy } from './detectors/detector.ts';
import { verdictOf } from './detectors/reasons.ts';
import type { CameraWitness, EvidenceSlot } from './records.ts';

/**
 * Evidence at which a run is confirmed; 0 where nothing is left to chance. A CUSUM of log-likelihood ratios that signals
 * at h has a mean time between false signals of at least e^h slots (Lorden 1971, Ann. Math. Statist. 42(6)), given the
 * model and independent slots.
 */
export function confirmationLimit(policy: TestPolicy, intervalMs: number): number {
  if (policy.falseAlarmsPerMonth === undefined) return 0;
  const slotsPerMonth = (30 * 86_400_000) / intervalMs;
  return Math.log(slotsPerMonth / policy.falseAlarmsPerMonth);
}

/**
 * Contradictory time before a confirmation, ms. A machine that is started is still reported stopped until it reports again:
 * the wait allows for it, as for clocks, up to half of itself, and is longer by as much as reports are rarer.
 */
export function beyondReports(confirmAfterMs: number, reportMs: number): number {
  return 2 * reportMs > confirmAfterMs ? confirmAfterMs + reportMs : confirmAfterMs;
}

/** A stretch of slots in which evidence holds against what was claimed. */
export interface Run {
  firstMs: number;
  /** End of the last slot with evidence for the contradiction. */
  lastEndMs: number;
  contradictoryMs: number;
  /** Sums over contradictory slots, weighted by their length: mean and bound follow. */
  seenMs: number;
  boundMs: number;
  logLikelihoodRatio: number;
  /** True once a single slot was contradictory. */
  provisional: boolean;
  confirmed: boolean;
  /** Time since `lastEndMs` that spoke against it. */
  quietMs: number;
  first: EvidenceSlot[];
  last: EvidenceSlot[];
  /** Of the last slot that was contradictory by itself, or before there is one, of the last with evidence. */
  reason: string;
  cause: string | undefined;
  cameras: readonly CameraWitness[];
  detail: Readonly<Record<string, string | number>>;
}

/** Where the sequential test of one subject stands after a slot. */
export interface TestState {
  cusum: number;
  run: Run | undefined;
}

const evidenceKept = 48;
const camerasKept = 16;
const noDetail = {};

/**
 * Takes one slot into the sequential test; returns a run that ended with it, if it was at least provisional. Missing
 * and unknown slots neither add to a run nor end it; one that holds ends a run that is not confirmed.
 */
export function foldSlot(
  state: TestState,
  startMs: number,
  intervalMs: number,
  judgement: SlotJudgement,
  policy: TestPolicy,
): Run | undefined {
  if (judgement.kind === 'unknown') return undefined;
  if (judgement.kind === 'not-claimed') return endRun(state);
  if (judgement.kind === 'holds') {
    if (!state.run?.confirmed) return endRun(state);
    state.run.quietMs = 0;
    return undefined;
  }
  const llr = judgement.logLikelihoodRatio;
  if (llr > 0) {
    const run = state.run ?? newRun(judgement.fromMs ?? startMs);
    state.run = run;
    state.cusum += llr;
    take(run, startMs, intervalMs, judgement);
    if (run.contradictoryMs >= policy.confirmAfterMs && state.cusum >= confirmationLimit(policy, intervalMs)) {
      run.provisional = true;
      run.confirmed = true;
    }
    return undefined;
  }
  state.cusum = policy.falseAlarmsPerMonth === undefined ? 0 : Math.max(0, state.cusum + llr);
  const { run } = state;
  if (!run) return undefined;
  run.quietMs += intervalMs;
  const over = run.confirmed ? run.quietMs >= policy.clearAfterMs : state.cusum === 0;
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

function take(run: Run, startMs: number, intervalMs: number, judgement: SlotJudgement): void {
  const { logLikelihoodRatio, reason, share } = judgement;
  run.lastEndMs = judgement.toMs ?? startMs + intervalMs;
  run.quietMs = 0;
  const weightMs = intervalMs * share;
  const seen = judgement.seen ?? 0;
  run.contradictoryMs += weightMs;
  run.seenMs += seen * weightMs;
  run.boundMs += judgement.bound * weightMs;
  run.logLikelihoodRatio += logLikelihoodRatio;
  keepEvidence(run, { startMs, intervalMs, meanKw: seen, stoppedShare: share, logLikelihoodRatio });
  const contradictory = verdictOf(reason) === 'CONTRADICTORY';
  if (contradictory || !run.provisional) {
    run.reason = reason;
    run.cause = judgement.cause;
    run.detail = judgement.detail ?? noDetail;
  }
  if (judgement.cameras) run.cameras = joined(run.cameras, judgement.cameras);
  if (contradictory) run.provisional = true;
}

function joined(known: readonly CameraWitness[], more: readonly CameraWitness[]): readonly CameraWitness[] {
  const fresh = more.filter(
    (camera) => !known.some((k) => k.sourceId === camera.sourceId && k.reference === camera.reference),
  );
  return [...known, ...fresh].slice(0, camerasKept);
}

function newRun(firstMs: number): Run {
  return {
    firstMs,
    lastEndMs: firstMs,
    contradictoryMs: 0,
    seenMs: 0,
    boundMs: 0,
    logLikelihoodRatio: 0,
    provisional: false,
    confirmed: false,
    quietMs: 0,
    first: [],
    last: [],
    reason: '',
    cause: undefined,
    cameras: [],
    detail: noDetail,
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
