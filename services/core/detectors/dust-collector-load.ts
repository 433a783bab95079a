import { channelStepMs } from '../channel.ts';
import { leastKw, logLikelihoodRatio, medianKw } from '../load-model.ts';
import { evidenceCap, evidenceLimit, type LoadParameters } from '../load-parameters.ts';
import type { Equipment } from '../records.ts';
import type { Witness } from '../site.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { type CollectorPlace, type DustCollectorOf, fanLoad, pressure } from './dust-collector.ts';
import { collectorMinutes, exposedMinutes, namesOf, said, showing } from './dust-collector-off.ts';

const minuteMs = 60_000;
/** A usual load counts once it was seen for half a shift. */
const leastLearnedSlots = 16;

type LoadAbsent = DustCollectorOf<'load-absent'>;

/**
 * Its line runs and nobody says that the collector is off, but its own meter shows nothing: the strongest lie there is.
 * A fan on a variable-speed drive may draw little; only next to nothing counts, and pressure across the filter excuses.
 */
export function loadAbsent(
  view: SiteView,
  place: CollectorPlace,
  own: Witness,
  startMs: number,
  p: LoadAbsent,
): SlotJudgement {
  const { load } = view;
  const { collector } = place;
  const endMs = startMs + place.stepMs;
  if (view.timeline(collector.equipmentId)?.uniformKind(startMs, endMs) === 'stopped') {
    return unjudged('not-claimed', 'collector-reported-off');
  }
  const meter = view.meter(own.meterId)!;
  const kw = meter.usableKw(startMs, own.meter.exports);
  if (kw === undefined) return unjudged('unknown', 'collector-load-missing');
  const modes = meter.isInstallation(own.meter.installationId) ? meter.model.modes : undefined;
  const cap = evidenceCap(load);
  const boundKw = modes ? (medianKw(modes.running) * p.lowestLoadPercent) / 100 : ratedBoundKw(collector, p, load);
  if (boundKw === undefined) return unjudged('unknown', 'collector-load-unlearned');
  const evidence = modes ? -logLikelihoodRatio(modes, kw, cap) : kw > boundKw ? -cap : cap;
  if (kw > boundKw) {
    if (evidence >= 0) return unjudged('unknown', 'collector-load-low');
    return { ...quiet('collector-draws'), logLikelihoodRatio: evidence, seen: kw, bound: boundKw };
  }
  if (evidence < evidenceLimit(load)) return unjudged('unknown', 'collector-load-low');
  const { exposed, reason } = exposedMinutes(view, place, startMs, endMs, p.startAllowanceMinutes);
  const minutes = collectorMinutes(view, collector, startMs, endMs);
  const flow = view.levels(collector.equipmentId, pressure);
  const flows = { value: p.leastPressurePa, inclusive: false };
  let count = 0;
  let drawn = 0;
  let off = 0;
  for (let at = 0; at < exposed.length; at++) {
    if (exposed[at] === 0) continue;
    if (minutes[at] === said.off) off++;
    else if (flow && showing(flow, startMs + at * minuteMs, flows)) drawn++;
    else count++;
  }
  if (drawn > 0) return quiet('collector-draws');
  if (count === 0) {
    if (off > 0) return unjudged('not-claimed', 'collector-reported-off');
    return reason === 'line-unknown' ? unjudged('unknown', reason) : quiet(reason);
  }
  return {
    kind: 'judged',
    reason: 'collector-load-absent',
    logLikelihoodRatio: evidence,
    seen: kw,
    bound: boundKw,
    share: (count * minuteMs) / place.stepMs,
    detail: { line: namesOf(place), ...(modes ? { usualKw: medianKw(modes.running) } : {}) },
  };
}

/**
 * Highest load of a fan that stands, kW, by the nameplate alone, which may overstate; `undefined` without one. A motor
 * that turns has no-load losses of several hundredths of its rating.
 */
function ratedBoundKw({ ratedPowerKw }: Equipment, p: LoadAbsent, load: LoadParameters): number | undefined {
  if (ratedPowerKw === null) return undefined;
  return Math.max(leastKw, (ratedPowerKw * p.leastMotorLoadPercent) / 100 / load.nameplateHigh);
}

