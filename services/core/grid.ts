/**
 * Start of the interval that a reading is of: a clock that is a little off moves it to the nearest one; more than a
 * quarter off is no longer a reading of it, and gives `undefined`.
 */
export function gridStart(startMs: number, intervalMs: number): number | undefined {
  const nearestMs = Math.round(startMs / intervalMs) * intervalMs;
  return Math.abs(nearestMs - startMs) > intervalMs / 4 ? undefined : nearestMs;
}

/** The last multiple of a step at or before a moment, ms. */
export function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
