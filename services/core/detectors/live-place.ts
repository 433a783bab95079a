/** Machines whose sensors are watched for being alive, and what such a sensor is. */
import { type Channel, channelStepMs } from '../channel.ts';
import type { EquipmentKind } from '../records.ts';
import type { SiteVersion } from '../site.ts';
import { type Place, type SiteView, type SlotJudgement, type SubjectRef, unjudged } from './detector.ts';

/** Two hours: a meal or a change of tools is shorter than that. */
const restSlots = 8;
/** How far back before a slot it is looked for rest, ms. */
export const restLookBackMs = restSlots * channelStepMs;

export interface LivePlace extends Place {
  readonly subjects: readonly [machine: SubjectRef];
}

/** Each machine that has limits registered: it sends readings. Narrowed to some kinds where a rule does so. */
export function livePlaces({ registration }: SiteVersion, kinds: readonly EquipmentKind[]): LivePlace[] {
  return registration.equipment
    .filter((e) => e.limits.length > 0 && (kinds.length === 0 || kinds.includes(e.kind)))
    .map(({ equipmentId }) => ({
      key: equipmentId,
      stepMs: channelStepMs,
      drive: 'reports',
      meterId: '',
      equipmentId: '',
      subjects: [{ kind: 'EQUIPMENT', id: equipmentId, equipmentIds: [equipmentId] }],
    }));
}

/** Whether an indicator has a value that may move; `airlock_running` and its like are on or off. */
export function isNumeric(indicator: string): boolean {
  return !indicator.endsWith('_running');
}

/** Whether the channels of a machine are kept: it is one of the places. */
export function isLive({ registration }: SiteVersion, ownerId: string, indicator: string): boolean {
  return isNumeric(indicator) && registration.equipment.some((e) => e.equipmentId === ownerId && e.limits.length > 0);
}

export function isInUse(view: SiteView, equipmentId: string, startMs: number): boolean {
  return view.timeline(equipmentId)?.uniformKind(startMs, startMs + channelStepMs) === 'running';
}

/** A machine that is not in use: for a while nobody can tell, after two hours that were reported at rest nothing is claimed. */
export function notInUse(view: SiteView, equipmentId: string, startMs: number): SlotJudgement {
  for (let back = 0; back < restSlots; back++) {
    const fromMs = startMs - back * channelStepMs;
    const kind = view.timeline(equipmentId)?.uniformKind(fromMs, fromMs + channelStepMs);
    // Silence is no rest: it ends nothing.
    if (kind !== 'stopped' && kind !== 'standby') return unjudged('unknown', 'not-in-use');
  }
  return unjudged('not-claimed', 'not-in-use');
}

/** Channels of which something was heard in the slot. */
export function heardChannels(view: SiteView, equipmentId: string, startMs: number): Channel[] {
  return view
    .channelsOf(equipmentId)
    .filter((channel) => isNumeric(channel.indicator) && channel.printAt(startMs) !== 0);
}
