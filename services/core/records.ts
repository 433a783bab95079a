/** What the topics carry, as decoded. Field meanings and units are documented once, in `schemas/*.avsc`. */

export type RunState = 'UNKNOWN' | 'STOPPED' | 'STANDBY' | 'RUNNING' | 'FAULT';

export interface Reading {
  readonly indicator: string;
  readonly value: number;
}

export interface Telemetry {
  readonly enterpriseId: string;
  readonly equipmentId: string;
  readonly observedAtMs: number;
  readonly state: RunState;
  readonly gatewayId: string | null;
  readonly readings: readonly Reading[];
}

export type PowerQuality = 'SUSPECT' | 'ESTIMATED' | 'MEASURED';

export interface Power {
  readonly enterpriseId: string;
  readonly meterId: string;
  readonly intervalStartMs: number;
  readonly intervalMs: number;
  readonly meanKw: number;
  readonly quality: PowerQuality;
  readonly minKw: number | null;
  readonly maxKw: number | null;
  readonly meanKvar: number | null;
  readonly registerKwh: number | null;
}

export type SiteEventKind =
  | 'OTHER'
  | 'STOPPAGE_DECLARED'
  | 'STOPPAGE_ORDERED'
  | 'POWER_CUT'
  | 'REGIONAL_OUTAGE'
  | 'GATEWAY_FAULT'
  | 'SPARK'
  | 'FLAME'
  | 'WELDER_START'
  | 'PERSON_COUNT'
  | 'CAMERA_DARK'
  | 'CAMERA_BLIND'
  | 'CLEANING_SEEN'
  | 'CLEANING_NOT_SEEN'
  | 'DUST_LAYER'
  | 'AIR_BLOWING'
  | 'METER_CHANGE'
  | 'SHIFT_CHANGE';

export interface SiteEvent {
  readonly enterpriseId: string;
  readonly eventId: string;
  readonly revision: number;
  readonly kind: SiteEventKind;
  readonly startMs: number;
  readonly endMs: number | null;
  readonly sectionId: string | null;
  readonly equipmentId: string | null;
  readonly sourceId: string | null;
  readonly confidence: number | null;
  readonly count: number | null;
  readonly reference: string | null;
  readonly value: number | null;
}

export type WorkRecordKind = 'OTHER' | 'HOT_WORK_PERMIT' | 'CLEANING' | 'MAINTENANCE' | 'TEST_RUN';

export interface WorkRecord {
  readonly enterpriseId: string;
  readonly recordId: string;
  readonly revision: number;
  readonly kind: WorkRecordKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly filedAtMs: number;
  readonly sectionId: string | null;
  readonly equipmentId: string | null;
  readonly filedBy: string | null;
  readonly regime: string | null;
  readonly grade: string | null;
  readonly withdrawn: boolean;
}

export type EquipmentKind =
  | 'OTHER'
  | 'PROCESS'
  | 'DUST_COLLECTOR'
  | 'FAN'
  | 'WELDER'
  | 'HOLDING_FURNACE'
  | 'FURNACE'
  | 'DORMITORY'
  | 'HVAC'
  | 'PHOTOVOLTAIC';

export interface Limit {
  readonly indicator: string;
  readonly low: number | null;
  readonly high: number | null;
  readonly onDelayMs: number;
  readonly deadBand: number;
  readonly offDelayMs: number;
  readonly ratePerMinute: number | null;
}

export type CollectorKind = 'DRY' | 'WET';

export interface Equipment {
  readonly equipmentId: string;
  readonly name: string;
  readonly kind: EquipmentKind;
  readonly sectionId: string;
  readonly ratedPowerKw: number | null;
  readonly reportIntervalMs: number;
  readonly limits: readonly Limit[];
  readonly serves: readonly string[];
  readonly collector: CollectorKind | null;
}

export type MeterRole = 'MIXED' | 'ENTERPRISE_TOTAL' | 'PRODUCTION' | 'TREATMENT' | 'INDIRECT';

export interface Meter {
  readonly meterId: string;
  readonly role: MeterRole;
  readonly intervalMs: number;
  readonly installationId: string;
  readonly feeds: readonly string[];
  readonly parentMeterId: string | null;
  readonly deliveryDelayMs: number;
  readonly exports: boolean;
}

export interface Shift {
  readonly name: string;
  readonly startMinute: number;
  readonly endMinute: number;
  readonly daysOfWeek: number;
  readonly onHolidays: boolean;
}

export interface Section {
  readonly sectionId: string;
  readonly name: string;
  readonly dust: boolean;
  readonly workers: number | null;
  readonly personLimit: number | null;
  readonly cleanAfterRunHours: number | null;
}

export interface Camera {
  readonly cameraId: string;
  readonly sectionId: string;
}

export type Sector = 'OTHER' | 'DUST_EXPLOSION' | 'IRON_AND_STEEL' | 'ALUMINIUM_DEEP_WELL_CASTING';

export interface SiteRegistration {
  readonly enterpriseId: string;
  readonly revision: number;
  readonly effectiveFromMs: number;
  readonly name: string;
  readonly nameEn: string;
  readonly regionCode: string;
  readonly sector: Sector;
  readonly timeZone: string;
  readonly equipment: readonly Equipment[];
  readonly meters: readonly Meter[];
  readonly shifts: readonly Shift[];
  readonly retired: boolean;
  readonly sections: readonly Section[];
  readonly cameras: readonly Camera[];
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly carrier: string;
}

