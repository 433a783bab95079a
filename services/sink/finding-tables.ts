import type { AlarmState, CameraWitness, EvidenceSlot, FindingState, Level, SubjectKind } from '../core/records.ts';
import type { LogRecord } from '../platform/log.ts';
import { refuseTimes } from './refuse-times.ts';
import { RowBinary } from './row-binary.ts';
import type { Table } from './tables.ts';

// Numbers of the Enum8 columns, as the migrations have them.
const levelNumber: Readonly<Record<Level, number>> = { BLUE: 0, YELLOW: 1, ORANGE: 2, RED: 3 };
const subjectNumber: Readonly<Record<SubjectKind, number>> = {
  ENTERPRISE: 0,
  METER: 1,
  EQUIPMENT: 2,
  SECTION: 3,
  CAMERA: 4,
  GATEWAY: 5,
};
const findingNumber: Readonly<Record<FindingState, number>> = {
  PROVISIONAL: 0,
  CONFIRMED: 1,
  REVISED: 2,
  RETRACTED: 3,
  CLOSED: 4,
};
const alarmNumber: Readonly<Record<AlarmState, number>> = {
  NORMAL: 0,
  UNACKNOWLEDGED: 1,
  ACKNOWLEDGED: 2,
  RETURNED_UNACKNOWLEDGED: 3,
  LATCHED: 4,
  SHELVED: 5,
  SUPPRESSED_BY_DESIGN: 6,
  OUT_OF_SERVICE: 7,
};

const { text, float64, uint8, uint32, uint64, nullableText, nullableFloat64 } = RowBinary.prototype;
const originColumns = ['origin_partition', 'origin_offset', 'append_time'];

function writeOrigin(rows: RowBinary, record: LogRecord): void {
  rows.uint32(record.partition);
  rows.uint64(record.offset);
  rows.uint64(record.appendTimeMs);
}

export const findings: Table<'findings'> = {
  name: 'findings',
  columns: [
    'finding_id',
    'revision',
    'state',
    'settled',
    'detector',
    'rule_id',
    'rule_version',
    'rule_hash',
    'engine_version',
    'level',
    'enterprise_id',
    'region_code',
    'subject_kind',
    'subject_id',
    'equipment_ids',
    'meter_id',
    'first_slot_at',
    'last_slot_end_at',
    'first_said_at',
    'said_at',
    'contradictory_ms',
    'seen_mean_kw',
    'stopped_upper_kw',
    'running_typical_kw',
    'minimum_detectable_kw',
    'log_likelihood_ratio',
    'false_alarm_bound',
    'summary_en',
    'summary_zh',
    'slots.start_at',
    'slots.interval_ms',
    'slots.mean_kw',
    'slots.stopped_share',
    'slots.log_likelihood_ratio',
    'retracted_because',
    'superseded_by',
    'reason',
    'cause',
    'indicator',
    'seen',
    'bound',
    'cameras.source_id',
    'cameras.supports',
    'cameras.confidence',
    'cameras.reference',
    ...originColumns,
  ],
  refuse: ({ firstSlotMs, lastSlotEndMs, firstSaidMs, saidMs, slots }) =>
    refuseTimes({
      firstSlotMs,
      lastSlotEndMs,
      firstSaidMs,
      saidMs,
      'slots.startMs': slots.find(({ startMs }) => refuseTimes({ startMs }))?.startMs ?? null,
    }),
  write(rows, items) {
    for (const { value, record } of items) {
      rows.text(value.findingId);
      rows.uint32(value.revision);
      rows.uint8(findingNumber[value.state]);
      rows.uint8(value.settled ? 1 : 0);
      rows.text(value.detector);
      rows.text(value.ruleId);
      rows.uint32(value.ruleVersion);
      rows.text(value.ruleHash);
      rows.text(value.engineVersion);
      rows.uint8(levelNumber[value.level]);
      rows.text(value.enterpriseId);
      rows.text(value.regionCode);
      rows.uint8(subjectNumber[value.subjectKind]);
      rows.text(value.subjectId);
      rows.array(value.equipmentIds, text);
      rows.text(value.meterId);
      rows.uint64(value.firstSlotMs);
      rows.uint64(value.lastSlotEndMs);
      rows.uint64(value.firstSaidMs);
      rows.uint64(value.saidMs);
      rows.uint64(value.contradictoryMs);
      rows.nullableFloat64(value.seenMeanKw);
      rows.nullableFloat64(value.stoppedUpperKw);
      rows.nullableFloat64(value.runningTypicalKw);
      rows.nullableFloat64(value.minimumDetectableKw);
      rows.float64(value.logLikelihoodRatio);
      rows.float64(value.falseAlarmBound);
      rows.text(value.summaryEn);
      rows.text(value.summaryZh);
      writeSlots(rows, value.slots);
      rows.nullableText(value.retractedBecause);
      rows.nullableText(value.supersededBy);
      rows.text(value.reason);
      rows.nullableText(value.cause);
      rows.nullableText(value.indicator);
      rows.nullableFloat64(value.seen);
      rows.nullableFloat64(value.bound);
      writeCameras(rows, value.cameras);
      writeOrigin(rows, record);
    }
    return items.length;
  },
};

function writeSlots(rows: RowBinary, slots: readonly EvidenceSlot[]): void {
  rows.column(slots, (slot) => slot.startMs, uint64);
  rows.column(slots, (slot) => slot.intervalMs, uint32);
  rows.column(slots, (slot) => slot.meanKw, float64);
  rows.column(slots, (slot) => slot.stoppedShare, float64);
  rows.column(slots, (slot) => slot.logLikelihoodRatio, float64);
}

function writeCameras(rows: RowBinary, cameras: readonly CameraWitness[]): void {
  rows.column(cameras, (camera) => camera.sourceId, text);
  rows.column(cameras, (camera) => (camera.supports ? 1 : 0), uint8);
  rows.column(cameras, (camera) => camera.confidence, nullableFloat64);
  rows.column(cameras, (camera) => camera.reference, nullableText);
}

export const alarms: Table<'alarms'> = {
  name: 'alarms',
  columns: [
    'alarm_id',
    'revision',
    'state',
    'condition_active',
    'level',
    'enterprise_id',
    'region_code',
    'finding_id',
    'rule_id',
    'subject_kind',
    'subject_id',
    'raised_at',
    'changed_at',
    'cleared_at',
    'title_en',
    'title_zh',
    'summary_en',
    'summary_zh',
    'advice_en',
    'advice_zh',
    'cleared_because',
    ...originColumns,
  ],
  refuse: ({ raisedMs, changedMs, clearedMs }) => refuseTimes({ raisedMs, changedMs, clearedMs }),
  write(rows, items) {
    for (const { value, record } of items) {
      rows.text(value.alarmId);
      rows.uint32(value.revision);
      rows.uint8(alarmNumber[value.state]);
      rows.uint8(value.conditionActive ? 1 : 0);
      rows.uint8(levelNumber[value.level]);
      rows.text(value.enterpriseId);
      rows.text(value.regionCode);
      rows.text(value.findingId);
      rows.text(value.ruleId);
      rows.text(value.subjectKind);
      rows.text(value.subjectId);
      rows.uint64(value.raisedMs);
      rows.uint64(value.changedMs);
      rows.nullable(value.clearedMs, uint64);
      rows.text(value.titleEn);
      rows.text(value.titleZh);
      rows.text(value.summaryEn);
      rows.text(value.summaryZh);
      rows.text(value.adviceEn);
      rows.text(value.adviceZh);
      rows.nullableText(value.clearedBecause);
      writeOrigin(rows, record);
    }
    return items.length;
  },
};
