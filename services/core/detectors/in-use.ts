/** Whether a machine is in use at a moment, and whether filed work takes it out of use. */
import type { Equipment, WorkRecord } from '../records.ts';
import { concerns } from '../shares.ts';
import type { SiteVersion } from '../site.ts';
import type { ReportedKind } from '../timeline.ts';
import type { SiteView } from './detector.ts';
import { producersOf } from './production.ts';

export type Use = 'in-use' | 'not-in-use' | 'unknown';

/**
 * As the machine reports of itself; where it says nothing of itself, as what it serves does: sensors beside a collector
 * often know no state.
 */
export function useAt(view: SiteView, version: SiteVersion, machine: Equipment, ms: number): Use {
  const own = kindAt(view, machine.equipmentId, ms);
  if (own !== 'unknown') return own === 'running' ? 'in-use' : 'not-in-use';
  const served = servedBy(version, machine);
  let use: Use = served.length === 0 ? 'unknown' : 'not-in-use';
  for (const id of served) {
    const kind = kindAt(view, id, ms);
    if (kind === 'running') return 'in-use';
    if (kind === 'unknown') use = 'unknown';
  }
  return use;
}

/** Whether maintenance is on file for a machine at a moment. */
export function isMaintained(work: readonly WorkRecord[], machine: Equipment, ms: number): boolean {
  for (const record of work) {
    if (record.kind !== 'MAINTENANCE' || record.withdrawn || !(record.startMs <= ms && ms < record.endMs)) continue;
    if (concerns(record, machine)) return true;
  }
  return false;
}

/** Ids of the machines that a collector or fan exhausts: those registered, or all that produces in its section. */
function servedBy(version: SiteVersion, { kind, serves, sectionId }: Equipment): readonly string[] {
  if (serves.length > 0) return serves;
  if (kind !== 'DUST_COLLECTOR' && kind !== 'FAN') return [];
  return producersOf(version, sectionId, []).map((e) => e.equipmentId);
}

/** What a machine last said of itself, as long as a report holds. */
function kindAt(view: SiteView, equipmentId: string, ms: number): ReportedKind {
  const timeline = view.timeline(equipmentId);
  if (!timeline) return 'unknown';
  const { widthMs } = timeline;
  const bucketMs = Math.floor(ms / widthMs) * widthMs;
  for (let back = 0; back <= view.load.holdReports; back++) {
    const fromMs = bucketMs - back * widthMs;
    const kind = timeline.uniformKind(fromMs, fromMs + widthMs);
    if (kind !== undefined) return kind;
  }
  return 'unknown';
}
