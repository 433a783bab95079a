/**
 * Silent while it produces: nothing is heard of a machine, of all behind a gateway or of the whole firm, while meters show
 * a running load. The widest that is silent is judged, and nothing within it.
 */
import { evidenceLimit } from '../load-parameters.ts';
import type { SiteVersion } from '../site.ts';
import { bucketUnitMs } from '../timeline.ts';
import { type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';
import { evidenceOf } from './load-evidence.ts';
import { gatewaysOf, type SilencePlace, SlotSilence, silenceStepMs } from './silence.ts';
import { excuseOf } from './silence-excuse.ts';

export interface SilentParameters {
  readonly confirmAfterMinutes: number;
  readonly faultGraceMinutes: number;
}

interface Who {
  readonly subject: SubjectRef;
  readonly ids: ReadonlySet<string>;
  readonly reason: 'silent-firm' | 'silent-gateway' | 'silent-device';
  /** Where the fault lies, if it is one; undefined where that cannot be told. */
  readonly cause: string | undefined;
}

interface Slot {
  readonly view: SiteView;
  readonly version: SiteVersion;
  readonly silence: SlotSilence;
  readonly gateways: ReadonlyMap<string, readonly string[]>;
  readonly parameters: SilentParameters;
}

const heard = unjudged('not-claimed', 'heard');
const neverHeard = unjudged('unknown', 'never-heard');

/** The firm, its units in order, then each gateway of several: those name themselves. */
export function judgeSilence(
  view: SiteView,
  version: SiteVersion,
  place: SilencePlace,
  startMs: number,
  parameters: SilentParameters,
): readonly SlotJudgement[] {
  const silence = SlotSilence.of(view, place, startMs);
  if (silence === 'unconnected') return sameFor(place, neverHeard);
  if (silence === 'heard') return sameFor(place, isUtilitySilent(view, place, startMs) ? utilitySilent : heard);
  const gateways = gatewaysOf(view, place, startMs);
  const slot: Slot = { view, version, silence, gateways, parameters };
  const firmShare = silence.shareOf(place.machineIds);
  if (firmShare > 0) {
    const who = firmOf(place, gateways);
    const within = unjudged('unknown', 'judged-with-its-firm');
    return [judge(slot, who, firmShare), ...place.units.map(() => within), ...named(gateways, within)];
  }
  const silentIds = new Set<string>();
  const ofGateways = gatewaySubjects(gateways).map(({ subject, ids }) => {
    const judgement = judgePart(slot, place, { subject, ids, reason: 'silent-gateway', cause: 'gateway' });
    if (judgement !== heard) for (const id of ids) silentIds.add(id);
    return { ...judgement, subject };
  });
  const behindGateways = new Set(silentIds);
  const ofUnits = place.units.map((subject): SlotJudgement => {
    const { kind, equipmentIds } = subject;
    if (!equipmentIds.some((id) => silence.isConnected(id))) return neverHeard;
    if (silence.shareOf(equipmentIds) === 0) return heard;
    if (equipmentIds.every((id) => behindGateways.has(id))) return unjudged('unknown', 'judged-with-its-gateway');
    if (equipmentIds.every((id) => silentIds.has(id))) return unjudged('unknown', 'judged-with-its-meter');
    if (kind === 'METER') for (const id of equipmentIds) silentIds.add(id);
    return judgePart(slot, place, {
      subject,
      ids: new Set(equipmentIds),
      reason: 'silent-device',
      cause: kind === 'EQUIPMENT' && !isAloneAtGateway(slot, equipmentIds[0]!) ? 'device' : undefined,
    });
  });
  const firm = !silence.isAnySilent && isUtilitySilent(view, place, startMs) ? utilitySilent : heard;
  return [firm, ...ofUnits, ...ofGateways];
}

/** Then it may be the gateway as well as the device. */
function isAloneAtGateway({ view, silence, gateways }: Slot, id: string): boolean {
  const gatewayId = view.gatewayAt(id, silence.startMs);
  return gatewayId !== undefined && gateways.get(gatewayId)!.length === 1;
}

/** One whose silence is told from that of the whole site: others were heard since. */
function judgePart(slot: Slot, place: SilencePlace, who: Who): SlotJudgement {
  const { silence } = slot;
  const share = silence.shareOf([...who.ids]);
  if (share === 0) return heard;
  const silentFromMs = silence.sinceMs([...who.ids]) + silence.holdMs(who.ids);
  // Whole slots alone: an outage begins a minute sooner for one machine than for the next.
  if (share < 1) return unjudged('unknown', who.reason);
  if (!silence.othersHeard(place, who.ids, silentFromMs)) return unjudged('unknown', 'silence-not-told-apart');
  return judge(slot, who, share);
}

function judge({ view, version, silence, gateways, parameters }: Slot, who: Who, share: number): SlotJudgement {
  const { startMs, endMs } = silence;
  const evidence = evidenceOf(view, version, who.ids, startMs, endMs, share);
  const limit = evidenceLimit(view.load);
  const isRunning = evidence.logLikelihoodRatio >= limit;
  const sinceMs = silence.sinceMs([...who.ids]);
  const excuse =
    view.events.length === 0
      ? undefined
      : excuseOf(
          view.events,
          {
            version,
            ids: who.ids,
            gatewayOf: (id) => view.gatewayAt(id, startMs),
            gatewayIds: new Set(gateways.keys()),
            fromMs: startMs,
            toMs: endMs,
            isRunning,
          },
          parameters.faultGraceMinutes * bucketUnitMs,
        );
  if (excuse && !excuse.isSpent) return unjudged('unknown', excuse.reason);
  if (evidence.kind === 'ambiguous') return unjudged('unknown', 'which-machine-unknown');
  if (evidence.kind === 'missing') return unjudged('unknown', 'silent-with-its-meters');
  // Less than half of a slot says too little of what was drawn in it.
  if (evidence.kind !== 'told' || share < 0.5) return unjudged('unknown', who.reason);
  const isLong = endMs - sinceMs >= parameters.confirmAfterMinutes * bucketUnitMs;
  const atRest = evidence.logLikelihoodRatio <= -limit && evidence.isVisible;
  return {
    kind: 'judged',
    reason: isRunning && isLong ? (excuse?.reason ?? 'silent-while-running') : atRest ? 'silent-at-rest' : who.reason,
    logLikelihoodRatio: evidence.logLikelihoodRatio,
    seen: evidence.kw,
    bound: evidence.upperKw,
    share,
    // What was excused before is no part of it.
    ...(sinceMs >= startMs - silenceStepMs - silence.holdMs(who.ids) ? { fromMs: sinceMs } : {}),
    ...(who.cause === undefined ? {} : { cause: who.cause }),
    detail: {
      meterId: evidence.meterId,
      machines: who.ids.size,
      gateways: gateways.size,
      ...(excuse ? { filedMs: excuse.filedMs } : {}),
    },
  };
}

/** Behind two gateways or more the firm is the only thing that all have in common; behind one it may be that. */
function firmOf(place: SilencePlace, gateways: ReadonlyMap<string, readonly string[]>): Who {
  const ids = new Set(place.machineIds);
  return { subject: place.firm, ids, reason: 'silent-firm', cause: gateways.size > 1 ? 'firm' : undefined };
}

/** Gateways of several machines, where there is something else at the site that they can be told from. */
function gatewaySubjects(gateways: ReadonlyMap<string, readonly string[]>): Pick<Who, 'subject' | 'ids'>[] {
  return [...gateways]
    .filter(([, equipmentIds]) => equipmentIds.length > 1)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, equipmentIds]) => ({ subject: { kind: 'GATEWAY', id, equipmentIds }, ids: new Set(equipmentIds) }));
}

