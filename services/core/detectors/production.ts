import { logLikelihoodRatio, medianKw, stoppedUpperKw } from '../load-model.ts';
import { evidenceCap, evidenceLimit, type LoadParameters } from '../load-parameters.ts';
import type { MeterState } from '../meter-state.ts';
import type { Equipment, EquipmentKind } from '../records.ts';
import { concerns, excusesLoad, groupShares, reportedGroup } from '../shares.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { bucketUnitMs, type ReportedKind } from '../timeline.ts';
import { isFloor, loadKw } from '../witnessed-load.ts';
import type { SiteView } from './detector.ts';

/** Kinds of equipment whose work makes dust, heat or metal; all else serves them. */
const producing: ReadonlySet<EquipmentKind> = new Set(['PROCESS', 'FURNACE']);

/** Machines that produce, with the meters that bear witness of them and of nothing else. */
export interface Production {
  readonly equipment: readonly Equipment[];
  readonly witnesses: readonly Witness[];
}

/** What is known of production in one minute; later ones outrank earlier ones where several machines are a group. */
export const minute = { standing: 0, unknown: 1, reported: 2, metered: 3 } as const;

/** Production of those machines; `undefined` where there are none. */
export function productionOf(version: SiteVersion, equipment: readonly Equipment[]): Production | undefined {
  if (equipment.length === 0) return undefined;
  const ids = new Set(equipment.map((e) => e.equipmentId));
  const witnesses = version.witnesses.filter((witness) => witness.equipmentIds.every((id) => ids.has(id)));
  return { equipment, witnesses };
}

/** Production equipment of a section, or of the whole site; narrowed to some kinds where a rule does so. */
export function producersOf(
  { registration }: SiteVersion,
  sectionId: string | undefined,
  kinds: readonly EquipmentKind[],
): readonly Equipment[] {
  return registration.equipment.filter(
    (e) =>
      (sectionId === undefined || e.sectionId === sectionId) &&
      (kinds.length === 0 ? producing.has(e.kind) : kinds.includes(e.kind)),
  );
}

const longestMinutes = 3 * 24 * 60;
const stretchMs = 3_600_000;
const grid = new Uint8Array(longestMinutes);
const own = new Uint8Array(longestMinutes);

/**
 * Minute by minute over [fromMs, toMs), up to three days of whole minutes, whether any of the machines worked: as
 * reported, or by a meter that shows a running load while nobody reports work. Filed tests and maintenance are no
 * production. A machine that is reported running while its own meter shows a stop is unknown. The result holds until
 * the next call.
 */
export function productionMinutes(view: SiteView, production: Production, fromMs: number, toMs: number): Uint8Array {
  const length = (toMs - fromMs) / bucketUnitMs;
  const whole = grid.subarray(0, length);
  whole.fill(minute.standing);
  for (const machine of production.equipment) {
    reportedMinutes(view, machine, fromMs, toMs, length);
    const witness = production.witnesses.find(({ equipment }) => equipment.length === 1 && equipment[0] === machine);
    if (witness) readStops(view, witness, fromMs, toMs);
    for (let at = 0; at < length; at++) if (own[at]! > whole[at]!) whole[at] = own[at]!;
  }
  for (const witness of production.witnesses) {
    const { runsAboveKw, worksAboveKw } = loadBounds(view, witness);
    eachSlot(view, witness, fromMs, toMs, (kw, startMs, first, last) => {
      if (kw <= runsAboveKw || isSaid(whole, first, last) || !runsUnsaid(view, witness, startMs)) return;
      // A meter that shows the very same all the time bears witness of nothing.
      if (isStuck(view, witness, startMs)) return;
      if (kw > worksAboveKw) whole.fill(minute.metered, first, last);
      // It may idle: that makes no dust, and nobody can tell.
      else for (let at = first; at < last; at++) if (whole[at] === minute.standing) whole[at] = minute.unknown;
    });
  }
  return whole;
}

/** Nothing over [fromMs, toMs) speaks for any work: each machine says that it stands, and no meter denies it. */
export function standsThroughout(view: SiteView, production: Production, fromMs: number, toMs: number): boolean {
  for (const { equipmentId } of production.equipment) {
    const kind = view.timeline(equipmentId)?.uniformKind(fromMs, toMs);
    if (kind !== 'stopped' && kind !== 'standby') return false;
  }
  let denied = false;
  for (const witness of production.witnesses) {
    const { runsAboveKw } = loadBounds(view, witness);
    eachSlot(view, witness, fromMs, toMs, (kw, slotMs) => {
      if (kw > runsAboveKw && !isStuck(view, witness, slotMs)) denied = true;
    });
  }
  return !denied;
}

function reportedMinutes(view: SiteView, machine: Equipment, fromMs: number, toMs: number, length: number): void {
  const timeline = view.timeline(machine.equipmentId);
  // States hardly ever change: most stretches are told by one look-up.
  for (let startMs = fromMs; startMs < toMs; startMs += stretchMs) {
    const endMs = Math.min(toMs, startMs + stretchMs);
    const kind = timeline ? timeline.uniformKind(startMs, endMs) : 'unknown';
    if (kind !== undefined) own.fill(codeOf(kind), (startMs - fromMs) / bucketUnitMs, (endMs - fromMs) / bucketUnitMs);
    else {
      timeline!.visit(startMs, endMs, view.load.holdReports, (from, to, heard) => {
        own.fill(codeOf(heard), (from - fromMs) / bucketUnitMs, (to - fromMs) / bucketUnitMs);
      });
    }
  }
  for (const work of view.work) {
    if (!excusesLoad(work)) continue;
    if (work.endMs <= fromMs || work.startMs >= toMs || !concerns(work, machine)) continue;
    const first = Math.max(0, Math.floor((work.startMs - fromMs) / bucketUnitMs));
    own.fill(minute.standing, first, Math.min(length, Math.ceil((work.endMs - fromMs) / bucketUnitMs)));
  }
}

