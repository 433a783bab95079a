import type { TelemetryRun } from '../core/recording.ts';
import type { RunState } from '../core/records.ts';

/** A stretch of time in one state; a list of them is in order and without gaps or overlaps. */
export interface StateSpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly state: RunState;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Milliseconds that the spans of `inside` have within [fromMs, toMs). */
export function overlapMs(inside: readonly Span[], fromMs: number, toMs: number): number {
  let sum = 0;
  for (const span of inside) sum += Math.max(0, Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs));
  return sum;
}

/** Appends a stretch, joined to the last one when the state is the same; empty stretches vanish. */
export function appendSpan(spans: StateSpan[], next: StateSpan): void {
  if (next.toMs <= next.fromMs) return;
  const last = spans.at(-1);
  if (last && last.state === next.state && last.toMs === next.fromMs) {
    spans[spans.length - 1] = { ...last, toMs: next.toMs };
  } else spans.push(next);
}

/** What is reported when the truth is told except within the lies, where the machine is said to be stopped. */
export function withLies(truth: readonly StateSpan[], lies: readonly Span[]): StateSpan[] {
  const reported: StateSpan[] = [];
  let at = 0;
  for (const span of truth) {
    let fromMs = span.fromMs;
    while (fromMs < span.toMs) {
      while (at < lies.length && lies[at]!.toMs <= fromMs) at++;
      const lie = lies[at];
      const lying = lie !== undefined && lie.fromMs <= fromMs;
      const toMs = Math.min(span.toMs, lying ? lie.toMs : (lie?.fromMs ?? span.toMs));
      appendSpan(reported, { fromMs, toMs, state: lying ? 'STOPPED' : span.state });
      fromMs = toMs;
    }
  }
  return reported;
}

/** Reports every `everyMs`, on whole multiples of it; a report tells the state at its own moment. */
export function reportsOf(
  reported: readonly StateSpan[],
  of: { enterpriseId: string; equipmentId: string; gatewayId: string; everyMs: number; delayMs: number },
): TelemetryRun[] {
  const { enterpriseId, equipmentId, gatewayId, everyMs, delayMs } = of;
  const firstIn = (ms: number) => Math.ceil(ms / everyMs) * everyMs;
  return reported
    .map(({ fromMs, toMs, state }) => ({
      enterpriseId,
      equipmentId,
      fromMs: firstIn(fromMs),
      toMs: firstIn(toMs),
      everyMs,
      state,
      arrival: { delayMs },
      gatewayId,
      readings: [],
    }))
    .filter((run) => run.toMs > run.fromMs);
}
