-- What the data says and what people must do about it, every revision of it, and what could not be used.

CREATE TABLE IF NOT EXISTS wattness.findings
(
    finding_id String COMMENT 'Deterministic: hash of rule, subject and first slot.',
    revision UInt32 COMMENT 'Rises with each record of the finding, from 1.',
    state Enum8('PROVISIONAL' = 0, 'CONFIRMED' = 1, 'REVISED' = 2, 'RETRACTED' = 3, 'CLOSED' = 4) COMMENT 'Where the finding is in its life.',
    settled Bool COMMENT 'True when every slot that it rests on is sealed: this is the last revision.',
    detector LowCardinality(String) COMMENT 'Detector, such as stopped-but-running.',
    rule_id LowCardinality(String) COMMENT 'Rule.',
    rule_version UInt32 COMMENT 'Version of the rule.',
    rule_hash LowCardinality(String) COMMENT 'SHA-256 of the rule as it was applied.',
    engine_version LowCardinality(String) COMMENT 'Version of the engine that says so.',
    level Enum8('BLUE' = 0, 'YELLOW' = 1, 'ORANGE' = 2, 'RED' = 3) COMMENT 'Warning level, red is worst.',
    enterprise_id String COMMENT 'Registered id of the enterprise.',
    region_code LowCardinality(String) COMMENT 'GB/T 2260 code of the county; empty when not known.',
    subject_kind Enum8('ENTERPRISE' = 0, 'METER' = 1, 'EQUIPMENT' = 2) COMMENT 'What the finding is about.',
    subject_id String COMMENT 'Id of the enterprise, meter or equipment.',
    equipment_ids Array(String) COMMENT 'Machines that may be the one.',
    meter_id String COMMENT 'Meter that bears witness.',
    first_slot_at DateTime64(3, 'UTC') COMMENT 'Start of the first contradictory slot.',
    last_slot_end_at DateTime64(3, 'UTC') COMMENT 'End of the last contradictory slot so far.',
    first_said_at DateTime64(3, 'UTC') COMMENT 'Arrival time at which it was first said.',
    said_at DateTime64(3, 'UTC') COMMENT 'Arrival time at which this revision was said.',
    contradictory_ms UInt64 COMMENT 'Sum of contradictory slots, ms.',
    seen_mean_kw Float64 COMMENT 'Mean power over the contradictory slots, kW.',
    stopped_upper_kw Float64 COMMENT 'Highest mean power that a stopped subject explains, kW.',
    running_typical_kw Nullable(Float64) COMMENT 'Typical power when running, as learned from load, kW.',
    minimum_detectable_kw Nullable(Float64) COMMENT 'Least load that this meter can tell from its base, kW.',
    log_likelihood_ratio Float64 COMMENT 'Evidence for running against stopped, natural log, summed over the run.',
    false_alarm_bound Float64 COMMENT 'Stated bound: expected false confirmations a subject and 30 days of stopped time.',
    summary_en String COMMENT 'One sentence in English with the figures.',
    summary_zh String COMMENT 'The same sentence in Chinese.',
    slots Nested(
        start_at DateTime64(3, 'UTC'),
        interval_ms UInt32,
        mean_kw Float64,
        stopped_share Float64,
        log_likelihood_ratio Float64
    ) COMMENT 'The slots it rests on; the first 48 and the last 48 where there are more.',
    retracted_because Nullable(String) COMMENT 'Reason code of a retraction.',
    superseded_by Nullable(String) COMMENT 'Finding that took its place.',
    origin_partition UInt32 COMMENT 'Partition of topic findings.',
    origin_offset UInt64 COMMENT 'Offset in the partition.',
    append_time DateTime64(3, 'UTC') COMMENT 'When the log took it.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(first_slot_at)
ORDER BY (enterprise_id, finding_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Findings, one row a revision.';

CREATE TABLE IF NOT EXISTS wattness.alarms
(
    alarm_id String COMMENT 'Deterministic: hash of the finding.',
    revision UInt32 COMMENT 'Rises with each change, from 1.',
    state Enum8('NORMAL' = 0, 'UNACKNOWLEDGED' = 1, 'ACKNOWLEDGED' = 2, 'RETURNED_UNACKNOWLEDGED' = 3, 'LATCHED' = 4, 'SHELVED' = 5, 'SUPPRESSED_BY_DESIGN' = 6, 'OUT_OF_SERVICE' = 7) COMMENT 'ISA-18.2 alarm state.',
    condition_active Bool COMMENT 'True while the finding stands.',
    level Enum8('BLUE' = 0, 'YELLOW' = 1, 'ORANGE' = 2, 'RED' = 3) COMMENT 'Warning level, red is worst.',
    enterprise_id String COMMENT 'Registered id of the enterprise.',
    region_code LowCardinality(String) COMMENT 'GB/T 2260 code of the county; empty when not known.',
    finding_id String COMMENT 'Finding behind the alarm.',
    rule_id LowCardinality(String) COMMENT 'Rule.',
    subject_kind LowCardinality(String) COMMENT 'Kind of the subject of the finding.',
    subject_id String COMMENT 'Id of the subject of the finding.',
    raised_at DateTime64(3, 'UTC') COMMENT 'Arrival time at which it was raised.',
    changed_at DateTime64(3, 'UTC') COMMENT 'Arrival time of this change.',
    cleared_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the condition ended; null while it stands.',
    title_en String COMMENT 'Title in English.',
    title_zh String COMMENT 'Title in Chinese.',
    summary_en String COMMENT 'Sentence of the finding in English.',
    summary_zh String COMMENT 'Sentence of the finding in Chinese.',
    advice_en String COMMENT 'What to do, English.',
    advice_zh String COMMENT 'What to do, Chinese.',
    cleared_because Nullable(String) COMMENT 'closed, or the reason of the retraction.',
    origin_partition UInt32 COMMENT 'Partition of topic alarms.',
    origin_offset UInt64 COMMENT 'Offset in the partition.',
    append_time DateTime64(3, 'UTC') COMMENT 'When the log took it.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(raised_at)
ORDER BY (enterprise_id, alarm_id, revision)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Alarms, one row a change.';

CREATE TABLE IF NOT EXISTS wattness.enterprise_status
(
    enterprise_id String COMMENT 'Registered id of the enterprise.' CODEC(ZSTD(1)),
    region_code LowCardinality(String) COMMENT 'GB/T 2260 code of the county; empty when not known.',
    as_of DateTime64(3, 'UTC') COMMENT 'Arrival time of this statement.' CODEC(DoubleDelta, ZSTD(1)),
    open_findings UInt32 COMMENT 'Confirmed findings not yet ended.',
    subjects Nested(
        kind LowCardinality(String),
        id String,
        meter_id String,
        verdict Enum8('UNKNOWN' = 0, 'CONSISTENT' = 1, 'CONTRADICTORY' = 2),
        reason LowCardinality(String),
        slot_start_at Nullable(DateTime64(3, 'UTC')),
        minimum_detectable_kw Nullable(Float64)
    ) COMMENT 'Verdict on each subject of the enterprise.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(as_of)
ORDER BY (enterprise_id, as_of)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Which of consistent, contradictory or unknown holds for each subject of an enterprise, one row a statement.';

CREATE TABLE IF NOT EXISTS wattness.dead_letters
(
    dead_letter_id String COMMENT 'topic-partition-offset of the origin.',
    reason LowCardinality(String) COMMENT 'Reason code.',
    detail String COMMENT 'What was wrong, for a person.',
    service LowCardinality(String) COMMENT 'Service that refused it.',
    origin_topic LowCardinality(String) COMMENT 'Topic of origin.',
    origin_partition UInt32 COMMENT 'Partition of origin.',
    origin_offset UInt64 COMMENT 'Offset of origin.',
    append_time DateTime64(3, 'UTC') COMMENT 'Append time of the origin.',
    refused_at DateTime64(3, 'UTC') COMMENT 'Arrival time at which it was refused.',
    key Nullable(String) COMMENT 'Key of the origin.',
    value Nullable(String) COMMENT 'Value of the origin, untouched bytes.' CODEC(ZSTD(3)),
    headers Map(String, String) COMMENT 'Headers of the origin.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(append_time)
ORDER BY (origin_topic, origin_partition, origin_offset)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Records that could not be used, whole, with reason and origin.';