/** Whether somebody reports work throughout. */
function isSaid(minutes: Uint8Array, first: number, last: number): boolean {
  for (let at = first; at < last; at++) if (minutes[at] !== minute.reported) return false;
  return true;
}

/**
 * A machine left reported running over a break draws no more than a stop does: nobody can tell what it did. One that is
 * silent stands.
 */
function readStops(view: SiteView, witness: Witness, fromMs: number, toMs: number): void {
  const { standsToKw } = loadBounds(view, witness);
  eachSlot(view, witness, fromMs, toMs, (kw, startMs, first, last) => {
    // A load that the sun has lowered is no stop.
    if (kw > standsToKw || isFloor(view, witness, startMs)) return;
    for (let at = first; at < last; at++) {
      if (own[at] === minute.reported) own[at] = minute.unknown;
      else own[at] = minute.standing;
    }
  });
}

function isStuck(view: SiteView, { meterId }: Witness, slotMs: number): boolean {
  return view.meter(meterId)!.isStuck(slotMs, evidenceLimit(view.load));
}

/** Neither a report, a run-down nor filed work explains a load in the slot. */
function runsUnsaid(view: SiteView, witness: Witness, slotMs: number): boolean {
  const group = reportedGroup(view, witness.equipment);
  return groupShares(group, view, slotMs, slotMs + witness.stepMs, view.load, 'reported').running === 0;
}

/**
 * From which mean load of a slot on the machines behind a meter run, from which on they do more than idle, and up to which
 * they stand, kW.
 */
export interface LoadBounds {
  readonly runsAboveKw: number;
  readonly worksAboveKw: number;
  readonly standsToKw: number;
}

const nothingTold: LoadBounds = {
  runsAboveKw: Number.POSITIVE_INFINITY,
  worksAboveKw: Number.POSITIVE_INFINITY,
  standsToKw: Number.NEGATIVE_INFINITY,
};

/** Bounds as they were worked out last, by meter: models hardly ever move, and each slot asks. */
let known = new WeakMap<MeterState, { witness: Witness; load: LoadParameters; version: number; bounds: LoadBounds }>();
/** After so many they are forgotten: those of all meters would weigh as much as what the meters have learned. */
const mostKnown = 1024;
let knownSince = 0;

/** The loads at which a slot is judged of the running and of the stopped kind, as in stopped-but-running. */
export function loadBounds(view: SiteView, witness: Witness): LoadBounds {
  const { load } = view;
  const meter = view.meter(witness.meterId);
  if (!meter?.isInstallation(witness.meter.installationId) || !meter.showsMachines(witness, load)) return nothingTold;
  const { version } = meter;
  const last = known.get(meter);
  if (last && last.witness === witness && last.load === load && last.version === version) return last.bounds;
  const bounds = boundsOf(meter, witness, load);
  if (knownSince++ >= mostKnown) {
    known = new WeakMap();
    knownSince = 0;
  }
  known.set(meter, { witness, load, version, bounds });
  return bounds;
}

function boundsOf(meter: MeterState, witness: Witness, load: LoadParameters): LoadBounds {
  const { modes } = meter.model;
  const { ratedKw } = witness;
  const highestKw = ratedKw === undefined ? Number.POSITIVE_INFINITY : ratedKw / load.nameplateLow;
  if (!modes) {
    if (!witness.dedicated) return nothingTold;
    const aboveKw = highestKw * load.highestIdleShare;
    return { ...nothingTold, runsAboveKw: aboveKw, worksAboveKw: aboveKw };
  }
  if (medianKw(modes.running) - medianKw(modes.stopped) > highestKw) return nothingTold;
  const limit = evidenceLimit(load);
  const cap = evidenceCap(load);
  // Bounds are rounded: a load right at them may fall to either side.
  const slack = 1e-9;
  const runsAboveKw = Math.max(stoppedUpperKw(modes, limit), meter.othersKw(witness, load));
  const standsToKw = stoppedUpperKw(modes, -limit);
  return {
    worksAboveKw: medianKw(modes.running) * load.highestIdleShare,
    runsAboveKw: logLikelihoodRatio(modes, runsAboveKw, cap) > limit - slack ? runsAboveKw : nothingTold.runsAboveKw,
    standsToKw: logLikelihoodRatio(modes, standsToKw, cap) < slack - limit ? standsToKw : nothingTold.standsToKw,
  };
}

/** Visits each slot with a load of the machines that is known and touches [fromMs, toMs): its mean, its start, and its minutes in the grid. */
function eachSlot(
  view: SiteView,
  witness: Witness,
  fromMs: number,
  toMs: number,
  visit: (kw: number, startMs: number, first: number, last: number) => void,
): void {
  const { meterId, stepMs } = witness;
  const meter = view.meter(meterId);
  if (!meter) return;
  for (let startMs = Math.floor(fromMs / stepMs) * stepMs; startMs < toMs; startMs += stepMs) {
    const drawnKw = loadKw(view, witness, startMs);
    if (drawnKw === undefined) continue;
    const kw = drawnKw - meter.extraKw(startMs);
    const last = (Math.min(toMs, startMs + stepMs) - fromMs) / bucketUnitMs;
    visit(kw, startMs, Math.max(0, (startMs - fromMs) / bucketUnitMs), last);
  }
}

function codeOf(kind: ReportedKind): number {
  return kind === 'running' ? minute.reported : kind === 'unknown' ? minute.unknown : minute.standing;
}
