import type { Verdict } from '../core/records.ts';
import { refuseTimes } from './refuse-times.ts';
import { RowBinary } from './row-binary.ts';
import type { Table } from './tables.ts';

// Numbers of the Enum8 column, as the migrations have them.
const verdictNumber: Readonly<Record<Verdict, number>> = { UNKNOWN: 0, CONSISTENT: 1, CONTRADICTORY: 2 };

const { text, nullableFloat64, uint64, uint8 } = RowBinary.prototype;

export const enterpriseStatus: Table<'enterprise-status'> = {
  name: 'enterprise_status',
  columns: [
    'enterprise_id',
    'region_code',
    'as_of',
    'open_findings',
    'subjects.kind',
    'subjects.id',
    'subjects.meter_id',
    'subjects.verdict',
    'subjects.reason',
    'subjects.slot_start_at',
    'subjects.minimum_detectable_kw',
    'subjects.rule_id',
  ],
  refuse: ({ asOfMs, subjects }) =>
    refuseTimes({
      asOfMs,
      'subjects.slotStartMs': subjects.find(({ slotStartMs }) => refuseTimes({ slotStartMs }))?.slotStartMs ?? null,
    }),
  write(rows, items) {
    for (const { value } of items) {
      const { subjects } = value;
      rows.text(value.enterpriseId);
      rows.text(value.regionCode);
      rows.uint64(value.asOfMs);
      rows.uint32(value.openFindings);
      rows.column(subjects, (subject) => subject.subjectKind, text);
      rows.column(subjects, (subject) => subject.subjectId, text);
      rows.column(subjects, (subject) => subject.meterId, text);
      rows.column(subjects, (subject) => verdictNumber[subject.verdict], uint8);
      rows.column(subjects, (subject) => subject.reason, text);
      rows.column(subjects, (subject) => subject.slotStartMs, nullableTime);
      rows.column(subjects, (subject) => subject.minimumDetectableKw, nullableFloat64);
      rows.column(subjects, (subject) => subject.ruleId, text);
    }
    return items.length;
  },
};

function nullableTime(this: RowBinary, ms: number | null): void {
  this.nullable(ms, uint64);
}

export const deadLetters: Table<'dead-letters'> = {
  name: 'dead_letters',
  columns: [
    'dead_letter_id',
    'reason',
    'detail',
    'service',
    'origin_topic',
    'origin_partition',
    'origin_offset',
    'append_time',
    'refused_at',
    'key',
    'value',
    'headers',
  ],
  refuse: ({ appendTimeMs, refusedMs }) => refuseTimes({ appendTimeMs, refusedMs }),
  write(rows, items) {
    for (const { value } of items) {
      rows.text(value.deadLetterId);
      rows.text(value.reason);
      rows.text(value.detail);
      rows.text(value.service);
      rows.text(value.topic);
      rows.uint32(value.partition);
      rows.uint64(value.offset);
      rows.uint64(value.appendTimeMs);
      rows.uint64(value.refusedMs);
      rows.nullable(value.key, text);
      rows.nullable(value.value, RowBinary.prototype.bytes);
      rows.array(Object.entries(value.headers), header);
    }
    return items.length;
  },
};

function header(this: RowBinary, [name, value]: readonly [string, string]): void {
  this.text(name);
  this.text(value);
}
