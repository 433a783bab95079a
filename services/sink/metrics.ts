import type { Metrics } from '../platform/metrics.ts';

export type SinkMetrics = ReturnType<typeof sinkMetrics>;

export function sinkMetrics(metrics: Metrics) {
  return {
    records: metrics.counter('wattness_sink_records_total', 'Records stored in ClickHouse and committed.', ['topic']),
    rows: metrics.counter('wattness_sink_rows_total', 'Rows inserted; telemetry folds many records to one.', ['table']),
    refused: metrics.counter(
      'wattness_sink_refused_records_total',
      'Records that can never be stored: outcome dead-lettered, or counted where the detector dead-letters them.',
      ['topic', 'reason', 'outcome'],
    ),
    retries: metrics.counter('wattness_sink_retries_total', 'Attempts that failed for a passing cause.', ['step']),
    insertSeconds: metrics.histogram(
      'wattness_sink_insert_seconds',
      'Time of a successful INSERT.',
      [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      ['table'],
    ),
    outstanding: metrics.gauge('wattness_sink_outstanding_records', 'Records read and not yet committed.', ['topic']),
  };
}
