import type { CameraWitness, SiteEvent, WorkRecord } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import type { DustCleaningOf, DustPlace } from './dust-cleaning.ts';
import { isCleaningOf } from './dust-cleaning-duty.ts';
import { minute, type Production, productionMinutes, productionOf } from './production.ts';

const minuteMs = 60_000;

/**
 * A claimed cleaning against production meanwhile. Each slot looks back over the claim up to its own end, so the slot in
 * which the tolerated overlap is used up tells it from the first minute of it on.
 */
export function claimedWhileRunning(
  view: SiteView,
  version: SiteVersion,
  place: DustPlace,
  startMs: number,
  p: DustCleaningOf<'claimed-while-running'>,
  lookBackMs: number,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  let calm: SlotJudgement | undefined;
  for (const record of view.work) {
    if (record.startMs >= endMs || record.endMs <= startMs || !isCleaningOf(record, place)) continue;
    const production = cleanedProduction(version, place, record);
    if (!production) continue;
    const judged = judgeClaim(view, production, record, startMs, place.stepMs, p.overlapMinutes, lookBackMs);
    if (judged.logLikelihoodRatio > 0) return judged;
    if (!calm || judged.kind === 'unknown') calm = judged;
  }
  return calm ?? unjudged('not-claimed', 'nothing-claimed');
}

/** What must stand while it is cleaned: the machine, where the record names one. */
function cleanedProduction(version: SiteVersion, place: DustPlace, record: WorkRecord): Production | undefined {
  if (record.equipmentId === null) return place.production;
  const machine = place.production!.equipment.filter((e) => e.equipmentId === record.equipmentId);
  return productionOf(version, machine);
}

function judgeClaim(
  view: SiteView,
  production: Production,
  record: WorkRecord,
  startMs: number,
  stepMs: number,
  overlapMinutes: number,
  lookBackMs: number,
): SlotJudgement {
  const fromMs = Math.floor(Math.max(record.startMs, startMs - lookBackMs) / minuteMs) * minuteMs;
  const toMs = Math.min(startMs + stepMs, Math.ceil(record.endMs / minuteMs) * minuteMs);
  const minutes = productionMinutes(view, production, fromMs, toMs);
  const slotFrom = Math.max(0, (startMs - fromMs) / minuteMs);
  let before = 0;
  let inSlot = 0;
  let metered = 0;
  let unknown = 0;
  let first = -1;
  let last = -1;
  for (let at = 0; at < minutes.length; at++) {
    const code = minutes[at]!;
    if (code === minute.unknown) unknown++;
    if (code < minute.reported) continue;
    if (first < 0) first = at;
    last = at;
    if (code === minute.metered) metered++;
    if (at < slotFrom) before++;
    else inSlot++;
  }
  const ran = before + inSlot;
  if (ran <= overlapMinutes) {
    return ran + unknown > overlapMinutes
      ? unjudged('unknown', 'production-unknown')
      : quiet('line-stood-while-cleaned');
  }
  if (inSlot === 0) return quiet('line-stood-while-cleaned');
  const crossing = before <= overlapMinutes;
  return {
    kind: 'judged',
    reason: 'line-ran-while-cleaned',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: Math.min(1, ((crossing ? ran : inSlot) * minuteMs) / stepMs),
    fromMs: crossing ? Math.max(record.startMs, fromMs + first * minuteMs) : startMs,
    toMs: Math.min(record.endMs, fromMs + (last + 1) * minuteMs),
    detail: { ranMinutes: ran, meteredMinutes: metered, claimFromMs: record.startMs, claimToMs: record.endMs },
  };
}

type ByCamera = DustCleaningOf<'contradicted-by-camera'>;

/** A claimed cleaning against what cameras of the section saw, once all of them have had time to speak. */
export function contradictedByCamera(view: SiteView, place: DustPlace, startMs: number, p: ByCamera): SlotJudgement {
  const endMs = startMs + place.stepMs;
  let found: SlotJudgement | undefined;
  let soFar: string | undefined;
  for (const record of view.work) {
    if (!isCleaningOf(record, place)) continue;
    const dueMs = record.endMs + p.waitMinutes * minuteMs;
    if (dueMs > startMs && dueMs <= endMs) {
      const judged = judgeByCamera(view, place, record, p);
      if (!found || judged.logLikelihoodRatio > 0) found = judged;
      // A finding that is taken back asks the slot in which its claim began for the reason.
    } else if (record.startMs >= startMs && record.startMs < endMs) {
      soFar = judgeByCamera(view, place, record, p).reason;
    }
  }
  return found ?? unjudged('not-claimed', soFar ?? 'nothing-claimed');
}

function judgeByCamera(view: SiteView, place: DustPlace, record: WorkRecord, p: ByCamera): SlotJudgement {
  const cameras: CameraWitness[] = [];
  const watched: (readonly [number, number])[] = [];
  let seen = false;
  for (const event of view.events) {
    const denies = event.kind === 'CLEANING_NOT_SEEN';
    if (!denies && event.kind !== 'CLEANING_SEEN') continue;
    // A camera that gives no end speaks of the rest of the claim.
    const toMs = event.endMs ?? record.endMs;
    if (event.startMs > record.endMs || toMs < record.startMs) continue;
    if (!isCredible(view, event, toMs, place, p.leastConfidence)) continue;
    const { confidence, reference } = event;
    cameras.push({ sourceId: event.sourceId!, supports: denies, confidence, reference });
    if (denies) watched.push([Math.max(event.startMs, record.startMs), Math.min(toMs, record.endMs)]);
    else seen = true;
  }
  if (watched.length === 0) return seen ? quiet('cleaning-seen') : unjudged('not-claimed', 'no-camera-spoke');
  if (seen) return { ...unjudged('unknown', 'cameras-disagree'), cameras };
  const lengthMs = record.endMs - record.startMs;
  const watchedPercent = lengthMs === 0 ? 100 : (100 * unionMs(watched)) / lengthMs;
  if (watchedPercent < p.leastSeenPercent) return unjudged('not-claimed', 'cleaning-seen-in-part');
  return {
    kind: 'judged',
    reason: 'cleaning-not-seen',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: 1,
    fromMs: record.startMs,
    toMs: record.endMs,
    cameras: cameras.sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1)),
    detail: { watchedPercent, claimFromMs: record.startMs, claimToMs: record.endMs },
  };
}

/** A camera registered there, sure enough, and neither dark nor covered while it watched. */
function isCredible(
  view: SiteView,
  { sourceId, confidence, startMs }: SiteEvent,
  toMs: number,
  { cameraIds }: DustPlace,
  leastConfidence: number,
): boolean {
  if (sourceId === null || !cameraIds.includes(sourceId)) return false;
  if (confidence !== null && confidence < leastConfidence) return false;
  for (const other of view.events) {
    if (other.kind !== 'CAMERA_DARK' && other.kind !== 'CAMERA_BLIND') continue;
    if (other.sourceId === sourceId && other.startMs < toMs && (other.endMs ?? toMs) > startMs) return false;
  }
  return true;
}

function unionMs(spans: (readonly [number, number])[]): number {
  let sum = 0;
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const [fromMs, toMs] of spans.sort((a, b) => a[0] - b[0])) {
    sum += Math.max(0, toMs - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return sum;
}
