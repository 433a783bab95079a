-- What meters measured and machines reported. Rows have natural keys and are replaced by equals, so that a replay or a
-- sink that died between insert and commit leaves nothing twice; read them with FINAL or through the views.
-- Times are UTC. A field fooMs of the Avro schemas that is a moment is foo_at here; durations keep their unit.

CREATE TABLE IF NOT EXISTS wattness.meter_readings
(
    enterprise_id String COMMENT 'Registered id of the enterprise.' CODEC(ZSTD(1)),
    meter_id String COMMENT 'Meter as in the site registry; unique within the enterprise.' CODEC(ZSTD(1)),
    interval_start_at DateTime64(3, 'UTC') COMMENT 'Start of the interval, inclusive.' CODEC(DoubleDelta, ZSTD(1)),
    interval_ms UInt32 COMMENT 'Length of the interval, ms.' CODEC(ZSTD(1)),
    mean_kw Float64 COMMENT 'Mean active power over the interval, kW.' CODEC(Gorilla, ZSTD(1)),
    quality Enum8('SUSPECT' = 0, 'ESTIMATED' = 1, 'MEASURED' = 2) COMMENT 'How the value was obtained.' CODEC(ZSTD(1)),
    min_kw Nullable(Float64) COMMENT 'Lowest active power within the interval, kW.' CODEC(Gorilla, ZSTD(1)),
    max_kw Nullable(Float64) COMMENT 'Highest active power within the interval, kW.' CODEC(Gorilla, ZSTD(1)),
    mean_kvar Nullable(Float64) COMMENT 'Mean reactive power, kvar; lagging positive.' CODEC(Gorilla, ZSTD(1)),
    register_kwh Nullable(Float64) COMMENT 'Cumulative energy register at the end of the interval, kWh.' CODEC(Gorilla, ZSTD(1)),
    origin_topic LowCardinality(String) COMMENT 'Topic that the reading came on.',
    origin_partition UInt32 COMMENT 'Partition of the topic.' CODEC(ZSTD(1)),
    origin_offset UInt64 COMMENT 'Offset in the partition.' CODEC(DoubleDelta, ZSTD(1)),
    append_time DateTime64(3, 'UTC') COMMENT 'When the log took it.' CODEC(DoubleDelta, ZSTD(1)),
    precedence UInt64 MATERIALIZED toUInt64(quality) * 1000000000000000000
        + toUInt64(greatest(0., least(1e15, round(mean_kw * 1000) + 5e14)))
        COMMENT 'Of several readings of one interval the best quality stands, then the highest load, as in the engine; whatever order they came in.'
        CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(interval_start_at)
ORDER BY (enterprise_id, meter_id, interval_start_at, interval_ms)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Meter readings, one row a meter and interval.';

CREATE TABLE IF NOT EXISTS wattness.reported_states
(
    enterprise_id String COMMENT 'Registered id of the enterprise.' CODEC(ZSTD(1)),
    equipment_id String COMMENT 'Equipment as in the site registry; unique within the enterprise.' CODEC(ZSTD(1)),
    bucket_at DateTime('UTC') COMMENT 'Start of the minute, by device time.' CODEC(DoubleDelta, ZSTD(1)),
    states SimpleAggregateFunction(groupBitOr, UInt8) COMMENT 'Bit set of the states reported in the minute: 1 UNKNOWN, 2 STOPPED, 4 STANDBY, 8 RUNNING, 16 FAULT.' CODEC(ZSTD(1)),
    origin_partition SimpleAggregateFunction(max, UInt32) COMMENT 'Partition of topic telemetry that the reports came on.' CODEC(ZSTD(1)),
    origin_first_offset SimpleAggregateFunction(min, UInt64) COMMENT 'Lowest offset of the reports.' CODEC(ZSTD(1)),
    origin_last_offset SimpleAggregateFunction(max, UInt64) COMMENT 'Highest offset of the reports.' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket_at)
ORDER BY (enterprise_id, equipment_id, bucket_at)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'What machines were reported to do, one row a machine and minute in which it reported.';
