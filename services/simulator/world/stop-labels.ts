import type { Label } from '../../core/recording.ts';
import { joinSpans } from '../plant-schedule.ts';
import { overlapMs, type Span, type StateSpan } from '../reported-state.ts';
import { addBackgroundLoad } from './background-load.ts';
import { hourMs, minuteMs } from './china-days.ts';
import type { Claim } from './deeds.ts';
import type { Firm, FirmMeter, Machine } from './firm.ts';
import { addMachineLoad, meanRunningKw } from './machine-load.ts';
import { seedOf } from './noise.ts';
import { bridgeSpans, intersectSpans, spanAt } from './spans.ts';
import { runningSpans, type Truth } from './truth.ts';

/** A lie that pauses for longer than this is told twice. */
const oneLieMs = 4 * hourMs;
/** Less running than this is a slip of the clock. */
const leastRanMs = 10 * minuteMs;

/** Where claims of a stop and the truth part: one label for each stretch of running within a claim. */
export function stopLabels(firm: Firm, truth: Truth): Label[] {
  const labels: Label[] = [];
  const firmWide = new Map<string, Span[]>();
  for (const claim of firm.deeds.claims) {
    const machine = firm.machines.find(({ id }) => id === claim.machineId)!;
    const ran = intersectSpans(runningSpans(truth, machine.id), [claim]);
    if (claim.wholeFirm) {
      firmWide.set(claim.note, [...(firmWide.get(claim.note) ?? []), ...ran]);
      continue;
    }
    const unseen = claim.kind === 'lie' && isUnobservable(firm, machine, claim, truth) ? ', unobservable' : '';
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
function isUnobservable(firm: Firm, machine: Machine, claim: Claim, truth: Truth): boolean {
  const meter = firm.meters.find(({ feeds }) => feeds.includes(machine.id))!;
  if (meter.feeds.length === 1) return false;
  if (claim.toMs - claim.fromMs >= firm.endMs - firm.startMs) return true;
  return meanRunningKw(machine.traits) < swayKw(firm, meter, machine, truth);
}

const quarterMinutes = 15;

/** Standard deviation of quarter-hour means of all else on the meter, each machine while it runs throughout, kW. */
function swayKw(firm: Firm, meter: FirmMeter, machine: Machine, truth: Truth): number {
  let variance = 0;
  for (const id of meter.feeds) {
    const load = new Float64Array(Math.round((truth.toMs - truth.fromMs) / minuteMs));
    const other = firm.machines.find((candidate) => candidate.id === id && candidate !== machine);
    const background = firm.backgrounds.find((candidate) => candidate.id === id);
    const seed = seedOf(firm.seed, id);
    if (other) {
      const states = truth.states.get(id)!;
      addMachineLoad(load, seed, other.traits, states, truth.fromMs);
      variance += varianceOf(quarterMeans(load, (at) => runsFrom(states, truth.fromMs + at * minuteMs)));
    } else if (background) {
      addBackgroundLoad(load, background.kind, seed, background.scaleKw, firm, truth.fromMs);
      const means = quarterMeans(load, () => true);
      // Of a load that follows the hour only the surprise from quarter to quarter counts.
      variance += varianceOf(means.slice(1).map((mean, i) => mean - means[i]!)) / 2;
    }
  }
  return Math.sqrt(variance);
}

function runsFrom(states: readonly StateSpan[], fromMs: number): boolean {
  const span = spanAt(states, fromMs);
  return span?.state === 'RUNNING' && span.toMs >= fromMs + quarterMinutes * minuteMs;
}

function quarterMeans(load: Float64Array, counts: (at: number) => boolean): number[] {
  const means: number[] = [];
  for (let at = 0; at + quarterMinutes <= load.length; at += quarterMinutes) {
    if (!counts(at)) continue;
    let sum = 0;
    for (let i = at; i < at + quarterMinutes; i++) sum += load[i]!;
    means.push(sum / quarterMinutes);
  }
  return means;
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
}
