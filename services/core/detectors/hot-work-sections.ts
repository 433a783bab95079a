import type { Section, SiteEvent, SiteRegistration } from '../records.ts';
import type { SubjectRef } from './detector.ts';

/** Which sections a rule is about: those in which dust is made, all others, or both. */
export type WhichSections = 'dust' | 'other' | 'all';

/** A section, or (without id) all of the site that lies in no registered one. */
export interface HotSection {
  readonly sectionId: string | undefined;
  readonly subject: SubjectRef;
}

/** Nobody registered sections: then all of a dust enterprise is one. */
export function isOneDustSection({ sections, sector }: SiteRegistration): boolean {
  return sections.length === 0 && sector === 'DUST_EXPLOSION';
}

/** The sections that a rule is about, in the order of the registration; the rest of the site is the last one. */
export function hotSections(registration: SiteRegistration, which: WhichSections): HotSection[] {
  if (registration.retired) return [];
  const found = registration.sections
    .filter((section) => isMeant(section, which))
    .map(({ sectionId }): HotSection => ({ sectionId, subject: sectionSubject(registration, sectionId) }));
  const wantsRest = isOneDustSection(registration) ? which !== 'other' : which !== 'dust';
  if (wantsRest) found.push({ sectionId: undefined, subject: sectionSubject(registration, undefined) });
  return found;
}

/** The registered section in which an event happened; `undefined` where it names none that is known. */
export function sectionOf(event: SiteEvent, registration: SiteRegistration): string | undefined {
  const named =
    event.sectionId ??
    registration.equipment.find(({ equipmentId }) => equipmentId === event.equipmentId)?.sectionId ??
    registration.cameras.find(({ cameraId }) => cameraId === event.sourceId)?.sectionId;
  return registration.sections.some(({ sectionId }) => sectionId === named) ? named : undefined;
}

export function sectionSubject(
  { enterpriseId, equipment }: SiteRegistration,
  sectionId: string | undefined,
): SubjectRef {
  if (sectionId === undefined) return { kind: 'ENTERPRISE', id: enterpriseId, equipmentIds: [] };
  const inside = equipment.filter((e) => e.sectionId === sectionId).map((e) => e.equipmentId);
  return { kind: 'SECTION', id: sectionId, equipmentIds: inside };
}

function isMeant({ dust }: Section, which: WhichSections): boolean {
  return which === 'all' || dust === (which === 'dust');
}
