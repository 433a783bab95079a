import type { Engine, InputRecord, Output } from './batch.ts';
import { horizonFor } from './enterprise.ts';
import { sealStepMs } from './judging.ts';
import type { Recording } from './recording.ts';
import { recordingInputs } from './recording-inputs.ts';
import { createRegionStage, regionDefaults } from './region/stage.ts';

/** Records handed to the engine at a time, and how much recorded time; what is settled does not depend on it. */
const batchRecords = 20_000;
const batchMs = 60_000;
/** Steps in which time moves on at the end, ms. */
const settlingStepMs = 3_600_000;

/**
 * Runs an engine over a recording, as it came, and yields what it says. Regional outages that follow from the silences
 * that it says come back to it as they would live. At the end time moves on far enough to seal every slot, so that all
 * findings whose contradiction ended are settled.
 */
export function* replay(
  recording: Recording,
  engine: Engine,
  options: { readonly latenessHorizonMs: number; readonly onProgress?: (records: number) => void },
): Generator<Output, void, void> {
  const regions = createRegionStage(regionDefaults);
  let batch: InputRecord[] = [];
  let records = 0;
  let fromMs = 0;
  let nowMs = 0;
  let toldRecords = 0;

  function* step(): Generator<Output, void, void> {
    const outputs = engine.apply(batch, nowMs);
    yield* outputs;
    const silences = outputs.flatMap((output) => (output.topic === 'enterprise-silence' ? [output.value] : []));
    const outages = regions.apply(silences, nowMs);
    // Their place is that of no record of the recording.
    batch = outages.map((value) => ({ topic: 'site-events', offset: -1, arrivalMs: nowMs, value }));
    if (records < toldRecords + batchRecords) return;
    toldRecords = records;
    options.onProgress?.(records);
  }

  for (const input of recordingInputs(recording)) {
    if (batch.length >= batchRecords || input.arrivalMs - fromMs > batchMs) {
      yield* step();
      fromMs = input.arrivalMs;
    }
    nowMs = input.arrivalMs;
    batch.push({ topic: input.topic, offset: records++, arrivalMs: nowMs, value: input.value });
  }
  options.onProgress?.(records);
  const endMs = nowMs + settlingMs(recording, options.latenessHorizonMs);
  for (; nowMs < endMs; nowMs = Math.min(nowMs + settlingStepMs, endMs)) yield* step();
  yield* step();
}

/** How long after its last arrival every slot of a recording is sealed, ms. */
export function settlingMs(recording: Recording, latenessHorizonMs: number): number {
  const delays = recording.sites.flatMap(({ value }) => value.meters.map((meter) => meter.deliveryDelayMs));
  return horizonFor(Math.max(0, ...delays), latenessHorizonMs) + 2 * sealStepMs;
}
