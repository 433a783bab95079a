import type { Holdings } from './holdings.ts';
import type { EnterpriseSilence } from './records.ts';
import { cityOf } from './region/scope.ts';
import { bucketUnitMs } from './timeline.ts';

/** What was said last of it. */
interface Said {
  readonly regionCode: string;
  readonly carrier: string;
  readonly silentSinceMs: number | null;
}

/**
 * Whether an enterprise is heard at all, for the second stage, which judges regions by it. By arrival time, so that a
 * clock that is slow makes nobody silent; the beginning of a silence is the device time of the last report.
 */
export class Hearing {
  private reportedMs = 0;
  private arrivedMs = 0;
  private said: Said | undefined;

  hear(observedAtMs: number, arrivalMs: number): void {
    if (observedAtMs > this.reportedMs) this.reportedMs = observedAtMs;
    this.arrivedMs = arrivalMs;
  }

  /** True while it is not known to be heard: a report is news at once. */
  get isNews(): boolean {
    return this.said === undefined || this.said.silentSinceMs !== null;
  }

  /** What there is to say now: first heard, fallen silent, heard again, or moved. */
  statements(held: Holdings, nowMs: number): EnterpriseSilence[] {
    const registration = held.site.latest()?.registration;
    if (this.arrivedMs === 0 || !registration) return [];
    const { said } = this;
    const statements: EnterpriseSilence[] = [];
    const enterpriseId = held.id;
    const { regionCode, carrier, retired } = registration;
    if (said && (retired || cityOf(said.regionCode) !== cityOf(regionCode))) {
      statements.push({ enterpriseId, ...said, asOfMs: nowMs, silentSinceMs: null, gateways: 0, heardGateways: 0 });
      this.said = undefined;
    }
    if (retired) return statements;
    const ageMs = nowMs - this.arrivedMs;
    const isSilent = ageMs > held.load.holdReports * bucketUnitMs && ageMs > longestHoldMs(held);
    const silentSinceMs = isSilent ? this.reportedMs : null;
    // Whoever is silent by the time that it is first spoken of was never heard as far as anybody was told.
    const isNew = this.said === undefined || silentSinceMs !== this.said.silentSinceMs;
    if (isNew || this.said?.regionCode !== regionCode || this.said.carrier !== carrier) {
      this.said = { regionCode, carrier, silentSinceMs };
      const gateways = gatewaysOf(held, this.reportedMs);
      const heardGateways = silentSinceMs === null ? gateways.heard : 0;
      statements.push({ enterpriseId, ...this.said, asOfMs: nowMs, gateways: gateways.known, heardGateways });
    }
    return statements;
  }

  toJSON(): readonly unknown[] {
    return [this.reportedMs, this.arrivedMs, this.said ?? null];
  }

  static fromJSON(json: readonly unknown[]): Hearing {
    const [reportedMs, arrivedMs, said] = json as [number, number, Said | null];
    const hearing = new Hearing();
    hearing.reportedMs = reportedMs;
    hearing.arrivedMs = arrivedMs;
    hearing.said = said ?? undefined;
    return hearing;
  }
}

/** For how long the slowest of the machines that were heard lately keeps its word, ms. */
function longestHoldMs(held: Holdings): number {
  let widthMs = 0;
  for (const { equipmentId } of held.site.latest()!.registration.equipment) {
    const timeline = held.timeline(equipmentId);
    if (timeline && !timeline.isEmpty) widthMs = Math.max(widthMs, timeline.widthMs);
  }
  return held.load.holdReports * widthMs;
}

/** Gateways that machines came through, and those through which one was heard up to a hold before `reportedMs`. */
function gatewaysOf(held: Holdings, reportedMs: number): { readonly known: number; readonly heard: number } {
  const known = new Set<string>();
  const heard = new Set<string>();
  for (const { equipmentId } of held.site.latest()!.registration.equipment) {
    const gatewayId = held.gatewayAt(equipmentId, Number.POSITIVE_INFINITY);
    const timeline = held.timeline(equipmentId);
    if (gatewayId === undefined || !timeline) continue;
    known.add(gatewayId);
    if (timeline.heardUntilMs + held.load.holdReports * timeline.widthMs >= reportedMs) heard.add(gatewayId);
  }
  // Reports that name no gateway came through one all the same.
  return known.size === 0 ? { known: 1, heard: 1 } : { known: known.size, heard: heard.size };
}
