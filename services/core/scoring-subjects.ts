import type { Label } from './recording.ts';
import type { SubjectKind } from './records.ts';
import type { ScoredFinding } from './scoring.ts';
import type { FirmIndex } from './scoring-index.ts';

/** Where the things of one firm are, as far as findings and labels may name one for another. */
export interface Places {
  /** Section of a machine or camera; undefined where none is registered. */
  sectionOf(kind: SubjectKind, id: string): string | undefined;
  /** The meter that measures what this one does and more. */
  parentOf(meterId: string): string | null;
  /** True when reports of the machine came through the gateway. */
  isBehind(gatewayId: string, equipmentId: string): boolean;
}

export function placesOf(firm: FirmIndex | undefined): Places {
  const sections = new Map<string, string>();
  for (const { equipmentId, sectionId } of firm?.site?.equipment ?? []) {
    if (sectionId !== '') sections.set(`EQUIPMENT/${equipmentId}`, sectionId);
  }
  for (const { cameraId, sectionId } of firm?.site?.cameras ?? []) sections.set(`CAMERA/${cameraId}`, sectionId);
  const gateways = new Map<string, Set<string>>();
  for (const [equipmentId, runs] of firm?.telemetry ?? []) {
    const through = new Set<string>();
    for (const { gatewayId } of runs) if (gatewayId !== null) through.add(gatewayId);
    gateways.set(equipmentId, through);
  }
  return {
    sectionOf: (kind, id) => (kind === 'SECTION' ? id : sections.get(`${kind}/${id}`)),
    parentOf: (id) => firm?.site?.meters.find(({ meterId }) => meterId === id)?.parentMeterId ?? null,
    isBehind: (gatewayId, equipmentId) => gateways.get(equipmentId)?.has(gatewayId) ?? false,
  };
}

/**
 * Whether an official who went where the finding sends them would stand before what the label is about
 * (docs/recordings.md has this as a table). A finding may be wider than the label if it names the label's machine, and
 * narrower if it is within it; beside it is not enough.
 */
export function isAbout(finding: ScoredFinding, label: Label, places: Places): boolean {
  if (finding.enterpriseId !== label.enterpriseId) return false;
  const { subjectKind, subjectId } = finding;
  if (subjectKind === label.subjectKind && subjectId === label.subjectId) return true;
  switch (label.subjectKind) {
    case 'EQUIPMENT':
      return subjectKind !== 'EQUIPMENT' && finding.equipmentIds.includes(label.subjectId);
    case 'METER':
      // A balance accuses a meter and its parts together: it cannot say which of them lies.
      if (subjectKind === 'METER' && places.parentOf(label.subjectId) === subjectId) return true;
      return finding.meterId === label.subjectId;
    case 'ENTERPRISE':
      return true;
    case 'SECTION':
      return isWithin(subjectKind) && places.sectionOf(subjectKind, subjectId) === label.subjectId;
    case 'CAMERA':
      return subjectKind === 'SECTION' && places.sectionOf('CAMERA', label.subjectId) === subjectId;
    case 'GATEWAY':
      if (subjectKind === 'ENTERPRISE') return true;
      return subjectKind === 'EQUIPMENT' && places.isBehind(label.subjectId, subjectId);
  }
}

function isWithin(kind: SubjectKind): boolean {
  return kind === 'EQUIPMENT' || kind === 'CAMERA';
}
