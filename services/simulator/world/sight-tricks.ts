import type { Span } from '../reported-state.ts';
import { minuteMs } from './china-days.ts';
import type { FirmSection } from './firm.ts';
import type { Planner } from './planner.ts';

/** What cameras and sensors show, or should show. */
export const sightTricks = {
  'camera-dark': (planner: Planner) => blindCamera(planner, 'CAMERA_DARK'),
  'camera-blind': (planner: Planner) => blindCamera(planner, 'CAMERA_BLIND'),
  /** A workshop of more than thirty people without a camera, for as long as it is registered so. */
  'no-camera': (planner: Planner) => {
    const { firm } = planner;
    const bare = firm.sections.filter(({ dust, workers, cameraId }) => dust && workers > 30 && cameraId === null);
    for (const { id } of bare) {
      planner.label('camera-watch', 'SECTION', id, { fromMs: firm.startMs, toMs: firm.endMs }, 'lie', 'no-camera');
    }
    return bare.length > 0;
  },
  overcrowded: (planner: Planner) => {
    const section = seen(planner).filter(({ personLimit }) => personLimit !== null)[0];
    const span =
      section &&
      planner.inside(
        planner.jointRuns(planner.line.filter(({ sectionId }) => sectionId === section.id)),
        planner.minutes(40, 110),
      );
    if (!section || !span) return false;
    planner.firm.deeds.crowds.push({
      ...span,
      sectionId: section.id,
      count: section.personLimit! + planner.minutes(3, 9),
    });
    planner.label('overcrowding', 'SECTION', section.id, span, 'lie', 'overcrowded');
    return true;
  },
  /** A sensor shows what its limit forbids, and the machine runs on. */
  'limit-crossed': (planner: Planner) => pushPastLimit(planner, planner.minutes(12, 45), 'lie', 'limit-crossed'),
};

/** Indicators that tell whether a collector draws. */
const drawsOn = new Set(['differential_pressure_pa', 'duct_wind_speed_m_s', 'water_flow_m3_s', 'water_level_m']);

/** A value outside its limit for `minutes` while the machine runs; false where no machine has limits. */
export function pushPastLimit(planner: Planner, minutes: number, kind: 'lie' | 'excused', note: string): boolean {
  const sensed = planner.firm.machines.filter(({ limits, works }) => limits.length > 0 && works !== 'always');
  if (sensed.length === 0) return false;
  const machine = planner.random.pick(sensed);
  const limit = planner.random.pick(machine.limits.filter(({ indicator }) => indicator !== 'casting_length_mm'));
  const line = machine.works === 'follows' ? planner.line.filter(({ id }) => machine.serves.includes(id)) : [machine];
  const span = planner.inside(planner.jointRuns(line), minutes);
  if (!span) return false;
  const { low, high, indicator } = limit;
  const up = high !== null && (low === null || planner.random.next() < 0.5);
  const to = up ? high * planner.random.between(1.08, 1.25) : low! * planner.random.between(0.7, 0.9);
  // Two clean steps at least, or rounding would bring it back.
  planner.firm.deeds.pushes.push({ machineId: machine.id, ...span, indicator, to });
  const detector = drawsOn.has(indicator) ? 'limit|dust-collector' : 'limit';
  planner.label(detector, 'EQUIPMENT', machine.id, span, kind, `${note}, ${indicator}`);
  return true;
}

function seen(planner: Planner): FirmSection[] {
  return planner.firm.sections.filter(({ cameraId }) => cameraId !== null);
}

function blindCamera(planner: Planner, kind: 'CAMERA_DARK' | 'CAMERA_BLIND'): boolean {
  const sections = seen(planner).filter(({ dust }) => dust);
  if (sections.length === 0) return false;
  const section = planner.random.pick(sections);
  const line = planner.line.filter(({ sectionId }) => sectionId === section.id);
  const span = planner.inside(planner.jointRuns(line), planner.minutes(70, 160));
  if (!span) return false;
  tellBlind(planner, section, kind, span);
  planner.label(
    'camera-watch',
    'CAMERA',
    section.cameraId!,
    span,
    'lie',
    kind === 'CAMERA_DARK' ? 'camera-dark' : 'camera-blind',
  );
  return true;
}

/** Said when it goes blind, and again, with the end, when it sees. */
export function tellBlind(
  planner: Planner,
  section: FirmSection,
  kind: 'CAMERA_DARK' | 'CAMERA_BLIND',
  span: Span,
): void {
  const eventId = `${kind.toLowerCase()}-${section.id}-${span.fromMs / minuteMs}`;
  const said = { eventId, startMs: span.fromMs, sectionId: section.id, sourceId: section.cameraId };
  planner.event(kind, said, 30_000);
  planner.event(kind, { ...said, revision: 1, endMs: span.toMs }, 30_000);
}
