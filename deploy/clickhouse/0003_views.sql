-- Ready-made answers. Each folds duplicates that a merge has not removed yet; conditions on enterprise_id reach the
-- tables' primary keys.

CREATE OR REPLACE VIEW wattness.findings_latest AS
SELECT * FROM wattness.findings FINAL
WHERE (enterprise_id, finding_id, revision) IN
(
    SELECT enterprise_id, finding_id, max(revision) FROM wattness.findings GROUP BY enterprise_id, finding_id
);

CREATE OR REPLACE VIEW wattness.alarms_active AS
SELECT * FROM wattness.alarms FINAL
WHERE (enterprise_id, alarm_id, revision) IN
(
    SELECT enterprise_id, alarm_id, max(revision) FROM wattness.alarms GROUP BY enterprise_id, alarm_id
)
AND state NOT IN ('NORMAL', 'SUPPRESSED_BY_DESIGN', 'OUT_OF_SERVICE');

CREATE OR REPLACE VIEW wattness.subject_status AS
SELECT
    enterprise_id,
    region_code,
    as_of,
    open_findings,
    `subjects.kind` AS subject_kind,
    `subjects.id` AS subject_id,
    `subjects.meter_id` AS meter_id,
    `subjects.verdict` AS verdict,
    `subjects.reason` AS reason,
    `subjects.slot_start_at` AS slot_start_at,
    `subjects.minimum_detectable_kw` AS minimum_detectable_kw
FROM
(
    SELECT * FROM wattness.enterprise_status FINAL
    WHERE (enterprise_id, as_of) IN
    (
        SELECT enterprise_id, max(as_of) FROM wattness.enterprise_status GROUP BY enterprise_id
    )
)
ARRAY JOIN
    `subjects.kind`, `subjects.id`, `subjects.meter_id`, `subjects.verdict`, `subjects.reason`,
    `subjects.slot_start_at`, `subjects.minimum_detectable_kw`;

-- A report holds until the next one, for 15 minutes at most: silence longer than that is a gap between intervals.
CREATE OR REPLACE VIEW wattness.reported_state_intervals AS
SELECT
    enterprise_id,
    equipment_id,
    min(bucket_at) AS from_at,
    max(until_at) AS to_at,
    any(state) AS state
FROM
(
    SELECT
        *,
        sum(starts) OVER (PARTITION BY enterprise_id, equipment_id ORDER BY bucket_at) AS interval_number
    FROM
    (
        SELECT
            *,
            state != lagInFrame(state, 1, '') OVER series
                OR bucket_at != lagInFrame(until_at, 1, toDateTime(0, 'UTC')) OVER series AS starts
        FROM
        (
            SELECT
                enterprise_id,
                equipment_id,
                bucket_at,
                transform(states, [1, 2, 4, 8, 16], ['UNKNOWN', 'STOPPED', 'STANDBY', 'RUNNING', 'FAULT'], 'MIXED') AS state,
                leadInFrame(bucket_at, 1, bucket_at + 60) OVER
                    (PARTITION BY enterprise_id, equipment_id ORDER BY bucket_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at,
                if(next_at <= bucket_at + 900, next_at, bucket_at + 60) AS until_at
            FROM wattness.reported_states FINAL
        )
        WINDOW series AS (PARTITION BY enterprise_id, equipment_id ORDER BY bucket_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
)
GROUP BY enterprise_id, equipment_id, interval_number;

CREATE OR REPLACE VIEW wattness.finding_evidence AS
SELECT
    f.finding_id AS finding_id,
    f.revision AS revision,
    f.enterprise_id AS enterprise_id,
    f.meter_id AS meter_id,
    f.slot_start_at AS slot_start_at,
    f.slot_interval_ms AS slot_interval_ms,
    f.slot_mean_kw AS slot_mean_kw,
    f.stopped_share AS stopped_share,
    f.slot_log_likelihood_ratio AS slot_log_likelihood_ratio,
    r.interval_start_at AS interval_start_at,
    r.interval_ms AS interval_ms,
    r.mean_kw AS mean_kw,
    r.quality AS quality,
    r.origin_topic AS origin_topic,
    r.origin_partition AS origin_partition,
    r.origin_offset AS origin_offset,
    r.append_time AS append_time
FROM
(
    SELECT
        finding_id, revision, enterprise_id, meter_id,
        `slots.start_at` AS slot_start_at,
        `slots.interval_ms` AS slot_interval_ms,
        `slots.mean_kw` AS slot_mean_kw,
        `slots.stopped_share` AS stopped_share,
        `slots.log_likelihood_ratio` AS slot_log_likelihood_ratio
    FROM wattness.findings_latest
    ARRAY JOIN `slots.start_at`, `slots.interval_ms`, `slots.mean_kw`, `slots.stopped_share`, `slots.log_likelihood_ratio`
) AS f
INNER JOIN (SELECT * FROM wattness.meter_readings FINAL) AS r
    ON r.enterprise_id = f.enterprise_id AND r.meter_id = f.meter_id
WHERE r.interval_start_at >= f.slot_start_at
    AND toUnixTimestamp64Milli(r.interval_start_at) < toUnixTimestamp64Milli(f.slot_start_at) + f.slot_interval_ms;
