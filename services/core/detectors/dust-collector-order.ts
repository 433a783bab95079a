/**
 * The order of starts and stops, as far as reports tell it for certain: a machine started or stopped at some moment
 * between its last report of one state and its first of the other. Only what no moment in between explains is said.
 */
import type { Equipment } from '../records.ts';
import { concerns } from '../shares.ts';
import { stateBit, type Timeline } from '../timeline.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import type { CollectorPlace, DustCollectorOf } from './dust-collector.ts';
import { namesOf } from './dust-collector-off.ts';

const minuteMs = 60_000;
const stoppedBits = stateBit.STOPPED | stateBit.FAULT;

type Line = 'runs' | 'stands' | 'unknown';

/** The collector must have started long enough before the line; judged when both run. */
export function startedLate(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: DustCollectorOf<'started-late'>,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  const fan = view.timeline(place.collector.equipmentId);
  if (!fan) return unjudged('unknown', 'collector-unknown');
  const leadMs = (p.leadMinutes - p.orderToleranceMinutes) * minuteMs;
  const lineMs = lineWidthMs(view, place);
  const fromMs = startMs - lineMs - p.longestLateMinutes * minuteMs - fan.widthMs;
  if (hardlyChanges(view, place, fromMs, endMs)) return unjudged('not-claimed', 'no-line-start');
  let close = false;
  let kept = false;
  for (let ms = fromMs; ms < endMs; ms += minuteMs) {
    if (lineAt(view, place, ms) !== 'runs' || lineAt(view, place, ms - minuteMs) !== 'stands') continue;
    // The line started before the end of this bucket; the fan after the last report that it stood.
    const lineByMs = ms + lineMs;
    const fanByMs = firstRunning(fan, ms - leadMs - fan.widthMs, ms + p.longestLateMinutes * minuteMs, endMs);
    if (fanByMs === undefined) continue;
    const dueMs = Math.max(lineByMs, fanByMs + fan.widthMs);
    if (dueMs <= startMs || dueMs > endMs) continue;
    const stoodMs = lastStopped(fan, lineByMs - leadMs, dueMs);
    if (stoodMs !== undefined && lineByMs - stoodMs <= leadMs) {
      return {
        kind: 'judged',
        reason: 'collector-started-late',
        logLikelihoodRatio: 1,
        seen: undefined,
        bound: 0,
        share: 1,
        fromMs: ms,
        toMs: Math.max(ms, stoodMs) + p.leadMinutes * minuteMs,
        detail: { line: namesOf(place), lineMs: ms, fanMs: fanByMs, dueMinutes: p.leadMinutes },
      };
    }
    if (isRunning(fan, ms - p.leadMinutes * minuteMs, ms)) kept = true;
    else close = true;
  }
  if (close) return unjudged('unknown', 'order-too-close-to-tell');
  return kept ? quiet('start-order-kept') : unjudged('not-claimed', 'no-line-start');
}

/** The collector must have run on long enough after the line. Where the line runs on without it, that is another matter. */
export function stoppedEarly(
  view: SiteView,
  place: CollectorPlace,
  startMs: number,
  p: DustCollectorOf<'stopped-early'>,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  const fan = view.timeline(place.collector.equipmentId);
  if (!fan) return unjudged('unknown', 'collector-unknown');
  const trailMs = (p.trailMinutes - p.orderToleranceMinutes) * minuteMs;
  const lineMs = lineWidthMs(view, place);
  const fanMs = fan.widthMs;
  // One report of the line after the stop of the fan must have come.
  const afterMs = fanMs + lineMs;
  if (fan.uniformKind(startMs - afterMs - fanMs, endMs) !== undefined) {
    return unjudged('not-claimed', 'no-collector-stop');
  }
  let calm: string | undefined;
  for (let ms = Math.ceil((startMs - afterMs + 1) / fanMs) * fanMs; ms + afterMs <= endMs; ms += fanMs) {
    const stops = (fan.statesAt(ms) & stoppedBits) !== 0 && heardAt(fan, ms - fanMs) === stateBit.RUNNING;
    if (!stops) continue;
    const ranMs = lastRun(view, place, ms + fanMs - p.trailMinutes * minuteMs - lineMs, ms + afterMs);
    if (ranMs === undefined) calm ??= 'stop-order-kept';
    else if (ranMs === 'unknown') calm = 'line-unknown';
    else if (ranMs >= ms + fanMs) calm ??= 'no-collector-stop';
    else if (isCut(view, ranMs, ms + afterMs)) calm = 'stopped-by-power-cut';
    // The line stopped after its last report of work, which came in this bucket or at its beginning.
    else if (ms + fanMs - (ranMs + minuteMs - lineMs) <= trailMs) {
      return {
        kind: 'judged',
        reason: 'collector-stopped-early',
        logLikelihoodRatio: 1,
        seen: undefined,
        bound: 0,
        share: 1,
        fromMs: ms,
        toMs: ranMs + (1 + p.trailMinutes) * minuteMs,
        detail: { line: namesOf(place), lineMs: ranMs + minuteMs, fanMs: ms, dueMinutes: p.trailMinutes },
      };
    } else calm = 'order-too-close-to-tell';
  }
  if (calm === 'stop-order-kept') return quiet(calm);
  return calm === undefined || calm === 'no-collector-stop'
    ? unjudged('not-claimed', 'no-collector-stop')
    : unjudged('unknown', calm);
}

