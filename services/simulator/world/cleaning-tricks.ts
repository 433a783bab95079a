import { localDay } from './china-days.ts';
import type { CleaningDeed } from './deeds.ts';
import type { Planner } from './planner.ts';
import { shiftsOfDay } from './schedule.ts';
import { clipSpans } from './spans.ts';

/** Dust cleaning (清扫清灰) that was not done, or not as said; labels are made where the shift is lived. */
export const cleaningTricks = {
  'not-cleaned': (planner: Planner) => forShift(planner, 'skipped', false),
  'cleaned-while-running': (planner: Planner) => forShift(planner, 'claimed-while-running', false),
  'cleaning-denied-by-camera': (planner: Planner) => forShift(planner, 'denied-by-camera', true),
  'air-blowing': (planner: Planner) => forShift(planner, 'air-blowing', true),
  'thick-layer': (planner: Planner) => forShift(planner, 'thick-layer', false),
};

function forShift(planner: Planner, how: CleaningDeed['how'], camera: boolean): boolean {
  const { firm, random } = planner;
  const sections = firm.sections.filter(({ cleans, cameraId }) => cleans && (!camera || cameraId !== null));
  if (sections.length === 0) return false;
  const section = random.pick(sections);
  const line = planner.line.filter(({ sectionId }) => sectionId === section.id);
  const runs = planner.jointRuns(line);
  for (let i = 0; i < 60; i++) {
    if (runs.length === 0) return false;
    const run = random.pick(runs);
    const shift = shiftsOfDay(firm, localDay(run.fromMs)).find(
      ({ fromMs, toMs }) => fromMs <= run.fromMs && run.fromMs < toMs,
    );
    if (!shift || clipSpans(runs, shift.fromMs, shift.toMs).length === 0) continue;
    const span = { fromMs: shift.fromMs, toMs: shift.toMs };
    if (!planner.book(span)) continue;
    firm.deeds.cleaning.push({ ...span, sectionId: section.id, how });
    return true;
  }
  return false;
}
