/**
 * Short silences of the whole site, again and again while it produces: a line that fails of itself does not choose its
 * time. Each that ends is weighed against how often the line drops while nothing runs.
 */
import { evidenceLimit } from '../load-parameters.ts';
import type { SiteVersion } from '../site.ts';
import { bucketUnitMs } from '../timeline.ts';
import { type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { evidenceOf } from './load-evidence.ts';
import { gatewaysOf, type SilencePlace, silenceStepMs } from './silence.ts';
import { excuseOf } from './silence-excuse.ts';

export interface FlickerParameters {
  readonly faultGraceMinutes: number;
  readonly longestDropMinutes: number;
  readonly leastDrops: number;
  readonly usualDropsPerDay: number;
}

/** Quarters without production in which the line was watched, and those in which it dropped. */
export type IdleDrops = readonly [slots: number, drops: number];

/** Share of quarters with a drop that is looked for: one in two. */
const soughtShare = 0.5;
const slotsPerDay = 96;
/** Beyond two months of idle quarters the counts are halved. */
const mostIdleSlots = 60 * slotsPerDay;
/** Drops within so many quarters belong together. */
const togetherSlots = 4;
/** How far back before a slot it looks, ms. */
export const flickerLookBackMs = (togetherSlots + 1) * silenceStepMs;

interface Drop {
  readonly fromMs: number;
  readonly toMs: number;
}

const quietLine: SlotJudgement = {
  kind: 'judged',
  reason: 'heard',
  logLikelihoodRatio: Math.log(1 - soughtShare),
  seen: undefined,
  bound: 0,
  share: 0,
};

/** The one judgement of a site; `limit` is the evidence at which a run is confirmed. */
export function judgeFlicker(
  view: SiteView,
  version: SiteVersion,
  place: SilencePlace,
  startMs: number,
  parameters: FlickerParameters,
  limit: number,
  idle: IdleDrops | undefined,
): SlotJudgement {
  const line = lineAt(view, place, startMs);
  if (line === 'unconnected') return unjudged('unknown', 'never-heard');
  if (line === 'heard') return quietLine;
  if (line === 'silent') return unjudged('unknown', 'silent-firm');
  if (line.toMs - line.fromMs > parameters.longestDropMinutes * bucketUnitMs) return unjudged('unknown', 'silent-firm');
  const ids = new Set(place.machineIds);
  const evidence = evidenceOf(view, version, ids, startMs, startMs + silenceStepMs, 1);
  const weight = evidenceLimit(view.load);
  if (evidence.kind !== 'told') return unjudged('unknown', 'short-silence');
  if (excuseOfDrop(view, version, place, line, ids, parameters)) return unjudged('unknown', 'short-silence');
  const seen = { kind: 'judged', seen: evidence.kw, bound: evidence.upperKw } as const;
  if (evidence.logLikelihoodRatio < weight) {
    return { ...seen, reason: 'short-silence', logLikelihoodRatio: Math.log(1 - soughtShare), share: 0 };
  }
  const [slots, drops] = idle ?? [0, 0];
  const usual = (drops + parameters.usualDropsPerDay) / (slots + slotsPerDay);
  const llr = Math.min(limit / parameters.leastDrops, Math.log(soughtShare / Math.min(usual, 1)));
  const before = dropsBefore(view, place, startMs, parameters.longestDropMinutes);
  return {
    ...seen,
    reason: before > 0 && llr > 0 ? 'drops-while-running' : 'short-silence',
    logLikelihoodRatio: llr,
    share: (line.toMs - line.fromMs) / silenceStepMs,
    fromMs: line.fromMs,
    toMs: line.toMs,
    detail: { meterId: evidence.meterId, usualPerDay: usual * slotsPerDay, idleDrops: Math.round(drops) },
  };
}

/** What a sealed quarter teaches of the line while nothing runs. */
export function learnIdleDrops(
  view: SiteView,
  version: SiteVersion,
  place: SilencePlace,
  startMs: number,
  [slots, drops]: IdleDrops = [0, 0],
): IdleDrops {
  const line = lineAt(view, place, startMs);
  if (line === 'unconnected' || line === 'silent') return [slots, drops];
  const evidence = evidenceOf(view, version, new Set(place.machineIds), startMs, startMs + silenceStepMs, 1);
  if (evidence.kind !== 'told' || evidence.logLikelihoodRatio > -evidenceLimit(view.load)) return [slots, drops];
  const learned: IdleDrops = [slots + 1, drops + (line === 'heard' ? 0 : 1)];
  return learned[0] > mostIdleSlots ? [learned[0] / 2, learned[1] / 2] : learned;
}

/** The last drop that ended in the slot; else whether the line is heard at its end, or silent. */
function lineAt(view: SiteView, place: SilencePlace, startMs: number): Drop | 'heard' | 'silent' | 'unconnected' {
  const beforeMs = startMs - bucketUnitMs;
  const endMs = startMs + silenceStepMs;
  let isConnected = false;
  let silent = -1;
  for (const id of place.machineIds) {
    const timeline = view.timeline(id);
    if (!timeline || timeline.firstMs >= beforeMs) continue;
    isConnected = true;
    // One that is heard throughout is enough.
    if (timeline.uniformKind(beforeMs, endMs) !== undefined) return 'heard';
    silent &= timeline.silentMinutes(beforeMs, endMs, view.load.holdReports);
    if (silent === 0) return 'heard';
  }
  if (!isConnected) return 'unconnected';
  const minutes = silenceStepMs / bucketUnitMs;
  for (let minute = minutes; minute > 0; minute--) {
    if (((silent >> minute) & 1) === 1 || ((silent >> (minute - 1)) & 1) === 0) continue;
    const toMs = beforeMs + minute * bucketUnitMs;
    let fromMs = 0;
    for (const id of place.machineIds) fromMs = Math.max(fromMs, view.timeline(id)?.heardBeforeMs(toMs) ?? 0);
    return { fromMs, toMs };
  }
  return 'silent';
}

function dropsBefore(view: SiteView, place: SilencePlace, startMs: number, longestMinutes: number): number {
  let drops = 0;
  for (let back = 1; back <= togetherSlots; back++) {
    const line = lineAt(view, place, startMs - back * silenceStepMs);
    if (typeof line !== 'string' && line.toMs - line.fromMs <= longestMinutes * bucketUnitMs) drops++;
  }
  return drops;
}

function excuseOfDrop(
  view: SiteView,
  version: SiteVersion,
  place: SilencePlace,
  { fromMs, toMs }: Drop,
  ids: ReadonlySet<string>,
  { faultGraceMinutes }: FlickerParameters,
): boolean {
  if (view.events.length === 0) return false;
  const gateways = gatewaysOf(view, place, fromMs);
  const excuse = excuseOf(
    view.events,
    {
      version,
      ids,
      gatewayOf: (id) => view.gatewayAt(id, fromMs),
      gatewayIds: new Set(gateways.keys()),
      fromMs,
      toMs,
      // The quarter's load is that of the minutes around the drop: it belies nothing.
      isRunning: false,
    },
    faultGraceMinutes * bucketUnitMs,
  );
  return excuse !== undefined && !excuse.isSpent;
}