/** The same where the collector has no meter of its own: by the load that it reports, and pressure across its filter. */
export function signsAbsent(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: LoadAbsent,
  learned: Learned | undefined,
): SlotJudgement {
  const { collector } = place;
  const endMs = startMs + place.stepMs;
  const flow = view.levels(collector.equipmentId, pressure);
  const highestKw = view.channel(collector.equipmentId, fanLoad)?.ranges.highAt(startMs) ?? Number.NaN;
  if (!flow && Number.isNaN(highestKw)) return unjudged('unknown', 'collector-without-witness');
  const boundKw = fanBoundKw(view, place, p, learned);
  const fan = Number.isNaN(highestKw) || boundKw === undefined ? undefined : highestKw > boundKw;
  if (fan) return quiet('collector-draws');
  const minutes = collectorMinutes(view, collector, startMs, endMs);
  const { exposed, reason } = exposedMinutes(view, place, startMs, endMs, p.startAllowanceMinutes);
  const flows = { value: p.leastPressurePa, inclusive: false };
  let absent = 0;
  let drawn = 0;
  let off = 0;
  let first = -1;
  let last = -1;
  for (let at = 0; at < exposed.length; at++) {
    if (exposed[at] === 0) continue;
    if (minutes[at] === said.off) {
      off++;
      continue;
    }
    const flowing = flow && showing(flow, startMs + at * minuteMs, flows);
    if (flowing) drawn++;
    else if (flowing === false || fan === false) {
      if (first < 0) first = at;
      last = at;
      absent++;
    }
  }
  if (absent > 0) {
    const share = (absent * minuteMs) / place.stepMs;
    return {
      kind: 'judged',
      reason: fan === false ? 'collector-load-absent' : 'collector-pressure-absent',
      // One in so many slots shows nothing for reasons that nobody filed, such as a sensor that fails.
      logLikelihoodRatio: evidenceCap(view.load) * share,
      seen: undefined,
      bound: 0,
      share,
      fromMs: startMs + first * minuteMs,
      toMs: startMs + (last + 1) * minuteMs,
      detail: {
        line: namesOf(place),
        leastPressurePa: p.leastPressurePa,
        ...(fan === false ? { fanKw: highestKw, fanBoundKw: boundKw! } : {}),
      },
    };
  }
  if (drawn > 0) return quiet('collector-draws');
  if (off > 0) return unjudged('not-claimed', 'collector-reported-off');
  if (exposed.some((code) => code > 0)) return unjudged('unknown', 'collector-without-witness');
  return reason === 'line-unknown' ? unjudged('unknown', reason) : quiet(reason);
}

function fanBoundKw(
  view: SiteView,
  { collector }: CollectorPlace,
  p: LoadAbsent,
  learned: Learned | undefined,
): number | undefined {
  const [sumKw = 0, slots = 0] = learned ?? [];
  if (slots >= leastLearnedSlots) return ((sumKw / slots) * p.lowestLoadPercent) / 100;
  return ratedBoundKw(collector, p, view.load);
}

/** Mean load that the fan reports while it runs. Slots at next to nothing teach nothing: a lie from the first day must not. */
export function learnFanLoad(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: LoadAbsent,
  learned: Learned | undefined,
): Learned | undefined {
  const { equipmentId } = place.collector;
  const ranges = view.channel(equipmentId, fanLoad)?.ranges;
  const lowKw = ranges?.lowAt(startMs) ?? Number.NaN;
  if (!(lowKw > (fanBoundKw(view, place, p, learned) ?? leastKw))) return learned;
  if (view.timeline(equipmentId)?.uniformKind(startMs, startMs + channelStepMs) !== 'running') return learned;
  const [sumKw = 0, slots = 0] = learned ?? [];
  // A hundred hours are enough; after that new slots replace old ones.
  const kept = Math.min(slots, 399);
  return [(slots === 0 ? 0 : (sumKw / slots) * kept) + (lowKw + ranges!.highAt(startMs)) / 2, kept + 1];
}
