/** Who is silent in a quarter of an hour, and since when: minute by minute, from what was heard of each machine alone. */
import type { Equipment } from '../records.ts';
import type { SiteVersion, Witness } from '../site.ts';
import { bucketUnitMs } from '../timeline.ts';
import type { Place, SiteView, SubjectRef } from './detector.ts';

export const silenceStepMs = 900_000;
const minutes = silenceStepMs / bucketUnitMs;
const everyMinute = (1 << minutes) - 1;
/** Not connected yet: it was never heard before the slot, so it cannot have fallen silent. */
const unconnected = -1;

/** A whole site, whose silence is judged over all of its meters at once. */
export interface SilencePlace extends Place {
  /** The firm, then its units where those are judged too. */
  readonly subjects: readonly SubjectRef[];
  readonly machineIds: readonly string[];
  readonly firm: SubjectRef;
  readonly units: readonly SubjectRef[];
  readonly witnesses: readonly Witness[];
}

/** The place of a site, with its `units` or without; none where no meter says what goes on while nothing is heard. */
export function silencePlaces({ registration, witnesses }: SiteVersion, withUnits: boolean): readonly SilencePlace[] {
  if (witnesses.length === 0) return [];
  const machineIds = registration.equipment.map((e) => e.equipmentId);
  const firm: SubjectRef = { kind: 'ENTERPRISE', id: registration.enterpriseId, equipmentIds: machineIds };
  const units = withUnits ? unitsOf(registration.equipment, witnesses) : [];
  return [
    {
      key: 'site',
      stepMs: silenceStepMs,
      drive: 'time',
      meterId: '',
      equipmentId: '',
      subjects: [firm, ...units],
      machineIds,
      firm,
      units,
      witnesses,
    },
  ];
}

/** Who may be silent beside the rest of the site: machines behind one meter, and each whose load is told apart. */
function unitsOf(equipment: readonly Equipment[], witnesses: readonly Witness[]): SubjectRef[] {
  const units = new Map<string, SubjectRef>();
  const add = (subject: SubjectRef): void => {
    const key = `${subject.kind}/${subject.id}`;
    if (!units.has(key)) units.set(key, subject);
  };
  for (const { meterId, equipmentIds, tellsApart } of witnesses) {
    // Behind the total of a site stands the site.
    if (equipmentIds.length === 1 && equipment.length > 1) {
      add({ kind: 'EQUIPMENT', id: equipmentIds[0]!, equipmentIds });
    } else if (tellsApart && equipmentIds.length < equipment.length) add({ kind: 'METER', id: meterId, equipmentIds });
    if (!tellsApart) continue;
    for (const id of equipmentIds) add({ kind: 'EQUIPMENT', id, equipmentIds: [id] });
  }
  return [...units.values()];
}

/** Silent minutes of each machine of a slot. Made anew for each slot that is looked at; all of it is of that slot. */
export class SlotSilence {
  readonly startMs: number;
  readonly endMs: number;
  private readonly view: SiteView;
  private readonly silent = new Map<string, number>();

  private constructor(view: SiteView, startMs: number) {
    this.view = view;
    this.startMs = startMs;
    this.endMs = startMs + silenceStepMs;
  }

  /** `heard` where all machines are heard throughout, `unconnected` where none was ever connected. */
  static of(view: SiteView, place: SilencePlace, startMs: number): SlotSilence | 'heard' | 'unconnected' {
    const endMs = startMs + silenceStepMs;
    let silence: SlotSilence | undefined;
    let isConnected = false;
    for (const id of place.machineIds) {
      const timeline = view.timeline(id);
      const wasHeard = timeline !== undefined && timeline.firstMs < startMs;
      if (wasHeard) isConnected = true;
      if (wasHeard && timeline.uniformKind(startMs, endMs) !== undefined) continue;
      const silent = wasHeard ? timeline.silentMinutes(startMs, endMs, view.load.holdReports) : unconnected;
      if (silent === 0) continue;
      silence ??= new SlotSilence(view, startMs);
      silence.silent.set(id, silent);
    }
    return isConnected ? (silence ?? 'heard') : 'unconnected';
  }

  /** Whether a connected machine was silent in any minute. */
  get isAnySilent(): boolean {
    for (const silent of this.silent.values()) if (silent !== unconnected) return true;
    return false;
  }

  isConnected(id: string): boolean {
    return this.silent.get(id) !== unconnected;
  }

  /** Share of the slot, up to its end, in which none of the connected ones was heard; 0 where one is heard at the end. */
  shareOf(ids: readonly string[]): number {
    let all = everyMinute;
    let any = false;
    for (const id of ids) {
      if (!this.isConnected(id)) continue;
      any = true;
      all &= this.silent.get(id) ?? 0;
    }
    if (!any) return 0;
    let trailing = 0;
    while (trailing < minutes && ((all >> (minutes - 1 - trailing)) & 1) === 1) trailing++;
    return trailing / minutes;
  }

  /** When the last of the connected ones was last heard, ms, to the minute; at the end of a slot in which all are silent. */
  sinceMs(ids: readonly string[]): number {
    let sinceMs = 0;
    for (const id of ids) {
      if (this.isConnected(id)) sinceMs = Math.max(sinceMs, this.view.timeline(id)?.heardBeforeMs(this.endMs) ?? 0);
    }
    return sinceMs;
  }

  /** The longest time for which one of them keeps its last word, ms. */
  holdMs(ids: ReadonlySet<string>): number {
    let widthMs = 0;
    for (const id of ids) widthMs = Math.max(widthMs, this.view.timeline(id)?.widthMs ?? 0);
    return this.view.load.holdReports * widthMs;
  }

  /** Whether one that is not among them was heard after they had fallen silent for good: then it is not all of the site. */
  othersHeard(place: SilencePlace, ids: ReadonlySet<string>, silentFromMs: number): boolean {
    return place.machineIds.some((id) => {
      const timeline = ids.has(id) || !this.isConnected(id) ? undefined : this.view.timeline(id);
      // Of a report nothing is known but its bucket: it may have come as that began.
      return timeline !== undefined && timeline.heardBeforeMs(this.endMs) - timeline.widthMs >= silentFromMs;
    });
  }
}

/** Machines by the gateway through which they were last heard; those of which none is known are left out. */
export function gatewaysOf(view: SiteView, place: SilencePlace, ms: number): Map<string, string[]> {
  const gateways = new Map<string, string[]>();
  for (const id of place.machineIds) {
    const gatewayId = view.gatewayAt(id, ms);
    if (gatewayId === undefined) continue;
    const behind = gateways.get(gatewayId);
    if (behind) behind.push(id);
    else gateways.set(gatewayId, [id]);
  }
  return gateways;
}
