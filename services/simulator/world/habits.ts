import { hourMs, localDay, minuteMs } from './china-days.ts';
import { gateways, silence } from './dark-tricks.ts';
import { hotWorkHabits } from './hot-work.ts';
import type { Planner } from './planner.ts';
import { shiftsOfDay } from './schedule.ts';
import { pushPastLimit, tellBlind } from './sight-tricks.ts';
import { intersectSpans } from './spans.ts';

/** Honest things that look like lies: every known cause of a false alarm, by the name that scenarios call it by. */
export const habits = {
  ...hotWorkHabits,
  maintenance: (planner: Planner) => workOnFile(planner, 'MAINTENANCE', 'maintenance'),
  'test-run': (planner: Planner) => workOnFile(planner, 'TEST_RUN', 'test run'),
  /** The line to the gateway drops; what it kept comes when it is back. */
  'gateway-drops': (planner: Planner) => {
    const span = planner.atTime([0, 23], planner.minutes(6, 75), () => true);
    if (!span) return false;
    silence(planner, gateways(planner), span, true);
    excuseIfWorking(planner, span, 'gateway drop, filled later');
    return true;
  },
  /** A gateway breaks after hours; it is filed, and repaired the next morning. */
  'gateway-fault': (planner: Planner) => {
    const span = planner.whileIdle(planner.line, [18, 23], planner.minutes(180, 420));
    if (!span) return false;
    silence(planner, gateways(planner), span);
    planner.event(
      'GATEWAY_FAULT',
      { startMs: span.fromMs, endMs: span.toMs, sourceId: 'gateway-1' },
      20 * minuteMs - (span.toMs - span.fromMs),
    );
    planner.label('fake-offline', 'ENTERPRISE', planner.firm.id, span, 'excused', 'gateway fault on file');
    return true;
  },
  'power-cut': (planner: Planner) => {
    const span = planner.atTime([0, 23], planner.minutes(25, 150), () => true);
    if (!span) return false;
    planner.firm.deeds.cuts.push(span);
    planner.event(
      'POWER_CUT',
      { startMs: span.fromMs, endMs: span.toMs, sourceId: '供电所' },
      5 * minuteMs - (span.toMs - span.fromMs),
    );
    planner.label('fake-offline', 'ENTERPRISE', planner.firm.id, span, 'excused', 'power cut');
    return true;
  },
  /** The utility fills a gap by what is usual. */
  estimated: (planner: Planner) =>
    onAMeter(
      planner,
      [60, 360],
      { kind: 'estimated', factor: planner.random.between(0.9, 1.1) },
      'estimated by the utility',
    ),
  'missing-slots': (planner: Planner) => onAMeter(planner, [30, 200], { kind: 'missing' }, 'readings lost'),
  /** A meter is replaced, on file: its register begins anew. */
  'meter-swap': (planner: Planner) => {
    const span = planner.whileIdle(planner.line, [6, 20], 60);
    if (!span) return false;
    const { firm, random } = planner;
    const meter = random.pick(firm.meters);
    // Whole quarters, so that a slot is of one installation.
    const fromMs = Math.ceil(span.fromMs / 900_000) * 900_000;
    const atMs = fromMs + 30 * minuteMs;
    firm.deeds.meters.push({ meterId: meter.id, fromMs, toMs: atMs, how: { kind: 'missing' } });
    firm.deeds.meters.push({
      meterId: meter.id,
      fromMs: atMs,
      toMs: firm.endMs,
      how: { kind: 'installed', installationId: `2-${atMs / minuteMs}` },
    });
    planner.event('METER_CHANGE', { startMs: fromMs, endMs: atMs, sourceId: meter.id }, 10 * minuteMs);
    planner.label(
      'meter-tampering',
      'METER',
      meter.id,
      { fromMs, toMs: atMs + hourMs },
      'excused',
      'meter change on file',
    );
    return true;
  },
  'declared-stop': (planner: Planner) => stand(planner, 'STOPPAGE_DECLARED', planner.firm.id),
  'ordered-stop': (planner: Planner) => stand(planner, 'STOPPAGE_ORDERED', '县应急管理局'),
  /** Two shifts meet for some minutes. */
  'crowd-at-shift-change': (planner: Planner) => {
    const section = planner.firm.sections.find(
      ({ cameraId, personLimit }) => cameraId !== null && personLimit !== null,
    );
    if (!section) return false;
    const day = planner.atTime([12, 12.1], 30, (span) => shiftsOfDay(planner.firm, localDay(span.fromMs)).length > 0);
    if (!day) return false;
    const shift = planner.random.pick(shiftsOfDay(planner.firm, localDay(day.fromMs)));
    const span = { fromMs: shift.fromMs - 5 * minuteMs, toMs: shift.fromMs + 7 * minuteMs };
    planner.firm.deeds.crowds.push({
      ...span,
      sectionId: section.id,
      count: section.personLimit! + planner.minutes(1, 4),
    });
    planner.event(
      'SHIFT_CHANGE',
      {
        startMs: shift.fromMs - 10 * minuteMs,
        endMs: shift.fromMs + 10 * minuteMs,
        sectionId: section.id,
        sourceId: 'attendance',
      },
      -20 * minuteMs,
    );
    planner.label('overcrowding', 'SECTION', section.id, span, 'excused', 'shift change');
    return true;
  },
  'camera-blink': (planner: Planner) => {
    const section = planner.firm.sections.find(({ cameraId }) => cameraId !== null);
    const span = section && planner.atTime([0, 23], planner.minutes(1, 3), () => true);
    if (!section || !span) return false;
    tellBlind(planner, section, 'CAMERA_DARK', span);
    planner.label('camera-watch', 'CAMERA', section.cameraId!, span, 'excused', 'restart of a camera');
    return true;
  },
  /** One report beyond a limit, gone before its on-delay. */
  'limit-blip': (planner: Planner) => pushPastLimit(planner, 1, 'excused', 'shorter than the on-delay'),
  /** All clocks of the firm are wrong by up to three minutes; set where the firm is built. */
  'clock-skew': () => true,
} satisfies Readonly<Record<string, (planner: Planner) => boolean>>;

