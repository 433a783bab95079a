import type { EnterpriseStatus, SubjectStatus } from './records.ts';

/**
 * Reasons under which nobody asks: nothing is ordered, due, claimed or limited, the thing is not in use, or another subject
 * is asked in its place. A test holds that the detectors know each.
 */
export const notAsked: ReadonlySet<string> = new Set([
  'nothing-ordered',
  'no-cleaning-due',
  'nothing-claimed',
  'no-permit-in-force',
  'no-line-start',
  'no-collector-stop',
  'limit-not-registered',
  'pressure-limit-not-registered',
  'machine-not-in-use',
  'not-in-use',
  'under-maintenance',
  'judged-with-its-meter',
  'judged-with-its-gateway',
  'judged-with-its-firm',
  'not-registered',
  'rule-withdrawn',
]);

/** For how long subjects were judged, and for how much of it nobody could tell, over all subjects, ms. */
export interface KnownTime {
  readonly judgedMs: number;
  readonly unknownMs: number;
  /** Unknown time by reason code. */
  readonly byReason: ReadonlyMap<string, number>;
}

interface Sum extends KnownTime {
  judgedMs: number;
  unknownMs: number;
  readonly byReason: Map<string, number>;
}

interface Standing {
  readonly sinceMs: number;
  readonly subjects: readonly SubjectStatus[];
}

/**
 * Adds up how long each verdict stood, from the statuses that an engine says: a verdict stands from the status that says
 * it until the next one of its enterprise. Only the last status of each enterprise is held.
 */
export class KnownTimes {
  private readonly standing = new Map<string, Standing>();
  private readonly times = new Map<string, Sum>();
  private readonly detectorOf: (ruleId: string) => string | undefined;

  /** `detectorOf` names the detector of a rule; verdicts of rules that it does not know are left out. */
  constructor(detectorOf: (ruleId: string) => string | undefined) {
    this.detectorOf = detectorOf;
  }

  take(status: EnterpriseStatus): void {
    this.close(status.enterpriseId, status.asOfMs);
    this.standing.set(status.enterpriseId, { sinceMs: status.asOfMs, subjects: status.subjects });
  }

  /** Ends all verdicts that stand, and tells by detector what was known. */
  end(atMs: number): ReadonlyMap<string, KnownTime> {
    for (const enterpriseId of this.standing.keys()) this.close(enterpriseId, atMs);
    this.standing.clear();
    return this.times;
  }

  private close(enterpriseId: string, atMs: number): void {
    const before = this.standing.get(enterpriseId);
    if (!before) return;
    const stoodMs = atMs - before.sinceMs;
    if (stoodMs <= 0) return;
    for (const { ruleId, verdict, reason } of before.subjects) {
      const detector = this.detectorOf(ruleId);
      if (detector === undefined || notAsked.has(reason)) continue;
      const time = timeOf(this.times, detector);
      time.judgedMs += stoodMs;
      if (verdict !== 'UNKNOWN') continue;
      time.unknownMs += stoodMs;
      time.byReason.set(reason, (time.byReason.get(reason) ?? 0) + stoodMs);
    }
  }
}

/** Known times of several recordings as one. */
export function addKnownTimes(times: readonly ReadonlyMap<string, KnownTime>[]): ReadonlyMap<string, KnownTime> {
  const sums = new Map<string, Sum>();
  for (const [detector, time] of times.flatMap((map) => [...map])) {
    const sum = timeOf(sums, detector);
    sum.judgedMs += time.judgedMs;
    sum.unknownMs += time.unknownMs;
    for (const [reason, ms] of time.byReason) sum.byReason.set(reason, (sum.byReason.get(reason) ?? 0) + ms);
  }
  return sums;
}

function timeOf(times: Map<string, Sum>, detector: string): Sum {
  const time = times.get(detector) ?? { judgedMs: 0, unknownMs: 0, byReason: new Map() };
  times.set(detector, time);
  return time;
}
