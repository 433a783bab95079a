import type { Recording } from '../../core/recording.ts';
import { type RecordedInput, recordingInputs } from '../../core/recording-inputs.ts';
import { dayMs, dayOfDate, hourMs, midnightMs, minuteMs } from './china-days.ts';
import type { Firm } from './firm.ts';
import { firmCount, firmPlaces, planFirm } from './firm-plan.ts';
import type { FirmGroup, Scenario } from './scenario.ts';
import { liveWindow, registrations } from './world.ts';

export interface StreamOptions {
  readonly seed: number;
  readonly firms?: number;
  readonly days: number;
  /** Instead of the groups' own, ms. */
  readonly reportMs?: number;
  /** Where in the scenario's days the stream begins; a whole quarter of an hour. The scenario's start if left out. */
  readonly fromMs?: number;
}

const secondMs = 1000;
const quarterMs = 15 * minuteMs;
/** How much of a firm's life is made at a time: less would make the same runs again and again, more would fill memory. */
const windowMs = 2 * hourMs;
const windowQuarters = windowMs / quarterMs;
/** Clocks that are fast send before their time. */
const aheadMs = 4 * minuteMs;

/** A firm in the stream: its number in the scenario is all that is held of it between two windows. */
interface Member {
  readonly group: FirmGroup;
  readonly index: number;
  readonly registers: Map<string, number>;
  nextMs: number;
}

/** What is still to come of one window of one firm. */
interface Pending {
  readonly inputs: Generator<RecordedInput, void, void>;
  first: RecordedInput;
}

/**
 * All firms of a scenario at once, in order of arrival, one second of arrivals at a time (empty seconds too). Each firm
 * is made anew for every two hours of its life, so memory grows with the number of firms and not with the days.
 */
export function* streamWorld(
  scenario: Scenario,
  options: StreamOptions,
): Generator<readonly RecordedInput[], void, void> {
  const scenarioFromMs = midnightMs(dayOfDate(scenario.start));
  const startMs = options.fromMs ?? scenarioFromMs;
  const endMs = startMs + options.days * dayMs;
  const days = Math.ceil((endMs - scenarioFromMs) / dayMs);
  const remake = ({ group, index }: Member): Firm => {
    const firm = planFirm(scenario, { ...group, start: scenario.start }, index, options.seed, days);
    const { reportMs } = options;
    return reportMs === undefined
      ? firm
      : { ...firm, machines: firm.machines.map((machine) => ({ ...machine, reportMs })) };
  };
  const wheel = new Map<number, Pending[]>();
  const calls = new Map<number, Member[]>();
  const wait = (pending: Pending, nowS: number) => {
    push(wheel, Math.max(nowS, Math.floor(pending.first.arrivalMs / secondMs)), pending);
  };
  const live = (member: Member, number: number, nowS: number): void => {
    const firm = remake(member);
    // The first window is shorter for most, so that not all firms are made in the same quarter of an hour.
    const first = member.nextMs === startMs ? quarterMs * (1 + (number % windowQuarters)) : windowMs;
    const toMs = Math.min(endMs, member.nextMs + first);
    const inputs = recordingInputs(windowRecording(firm, member, toMs));
    member.nextMs = toMs;
    const next = inputs.next();
    if (!next.done) wait({ inputs, first: next.value }, nowS);
    if (toMs >= endMs) return;
    // Within a quarter of an hour firms are made one by one, as their numbers have it.
    const spreadMs = Math.floor(((number * 7919) % 900) * secondMs);
    push(calls, Math.max(nowS + 1, Math.floor((toMs - aheadMs - spreadMs) / secondMs)), member);
  };

  let number = 0;
  const numbers = new Map<Member, number>();
  let left = firmCount(scenario, options.firms);
  const startS = Math.floor(startMs / secondMs);
  for (const { group, index } of firmPlaces(scenario)) {
    if (left-- <= 0) break;
    const member: Member = { group, index, registers: new Map(), nextMs: startMs };
    numbers.set(member, number);
    const firm = remake(member);
    yield registrations(firm).map(({ value }) => ({ topic: 'site-registry', key: firm.id, value, arrivalMs: startMs }));
    live(member, number++, startS);
  }
  for (let nowS = startS; nowS * secondMs < endMs || wheel.size > 0; nowS++) {
    for (const member of calls.get(nowS) ?? []) live(member, numbers.get(member)!, nowS);
    calls.delete(nowS);
    const due = wheel.get(nowS) ?? [];
    wheel.delete(nowS);
    yield inputsOf(due, nowS, wait);
  }
}

/** What arrives within a second, in order; what comes later goes back to wait. */
function inputsOf(
  due: readonly Pending[],
  nowS: number,
  wait: (pending: Pending, nowS: number) => void,
): RecordedInput[] {
  const endMs = (nowS + 1) * secondMs;
  const inputs: RecordedInput[] = [];
  for (const pending of due) {
    for (;;) {
      inputs.push(pending.first);
      const next = pending.inputs.next();
      if (next.done) break;
      pending.first = next.value;
      if (next.value.arrivalMs < endMs) continue;
      wait(pending, nowS + 1);
      break;
    }
  }
  return inputs.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

function windowRecording(firm: Firm, member: Member, toMs: number): Recording {
  const window = liveWindow(firm, member.nextMs, toMs, member.registers);
  return { about: noAbout, sites: [], alarmActions: [], ...window };
}

const noAbout = {
  title: '',
  source: '',
  licence: '',
  credit: '',
  timeZone: 'Asia/Shanghai',
  nominalIntervalMs: quarterMs,
};

/** Machines of the first firms, scaled to all: how many points the stream will report. */
export function pointCount(scenario: Scenario, seed: number, firms: number): number {
  let machines = 0;
  let seen = 0;
  for (const { group, index } of firmPlaces(scenario)) {
    if (seen >= Math.min(firms, 200)) break;
    machines += planFirm(scenario, group, index, seed, 1).machines.length;
    seen++;
  }
  return Math.round((machines / seen) * firms);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
