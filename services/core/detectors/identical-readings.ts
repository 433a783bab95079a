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

/** Slots before the judged one whose changes the relation is fitted to, each with a low and a high: all must be there. */
const fittedSlots = 3;
/** A curve of one's own making comes out right in nearly every slot. */
const soughtShare = 0.95;
/** A change beyond so many standard deviations shows no more than one of that size: tails are fatter than the normal ones. */
const mostDeviations = 2;
/** How near a prediction must be, as a share of the usual change: nearer than physically related sensors keep. */
const nearShare = 0.1;
/** Indicators of a site that are looked at, at most, those that show most: the work grows with the square of their number. */
const mostChannels = 16;
/** Two indicators of other families and their reference: two may have one cause, three hardly. */
const leastAlike = 2;
const mostAlike = 4;

/** Share of the changes before that must have come out right, too: of hardly any three sensors they do. */
const leastFit = 0.9;
/** What does not even move alike needs no closer look; two roundings to a coarse sensor's steps leave a copy above this. */
const leastCorrelation = 0.85;
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

/** Changes of an indicator from slot to slot while its machine is in use: of its lowest and its highest value, the newest first. */
interface Curve {
  readonly channel: Channel;
  readonly family: string;
  /** In pairs; 0 where a slot or the one before it was not heard or not in use. */
  readonly changes: Float64Array;
  /** Root of the sum of squares of those before the newest pair. */
  readonly length: number;
  /** Mean size of those that are known, and the smallest step that was seen. */
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
  const changes = new Float64Array(2 * (fittedSlots + 1));
  let sum = 0;
  let squares = 0;
  let count = 0;
  let step = Number.POSITIVE_INFINITY;
  let low = ranges.lowAt(startMs);
  let high = ranges.highAt(startMs);
  for (let back = 0; back <= fittedSlots; back++) {
    const beforeMs = startMs - (back + 1) * channelStepMs;
    const lowBefore = ranges.lowAt(beforeMs);
    const highBefore = ranges.highAt(beforeMs);
    const known = used[back] && used[back + 1] && !Number.isNaN(low - lowBefore);
    if (!known && back === 0) return undefined;
    if (known) {
      changes[2 * back] = low - lowBefore;
      changes[2 * back + 1] = high - highBefore;
      const lowSize = Math.abs(low - lowBefore);
      const highSize = Math.abs(high - highBefore);
      // Less than the grain of a float32 is no change.
      const grain = Math.abs(high) * 1e-5;
      if (lowSize > grain && lowSize < step) step = lowSize;
      if (highSize > grain && highSize < step) step = highSize;
      if (back > 0) {
        sum += lowSize + highSize;
        squares += lowSize * lowSize + highSize * highSize;
        count += 2;
      }
    }
    low = lowBefore;
    high = highBefore;
  }
  if (count < 2 * fittedSlots || squares === 0) return undefined;
  const family = familyOf(channel.indicator);
  return { channel, family, changes, length: Math.sqrt(squares), usual: sum / count, step };
}

/** Those that show most of a curve, where there are too many. */
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
  readonly llr: number;
}

function judge(view: SiteView, curves: readonly Curve[], acrossMachines: boolean): SlotJudgement {
  if (new Set(curves.map(({ family }) => family)).size <= leastAlike) return unjudged('unknown', 'too-few-readings');
  // Chosen by what they did before, tested by what they do now: the choice cannot favour the test.
  let best: Alike[] | undefined;
  let reference = curves[0]!;
  for (const candidate of likelyOf(curves)) {
    const chosen = likestOf(candidate, curves, acrossMachines);
    if (!chosen || (best && worstOf(chosen) <= worstOf(best))) continue;
    best = chosen;
    reference = candidate;
  }
  const llr = best?.reduce((sum, each) => sum + each.llr, 0) ?? 0;
  if (!best || llr <= 0) return differing;
  const correlation = worstOf(best);
  return {
    kind: 'judged',
    reason: 'readings-identical',
    logLikelihoodRatio: Math.min(llr, evidenceCap(view.load)),
    seen: correlation,
    bound: 0,
    share: 1,
    detail: { indicators: namesOf([reference, ...best.map(({ curve }) => curve)].map(({ channel }) => channel)) },
  };
}

