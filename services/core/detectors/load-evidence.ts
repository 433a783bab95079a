/**
 * What the meters say of machines that say nothing, or nothing that can be believed, over a quarter of an hour: that one
 * of them runs, that all stand, or nothing.
 */
import { newsShare } from '../explained-load.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { MeterState } from '../meter-state.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { isFloor, meanKw } from '../witnessed-load.ts';
import type { SiteView } from './detector.ts';
import { judgeSlot, knowledgeOf } from './stopped-but-running.ts';

export interface LoadEvidence {
  /**
   * `told`: the ratio holds; `missing`: no meter of theirs was heard; `unlearned`: what it shows tells nothing yet;
   * `ambiguous`: one that is not among them may have drawn it.
   */
  readonly kind: 'told' | 'missing' | 'unlearned' | 'ambiguous';
  /** That one of them runs against that all stand, natural log; 0 unless told. */
  readonly logLikelihoodRatio: number;
  readonly kw: number;
  /** Highest load that a stop explains, kW. */
  readonly upperKw: number;
  /** False where even the smallest of them could run unseen. */
  readonly isVisible: boolean;
  readonly meterId: string;
}

/** Load through a meter that others than its machines may draw for the moment, kW. */
type AllowedKw = (witness: Witness) => number;
const noneAllowed: AllowedKw = () => 0;

const nothing = { logLikelihoodRatio: 0, kw: 0, upperKw: 0, isVisible: false, meterId: '' } as const;
const missing: LoadEvidence = { kind: 'missing', ...nothing };
const unlearned: LoadEvidence = { kind: 'unlearned', ...nothing };
const ambiguous: LoadEvidence = { kind: 'ambiguous', ...nothing };

/** The sun may have lowered the load within [startMs, endMs): little of it is no sign of a stop. */
function isLowered(view: SiteView, witness: Witness, startMs: number, endMs: number): boolean {
  return isFloor(view, witness, startMs) || isFloor(view, witness, endMs - witness.stepMs);
}

function isStuck(meter: MeterState, { meter: { intervalMs } }: Witness, endMs: number, { load }: SiteView): boolean {
  return meter.isStuck(endMs - intervalMs, evidenceLimit(load));
}

/** That a machine behind the meter runs, where all behind it are among those asked for, over `share` of the time. */
export function groupEvidence(
  view: SiteView,
  witness: Witness,
  startMs: number,
  endMs: number,
  share: number,
  allowedKw = 0,
): LoadEvidence {
  const meter = view.meter(witness.meterId);
  const kw = meanKw(view, witness, startMs, endMs);
  if (!meter || kw === undefined) return missing;
  const shares = { stopped: share, unknown: 0, running: 1 - share, standby: 0 };
  const rest = Math.max(0, kw - allowedKw);
  const { kind, reason, logLikelihoodRatio, bound } = judgeSlot(
    rest,
    shares,
    knowledgeOf(meter, witness, startMs, view.load),
    view.load,
  );
  if (kind !== 'judged') return unlearned;
  if (logLikelihoodRatio > 0 && isStuck(meter, witness, endMs, view)) return unlearned;
  if (logLikelihoodRatio <= 0 && isLowered(view, witness, startMs, endMs)) return ambiguous;
  const isVisible = reason !== 'below-detectable-load';
  return { kind: 'told', logLikelihoodRatio, kw, upperKw: bound + allowedKw, isVisible, meterId: witness.meterId };
}

/**
 * That a machine of `ids` runs throughout, where others share their meter: the load is explained by the machines reported
 * running, and what is left over speaks for one of `ids` only if it fits none of the others that are not running. Of one
 * of `ids` that always ran it can only be told what the others add to it.
 */
