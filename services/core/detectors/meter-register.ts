/**
 * Energy registers count up, and by what the meter's own means add up to. One that falls was turned back or replaced; one
 * that parts from its means is not the register of that load.
 */
import type { MeterState } from '../meter-state.ts';
import { type Learned, quiet, type SiteView, type SlotJudgement, unjudged } from './detector.ts';
import { installationOf, isChanged, learnedOf, type MeterPlace, stepMs } from './meter-places.ts';

export interface RegisterTerms {
  readonly registerDigits: number;
  readonly tolerancePercent: number;
}

const hourMs = 3_600_000;
/** Registers are held this far back for the one before a quarter: what is held before the oldest open slot in any case. */
const longestGapMs = hourMs;
/** Some registers count whole kilowatt-hours. */
const resolutionKwh = 1;
/** The most digits that a register of energy has (IEC 62053 meters show up to eight). */
const mostDigits = 9;
/** A register is near its end, or near nothing, within this share of its range. */
const endShare = 0.01;
/** How a register goes with the means is known from a day of comparisons on, and remembered over two weeks. */
const leastLearned = 96;
const memory = 14 * 96;
/** A comparison counts where enough was drawn for the resolution not to matter, kWh. */
const leastEnergyKwh = 3;

interface Step {
  readonly fromKwh: number;
  readonly toKwh: number;
  readonly hours: number;
  /** What the means add up to; `undefined` where any is missing. */
  readonly energyKwh: number | undefined;
}

export function judgeRegister(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  p: RegisterTerms,
  before: Learned | undefined,
): SlotJudgement {
  const meter = view.meter(place.meterId);
  const learned = learnedOf(view, place, startMs, before);
  const step = meter && stepTo(meter, startMs, learned);
  if (!step) return unjudged('unknown', 'register-missing');
  const { fromKwh, toKwh, energyKwh, hours } = step;
  const grown = toKwh - fromKwh;
  const detail = { fromKwh, toKwh, energyKwh: energyKwh ?? -1, hours };
  if (isChanged(view, place, startMs)) return unjudged('unknown', 'meter-changed-on-file');
  if (place.meter.exports || (place.witness?.generation.unmetered ?? false)) {
    // Some count back what is fed in: both ways are right.
    return unjudged('unknown', 'daylight-generation');
  }
  if (grown < -resolutionKwh / 2) {
    if (hasRolledOver(step, p)) return quiet('register-rolled-over');
    return contradiction(
      'register-ran-backwards',
      grown / hours,
      energyKwh === undefined ? 0 : energyKwh / hours,
      detail,
    );
  }
  if (!learned || learned[3]! < leastLearned || energyKwh === undefined || energyKwh < leastEnergyKwh) {
    return quiet('register-counts-up');
  }
  // Some send what is to be multiplied by the ratio of their transformers: what counts is that it stays the same.
  const expected = energyKwh * learned[2]!;
  const tolerance = resolutionKwh * Math.max(1, learned[2]!) + (p.tolerancePercent / 100) * expected;
  if (Math.abs(grown - expected) <= tolerance) return quiet('register-counts-up');
  return contradiction('register-parts-from-means', grown / hours, expected / hours, detail);
}

/** Learned: the last register, when it was (ms), how registers go with means, and from how many comparisons. */
export function learnRegister(
  view: SiteView,
  place: MeterPlace,
  startMs: number,
  before: Learned | undefined,
): Learned | undefined {
  const learned = learnedOf(view, place, startMs, before);
  const meter = view.meter(place.meterId);
  const kwh = meter?.registers?.at(startMs + stepMs);
  if (!meter || kwh === undefined) return learned;
  const [, , ratio = 1, count = 0] = learned ?? [];
  const step = stepTo(meter, startMs, learned);
  const next = [installationOf(place), kwh, ratio, count, startMs + stepMs];
  if (!step || step.energyKwh === undefined || step.energyKwh < leastEnergyKwh || step.toKwh < step.fromKwh)
    return next;
  const now = (step.toKwh - step.fromKwh) / step.energyKwh;
  const weight = 1 / Math.min(memory, count + 1);
  // A median in small steps (Robbins and Monro 1951): single comparisons that are far off move it little.
  next[2] = count < leastLearned ? ratio + (now - ratio) * weight : ratio * (1 + weight * Math.sign(now - ratio));
  next[3] = Math.min(memory, count + 1);
  return next;
}

function stepTo(meter: MeterState, startMs: number, learned: Learned | undefined): Step | undefined {
  const endMs = startMs + stepMs;
  const toKwh = meter.registers?.at(endMs);
  if (toKwh === undefined) return undefined;
  for (let fromMs = startMs; fromMs >= startMs - longestGapMs; fromMs -= stepMs) {
    const fromKwh = fromMs === learned?.[4] ? learned[1]! : meter.registers!.at(fromMs);
    if (fromKwh !== undefined) return stepOf(meter, fromKwh, toKwh, fromMs, endMs);
  }
  // After a longer silence the last one that was learned still holds.
  if (!learned || learned[4]! > startMs) return undefined;
  return { fromKwh: learned[1]!, toKwh, hours: (endMs - learned[4]!) / hourMs, energyKwh: undefined };
}

function stepOf(meter: MeterState, fromKwh: number, toKwh: number, fromMs: number, endMs: number): Step {
  let energyKwh: number | undefined = 0;
  for (let ms = fromMs; ms < endMs && energyKwh !== undefined; ms += stepMs) {
    const kw = meter.slots.measuredKw(ms, stepMs);
    energyKwh = Number.isNaN(kw) ? undefined : energyKwh + (kw * stepMs) / hourMs;
  }
  return { fromKwh, toKwh, hours: (endMs - fromMs) / hourMs, energyKwh };
}

/** From just below a power of ten to just above nothing, by about what was drawn. */
function hasRolledOver({ fromKwh, toKwh, energyKwh }: Step, { registerDigits }: RegisterTerms): boolean {
  for (let digits = registerDigits; digits <= mostDigits; digits++) {
    const range = 10 ** digits;
    if (fromKwh >= range || fromKwh < range * (1 - endShare) || toKwh > range * endShare) continue;
    const grown = toKwh + range - fromKwh;
    return energyKwh === undefined || Math.abs(grown - energyKwh) <= range * endShare;
  }
  return false;
}

function contradiction(
  reason: string,
  seen: number,
  bound: number,
  detail: Readonly<Record<string, number>>,
): SlotJudgement {
  return { kind: 'judged', reason, logLikelihoodRatio: 1, seen, bound, share: 1, detail };
}
