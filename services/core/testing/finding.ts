import type { Finding } from '../records.ts';

const startMs = Date.UTC(2026, 0, 5);

/** A confirmed finding of a machine that was reported stopped and ran. */
export function aFinding(changes: Partial<Finding> = {}): Finding {
  return {
    findingId: 'F1',
    revision: 1,
    state: 'CONFIRMED',
    settled: false,
    detector: 'stopped-but-running',
    ruleId: 'stopped-but-running',
    ruleVersion: 1,
    ruleHash: 'f'.repeat(64),
    engineVersion: '1',
    level: 'RED',
    enterpriseId: 'E1',
    regionCode: '330106',
    subjectKind: 'EQUIPMENT',
    subjectId: 'M1',
    equipmentIds: ['M1'],
    meterId: 'P1',
    firstSlotMs: startMs,
    lastSlotEndMs: startMs,
    firstSaidMs: startMs,
    saidMs: startMs,
    contradictoryMs: 0,
    seenMeanKw: 40,
    stoppedUpperKw: 5,
    runningTypicalKw: 45,
    minimumDetectableKw: 3,
    logLikelihoodRatio: 20,
    falseAlarmBound: 0.1,
    summaryEn: 'It runs.',
    summaryZh: '它在运行。',
    slots: [],
    retractedBecause: null,
    supersededBy: null,
    reason: 'load-of-running-kind',
    cause: null,
    indicator: null,
    seen: null,
    bound: null,
    cameras: [],
    ...changes,
  };
}
