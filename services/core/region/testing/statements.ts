import type { EnterpriseSilence } from '../../records.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** Midnight in Hangzhou. */
export const startMs = Date.UTC(2026, 2, 2) - 8 * hourMs;

/** A statement of an enterprise in Xihu, Hangzhou, that is heard. */
export function aStatement(changes: Partial<EnterpriseSilence> = {}): EnterpriseSilence {
  return {
    enterpriseId: 'e1',
    regionCode: '330106',
    carrier: '',
    asOfMs: startMs,
    silentSinceMs: null,
    gateways: 1,
    heardGateways: changes.silentSinceMs === undefined || changes.silentSinceMs === null ? 1 : 0,
    ...changes,
  };
}

/** Enterprises `e1` to `e<count>`, first heard at the start. */
export function heard(count: number, changes: Partial<EnterpriseSilence> = {}): EnterpriseSilence[] {
  return Array.from({ length: count }, (_, i) => aStatement({ enterpriseId: `e${i + 1}`, ...changes }));
}

/** It falls silent at `sinceMs`, which is known ten minutes later. */
export function silent(
  enterpriseId: string,
  sinceMs: number,
  changes: Partial<EnterpriseSilence> = {},
): EnterpriseSilence {
  return aStatement({ enterpriseId, silentSinceMs: sinceMs, asOfMs: sinceMs + 10 * minuteMs, ...changes });
}

export function heardAgain(
  enterpriseId: string,
  asOfMs: number,
  changes: Partial<EnterpriseSilence> = {},
): EnterpriseSilence {
  return aStatement({ enterpriseId, asOfMs, ...changes });
}
