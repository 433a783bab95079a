import { dayMs, minuteMs } from './china-days.ts';
import type { MeterDeed } from './deeds.ts';
import type { FirmMeter } from './firm.ts';
import type { Planner } from './planner.ts';

/** Tampering with meters: the meter can lie too. Each begins while what it feeds works, and lasts for days. */
export const meterTricks = {
  /** One of three phases is not measured. */
  'phase-lost': (planner: Planner) =>
    onSubMeter(planner, [2, 4], 'phase-lost', () => ({ kind: 'scaled', factor: 2 / 3 })),
  /** Current transformers bridged: 8 A shown for 38 A, as an inspector found. */
  'ct-short': (planner: Planner) => onSubMeter(planner, [2, 4], 'ct-short', () => ({ kind: 'scaled', factor: 8 / 38 })),
  'flat-line': (planner: Planner) =>
    onSubMeter(planner, [1, 3], 'flat-line', () => ({ kind: 'flat', kw: planner.minutes(20, 300) / 100 })),
  'register-back': (planner: Planner) =>
    onSubMeter(planner, [1, 2], 'register-back', () => ({ kind: 'register-back' })),
  /** The total is bridged, so that the parts are more than the whole. */
  'sub-exceeds-total': (planner: Planner) => {
    const total = planner.firm.meters.find(({ parentId }) => parentId === null)!;
    return (
      planner.firm.meters.length > 1 &&
      onMeter(planner, total, [2, 4], 'sub-exceeds-total', { kind: 'scaled', factor: 0.45 })
    );
  },
  /** A reading is "estimated" for days, low, while the line works. */
  'estimated-abuse': (planner: Planner) =>
    onSubMeter(planner, [2, 4], 'estimated-abuse', () => ({ kind: 'estimated', factor: 0.2 })),
  /** Current transformers of another ratio that nobody filed. */
  'unfiled-ct-change': (planner: Planner) =>
    onSubMeter(planner, [3, 6], 'unfiled-ct-change', () => ({
      kind: 'scaled',
      factor: planner.random.pick([0.5, 0.4, 2]),
    })),
};

function onSubMeter(
  planner: Planner,
  days: readonly [number, number],
  note: string,
  how: () => MeterDeed['how'],
): boolean {
  const works = new Set(planner.line.map(({ meterId }) => meterId));
  const subs = planner.firm.meters.filter(({ id, parentId }) => parentId !== null && works.has(id));
  return subs.length > 0 && onMeter(planner, planner.random.pick(subs), days, note, how());
}

function onMeter(
  planner: Planner,
  meter: FirmMeter,
  days: readonly [number, number],
  note: string,
  how: MeterDeed['how'],
): boolean {
  const behind = planner.line.filter(({ meterId }) => meter.parentId === null || meterId === meter.id);
  const runs = planner.jointRuns(behind).filter(({ fromMs, toMs }) => toMs - fromMs > 60 * minuteMs);
  const lengthMs = planner.minutes(days[0] * 24, days[1] * 24) * 60 * minuteMs;
  for (let i = 0; i < 40 && runs.length > 0; i++) {
    const run = planner.random.pick(runs);
    // On the meter's own quarters: a seal is broken once, and the reading after it is another.
    const fromMs = Math.ceil((run.fromMs + 15 * minuteMs) / 900_000) * 900_000;
    const span = { fromMs, toMs: fromMs + Math.ceil(lengthMs / 900_000) * 900_000 };
    if (span.toMs - span.fromMs < dayMs / 2 || !planner.book(span)) continue;
    planner.firm.deeds.meters.push({ meterId: meter.id, ...span, how });
    planner.label('meter-tampering', 'METER', meter.id, span, 'lie', note);
    return true;
  }
  return false;
}
