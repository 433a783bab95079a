/** What is drawn behind the meter of a witness: what the meter showed, set right for what is generated there. */
import type { SiteView } from './detectors/detector.ts';
import { isSunny } from './generation.ts';
import type { Witness } from './site.ts';

/** Share of the fast slots of a quarter of an hour that must be there before their mean stands for it. */
const leastCoverage = 0.8;

/**
 * Mean load behind a meter in one of its slots, kW: what it showed and what metered photovoltaics added to it;
 * `undefined` where too little is known. See `isFloor` for what it is worth.
 */
export function loadKw(view: SiteView, { meterId, stepMs, generation }: Witness, startMs: number): number | undefined {
  const netKw = view.meter(meterId)?.meanKw(startMs, stepMs);
  if (netKw === undefined || generation.meters.length === 0) return netKw;
  let kw = netKw;
  for (const roof of generation.meters) kw += generatedKw(view, roof.meterId, startMs, stepMs) ?? 0;
  return kw;
}

/** Mean load of a meter over [startMs, endMs), whole slots of it, kW; `undefined` where too little is usable. */
export function meanKw(view: SiteView, witness: Witness, startMs: number, endMs: number): number | undefined {
  const meter = view.meter(witness.meterId);
  if (!meter) return undefined;
  const { intervalMs } = witness.meter;
  if (endMs - startMs === intervalMs) return loadKw(view, witness, startMs);
  if (intervalMs > endMs - startMs) return undefined;
  let sum = 0;
  let count = 0;
  for (let ms = startMs; ms < endMs; ms += intervalMs) {
    const kw = loadKw(view, witness, ms);
    if (kw === undefined) continue;
    sum += kw;
    count++;
  }
  return count * intervalMs < leastCoverage * (endMs - startMs) ? undefined : sum / count;
}

/** True where more may have been drawn than `loadKw` tells: the sun is up, and not all that it generates was measured. */
export function isFloor(view: SiteView, { registration, generation, stepMs }: Witness, startMs: number): boolean {
  const { meters, unmetered } = generation;
  if (!unmetered && meters.length === 0) return false;
  const known = !unmetered && meters.every((roof) => generatedKw(view, roof.meterId, startMs, stepMs) !== undefined);
  return !known && isSunny(registration, startMs, startMs + stepMs);
}

/** Photovoltaics are metered as what they generate, or as a load below zero: what they draw by night is next to nothing. */
function generatedKw(view: SiteView, meterId: string, startMs: number, stepMs: number): number | undefined {
  const kw = view.meter(meterId)?.meanKw(startMs, stepMs);
  return kw === undefined ? undefined : Math.abs(kw);
}
