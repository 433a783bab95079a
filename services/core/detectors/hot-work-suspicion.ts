/**
 * What a meter of five minutes or more can say of welding: while all else behind it is reported stopped, it shows about
 * as much more than a stop as the registered welding set draws on average. That is a suspicion and never more: a heater
 * or a pump would look the same.
 */
import { type Modes, medianKw } from '../load-model.ts';
import { evidenceCap, evidenceLimit } from '../load-parameters.ts';
import type { Equipment, SiteRegistration } from '../records.ts';
import { groupShares, reportedGroup } from '../shares.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { type Place, quiet, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { coverageAt, type PermitTerms } from './hot-work-permits.ts';

export interface SuspicionTerms extends PermitTerms {
  readonly lowestDutyPercent: number;
  readonly highestDutyPercent: number;
}

/** Faster meters show the arcs themselves. */
const fastMs = 60_000;

/** A slow meter with welding sets behind it. */
export class HotWorkSuspicion implements Place {
  readonly sign = 'suspicion';
  readonly drive = 'load';
  readonly equipmentId = '';
  readonly registration: SiteRegistration;
  readonly witness: Witness;
  readonly welders: readonly Equipment[];
  /** All else behind it that reports. */
  readonly others: readonly Equipment[];

  constructor(registration: SiteRegistration, witness: Witness, welders: readonly Equipment[]) {
    this.registration = registration;
    this.witness = witness;
    this.welders = welders;
    this.others = witness.equipment.filter(({ kind }) => kind !== 'WELDER');
  }

  get key(): string {
    return this.witness.meterId;
  }

  get meterId(): string {
    return this.witness.meterId;
  }

  get stepMs(): number {
    return this.witness.stepMs;
  }

  get subjects(): readonly SubjectRef[] {
    const equipmentIds = this.welders.map(({ equipmentId }) => equipmentId);
    return equipmentIds.length === 1
      ? [{ kind: 'EQUIPMENT', id: equipmentIds[0]!, equipmentIds }]
      : [{ kind: 'METER', id: this.meterId, equipmentIds }];
  }
}

export function hotWorkSuspicionPlaces(version: SiteVersion): HotWorkSuspicion[] {
  const { registration } = version;
  const welders = registration.equipment.filter(({ kind }) => kind === 'WELDER');
  const behind = new Map<Witness, Equipment[]>();
  for (const welder of welders) {
    const witness = nearestMeter(version, welder.equipmentId);
    if (!witness || witness.meter.intervalMs <= fastMs || witness.meter.exports) continue;
    behind.set(witness, [...(behind.get(witness) ?? []), welder]);
  }
  return [...behind].map(([witness, own]) => new HotWorkSuspicion(registration, witness, own));
}

export function judgeHotWorkSuspicion(
  view: SiteView,
  place: HotWorkSuspicion,
  startMs: number,
  terms: SuspicionTerms,
): SlotJudgement {
  const { witness, welders, others, registration, stepMs } = place;
  const { load } = view;
  const meter = view.meter(witness.meterId);
  const kw = meter?.usableKw(startMs, false);
  if (!meter || kw === undefined) return unjudged('unknown', 'load-missing');
  const { modes } = meter.model;
  if (!modes || !meter.isInstallation(witness.meter.installationId)) return unjudged('unknown', 'load-not-learned');
  const ratedKw = welders.reduce((sum, { ratedPowerKw }) => sum + (ratedPowerKw ?? Number.NaN), 0);
  if (Number.isNaN(ratedKw)) return unjudged('unknown', 'welder-not-rated');
  const extraKw = kw - medianKw(modes.stopped);
  const leastKw = (terms.lowestDutyPercent / 100) * ratedKw;
  const mostKw = (terms.highestDutyPercent / 100) * ratedKw;
  if (extraKw < leastKw) return quiet('load-of-stopped-kind');
  const endMs = startMs + stepMs;
  const shares = groupShares(reportedGroup(view, others), view, startMs, endMs, load, 'reported');
  if (shares.stopped < 1) {
    return shares.unknown > shares.running
      ? unjudged('unknown', 'state-unknown')
      : unjudged('not-claimed', 'reported-running');
  }
  if (extraKw > mostKw) return quiet('more-than-a-welder');
  for (const { sectionId } of welders) {
    const { standing } = coverageAt(view, registration, sectionId, startMs + stepMs / 2, terms);
    if (standing === 'permitted' || standing === 'permit-filed-late') return unjudged('not-claimed', standing);
  }
  const llr = Math.min(evidenceCap(load), Math.log(1 / (mostKw - leastKw)) - logDensityStopped(modes, kw));
  const isSuspect = llr >= evidenceLimit(load);
  return {
    kind: 'judged',
    reason: isSuspect ? 'welder-load-suspected' : 'load-between-modes',
    logLikelihoodRatio: isSuspect ? llr : Math.min(0, llr),
    seen: kw,
    bound: medianKw(modes.stopped) + leastKw,
    share: 1,
    detail: { ratedKw, leastKw, mostKw, stoppedKw: medianKw(modes.stopped) },
  };
}

/** Density of a load of the stopped kind above its median, natural log of 1/kW. */
function logDensityStopped({ stopped }: Modes, kw: number): number {
  return -Math.log(stopped.below + stopped.above) - (Math.log(kw) - stopped.median) / stopped.above - Math.log(kw);
}

function nearestMeter({ witnesses }: SiteVersion, id: string): Witness | undefined {
  let nearest: Witness | undefined;
  for (const witness of witnesses) {
    if (!witness.meter.feeds.includes(id) && !witness.equipmentIds.includes(id)) continue;
    if (!nearest || witness.meter.feeds.length < nearest.meter.feeds.length) nearest = witness;
  }
  return nearest;
}
