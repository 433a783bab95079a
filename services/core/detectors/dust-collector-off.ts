import type { LevelTimeline, Threshold } from '../level-timeline.ts';
import type { Equipment } from '../records.ts';
import type { Witness } from '../site.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { airlock, type CollectorPlace, type DustCollectorOf, fanRunning, half, pressure } from './dust-collector.ts';
import { loadBounds, minute, productionMinutes, standsThroughout } from './production.ts';

const minuteMs = 60_000;

/** What is said of a collector in one minute, by its state and, where it sends one, its fan's own signal. */
export const said = { unknown: 0, on: 1, off: 2 } as const;

const longestMinutes = 24 * 60;
const grid = new Uint8Array(longestMinutes);

/** What was said of a collector over [fromMs, toMs), whole minutes of up to a day. It holds until the next call. */
export function collectorMinutes(view: SiteView, { equipmentId }: Equipment, fromMs: number, toMs: number): Uint8Array {
  const whole = grid.subarray(0, (toMs - fromMs) / minuteMs);
  whole.fill(said.unknown);
  view.timeline(equipmentId)?.visit(fromMs, toMs, view.load.holdReports, (from, to, kind) => {
    const code = kind === 'running' ? said.on : kind === 'stopped' ? said.off : said.unknown;
    whole.fill(code, (from - fromMs) / minuteMs, (to - fromMs) / minuteMs);
  });
  const fan = view.levels(equipmentId, fanRunning);
  for (let at = 0; fan && at < whole.length; at++) {
    const shown = showing(fan, fromMs + at * minuteMs, half);
    if (shown !== undefined) whole[at] = shown ? said.on : said.off;
  }
  return whole;
}

/** Whether an indicator lay above a threshold in a minute; `undefined` where it was not heard, or on both sides. */
export function showing(levels: LevelTimeline, ms: number, threshold: Threshold): boolean | undefined {
  const above = levels.levelAbove(threshold);
  const at = above < 0 ? undefined : levels.levelsAt(ms);
  if (!at) return undefined;
  if (at.low >= above) return true;
  return at.high < above ? false : undefined;
}

const nothingExposed = { exposed: new Uint8Array(0), reason: 'line-stands' } as const;

/**
 * Minutes of the slot in which the line has run for longer than the allowance, marked in a grid of the slot's minutes;
 * an empty one where it stands throughout.
 */
export function exposedMinutes(
  view: SiteView,
  { line }: CollectorPlace,
  startMs: number,
  endMs: number,
  allowanceMinutes: number,
): { readonly exposed: Uint8Array; readonly reason: 'line-stands' | 'line-unknown' | 'line-starting' } {
  const fromMs = startMs - allowanceMinutes * minuteMs;
  if (standsThroughout(view, line, startMs, endMs)) return nothingExposed;
  const minutes = productionMinutes(view, line, fromMs, endMs);
  const exposed = new Uint8Array(minutes.length - allowanceMinutes);
  let since = 0;
  let ran = false;
  let unknown = false;
  for (let at = 0; at < minutes.length; at++) {
    const code = minutes[at]!;
    since = code >= minute.reported ? since + 1 : 0;
    if (at < allowanceMinutes) continue;
    if (code === minute.unknown) unknown = true;
    if (since > 0) ran = true;
    if (since > allowanceMinutes) exposed[at - allowanceMinutes] = code;
  }
  return { exposed, reason: ran ? 'line-starting' : unknown ? 'line-unknown' : 'line-stands' };
}

/**
 * The collector says itself that it is off while its line runs. Its meter, or pressure across its filter, may show that
 * it runs all the same: then its report is wrong, and nobody is in danger.
 */