export interface AlarmAction {
  readonly enterpriseId: string;
  readonly actionId: string;
  readonly alarmId: string;
  readonly kind: string;
  readonly actorId: string;
  readonly actedAtMs: number;
  readonly note: string | null;
  readonly attachments: readonly string[];
}

export type Level = 'BLUE' | 'YELLOW' | 'ORANGE' | 'RED';
export type FindingState = 'PROVISIONAL' | 'CONFIRMED' | 'REVISED' | 'RETRACTED' | 'CLOSED';
export const subjectKinds = ['ENTERPRISE', 'METER', 'EQUIPMENT', 'SECTION', 'CAMERA', 'GATEWAY'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

export interface EvidenceSlot {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly meanKw: number;
  readonly stoppedShare: number;
  readonly logLikelihoodRatio: number;
}

export interface CameraWitness {
  readonly sourceId: string;
  readonly supports: boolean;
  readonly confidence: number | null;
  readonly reference: string | null;
}

export interface Finding {
  readonly findingId: string;
  readonly revision: number;
  readonly state: FindingState;
  readonly settled: boolean;
  readonly detector: string;
  readonly ruleId: string;
  readonly ruleVersion: number;
  readonly ruleHash: string;
  readonly engineVersion: string;
  readonly level: Level;
  readonly enterpriseId: string;
  readonly regionCode: string;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly equipmentIds: readonly string[];
  readonly meterId: string;
  readonly firstSlotMs: number;
  readonly lastSlotEndMs: number;
  readonly firstSaidMs: number;
  readonly saidMs: number;
  readonly contradictoryMs: number;
  readonly seenMeanKw: number | null;
  readonly stoppedUpperKw: number | null;
  readonly runningTypicalKw: number | null;
  readonly minimumDetectableKw: number | null;
  readonly logLikelihoodRatio: number;
  readonly falseAlarmBound: number;
  readonly summaryEn: string;
  readonly summaryZh: string;
  readonly slots: readonly EvidenceSlot[];
  readonly retractedBecause: string | null;
  readonly supersededBy: string | null;
  readonly reason: string;
  readonly cause: string | null;
  readonly indicator: string | null;
  readonly seen: number | null;
  readonly bound: number | null;
  readonly cameras: readonly CameraWitness[];
}

export type AlarmState =
  | 'NORMAL'
  | 'UNACKNOWLEDGED'
  | 'ACKNOWLEDGED'
  | 'RETURNED_UNACKNOWLEDGED'
  | 'LATCHED'
  | 'SHELVED'
  | 'SUPPRESSED_BY_DESIGN'
  | 'OUT_OF_SERVICE';

export interface Alarm {
  readonly alarmId: string;
  readonly revision: number;
  readonly state: AlarmState;
  readonly conditionActive: boolean;
  readonly level: Level;
  readonly enterpriseId: string;
  readonly regionCode: string;
  readonly findingId: string;
  readonly ruleId: string;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly raisedMs: number;
  readonly changedMs: number;
  readonly clearedMs: number | null;
  readonly titleEn: string;
  readonly titleZh: string;
  readonly summaryEn: string;
  readonly summaryZh: string;
  readonly adviceEn: string;
  readonly adviceZh: string;
  readonly clearedBecause: string | null;
}

export type Verdict = 'UNKNOWN' | 'CONSISTENT' | 'CONTRADICTORY';

export interface SubjectStatus {
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly meterId: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly slotStartMs: number | null;
  readonly minimumDetectableKw: number | null;
  readonly ruleId: string;
}

export interface EnterpriseStatus {
  readonly enterpriseId: string;
  readonly regionCode: string;
  readonly asOfMs: number;
  readonly openFindings: number;
  readonly subjects: readonly SubjectStatus[];
}

/** Whether an enterprise is heard at all: what the second stage judges regional outages by. */
export interface EnterpriseSilence {
  readonly enterpriseId: string;
  readonly regionCode: string;
  readonly carrier: string;
  readonly asOfMs: number;
  readonly silentSinceMs: number | null;
  readonly gateways: number;
  readonly heardGateways: number;
}

export interface DeadLetter {
  readonly deadLetterId: string;
  readonly reason: string;
  readonly detail: string;
  readonly service: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendTimeMs: number;
  readonly refusedMs: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Input topics in their canonical rank: at equal arrival time, what describes comes before what is judged. */
export const inputTopics = [
  'site-registry',
  'work-records',
  'site-events',
  'alarm-actions',
  'telemetry',
  'power',
] as const;
export type InputTopic = (typeof inputTopics)[number];

export const outputTopics = ['findings', 'alarms', 'enterprise-status', 'enterprise-silence', 'dead-letters'] as const;
export type OutputTopic = (typeof outputTopics)[number];

/** The decoded value of each topic. */
export interface TopicValues {
  'site-registry': SiteRegistration;
  'work-records': WorkRecord;
  'site-events': SiteEvent;
  'alarm-actions': AlarmAction;
  telemetry: Telemetry;
  power: Power;
  findings: Finding;
  alarms: Alarm;
  'enterprise-status': EnterpriseStatus;
  'enterprise-silence': EnterpriseSilence;
  'dead-letters': DeadLetter;
}
