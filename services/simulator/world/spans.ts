import { joinSpans } from '../plant-schedule.ts';
import { appendSpan, type Span, type StateSpan } from '../reported-state.ts';

const { max, min } = Math;

/** What of the spans lies in [fromMs, toMs). */
export function clipSpans(spans: readonly Span[], fromMs: number, toMs: number): Span[] {
  return spans
    .map((span) => ({ fromMs: max(span.fromMs, fromMs), toMs: min(span.toMs, toMs) }))
    .filter((span) => span.toMs > span.fromMs);
}

/** What of `spans` lies outside all of `holes`; both in any order. */
export function subtractSpans(spans: readonly Span[], holes: readonly Span[]): Span[] {
  const cut = joinSpans(holes);
  const left: Span[] = [];
  for (const span of joinSpans(spans)) {
    let { fromMs } = span;
    for (const hole of cut) {
      if (hole.toMs <= fromMs || hole.fromMs >= span.toMs) continue;
      if (hole.fromMs > fromMs) left.push({ fromMs, toMs: hole.fromMs });
      fromMs = hole.toMs;
    }
    if (fromMs < span.toMs) left.push({ fromMs, toMs: span.toMs });
  }
  return left;
}

/** What lies in both. */
export function intersectSpans(a: readonly Span[], b: readonly Span[]): Span[] {
  return joinSpans(a.flatMap((span) => clipSpans(b, span.fromMs, span.toMs)));
}

/** Joined across gaps of up to `gapMs`. */
export function bridgeSpans(spans: readonly Span[], gapMs: number): Span[] {
  return joinSpans(spans.map((span) => ({ fromMs: span.fromMs, toMs: span.toMs + gapMs }))).map((span) => ({
    fromMs: span.fromMs,
    toMs: span.toMs - gapMs,
  }));
}

export function spansIn(states: readonly StateSpan[], state: StateSpan['state']): Span[] {
  return states.filter((span) => span.state === state);
}

/** `states` with another state inside `spans`, which lie in order and apart. */
export function overlayState(
  states: readonly StateSpan[],
  spans: readonly Span[],
  state: StateSpan['state'],
): StateSpan[] {
  if (spans.length === 0) return [...states];
  const result: StateSpan[] = [];
  let at = 0;
  for (const span of states) {
    let { fromMs } = span;
    while (fromMs < span.toMs) {
      while (at < spans.length && spans[at]!.toMs <= fromMs) at++;
      const over = spans[at];
      const inside = over !== undefined && over.fromMs <= fromMs;
      const toMs = min(span.toMs, inside ? over.toMs : (over?.fromMs ?? span.toMs));
      appendSpan(result, { fromMs, toMs, state: inside ? state : span.state });
      fromMs = toMs;
    }
  }
  return result;
}

/** The span that holds a moment; spans lie in order and apart. */
export function spanAt<S extends Span>(spans: readonly S[], ms: number): S | undefined {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (spans[middle]!.fromMs <= ms) low = middle;
    else high = middle - 1;
  }
  const span = spans[low];
  return span && span.fromMs <= ms && ms < span.toMs ? span : undefined;
}
