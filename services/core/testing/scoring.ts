import { equipmentDefaults, meterDefaults, siteDefaults } from '../record-defaults.ts';
import type { Label, PowerRun, Recording, TelemetryRun } from '../recording.ts';
import type { Equipment, Meter, SiteRegistration } from '../records.ts';
import type { ScoredFinding } from '../scoring.ts';

export const hour = 3_600_000;
export const slot = 900_000;

export const aLie = (startMs: number, endMs: number, parts: Partial<Label> = {}): Label => ({
  detector: 'stopped-but-running',
  enterpriseId: 'e',
  subjectKind: 'EQUIPMENT',
  subjectId: 'm1',
  startMs,
  endMs,
  kind: 'lie',
  ranMs: null,
  note: '',
  ...parts,
});

/** Confirmed a minute after it ends. */
export const aScoredFinding = (
  firstSlotMs: number,
  lastSlotEndMs: number,
  parts: Partial<ScoredFinding> = {},
): ScoredFinding => ({
  findingId: `f${firstSlotMs}`,
  revision: 1,
  state: 'CONFIRMED',
  detector: 'stopped-but-running',
  ruleId: 'stopped-but-running',
  reason: 'load-of-running-kind',
  enterpriseId: 'e',
  subjectKind: 'EQUIPMENT',
  subjectId: 'm1',
  equipmentIds: ['m1'],
  meterId: 'p',
  firstSlotMs,
  lastSlotEndMs,
  saidMs: lastSlotEndMs + 60_000,
  ...parts,
});

export const aMachine = (equipmentId: string, parts: Partial<Equipment> = {}): Equipment => ({
  ...equipmentDefaults,
  equipmentId,
  ...parts,
});

export const aMeter = (meterId: string, feeds: string[], parts: Partial<Meter> = {}): Meter => ({
  ...meterDefaults,
  meterId,
  intervalMs: slot,
  feeds,
  ...parts,
});

export const aFirm = (parts: Partial<SiteRegistration> = {}): SiteRegistration => ({
  ...siteDefaults,
  enterpriseId: 'e',
  effectiveFromMs: 0,
  name: '',
  timeZone: 'UTC',
  ...parts,
});

/** Reports each minute, a minute late. */
export const aReport = (equipmentId: string, fromMs: number, toMs: number, parts: Partial<TelemetryRun> = {}) => ({
  enterpriseId: 'e',
  equipmentId,
  fromMs,
  toMs,
  everyMs: 60_000,
  state: 'STOPPED' as const,
  arrival: { delayMs: 60_000 },
  gatewayId: null,
  readings: [],
  ...parts,
});

/** Measured quarters of an hour, each a minute late. */
export const aLoad = (meterId: string, meanKw: readonly number[], parts: Partial<PowerRun> = {}): PowerRun => ({
  enterpriseId: 'e',
  meterId,
  startMs: 0,
  intervalMs: slot,
  quality: 'MEASURED',
  arrival: { delayMs: 60_000 },
  meanKw,
  extras: {},
  ...parts,
});

export const aRecording = (sites: readonly SiteRegistration[], parts: Partial<Recording> = {}): Recording => ({
  about: { title: '', source: '', licence: '', credit: '', timeZone: 'UTC', nominalIntervalMs: slot },
  sites: sites.map((value) => ({ arrivalMs: 0, value })),
  workRecords: [],
  siteEvents: [],
  alarmActions: [],
  telemetry: [],
  power: [],
  labels: [],
  ...parts,
});
