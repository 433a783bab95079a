import { Refusal } from '../core/batch.ts';
import type { PowerQuality } from '../core/records.ts';
import { stateBit } from '../core/timeline.ts';
import { refuseTime } from './refuse-times.ts';
import type { RowBinary } from './row-binary.ts';
import type { Table } from './tables.ts';

const qualityNumber: Readonly<Record<PowerQuality, number>> = { SUSPECT: 0, ESTIMATED: 1, MEASURED: 2 };

export const meterReadings: Table<'power'> = {
  name: 'meter_readings',
  columns: [
    'enterprise_id',
    'meter_id',
    'interval_start_at',
    'interval_ms',
    'mean_kw',
    'quality',
    'min_kw',
    'max_kw',
    'mean_kvar',
    'register_kwh',
    'origin_topic',
    'origin_partition',
    'origin_offset',
    'append_time',
  ],
  refuse(power) {
    if (!Number.isFinite(power.meanKw)) return new Refusal('not-a-number', `meanKw is ${power.meanKw}`);
    if (power.intervalMs <= 0) return new Refusal('bad-interval', `intervalMs is ${power.intervalMs}`);
    return refuseTime('intervalStartMs', power.intervalStartMs);
  },
  write(rows, items) {
    for (const { value: power, record } of items) {
      rows.text(power.enterpriseId);
      rows.text(power.meterId);
      rows.uint64(power.intervalStartMs);
      rows.uint32(power.intervalMs);
      rows.float64(power.meanKw);
      rows.uint8(qualityNumber[power.quality]);
      optionalNumber(rows, power.minKw);
      optionalNumber(rows, power.maxKw);
      optionalNumber(rows, power.meanKvar);
      optionalNumber(rows, power.registerKwh);
      rows.text(record.topic);
      rows.uint32(record.partition);
      rows.uint64(record.offset);
      rows.uint64(record.appendTimeMs);
    }
    return items.length;
  },
};

/** One NaN would spoil every sum over the column, and says no more than null. */
function optionalNumber(rows: RowBinary, value: number | null): void {
  if (value === null || !Number.isFinite(value)) {
    rows.uint8(1);
  } else {
    rows.uint8(0);
    rows.float64(value);
  }
}

const bucketSeconds = 60;

interface Bucket {
  states: number;
  partition: number;
  firstOffset: number;
  lastOffset: number;
}

/**
 * Reports fold to one row a machine and minute before they are sent: at a report every few seconds that is an order
 * of magnitude less to store. Union of bits, minimum and maximum do not mind order or repetition, so neither do the
 * rows that ClickHouse folds further.
 */
export const reportedStates: Table<'telemetry'> = {
  name: 'reported_states',
  columns: [
    'enterprise_id',
    'equipment_id',
    'bucket_at',
    'states',
    'origin_partition',
    'origin_first_offset',
    'origin_last_offset',
  ],
  refuse: (telemetry) => refuseTime('observedAtMs', telemetry.observedAtMs),
  write(rows, items) {
    const enterprises = new Map<string, Map<string, Map<number, Bucket>>>();
    for (const { value: telemetry, record } of items) {
      const { partition, offset } = record;
      const machines = entry(enterprises, telemetry.enterpriseId, newMap<string, Map<number, Bucket>>);
      const buckets = entry(machines, telemetry.equipmentId, newMap<number, Bucket>);
      const minute = Math.floor(telemetry.observedAtMs / (bucketSeconds * 1000));
      const bucket = buckets.get(minute);
      const states = stateBit[telemetry.state];
      if (bucket === undefined) {
        buckets.set(minute, { states, partition, firstOffset: offset, lastOffset: offset });
      } else {
        bucket.states |= states;
        // A batch may span partitions, but an enterprise is on one.
        if (offset < bucket.firstOffset) bucket.firstOffset = offset;
        if (offset > bucket.lastOffset) bucket.lastOffset = offset;
      }
    }
    let count = 0;
    for (const [enterpriseId, machines] of enterprises) {
      for (const [equipmentId, buckets] of machines) {
        for (const [minute, bucket] of buckets) {
          rows.text(enterpriseId);
          rows.text(equipmentId);
          rows.uint32(minute * bucketSeconds);
          rows.uint8(bucket.states);
          rows.uint32(bucket.partition);
          rows.uint64(bucket.firstOffset);
          rows.uint64(bucket.lastOffset);
        }
        count += buckets.size;
      }
    }
    return count;
  },
};

function newMap<K, V>(): Map<K, V> {
  return new Map();
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
