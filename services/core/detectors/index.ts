import type { Rule } from '../rule.ts';
import { cameraWatch } from './camera-watch.ts';
import type { Detector, Place } from './detector.ts';
import { dustCleaning } from './dust-cleaning.ts';
import { dustCollector } from './dust-collector.ts';
import { fakeOffline } from './fake-offline.ts';
import { hotWork } from './hot-work.ts';
import { limit } from './limit.ts';
import { meterTampering } from './meter-tampering.ts';
import { overcrowding } from './overcrowding.ts';
import { enterReasons } from './reasons.ts';
import { stoppedButRunning } from './stopped-but-running.ts';

// biome-ignore lint/suspicious/noExplicitAny: each detector knows its own parameters and places; a rule is checked against them when it is loaded.
type AnyDetector = Detector<any, any>;

/** All detectors by name. */
export const detectors: ReadonlyMap<string, AnyDetector> = new Map(
  [
    stoppedButRunning,
    fakeOffline,
    dustCleaning,
    dustCollector,
    hotWork,
    meterTampering,
    limit,
    overcrowding,
    cameraWatch,
  ].map((detector: AnyDetector) => {
    enterReasons(detector.reasons);
    return [detector.name, detector];
  }),
);

/** How long a rule lets what it doubts last on purpose before it may speak, ms; `Infinity` where it only suspects. */
export function statedWaitMs(rule: Rule, stepMs: number): number {
  const { waitMs, policy } = detectorOf(rule);
  return waitMs?.(rule.parameters) ?? policy(rule.parameters, stepMs).confirmAfterMs;
}

/** The detector that a rule applies. Throws on a rule that no detector answers for; loading has refused such. */
export function detectorOf(rule: Rule): Detector<unknown, Place> {
  const detector = detectors.get(rule.detector);
  if (!detector) throw new Error(`rule ${rule.id} names the detector '${rule.detector}', which does not exist`);
  return detector;
}