/** Those that at least two of other families moved like: hardly ever any. */
function likelyOf(curves: readonly Curve[]): Curve[] {
  const partners = new Uint8Array(curves.length);
  for (let i = 0; i < curves.length; i++) {
    for (let j = 0; j < i; j++) {
      if (curves[i]!.family === curves[j]!.family || correlationOf(curves[i]!, curves[j]!) < leastCorrelation) continue;
      partners[i]!++;
      partners[j]!++;
    }
  }
  return curves.filter((_, i) => partners[i]! >= leastAlike);
}

const differing: SlotJudgement = {
  kind: 'judged',
  reason: 'readings-differ',
  logLikelihoodRatio: Math.log(1 - soughtShare),
  seen: undefined,
  bound: 0,
  share: 0,
};

/** Those of other families that followed a curve best; undefined where no two did. */
function likestOf(reference: Curve, curves: readonly Curve[], acrossMachines: boolean): Alike[] | undefined {
  const alike: Alike[] = [];
  for (const curve of curves) {
    const each = curve.family === reference.family ? undefined : likeness(reference, curve);
    if (each) alike.push(each);
  }
  if (alike.length < leastAlike) return undefined;
  alike.sort((a, b) => b.correlation - a.correlation || (a.curve.channel.id < b.curve.channel.id ? -1 : 1));
  const { ownerId } = reference.channel;
  const families = new Set<string>();
  const chosen: Alike[] = [];
  for (const each of alike) {
    const isLast = chosen.length === leastAlike - 1;
    // Of one machine alone the machine is judged.
    const sameOwner =
      acrossMachines && isLast && [...chosen, each].every((one) => one.curve.channel.ownerId === ownerId);
    if (families.has(each.curve.family) || sameOwner) continue;
    families.add(each.curve.family);
    chosen.push(each);
    if (chosen.length === mostAlike) break;
  }
  return chosen.length < leastAlike ? undefined : chosen;
}

function worstOf(alike: readonly Alike[]): number {
  return Math.min(...alike.map(({ correlation }) => correlation));
}

function productOf({ changes: x }: Curve, { changes: y }: Curve): number {
  let product = 0;
  for (let at = 2; at < x.length; at++) product += x[at]! * y[at]!;
  return product;
}

function correlationOf(one: Curve, other: Curve): number {
  return Math.abs(productOf(one, other)) / (one.length * other.length);
}

/** How a curve follows another; undefined where it did not before, or where its steps are too coarse to tell. */
function likeness(reference: Curve, curve: Curve): Alike | undefined {
  const { changes } = curve;
  const x = reference.changes;
  const correlation = correlationOf(reference, curve);
  if (correlation < leastCorrelation) return undefined;
  const slope = productOf(reference, curve) / (reference.length * reference.length);
  // A prediction can be no nearer than what the two sensors resolve; both are hardly ever off by their most at once.
  const tolerance = Math.max(nearShare * curve.usual, Math.hypot(curve.step, slope * reference.step));
  const isNear = (at: number): boolean => Math.abs(changes[at]! - slope * x[at]!) <= tolerance * slack;
  let near = 0;
  for (let at = 2; at < x.length; at++) if (isNear(at)) near++;
  if (near < leastFit * (x.length - 2)) return undefined;
  // Lowest and highest value of one slot move together: both must come out right, and count as the one that says more.
  const deviation = curve.usual * Math.sqrt(Math.PI / 2);
  const byChance = Math.min(
    chanceOf(slope * x[0]!, tolerance, deviation),
    chanceOf(slope * x[1]!, tolerance, deviation),
  );
  if (byChance >= soughtShare) return undefined;
  const isRight = isNear(0) && isNear(1);
  const llr = isRight ? Math.log(soughtShare / byChance) : Math.log((1 - soughtShare) / (1 - byChance));
  return { curve, correlation, llr };
}

/** How often the change of an unrelated curve lies so near to a predicted one: the more seldom, the larger that is. */
function chanceOf(predicted: number, tolerance: number, deviation: number): number {
  const at = Math.min(Math.abs(predicted) / deviation, mostDeviations);
  const reach = tolerance / deviation;
  const within = normalShare(at + reach);
  return at > reach ? within - normalShare(at - reach) : within + normalShare(reach - at);
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
