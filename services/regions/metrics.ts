import type { Metrics } from '../platform/metrics.ts';

/** What the second stage counts. */
export function regionMetrics(metrics: Metrics) {
  return {
    records: metrics.counter('wattness_regions_input_records_total', 'Statements of silence processed.'),
    events: metrics.counter('wattness_regions_events_total', 'Revisions of regional outages said, one an enterprise.'),
    refused: metrics.counter('wattness_regions_refused_records_total', 'Records refused, by reason.', ['reason']),
    failures: metrics.counter('wattness_regions_task_failures_total', 'Times that a task had to restore.', ['reason']),
    assignedPartitions: metrics.gauge('wattness_regions_assigned_partitions', 'Partitions that the group gave us.'),
    livePartitions: metrics.gauge('wattness_regions_live_partitions', 'Partitions that are judged live.'),
  };
}

export type RegionMetrics = ReturnType<typeof regionMetrics>;