function named(gateways: ReadonlyMap<string, readonly string[]>, judgement: SlotJudgement): SlotJudgement[] {
  return gatewaySubjects(gateways).map(({ subject }) => ({ ...judgement, subject }));
}

const utilitySilent = unjudged('not-claimed', 'utility-silent');

/** Machines are heard, and of no meter that delivers at once did anything come of the slot. */
function isUtilitySilent(view: SiteView, { witnesses }: SilencePlace, startMs: number): boolean {
  let isPrompt = false;
  for (const { meter, meterId, stepMs } of witnesses) {
    const slots = view.meter(meterId)?.slots;
    for (let ms = startMs; slots && ms < startMs + silenceStepMs; ms += stepMs) {
      if (slots.qualityAt(ms) !== 'missing') return false;
    }
    if (meter.deliveryDelayMs === 0) isPrompt = true;
  }
  return isPrompt;
}

const lists = new Map<SlotJudgement, (readonly SlotJudgement[])[]>();

/** The firm as given; its units the same, but heard where it is the utility that is silent. */
function sameFor({ units }: SilencePlace, firm: SlotJudgement): readonly SlotJudgement[] {
  let ofLength = lists.get(firm);
  if (!ofLength) {
    ofLength = [];
    lists.set(firm, ofLength);
  }
  const rest = firm === utilitySilent ? heard : firm;
  ofLength[units.length] ??= [firm, ...units.map(() => rest)];
  return ofLength[units.length]!;
}
