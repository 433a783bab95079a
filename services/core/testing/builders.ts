import type { Engine, InputRecord, Output } from '../batch.ts';
import type { StoppedButRunning } from '../detectors/stopped-but-running.ts';
import { createEngine, engineDefaults } from '../engine.ts';
import type { EngineOptions } from '../enterprise.ts';
import type { LoadParameters } from '../load-parameters.ts';
import type {
  AlarmAction,
  Equipment,
  Finding,
  InputTopic,
  Meter,
  Power,
  SiteEvent,
  SiteRegistration,
  Telemetry,
  TopicValues,
  WorkRecord,
} from '../records.ts';
import type { Rule } from '../rule.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
/** A Monday midnight in UTC: the worlds of these tests begin here. */
export const startMs = Date.UTC(2026, 0, 5);

/** The parameters that the shipped rule states; core reads no file, so they are repeated here. */
export const parameters: StoppedButRunning = {
  claim: 'reported',
  confirmAfterMinutes: 10,
  clearAfterMinutes: 60,
  falseAlarmsPerMonth: 0.1,
};

/** How reports and loads are read, as the shipped rules have it. */
export const loadParameters: LoadParameters = {
  runDownMinutes: 10,
  holdReports: 2,
  slotLikelihoodRatio: 20,
  unexplainedSlotShare: 0.00001,
  leastModeHours: 3,
  memoryDays: 56,
  highestStoppedRatio: 0.5,
  nameplateLow: 0.4,
  nameplateHigh: 3,
  highestIdleShare: 0.3,
  lowestWorkingShare: 0.3,
};

export function aRule(changes: Partial<Rule<StoppedButRunning>> = {}): Rule<StoppedButRunning> {
  return {
    id: 'stopped-but-running',
    version: 1,
    hash: 'f'.repeat(64),
    detector: 'stopped-but-running',
    level: 'ORANGE',
    title: { en: 'Reported stopped but running', zh: '明停暗开' },
    advice: { en: 'Go and look.', zh: '现场检查。' },
    sectors: [],
    equipmentKinds: [],
    parameters,
    ...changes,
  };
}

export function engineOptions(changes: Partial<EngineOptions> = {}): EngineOptions {
  return { ...engineDefaults, load: loadParameters, rules: [aRule()], ...changes };
}

export function anEngine(changes: Partial<EngineOptions> = {}): Engine {
  return createEngine(engineOptions(changes));
}

export function anEquipment(changes: Partial<Equipment> = {}): Equipment {
  return {
    equipmentId: 'M1',
    name: 'Belt sander 1',
    kind: 'PROCESS',
    sectionId: 'S1',
    ratedPowerKw: 60,
    reportIntervalMs: 5 * minuteMs,
    limits: [],
    serves: [],
    collector: null,
    ...changes,
  };
}

export function aMeter(changes: Partial<Meter> = {}): Meter {
  return {
    meterId: 'P1',
    role: 'PRODUCTION',
    intervalMs: 15 * minuteMs,
    installationId: 'I1',
    feeds: ['M1'],
    parentMeterId: null,
    deliveryDelayMs: 0,
    exports: false,
    ...changes,
  };
}

export function aRegistration(changes: Partial<SiteRegistration> = {}): SiteRegistration {
  return {
    enterpriseId: 'E1',
    revision: 1,
    effectiveFromMs: startMs - 30 * dayMs,
    name: '红木家具厂',
    nameEn: 'Rosewood Furniture',
    regionCode: '330106',
    sector: 'DUST_EXPLOSION',
    timeZone: 'Asia/Shanghai',
    equipment: [anEquipment()],
    meters: [aMeter()],
    shifts: [],
    retired: false,
    sections: [],
    cameras: [],
    latitude: null,
    longitude: null,
    carrier: '',
    ...changes,
  };
}

export function aTelemetry(changes: Partial<Telemetry> = {}): Telemetry {
  return {
    enterpriseId: 'E1',
    equipmentId: 'M1',
    observedAtMs: startMs,
    state: 'STOPPED',
    gatewayId: null,
    readings: [],
    ...changes,
  };
}

export function aPower(changes: Partial<Power> = {}): Power {
  return {
    enterpriseId: 'E1',
    meterId: 'P1',
    intervalStartMs: startMs,
    intervalMs: 15 * minuteMs,
    meanKw: 40,
    quality: 'MEASURED',
    minKw: null,
    maxKw: null,
    meanKvar: null,
    registerKwh: null,
    ...changes,
  };
}