export type HabitName = keyof typeof habits;
export const habitNames = Object.keys(habits) as HabitName[];

/** A machine turns while it is reported stopped, and a record says why. */
function workOnFile(planner: Planner, kind: 'MAINTENANCE' | 'TEST_RUN', note: string): boolean {
  const { firm, random } = planner;
  if (planner.line.length === 0) return false;
  const machine = random.pick(planner.line);
  const span = planner.whileIdle([machine], [7, 21], planner.minutes(25, 80));
  if (!span) return false;
  firm.deeds.runs.push({ machineId: machine.id, ...span });
  firm.deeds.claims.push({ machineId: machine.id, ...span, note, kind: 'excused', wholeFirm: false });
  const filed = { fromMs: span.fromMs - 15 * minuteMs, toMs: span.toMs + 20 * minuteMs };
  planner.work(kind, filed, span.fromMs - planner.minutes(20, 200) * minuteMs, {
    equipmentId: machine.id,
    sectionId: machine.sectionId,
  });
  return true;
}

function onAMeter(
  planner: Planner,
  minutes: readonly [number, number],
  how: { kind: 'estimated'; factor: number } | { kind: 'missing' },
  note: string,
): boolean {
  const span = planner.atTime([0, 23], planner.minutes(...minutes), () => true);
  if (!span) return false;
  const meter = planner.random.pick(planner.firm.meters);
  planner.firm.deeds.meters.push({ meterId: meter.id, ...span, how });
  planner.label('meter-tampering', 'METER', meter.id, span, 'excused', note);
  return true;
}

/** A stoppage that is kept: nothing of the line runs. */
function stand(planner: Planner, kind: 'STOPPAGE_DECLARED' | 'STOPPAGE_ORDERED', sourceId: string): boolean {
  const span = planner.atTime([0, 0.2], planner.minutes(1, 3) * 24 * 60, () => true);
  if (!span) return false;
  planner.event(kind, { startMs: span.fromMs, endMs: span.toMs, sourceId }, -(span.toMs - span.fromMs) - 8 * hourMs);
  for (const machine of planner.line) planner.firm.deeds.rests.push({ machineId: machine.id, ...span });
  planner.label('stopped-but-running', 'ENTERPRISE', planner.firm.id, span, 'honest-stop', 'stoppage kept');
  return true;
}

function excuseIfWorking(planner: Planner, span: { fromMs: number; toMs: number }, note: string): void {
  if (intersectSpans(planner.jointRuns(planner.line), [span]).length === 0) return;
  planner.label('fake-offline', 'ENTERPRISE', planner.firm.id, span, 'excused', note);
}
