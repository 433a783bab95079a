import type { Span } from '../reported-state.ts';
import { hourMs, minuteMs } from './china-days.ts';
import type { FirmSection, Welder } from './firm.ts';
import type { Planner } from './planner.ts';

/** Hot work in dust workshops against GB 15577-2018 6.2.1: without a permit, past it, or beside a running line. */
export const hotWorkTricks = {
  'hot-work-no-permit': (planner: Planner) => {
    const place = workplace(planner, 'welder');
    const span = place && planner.whileIdle(lineOf(planner, place.section), [7, 21], planner.minutes(40, 150));
    if (!place || !span) return false;
    weld(planner, place, span, 'hot-work-no-permit', span);
    return true;
  },
  'hot-work-past-permit': (planner: Planner) => {
    const place = workplace(planner, 'welder');
    const span = place && planner.whileIdle(lineOf(planner, place.section), [7, 20], planner.minutes(120, 200));
    if (!place || !span) return false;
    const endMs = span.fromMs + planner.minutes(45, 60) * minuteMs;
    permit(planner, place.section, { fromMs: span.fromMs - 20 * minuteMs, toMs: endMs }, span.fromMs - 60 * minuteMs);
    weld(planner, place, span, 'hot-work-past-permit', { fromMs: endMs, toMs: span.toMs });
    return true;
  },
  'hot-work-line-runs': (planner: Planner) => {
    const place = workplace(planner, 'welder');
    const span = place && planner.inside(planner.jointRuns(lineOf(planner, place.section)), planner.minutes(50, 140));
    if (!place || !span) return false;
    permit(planner, place.section, { fromMs: span.fromMs, toMs: span.toMs }, span.fromMs - 90 * minuteMs);
    weld(planner, place, span, 'hot-work-line-runs', span);
    return true;
  },
};

/** Hot work as it should be, and what only looks like it. */
export const hotWorkHabits = {
  'hot-work-permitted': (planner: Planner) => honestWork(planner, -90, 'permitted'),
  /** The permit was given on paper before, and filed hours after. */
  'hot-work-late-permit': (planner: Planner) => honestWork(planner, planner.minutes(100, 330), 'permit filed late'),
  /** An angle grinder: too little power and too steady for an arc. */
  'hot-work-grinder': (planner: Planner) => {
    const place = workplace(planner, 'grinder');
    const span = place && planner.whileIdle(lineOf(planner, place.section), [8, 20], planner.minutes(20, 60));
    if (!place || !span) return false;
    planner.firm.deeds.welding.push({ ...span, sectionId: place.section.id, welderId: place.tool.id, duty: 0.4 });
    planner.label('hot-work', 'SECTION', place.section.id, span, 'excused', 'grinder');
    return true;
  },
};

function honestWork(planner: Planner, filedAfterMinutes: number, note: string): boolean {
  const place = workplace(planner, 'welder');
  const span = place && planner.whileIdle(lineOf(planner, place.section), [7, 20], planner.minutes(40, 120));
  if (!place || !span) return false;
  const valid = { fromMs: span.fromMs - 30 * minuteMs, toMs: span.fromMs + 8 * hourMs };
  // It would permit what is done without a permit in the section, too.
  const isLied = planner.firm.deeds.labels.some(
    ({ kind, subjectId, startMs, endMs }) =>
      kind === 'lie' && subjectId === place.section.id && startMs < valid.toMs && endMs > valid.fromMs,
  );
  if (isLied) return false;
  // Its section stands for as long as the permit holds.
  for (const machine of lineOf(planner, place.section))
    planner.firm.deeds.rests.push({ machineId: machine.id, ...valid });
  permit(planner, place.section, valid, span.fromMs + filedAfterMinutes * minuteMs);
  work(planner, place, span);
  planner.label('hot-work', 'SECTION', place.section.id, span, 'excused', note);
  return true;
}

interface Workplace {
  readonly section: FirmSection;
  readonly tool: Welder;
}

function workplace(planner: Planner, kind: Welder['tool']): Workplace | undefined {
  const tools = planner.firm.welders.filter(({ tool }) => tool === kind);
  if (tools.length === 0) return undefined;
  const tool = planner.random.pick(tools);
  return { tool, section: planner.firm.sections.find(({ id }) => id === tool.sectionId)! };
}

function lineOf(planner: Planner, section: FirmSection) {
  return planner.line.filter(({ sectionId }) => sectionId === section.id);
}

function permit(planner: Planner, section: FirmSection, span: Span, filedAtMs: number): void {
  planner.work('HOT_WORK_PERMIT', span, filedAtMs, { sectionId: section.id, regime: 'GB 15577-2018', grade: '2' });
}

/** Work with its traces, and the label of the part that was wrong. */
function weld(planner: Planner, place: Workplace, span: Span, note: string, wrong: Span): void {
  const seen = work(planner, place, span);
  planner.label('hot-work', 'SECTION', place.section.id, wrong, 'lie', seen ? note : `${note}, unobservable`);
}

/** True when somebody or something could have seen it: a chip, a camera, a fast meter, or a permit. */
function work(planner: Planner, { section, tool }: Workplace, span: Span): boolean {
  const { firm, random } = planner;
  firm.deeds.welding.push({ ...span, sectionId: section.id, welderId: tool.id, duty: random.between(0.2, 0.55) });
  if (tool.chip) {
    for (let atMs = span.fromMs; atMs < span.toMs; atMs += planner.minutes(9, 13) * minuteMs) {
      planner.event(
        'WELDER_START',
        { startMs: atMs, sectionId: section.id, equipmentId: tool.id, sourceId: tool.id },
        3000,
      );
    }
  }
  if (section.cameraId !== null) {
    for (let atMs = span.fromMs + 2 * minuteMs; atMs < span.toMs; atMs += planner.minutes(8, 20) * minuteMs) {
      const confidence = Math.round(random.between(0.72, 0.97) * 100) / 100;
      const kind = random.next() < 0.15 ? 'FLAME' : 'SPARK';
      const clip = `clip/${section.cameraId}/${atMs}`;
      planner.event(
        kind,
        { startMs: atMs, sectionId: section.id, sourceId: section.cameraId, confidence, reference: clip },
        4000,
      );
    }
  }
  const meter = firm.meters.find(({ feeds }) => feeds.includes(tool.id))!;
  return tool.chip || section.cameraId !== null || meter.intervalMs <= minuteMs;
}