function lineWidthMs(view: SiteView, { line }: CollectorPlace): number {
  let widthMs = minuteMs;
  for (const { equipmentId } of line.equipment) {
    widthMs = Math.max(widthMs, view.timeline(equipmentId)?.widthMs ?? 0);
  }
  return widthMs;
}

/** One machine ran throughout, or none ran at all: the line neither started nor stopped. */
function hardlyChanges(view: SiteView, { line }: CollectorPlace, fromMs: number, toMs: number): boolean {
  let allStand = true;
  for (const { equipmentId } of line.equipment) {
    const kind = view.timeline(equipmentId)?.uniformKind(fromMs - minuteMs, toMs);
    if (kind === 'running') return true;
    if (kind !== 'stopped' && kind !== 'standby') allStand = false;
  }
  return allStand;
}

/** What was reported of the line in a minute; tests and maintenance on file are no production. */
function lineAt(view: SiteView, { line }: CollectorPlace, ms: number): Line {
  let all: Line = 'stands';
  for (const machine of line.equipment) {
    const states = heardAt(view.timeline(machine.equipmentId), ms);
    if ((states & stateBit.RUNNING) !== 0 && !isExcused(view, machine, ms)) return 'runs';
    if ((states & ~stateBit.UNKNOWN) === 0) all = 'unknown';
  }
  return all;
}

/** States of a bucket, or of the one before where nothing was heard: reports slip over its edge. */
function heardAt(timeline: Timeline | undefined, ms: number): number {
  if (!timeline) return 0;
  return timeline.statesAt(ms) || timeline.statesAt(ms - timeline.widthMs);
}

function isExcused(view: SiteView, machine: Equipment, ms: number): boolean {
  for (const work of view.work) {
    if (work.withdrawn || (work.kind !== 'TEST_RUN' && work.kind !== 'MAINTENANCE')) continue;
    if (work.startMs < ms + minuteMs && work.endMs > ms && concerns(work, machine)) return true;
  }
  return false;
}

/** Last minute of [fromMs, toMs) in which the line ran; `unknown` where it may have run later. */
function lastRun(view: SiteView, place: CollectorPlace, fromMs: number, toMs: number): number | 'unknown' | undefined {
  for (let ms = toMs - minuteMs; ms >= fromMs; ms -= minuteMs) {
    const line = lineAt(view, place, ms);
    if (line === 'runs') return ms;
    if (line === 'unknown') return 'unknown';
  }
  return undefined;
}

/** Start of the first bucket after a stop, or the first of all, in which the collector was heard running. */
function firstRunning(fan: Timeline, fromMs: number, latestMs: number, endMs: number): number | undefined {
  const width = fan.widthMs;
  const first = Math.floor(fromMs / width) * width;
  let found: number | undefined;
  for (let ms = first; ms <= latestMs && ms + width <= endMs; ms += width) {
    const states = fan.statesAt(ms);
    if ((states & stateBit.RUNNING) !== 0) found ??= ms;
    else if ((states & stoppedBits) !== 0) found = undefined;
  }
  return found;
}

/** Start of the last bucket that begins in [fromMs, toMs) in which the collector was heard standing. */
function lastStopped(fan: Timeline, fromMs: number, toMs: number): number | undefined {
  const width = fan.widthMs;
  for (let ms = Math.ceil(toMs / width) * width - width; ms >= fromMs; ms -= width) {
    if ((fan.statesAt(ms) & stoppedBits) !== 0) return ms;
  }
  return undefined;
}

/** Heard running, and nothing else, all over [fromMs, toMs). */
function isRunning(fan: Timeline, fromMs: number, toMs: number): boolean {
  return fan.uniformKind(fromMs, toMs) === 'running';
}

/** The supply failed meanwhile: nobody stopped anything. */
function isCut(view: SiteView, fromMs: number, toMs: number): boolean {
  for (const { kind, startMs, endMs } of view.events) {
    if (kind !== 'POWER_CUT' && kind !== 'REGIONAL_OUTAGE') continue;
    if (startMs < toMs && (endMs ?? toMs) > fromMs) return true;
  }
  return false;
}
