import type { Label } from '../../core/recording.ts';
import { joinSpans } from '../plant-schedule.ts';
import { overlapMs, type Span } from '../reported-state.ts';
import { hourMs, minuteMs } from './china-days.ts';
import type { Claim } from './deeds.ts';
import type { Firm, FirmMeter, Machine } from './firm.ts';
import { meanRunningKw } from './machine-load.ts';
import type { TrueLoad } from './metering.ts';
import { bridgeSpans, intersectSpans, spanAt } from './spans.ts';
import { runningSpans, type Truth } from './truth.ts';

/** A lie that pauses for longer than this is told twice. */
const oneLieMs = 4 * hourMs;
/** Less running than this is a slip of the clock. */
const leastRanMs = 10 * minuteMs;

/** Where claims of a stop and the truth part: one label for each stretch of running within a claim. */
export function stopLabels(firm: Firm, truth: Truth, loads: ReadonlyMap<string, TrueLoad>): Label[] {
  const labels: Label[] = [];
  const firmWide = new Map<string, Span[]>();
  for (const claim of firm.deeds.claims) {
    const machine = firm.machines.find(({ id }) => id === claim.machineId)!;
    const ran = intersectSpans(runningSpans(truth, machine.id), [claim]);
    if (claim.wholeFirm) {
      firmWide.set(claim.note, [...(firmWide.get(claim.note) ?? []), ...ran]);
      continue;
    }
    const unseen = claim.kind === 'lie' && isUnobservable(firm, machine, claim, truth, loads) ? ', unobservable' : '';
    labels.push(...labelsOf(firm, ran, 'EQUIPMENT', machine.id, claim.kind, claim.note + unseen));
  }
  for (const [note, ran] of firmWide)
    labels.push(...labelsOf(firm, joinSpans(ran), 'ENTERPRISE', firm.id, 'lie', note));
  return labels;
}

function labelsOf(
  firm: Firm,
  ran: readonly Span[],
  subjectKind: 'EQUIPMENT' | 'ENTERPRISE',
  subjectId: string,
  kind: Claim['kind'],
  note: string,
): Label[] {
  return bridgeSpans(ran, oneLieMs)
    .map(({ fromMs: startMs, toMs: endMs }) => ({
      detector: 'stopped-but-running',
      enterpriseId: firm.id,
      subjectKind,
      subjectId,
      startMs,
      endMs,
      kind,
      ranMs: overlapMs(ran, startMs, endMs),
      note,
    }))
    .filter(({ ranMs }) => ranMs >= leastRanMs);
}

/**
 * True when nobody could tell from load: the machine draws less than one standard deviation of what else its meter
 * shows from quarter to quarter while nothing on it is switched, or its share of the meter was never seen reported.
 */
function isUnobservable(
  firm: Firm,
  machine: Machine,
  claim: Claim,
  truth: Truth,
  loads: ReadonlyMap<string, TrueLoad>,
): boolean {
  const meter = firm.meters.find(({ feeds }) => feeds.includes(machine.id))!;
  if (meter.feeds.length === 1) return false;
  if (claim.toMs - claim.fromMs >= firm.endMs - firm.startMs) return true;
  return meanRunningKw(machine.traits) < swayKw(firm, meter, machine, truth, loads.get(meter.id)!.kw);
}

const quarterMs = 15 * minuteMs;
/** Fewer quarters of one kind say little about their spread. */
const leastQuarters = 8;

/** Pooled standard deviation of quarter-hour means among quarters in which the same machines do the same throughout. */
function swayKw(firm: Firm, meter: FirmMeter, machine: Machine, truth: Truth, kw: Float64Array): number {
  const behind = firm.machines.filter(({ id }) => meter.feeds.includes(id)).map(({ id }) => truth.states.get(id)!);
  const own = truth.states.get(machine.id)!;
  const groups = new Map<string, number[]>();
  const per = quarterMs / minuteMs;
  for (let at = 0; at + per <= kw.length; at += per) {
    const fromMs = truth.fromMs + at * minuteMs;
    const spans = behind.map((states) => spanAt(states, fromMs)!);
    if (spanAt(own, fromMs)!.state === 'RUNNING' || spans.some(({ toMs }) => toMs < fromMs + quarterMs)) continue;
    const key = spans.map(({ state }) => state).join();
    const means = groups.get(key) ?? [];
    means.push(kw.subarray(at, at + per).reduce((sum, value) => sum + value, 0) / per);
    groups.set(key, means);
  }
  let squares = 0;
  let count = 0;
  for (const [key, means] of groups) {
    if (means.length < leastQuarters || !key.includes('RUNNING')) continue;
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    squares += means.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    count += means.length - 1;
  }
  return Math.sqrt(squares / Math.max(1, count));
}