export function collectorOff(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: DustCollectorOf<'reported-off'>,
): SlotJudgement {
  const { collector, own, others } = place;
  const endMs = startMs + place.stepMs;
  const fan = view.levels(collector.equipmentId, fanRunning);
  const kind = fan ? undefined : view.timeline(collector.equipmentId)?.uniformKind(startMs, endMs);
  if (kind === 'running') return quiet('collector-on');
  if (kind === 'stopped' && standsThroughout(view, place.line, startMs, endMs)) return quiet('line-stands');
  const minutes = collectorMinutes(view, collector, startMs, endMs);
  if (!minutes.includes(said.off)) {
    return minutes.includes(said.on) ? quiet('collector-on') : unjudged('unknown', 'collector-unknown');
  }
  const { exposed, reason } = exposedMinutes(view, place, startMs, endMs, p.startAllowanceMinutes);
  if (!exposed.some((code) => code > 0)) {
    return reason === 'line-unknown' ? unjudged('unknown', reason) : quiet(reason);
  }
  const flow = view.levels(collector.equipmentId, pressure);
  const flows = { value: p.leastPressurePa, inclusive: false };
  let first = -1;
  let last = -1;
  let count = 0;
  let metered = 0;
  let untold = false;
  for (let at = 0; at < exposed.length; at++) {
    if (exposed[at] === 0 || minutes[at] !== said.off) continue;
    const ms = startMs + at * minuteMs;
    if (flow && showing(flow, ms, flows)) continue;
    const draws = own && drawsAt(view, own, ms);
    if (draws) continue;
    // A line that hides its run may hide its collector's too: where it has a meter, that is waited for.
    if (own && draws === undefined && exposed[at] === minute.metered) {
      untold = true;
      continue;
    }
    if (first < 0) first = at;
    last = at;
    count++;
    if (exposed[at] === minute.metered) metered++;
  }
  if (count === 0) return untold ? unjudged('unknown', 'collector-load-missing') : quiet('collector-draws');
  if (others.some((other) => collectorMinutes(view, other, startMs, endMs).includes(said.on))) {
    return unjudged('unknown', 'another-collector-runs');
  }
  return {
    kind: 'judged',
    reason: 'collector-off',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: (count * minuteMs) / place.stepMs,
    fromMs: startMs + first * minuteMs,
    toMs: startMs + (last + 1) * minuteMs,
    detail: { line: namesOf(place), byMeter: metered > 0 ? 1 : 0 },
  };
}

/**
 * Whether the collector's own meter shows that it runs; `undefined` where it was not heard. What it has shown before
 * holds on for a slot while the collector says the same: a reading comes later than reports do.
 */
function drawsAt(view: SiteView, own: Witness, ms: number): boolean | undefined {
  const { stepMs, equipmentIds } = own;
  const meter = view.meter(own.meterId);
  const slotMs = Math.floor(ms / stepMs) * stepMs;
  const { runsAboveKw } = loadBounds(view, own);
  const kw = meter?.usableKw(slotMs, own.meter.exports);
  if (kw !== undefined) return kw > runsAboveKw;
  const before = meter?.usableKw(slotMs - stepMs, own.meter.exports);
  if (before === undefined || before <= runsAboveKw) return undefined;
  return view.timeline(equipmentIds[0]!)?.uniformKind(slotMs - stepMs, slotMs) === 'stopped' ? true : undefined;
}

/** The valve that takes the dust out stands while the collector fills. */
export function airlockOff(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: DustCollectorOf<'airlock-off'>,
): SlotJudgement {
  const { collector } = place;
  const endMs = startMs + place.stepMs;
  const valve = view.levels(collector.equipmentId, airlock);
  if (!valve) return unjudged('unknown', 'airlock-not-heard');
  if (view.timeline(collector.equipmentId)?.uniformKind(startMs, endMs) === 'stopped') return quiet('collector-stands');
  if (showing(valve, startMs, half) && valve.runEndMs(startMs) >= endMs) return quiet('airlock-turns');
  const fromMs = startMs - p.startAllowanceMinutes * minuteMs;
  const minutes = collectorMinutes(view, collector, fromMs, endMs);
  const flow = view.levels(collector.equipmentId, pressure);
  const flows = { value: p.leastPressurePa, inclusive: false };
  let since = 0;
  let first = -1;
  let last = -1;
  let count = 0;
  let heard = false;
  for (let at = 0; at < minutes.length; at++) {
    since = minutes[at] === said.on ? since + 1 : 0;
    if (at < p.startAllowanceMinutes) continue;
    const turns = showing(valve, fromMs + at * minuteMs, half);
    if (turns !== undefined) heard = true;
    if (turns !== false || since <= p.startAllowanceMinutes) continue;
    // A fan that stands, whatever is said of it, fills no hopper.
    if (flow && showing(flow, fromMs + at * minuteMs, flows) === false) continue;
    if (first < 0) first = at;
    last = at;
    count++;
  }
  if (count === 0) return heard ? quiet('airlock-turns') : unjudged('unknown', 'airlock-not-heard');
  return {
    kind: 'judged',
    reason: 'airlock-off',
    logLikelihoodRatio: 1,
    seen: 0,
    bound: 1,
    share: (count * minuteMs) / place.stepMs,
    fromMs: fromMs + first * minuteMs,
    toMs: fromMs + (last + 1) * minuteMs,
  };
}

/** The machines that it exhausts, as people at the site know them. */
export function namesOf({ line }: CollectorPlace): string {
  const [first, ...rest] = line.equipment.map((e) => e.name || e.equipmentId);
  return rest.length < 4 ? [first, ...rest].join(', ') : `${first} + ${rest.length}`;
}
