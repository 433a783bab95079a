import type { Engine, InputRecord, Output } from './batch.ts';
import { horizonFor, sealStepMs } from './enterprise.ts';
import type { Recording } from './recording.ts';
import { recordingInputs } from './recording-inputs.ts';

/** Records handed to the engine at a time; what is said does not depend on it. */
const batchRecords = 20_000;

/**
 * Runs an engine over a recording, as it came, and yields what it says. At the end time moves on far enough to seal
 * every slot, so that all findings whose contradiction ended are settled.
 */
export function* replay(
  recording: Recording,
  engine: Engine,
  options: { readonly latenessHorizonMs: number; readonly onProgress?: (records: number) => void },
): Generator<Output, void, void> {
  let batch: InputRecord[] = [];
  let records = 0;
  let arrivalMs = 0;
  for (const input of recordingInputs(recording)) {
    arrivalMs = input.arrivalMs;
    batch.push({ topic: input.topic, offset: records++, arrivalMs, value: input.value });
    if (batch.length < batchRecords) continue;
    yield* engine.apply(batch, arrivalMs);
    batch = [];
    options.onProgress?.(records);
  }
  yield* engine.apply(batch, arrivalMs);
  options.onProgress?.(records);
  yield* engine.apply([], arrivalMs + settlingMs(recording, options.latenessHorizonMs));
}

/** How long after its last arrival every slot of a recording is sealed, ms. */
export function settlingMs(recording: Recording, latenessHorizonMs: number): number {
  const delays = recording.sites.flatMap(({ value }) => value.meters.map((meter) => meter.deliveryDelayMs));
  return horizonFor(Math.max(0, ...delays), latenessHorizonMs) + 2 * sealStepMs;
}
