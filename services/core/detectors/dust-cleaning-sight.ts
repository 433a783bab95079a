import { parseCameraCode } from '../gb28181.ts';
import type { CameraWitness, SiteEvent } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import { quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import type { DustCleaningOf, DustPlace } from './dust-cleaning.ts';
import { isCleaningOf } from './dust-cleaning-duty.ts';

/**
 * A layer of dust deeper than allowed. It is contradictory when it is measured; from then on nobody measures, and it
 * stands until it was cleaned or a shallower layer was measured.
 */
export function dustLayer(
  view: SiteView,
  version: SiteVersion,
  place: DustPlace,
  startMs: number,
  p: DustCleaningOf<'dust-layer'>,
  lookBackMs: number,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  let deepest: SiteEvent | undefined;
  let latest: SiteEvent | undefined;
  for (const event of view.events) {
    if (event.kind !== 'DUST_LAYER' || event.value === null) continue;
    if (event.startMs >= endMs || lastMs(event) < startMs - lookBackMs) continue;
    if (!isOf(event, place) || !isCredible(event, version, p.leastConfidence)) continue;
    if (lastMs(event) >= startMs && (deepest === undefined || event.value > deepest.value!)) deepest = event;
    if (latest === undefined || isLater(event, latest)) latest = event;
  }
  if (deepest && deepest.value! > p.highestLayerMm) {
    return {
      kind: 'judged',
      reason: 'layer-too-deep',
      logLikelihoodRatio: 1,
      seen: deepest.value!,
      bound: p.highestLayerMm,
      share: 1,
      ...within(deepest, startMs, endMs),
      cameras: witnessOf(deepest, version),
      detail: { depthMm: deepest.value!, source: deepest.sourceId ?? '' },
    };
  }
  if (latest && latest.value! <= p.highestLayerMm) return quiet('layer-within-limit');
  // Of a layer that is no longer held at least the cleaning is seen as it comes.
  const sinceMs = latest ? lastMs(latest) : startMs;
  for (const record of view.work) {
    if (isCleaningOf(record, place) && record.startMs < endMs && record.endMs > sinceMs) return quiet('layer-cleaned');
  }
  return unjudged('unknown', latest ? 'layer-not-cleaned' : 'no-layer-measured');
}

/** Dust blown about with compressed air, as a camera or an inspector saw it. */
export function airBlowing(
  view: SiteView,
  version: SiteVersion,
  place: DustPlace,
  startMs: number,
  p: DustCleaningOf<'air-blowing'>,
): SlotJudgement {
  const endMs = startMs + place.stepMs;
  let first: SiteEvent | undefined;
  let toMs = startMs;
  const cameras: CameraWitness[] = [];
  for (const event of view.events) {
    if (event.kind !== 'AIR_BLOWING' || event.startMs >= endMs || lastMs(event) < startMs) continue;
    // What ended with the slot before is no part of this one.
    if (lastMs(event) === startMs && event.startMs < startMs) continue;
    if (!isOf(event, place) || !isCredible(event, version, p.leastConfidence)) continue;
    if (first === undefined || isLater(first, event)) first = event;
    toMs = Math.max(toMs, within(event, startMs, endMs).toMs);
    cameras.push(...witnessOf(event, version));
  }
  if (!first) return quiet(place.cameraIds.length > 0 ? 'no-blowing-seen' : 'not-watched');
  const fromMs = Math.max(startMs, first.startMs);
  return {
    kind: 'judged',
    reason: 'blown-with-air',
    logLikelihoodRatio: 1,
    seen: undefined,
    bound: 0,
    share: (toMs - fromMs) / place.stepMs,
    fromMs,
    toMs,
    cameras: cameras.sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1)),
    detail: { source: first.sourceId ?? '', confidence: first.confidence ?? -1 },
  };
}

/** An event without an end is of its moment. */
function lastMs({ startMs, endMs }: SiteEvent): number {
  return endMs ?? startMs;
}

function isLater(a: SiteEvent, b: SiteEvent): boolean {
  return a.startMs > b.startMs || (a.startMs === b.startMs && a.eventId > b.eventId);
}

/** The part of an event in the slot; of a moment nobody knows how long it went on: to the end of the slot. */
function within({ startMs, endMs }: SiteEvent, slotMs: number, slotEndMs: number): { fromMs: number; toMs: number } {
  return { fromMs: Math.max(startMs, slotMs), toMs: Math.min(endMs ?? slotEndMs, slotEndMs) };
}

function isOf(event: SiteEvent, { sectionId, equipment }: DustPlace): boolean {
  if (event.sectionId !== null) return sectionId === undefined || event.sectionId === sectionId;
  return event.equipmentId === null || equipment.some((e) => e.equipmentId === event.equipmentId);
}

/** Gauges and inspectors have names of their own; a camera must be one of the site. */
function isCredible({ sourceId, confidence }: SiteEvent, version: SiteVersion, leastConfidence: number): boolean {
  if (confidence !== null && confidence < leastConfidence) return false;
  return sourceId === null || !parseCameraCode(sourceId).ok || isCamera(sourceId, version);
}

function isCamera(sourceId: string, { registration }: SiteVersion): boolean {
  return registration.cameras.some(({ cameraId }) => cameraId === sourceId);
}

function witnessOf({ sourceId, confidence, reference }: SiteEvent, version: SiteVersion): CameraWitness[] {
  return sourceId !== null && isCamera(sourceId, version) ? [{ sourceId, supports: true, confidence, reference }] : [];
}
