/**
 * Unrelated indicators that move as one: made up from one curve. Each quarter of an hour, what three of them did before
 * predicts two of them from the third; that both come out right is evidence, as hardly any two sensors are so alike.
 */
import { type Channel, channelStepMs } from '../channel.ts';
import { evidenceCap } from '../load-parameters.ts';
import type { SiteVersion } from '../site.ts';
import { type Place, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { heardChannels, isInUse, livePlaces, notInUse } from './live-place.ts';
import { namesOf } from './still-readings.ts';

/** Slots before the judged one whose changes the relation is fitted to: an hour and a half, of which most must be there. */
const fittedSlots = 6;
const leastFitted = 4;
/** A curve of one's own making comes out right in nearly every slot. */
const soughtShare = 0.95;
/** How near a prediction must be, as a share of the usual change: nearer than physically related sensors keep. */
const nearShare = 0.1;
/** Indicators of a site that are looked at, at most, those that show most: the work grows with the square of their number. */
const mostChannels = 16;
/** Two indicators of other families and their reference: two may have one cause, three hardly. */
const leastAlike = 2;

/** Share of the changes before that must have come out right, too: of hardly any three sensors they do. */
const leastFit = 0.9;
/** Values are kept as float32, which rounds them once more. */
const slack = 1.001;

export const identicalLookBackMs = (fittedSlots + 2) * channelStepMs;

export interface IdenticalPlace extends Place {
  readonly subjects: readonly SubjectRef[];
  readonly machineIds: readonly string[];
}

/** The site, then each machine with readings; none where nothing sends any. */
export function identicalPlaces(version: SiteVersion, kinds: Parameters<typeof livePlaces>[1]): IdenticalPlace[] {
  const machines = livePlaces(version, kinds).flatMap(({ subjects }) => subjects);
  if (machines.length === 0) return [];
  const machineIds = machines.map(({ id }) => id);
  const { enterpriseId } = version.registration;
  const site: SubjectRef = { kind: 'ENTERPRISE', id: enterpriseId, equipmentIds: machineIds };
  return [
    {
      key: 'readings',
      stepMs: channelStepMs,
      drive: 'reports',
      meterId: '',
      equipmentId: '',
      subjects: machines.length > 1 ? [site, ...machines] : machines,
      machineIds,
    },
  ];
}

export function judgeIdentical(view: SiteView, place: IdenticalPlace, startMs: number): readonly SlotJudgement[] {
  const curves = new Map(place.machineIds.map((id) => [id, curvesOf(view, id, startMs)]));
  return place.subjects.map(({ kind, id, equipmentIds }) => {
    const own = kind === 'ENTERPRISE' ? tellingOf([...curves.values()].flat()) : curves.get(id)!;
    if (own.length > 0) return judge(view, own, kind === 'ENTERPRISE');
    const rests = equipmentIds.every((machine) => notInUse(view, machine, startMs).kind === 'not-claimed');
    return unjudged(rests ? 'not-claimed' : 'unknown', 'not-in-use');
  });
}

/** Changes of an indicator from slot to slot while its machine is in use, the newest first: of its lowest, then its highest value. */
interface Curve {
  readonly channel: Channel;
  /** In pairs; NaN where a slot or the one before it was not heard or not in use. */
  readonly changes: readonly number[];
  /** Mean size of the changes before the newest, and the smallest step that was seen. */
  readonly usual: number;
  readonly step: number;
}

function curvesOf(view: SiteView, equipmentId: string, startMs: number): Curve[] {
  if (!isInUse(view, equipmentId, startMs) || !isInUse(view, equipmentId, startMs - channelStepMs)) return [];
  const used: boolean[] = [];
  for (let back = 0; back <= fittedSlots + 1; back++) {
    used.push(isInUse(view, equipmentId, startMs - back * channelStepMs));
  }
  return heardChannels(view, equipmentId, startMs).flatMap((channel) => curveOf(channel, startMs, used) ?? []);
}

function curveOf(channel: Channel, startMs: number, used: readonly boolean[]): Curve | undefined {
  const { ranges } = channel;
  const changes: number[] = [];
  let sum = 0;
  let count = 0;
  let step = Number.POSITIVE_INFINITY;
  for (let back = 0; back <= fittedSlots; back++) {
    const ms = startMs - back * channelStepMs;
    const isUsed = used[back] && used[back + 1];
    for (const value of [(at: number) => ranges.lowAt(at), (at: number) => ranges.highAt(at)]) {
      const before = value(ms - channelStepMs);
      const change = isUsed ? value(ms) - before : Number.NaN;
      changes.push(change);
      if (Number.isNaN(change)) continue;
      const size = Math.abs(change);
      // Values are kept as float32: less than its grain is no change.
      if (size > Math.abs(before) * 1e-5) step = Math.min(step, size);
      if (back === 0) continue;
      sum += size;
      count++;
    }
  }
  if (Number.isNaN(changes[0]!) || count < 2 * leastFitted || sum === 0) return undefined;
  return { channel, changes, usual: sum / count, step };
}

function tellingOf(curves: Curve[]): Curve[] {
  if (curves.length <= mostChannels) return curves;
  const telling = (curve: Curve): number => curve.usual / curve.step;
  return curves
    .sort((a, b) => telling(b) - telling(a) || (a.channel.id < b.channel.id ? -1 : 1))
    .slice(0, mostChannels);
}

/** A curve that follows another: how well it did before, and whether it does so in the newest slot. */
interface Alike {
  readonly curve: Curve;
  readonly correlation: number;
  /** Share of the changes before that came out right. */
  readonly fit: number;
  readonly llr: number;
}

function judge(view: SiteView, curves: readonly Curve[], acrossMachines: boolean): SlotJudgement {
  // Chosen by what they did before, tested by what they do now: the choice cannot favour the test.
  let best: Alike[] | undefined;
  let reference = curves[0]!;
  for (const candidate of curves) {
    const chosen = likestOf(candidate, curves, acrossMachines);
    if (!chosen || (best && worstOf(chosen) <= worstOf(best))) continue;
    best = chosen;
    reference = candidate;
  }
  if (!best) return unjudged('unknown', 'too-few-readings');
  const llr = best.reduce((sum, each) => sum + each.llr, 0);
  if (best.some(({ fit }) => fit < leastFit) || llr <= 0) return differing;
  const correlation = Math.min(...best.map((each) => each.correlation));
  const channels = [reference, ...best.map(({ curve }) => curve)].map(({ channel }) => channel);
  return {
    kind: 'judged',
    reason: 'readings-identical',
    logLikelihoodRatio: Math.min(llr, evidenceCap(view.load)),
    seen: correlation,
    bound: 0,
    share: 1,
    detail: { indicators: namesOf(channels), correlation },
  };
}

const differing: SlotJudgement = {
  kind: 'judged',
  reason: 'readings-differ',
  logLikelihoodRatio: Math.log(1 - soughtShare),
  seen: undefined,
  bound: 0,
  share: 0,
};

/** The two of other families that followed a curve best; undefined where there are none. */
function likestOf(reference: Curve, curves: readonly Curve[], acrossMachines: boolean): Alike[] | undefined {
  const alike = curves.flatMap((curve) => (curve === reference ? [] : (likeness(reference, curve) ?? [])));
  alike.sort((a, b) => goodness(b) - goodness(a) || (a.curve.channel.id < b.curve.channel.id ? -1 : 1));
  const families = new Set([familyOf(reference.channel.indicator)]);
  const owners = new Set([reference.channel.ownerId]);
  const chosen: Alike[] = [];
  for (const each of alike) {
    const { indicator, ownerId } = each.curve.channel;
    const isLast = chosen.length === leastAlike - 1;
    // Of one machine alone the machine is judged.
    if (families.has(familyOf(indicator)) || (acrossMachines && isLast && owners.size === 1 && owners.has(ownerId)))
      continue;
    families.add(familyOf(indicator));
    owners.add(ownerId);
    chosen.push(each);
    if (chosen.length === leastAlike) return chosen;
  }
  return undefined;
}

function worstOf(alike: readonly Alike[]): number {
  return Math.min(...alike.map(goodness));
}

/** By how many came out right; where as many did, by how alike they are. */
function goodness({ fit, correlation }: Alike): number {
  return Math.min(fit, leastFit) + correlation;
}

function likeness(reference: Curve, curve: Curve): Alike | undefined {
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let count = 0;
  for (let at = 2; at < reference.changes.length; at++) {
    const x = reference.changes[at]!;
    const y = curve.changes[at]!;
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    count++;
  }
  if (count < 2 * leastFitted || xx === 0 || yy === 0) return undefined;
  // A prediction can be no nearer than what the sensor resolves.
  const tolerance = Math.max(nearShare * curve.usual, curve.step);
  // Were the two unrelated, a change of normal size would come so near nowhere more often than around nothing.
  const byChance = 2 * normalShare(tolerance / (curve.usual * Math.sqrt(Math.PI / 2)));
  if (byChance >= soughtShare) return undefined;
  const isNear = (at: number): boolean =>
    Math.abs(curve.changes[at]! - (xy / xx) * reference.changes[at]!) <= tolerance * slack;
  let near = 0;
  for (let at = 2; at < reference.changes.length; at++) if (isNear(at)) near++;
  // Lowest and highest value of one slot move together: both must come out right, and count once.
  const isRight = isNear(0) && isNear(1);
  const llr = isRight ? Math.log(soughtShare / byChance) : Math.log((1 - soughtShare) / (1 - byChance));
  return { curve, correlation: Math.abs(xy) / Math.sqrt(xx * yy), fit: near / count, llr };
}

/** Share of a standard normal distribution between 0 and x (Abramowitz and Stegun 26.2.19, error below 2e-7). */
function normalShare(x: number): number {
  const p = [0.049867347, 0.0211410061, 0.0032776263, 0.0000380036, 0.0000488906, 0.000005383];
  let sum = 1;
  let power = 1;
  for (const factor of p) {
    power *= x;
    sum += factor * power;
  }
  return 0.5 - 0.5 * sum ** -16;
}

/** What an indicator measures, such as the temperature of `inlet_temperature_c`: sensors of one quantity may be related. */
function familyOf(indicator: string): string {
  return quantities.find((quantity) => indicator.includes(quantity)) ?? indicator;
}

const quantities = ['temperature', 'pressure', 'wind_speed', 'flow', 'level', 'speed', 'length', 'load', 'lel', 'ppm'];
