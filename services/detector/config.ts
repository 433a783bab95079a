import { Type } from 'typebox';

/** Settings of the detector, beside the connections. */
export const detectorSettings = {
  timeSource: Type.Enum(['append', 'recorded'], {
    env: 'TIME_SOURCE',
    default: 'append',
    description:
      'Clock of arrival: `append` is when the log took a record; `recorded` is for recordings that are published into the log.',
  }),
  batchRecords: Type.Integer({
    env: 'BATCH_RECORDS',
    default: 20_000,
    minimum: 1,
    maximum: 100_000,
    description: 'Records of one batch and transaction at most.',
  }),
  batchMs: Type.Integer({
    env: 'BATCH_MS',
    default: 250,
    minimum: 1,
    maximum: 10_000,
    description: 'How long a batch is gathered before it is committed, ms.',
  }),
  snapshotMs: Type.Integer({
    env: 'SNAPSHOT_MS',
    default: 45_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'How often changed state is written to the changelog, ms.',
  }),
  rulesPollSeconds: Type.Integer({
    env: 'RULES_POLL_SECONDS',
    default: 5,
    minimum: 1,
    maximum: 3_600,
    description:
      'How often the folder of the rules is looked at, s; where the file system tells of changes, they are seen at once.',
  }),
  latenessHorizonHours: Type.Integer({
    env: 'LATENESS_HORIZON_HOURS',
    default: 26,
    minimum: 1,
    maximum: 240,
    description: 'How late data may come and still count, hours; meters with a longer registered delay have their own.',
  }),
  lateReviewMinutes: Type.Integer({
    env: 'LATE_REVIEW_MINUTES',
    default: 5,
    minimum: 0,
    maximum: 120,
    description: 'How long late data of an enterprise is taken together before open verdicts are made anew, minutes.',
  }),
};
