import { createRandom } from '../random.ts';
import type { Span } from '../reported-state.ts';
import { castsOfDay } from './casting.ts';
import { dayKind, dayMs, festivalShare, localDay, midnightMs, minuteMs, weekday } from './china-days.ts';
import type { Firm, FirmSection, Machine, ShiftPattern } from './firm.ts';
import { hash01, seedOf } from './noise.ts';

/** Taken off the end of a shift for cleaning, minutes. */
export const cleaningMinutes = 27;
/** Time from the shift's start to the first dust: the collector goes first. */
const startUpMinutes = 10;
/** Not every machine has orders every day. */
const idleDayChance = 0.06;
const overtimeChance = 0.18;
const overtime = { from: 18 * 60 + 40, to: 21 * 60 };

/** True when the firm's shifts work on that local day. */
export function isWorked(firm: Firm, day: number): boolean {
  if (firm.continuous) return true;
  const kind = dayKind(day);
  if (kind === 'holiday') return false;
  // A rest day worked in exchange takes the place of a weekday.
  return kind === 'exchanged' || (firm.workdays & (1 << weekday(day))) !== 0;
}

/** The shifts that begin on a local day. */
export function shiftsOfDay(firm: Firm, day: number): (Span & { readonly shift: ShiftPattern })[] {
  if (!isWorked(firm, day)) return [];
  const at = midnightMs(day);
  return firm.shifts.map((shift) => ({
    fromMs: at + shift.startMinute * minuteMs,
    toMs: at + shift.endMinute * minuteMs,
    shift,
  }));
}

/** When a machine works that has nothing but routine to follow; runs that begin on a local day, on whole minutes. */
export function spellsOfDay(firm: Firm, machine: Machine, day: number): Span[] {
  switch (machine.works) {
    case 'never':
    case 'follows':
      return [];
    case 'always':
      return [{ fromMs: midnightMs(day), toMs: midnightMs(day) + dayMs }];
    case 'casts':
      return castsOfDay(firm.seed, machine.id, day);
    case 'shifts':
      return shiftSpells(firm, machine, day);
  }
}

function shiftSpells(firm: Firm, machine: Machine, day: number): Span[] {
  const shifts = shiftsOfDay(firm, day);
  const seed = seedOf(firm.seed, machine.id);
  const present = firm.continuous ? 1 : festivalShare(day);
  if (shifts.length === 0 || hash01(seed, day) > (1 - idleDayChance) * present) return [];
  const random = createRandom(seed, `day ${day}`);
  const section = firm.sections.find(({ id }) => id === machine.sectionId)!;
  const midnight = midnightMs(day);
  const spells: Span[] = [];
  const add = (fromMinute: number, toMinute: number) => {
    if (toMinute - fromMinute >= 12) {
      spells.push({ fromMs: midnight + fromMinute * minuteMs, toMs: midnight + toMinute * minuteMs });
    }
  };
  for (const { shift } of shifts) {
    let from = shift.startMinute + startUpMinutes + Math.floor(random.between(0, 14));
    for (const [breakFrom, breakTo] of shift.breaks) {
      add(from, breakFrom - Math.floor(random.between(0, 7)));
      from = breakTo + Math.floor(random.between(0, 9));
    }
    add(from, lastMinute(shift.endMinute, section) - Math.floor(random.between(0, 9)));
  }
  const late = shifts.at(-1)!.shift.endMinute < overtime.from;
  if (late && hash01(firm.seed, day + 31) < overtimeChance * present) {
    add(
      overtime.from + Math.floor(random.between(0, 12)),
      lastMinute(overtime.to, section) - Math.floor(random.between(0, 9)),
    );
  }
  return spells;
}

function lastMinute(endMinute: number, section: FirmSection): number {
  return endMinute - (section.cleans ? cleaningMinutes : 3);
}

/** Spells of all local days that touch [fromMs, toMs), in order. */
export function spells(firm: Firm, machine: Machine, fromMs: number, toMs: number): Span[] {
  const found: Span[] = [];
  for (let day = localDay(fromMs) - 1; midnightMs(day) < toMs; day++) found.push(...spellsOfDay(firm, machine, day));
  return found;
}