export function sharedEvidence(
  view: SiteView,
  witness: Witness,
  ids: ReadonlySet<string>,
  startMs: number,
  endMs: number,
  allowedKw = 0,
): LoadEvidence {
  const meter = view.meter(witness.meterId);
  const kw = meanKw(view, witness, startMs, endMs);
  if (!meter || kw === undefined) return missing;
  const extraKw = meter.extraKw(startMs);
  const rest = Math.max(0, kw - allowedKw - extraKw);
  const { explained } = meter;
  const isAsked = witness.equipmentIds.map((id) => ids.has(id));
  const isTold = witness.tellsApart || isAsked.every((asked) => asked);
  if (!isTold || !explained || !meter.isInstallation(witness.meter.installationId)) return unlearned;
  const shares = reportedGroup(view, witness.equipment).map((machine) =>
    groupShares([machine], view, startMs, endMs, view.load, 'reported'),
  );
  const unseen = [...isAsked.keys()].filter((i) => isAsked[i] && !explained.isSeen(i));
  const running = explained.withUnseen(
    shares.map((s, i) => (isAsked[i] ? 0 : s.running)),
    unseen,
  );
  let best = Number.NEGATIVE_INFINITY;
  let other = Number.NEGATIVE_INFINITY;
  let atBest = Number.NEGATIVE_INFINITY;
  for (const [i, { running: ran, unknown, standby }] of shares.entries()) {
    if (isAsked[i]) {
      const evidence = explained.evidence(i, running, rest, evidenceCap(view.load));
      best = Math.max(best, evidence.llr);
      atBest = Math.max(atBest, evidence.atBest);
    } else if (standby > 0 || (unknown > 0 && unknown < 1)) return ambiguous;
    else if (ran === 0) other = Math.max(other, explained.evidence(i, running, rest, evidenceCap(view.load)).llr);
  }
  const limit = evidenceLimit(view.load);
  if (atBest < limit) return unlearned;
  if (best > -limit && best - other < limit) return ambiguous;
  if (best <= 0 && isLowered(view, witness, startMs, endMs)) return ambiguous;
  if (best > 0 && isStuck(meter, witness, endMs, view)) return unlearned;
  const { kw: explainedKw, sdKw } = explained.explain(running);
  return {
    kind: 'told',
    logLikelihoodRatio: best * newsShare(endMs - startMs),
    kw,
    upperKw: explainedKw + (limit * sdKw) / Math.SQRT2 + allowedKw + extraKw,
    isVisible: unseen.every((i) => running[i] === 0),
    meterId: witness.meterId,
  };
}

/**
 * That one of the machines `ids` runs over `share` of the time, by the nearest meters that can tell. What `allowedKw`
 * grants a meter is no sign of work.
 */
export function evidenceOf(
  view: SiteView,
  version: SiteVersion,
  ids: ReadonlySet<string>,
  startMs: number,
  endMs: number,
  share: number,
  allowedKw: AllowedKw = noneAllowed,
): LoadEvidence {
  const told: LoadEvidence[] = [];
  const settled = new Set<string>();
  let untold = missing;
  // Narrow meters first: a wide one speaks only for machines that none of the narrow ones could tell of.
  for (const witness of [...version.witnesses].sort((a, b) => a.equipment.length - b.equipment.length)) {
    const asked = witness.equipmentIds.filter((id) => ids.has(id));
    if (asked.length === 0 || asked.every((id) => settled.has(id))) continue;
    const all = asked.length === witness.equipmentIds.length;
    if (!all && share < 1) continue;
    let evidence = all ? groupEvidence(view, witness, startMs, endMs, share, allowedKw(witness)) : unlearned;
    if (evidence.kind === 'unlearned' && share === 1) {
      evidence = sharedEvidence(view, witness, ids, startMs, endMs, allowedKw(witness));
    }
    if (evidence.kind === 'told') {
      told.push(evidence);
      for (const id of asked) settled.add(id);
    } else if (untold.kind === 'missing') untold = evidence;
  }
  const [first, ...rest] = told;
  if (!first) return untold;
  let best = first;
  for (const evidence of rest) if (evidence.logLikelihoodRatio > best.logLikelihoodRatio) best = evidence;
  // Whoever asks several meters is sooner misled by one of them (Bonferroni).
  const logLikelihoodRatio = best.logLikelihoodRatio - (best.logLikelihoodRatio > 0 ? Math.log(told.length) : 0);
  const isVisible =
    told.every((evidence) => evidence.isVisible) && [...ids].every((id) => settled.has(id) || !isMetered(version, id));
  return { ...best, logLikelihoodRatio, isVisible };
}

function isMetered(version: SiteVersion, id: string): boolean {
  return version.witnesses.some((witness) => witness.equipmentIds.includes(id));
}