export function aWorkRecord(changes: Partial<WorkRecord> = {}): WorkRecord {
  return {
    enterpriseId: 'E1',
    recordId: 'W1',
    revision: 1,
    kind: 'TEST_RUN',
    startMs,
    endMs: startMs + hourMs,
    filedAtMs: startMs,
    sectionId: null,
    equipmentId: null,
    filedBy: null,
    regime: null,
    grade: null,
    withdrawn: false,
    ...changes,
  };
}

export function aSiteEvent(changes: Partial<SiteEvent> = {}): SiteEvent {
  return {
    enterpriseId: 'E1',
    eventId: 'V1',
    revision: 1,
    kind: 'STOPPAGE_DECLARED',
    startMs,
    endMs: startMs + hourMs,
    sectionId: null,
    equipmentId: null,
    sourceId: null,
    confidence: null,
    count: null,
    reference: null,
    value: null,
    ...changes,
  };
}

export function anAction(changes: Partial<AlarmAction> = {}): AlarmAction {
  return {
    enterpriseId: 'E1',
    actionId: 'A1',
    alarmId: 'none',
    kind: 'ACKNOWLEDGE',
    actorId: 'duty officer',
    actedAtMs: startMs,
    note: null,
    attachments: [],
    ...changes,
  };
}

/** A record on its way: what it is and when it comes. */
export type Sent = { readonly [T in InputTopic]: { topic: T; arrivalMs: number; value: TopicValues[T] } }[InputTopic];

export function sent<T extends InputTopic>(topic: T, arrivalMs: number, value: TopicValues[T]): Sent {
  return { topic, arrivalMs, value } as unknown as Sent;
}

const rank: Readonly<Record<InputTopic, number>> = {
  'site-registry': 0,
  'work-records': 1,
  'site-events': 2,
  'alarm-actions': 3,
  telemetry: 4,
  power: 5,
};

/** Puts records in canonical order: arrival, topic rank, and their place in the list as offset. */
export function canonical(list: readonly Sent[]): InputRecord[] {
  const records = list.map((item, offset): InputRecord => ({ ...item, offset }));
  return records.sort((a, b) => a.arrivalMs - b.arrivalMs || rank[a.topic] - rank[b.topic] || a.offset - b.offset);
}

/** Cuts records into batches of up to `size` records, and hands each to the engine with its last arrival as now. */
export function run(engine: Engine, records: readonly InputRecord[], size = 5000): Output[] {
  const outputs: Output[] = [];
  for (let at = 0; at < records.length; at += size) {
    const batch = records.slice(at, at + size);
    for (const output of engine.apply(batch, batch.at(-1)!.arrivalMs)) outputs.push(output);
  }
  return outputs;
}

/** Runs all, then lets enough time pass that every slot is sealed. */
export function runAndSettle(engine: Engine, list: readonly Sent[], size?: number): Output[] {
  const records = canonical(list);
  const lastMs = records.at(-1)?.arrivalMs ?? 0;
  return run(engine, records, size).concat(engine.apply([], lastMs + 3 * dayMs));
}

export function findingsIn(outputs: readonly Output[]): Finding[] {
  return outputs.flatMap((output) => (output.topic === 'findings' ? [output.value] : []));
}

/** What must not depend on how the input came, of every finding that is closed and settled. */
export function settledFindings(outputs: readonly Output[]) {
  return findingsIn(outputs)
    .filter(({ state, settled }) => settled && state === 'CLOSED')
    .map((f) => ({
      findingId: f.findingId,
      enterpriseId: f.enterpriseId,
      subject: `${f.subjectKind} ${f.subjectId}`,
      firstSlotMs: f.firstSlotMs,
      lastSlotEndMs: f.lastSlotEndMs,
      contradictoryMs: f.contradictoryMs,
      seenMeanKw: f.seenMeanKw,
      logLikelihoodRatio: f.logLikelihoodRatio,
    }))
    .sort((a, b) => (a.findingId < b.findingId ? -1 : 1));
}

/** Newest revision of every finding. */
export function latestFindings(outputs: readonly Output[]): Finding[] {
  return [...new Map(findingsIn(outputs).map((finding) => [finding.findingId, finding])).values()];
}

/** A small seeded generator of numbers in [0, 1) (mulberry32). */
export function aRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
