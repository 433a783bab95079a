import type { Output } from '../core/batch.ts';
import type { Metrics } from '../platform/metrics.ts';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the detector counts. Names carry their units. */
export function detectorMetrics(metrics: Metrics) {
  const outputs = metrics.counter('wattness_detector_outputs_total', 'Records said, by topic.', ['topic']);
  const findings = metrics.counter('wattness_findings_total', 'Finding revisions said, by rule and state.', [
    'rule',
    'state',
  ]);
  const refused = metrics.counter('wattness_detector_refused_records_total', 'Records refused, by topic and reason.', [
    'topic',
    'reason',
  ]);
  return {
    records: metrics.counter('wattness_detector_input_records_total', 'Records processed, by topic.', ['topic']),
    applySeconds: metrics.histogram('wattness_detector_apply_seconds', 'Time to judge a batch.', seconds),
    commitSeconds: metrics.histogram('wattness_detector_commit_seconds', 'Time to commit a batch.', seconds),
    behindSeconds: metrics.gauge(
      'wattness_detector_behind_seconds',
      'Wall clock less the arrival time up to which all is judged.',
      ['partition'],
    ),
    assignedPartitions: metrics.gauge('wattness_detector_assigned_partitions', 'Partitions that the group gave us.'),
    livePartitions: metrics.gauge('wattness_detector_live_partitions', 'Partitions that are judged live.'),
    restoredRecords: metrics.counter('wattness_detector_restored_records_total', 'Records executed again to restore.'),
    failures: metrics.counter('wattness_detector_task_failures_total', 'Times that a task had to restore.', ['reason']),
    rulesInfo: metrics.gauge('wattness_detector_rules_info', '1 for each set of rules that judges, by its hash.', [
      'hash',
    ]),
    rulesRefused: metrics.counter(
      'wattness_detector_rules_refused_total',
      'Times that changed rules were refused, as broken or as the engine failed at them: the old ones go on.',
    ),
    countOutputs(said: readonly Output[]): void {
      for (const output of said) {
        outputs.inc({ topic: output.topic });
        if (output.topic === 'findings') findings.inc({ rule: output.value.ruleId, state: output.value.state });
        if (output.topic === 'dead-letters') refused.inc({ topic: output.inputTopic, reason: output.refusal.reason });
      }
    },
  };
}

export type DetectorMetrics = ReturnType<typeof detectorMetrics>;
