import { isSunny } from '../generation.ts';
import { changesMeter } from '../meter-change.ts';
import type { MeterNode } from '../meter-tree.ts';
import type { Meter, SiteRegistration } from '../records.ts';
import type { SiteVersion, Witness } from '../site.ts';
import type { Learned, Place, SiteView, SlotJudgement, SubjectRef } from './detector.ts';
import { unjudged } from './detector.ts';

/** Meters are held against each other over the longest slots that they may have. */
export const stepMs = 900_000;

/** One meter, held against its own history. */
export class MeterPlace implements Place {
  readonly stepMs = stepMs;
  readonly drive = 'load';
  readonly equipmentId = '';
  readonly meter: Meter;
  readonly registration: SiteRegistration;
  /** What it can bear witness of; `undefined` where no production is behind it. */
  readonly witness: Witness | undefined;
  readonly awaitsMeter?: 'registers' | 'estimates';

  constructor({ registration, witnesses }: SiteVersion, meter: Meter, awaitsMeter?: 'registers' | 'estimates') {
    this.registration = registration;
    this.meter = meter;
    this.witness = witnesses.find(({ meterId }) => meterId === meter.meterId);
    if (awaitsMeter) this.awaitsMeter = awaitsMeter;
  }

  get key(): string {
    return this.meter.meterId;
  }

  get meterId(): string {
    return this.meter.meterId;
  }

  get subjects(): readonly SubjectRef[] {
    return [subjectOf(this.meter)];
  }

  /** All meters whose change on file makes what was learned worthless. */
  get meterIds(): readonly string[] {
    return [this.meter.meterId];
  }
}

/** A meter with those below it: the subjects are the meter itself, then each of them. */
export class NodePlace implements Place {
  readonly stepMs = stepMs;
  readonly drive = 'load';
  readonly equipmentId = '';
  readonly node: MeterNode;
  readonly registration: SiteRegistration;
  readonly parts: readonly Witness[];
  readonly subjects: readonly SubjectRef[];

  constructor({ registration, witnesses }: SiteVersion, node: MeterNode, subjects: 'all' | 'parts') {
    this.registration = registration;
    this.node = node;
    this.parts = node.parts.flatMap((part) => witnesses.find(({ meterId }) => meterId === part.meterId) ?? []);
    const parts = subjects === 'all' ? node.parts : this.parts.map(({ meter }) => meter);
    this.subjects = [...(subjects === 'all' ? [node.whole] : []), ...parts].map(subjectOf);
  }

  get key(): string {
    return this.node.whole.meterId;
  }

  get meterId(): string {
    return this.node.whole.meterId;
  }

  get meterIds(): readonly string[] {
    const { whole, parts, roofs } = this.node;
    return [whole, ...parts, ...roofs].map(({ meterId }) => meterId);
  }

  /** By day less may come through the meter than its parts draw. */
  isLowered(startMs: number): boolean {
    return this.node.unmeteredSun && isSunny(this.registration, startMs, startMs + stepMs);
  }
}

export type TamperingPlace = MeterPlace | NodePlace;

function subjectOf({ meterId, feeds }: Meter): SubjectRef {
  return { kind: 'METER', id: meterId, equipmentIds: feeds };
}

/** What every meter of a node is thought to be where nothing can be told of any. */
export function allUnknown(place: TamperingPlace, reason: string): readonly SlotJudgement[] {
  return Array<SlotJudgement>(place.subjects.length).fill(unjudged('unknown', reason));
}

/** Whether meters of a place, or their transformers, were replaced on file before the end of a slot, as far as that is held. */
export function isChanged(view: SiteView, place: TamperingPlace, startMs: number): boolean {
  return someChange(view, place, (fromMs) => fromMs < startMs + stepMs);
}

/** What was learned of the installations that stand; `undefined` where any of them is another by now. */
export function learnedOf(
  view: SiteView,
  place: TamperingPlace,
  startMs: number,
  learned: Learned | undefined,
): Learned | undefined {
  const changesNow = someChange(view, place, (fromMs, toMs) => fromMs < startMs + stepMs && toMs >= startMs);
  return learned?.[0] === installationOf(place) && !changesNow ? learned : undefined;
}

/** A number that changes with any of the installations (FNV-1a): the first of what is learned. */
export function installationOf({ meterIds, registration }: TamperingPlace): number {
  let hash = 0x811c9dc5;
  for (const { meterId, installationId } of registration.meters) {
    if (!meterIds.includes(meterId)) continue;
    const text = `${meterId} ${installationId}`;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

function someChange(
  view: SiteView,
  { meterIds, registration }: TamperingPlace,
  at: (fromMs: number, toMs: number) => boolean,
): boolean {
  for (const event of view.events) {
    if (!at(event.startMs, event.endMs ?? event.startMs)) continue;
    if (meterIds.some((meterId) => changesMeter(event, meterId, registration))) return true;
  }
  return false;
}
