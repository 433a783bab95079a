-- Findings that do not rest on power: of sections, cameras and gateways, with the indicator and the cameras that bear
-- witness. A finding from before has no reason, and its cameras are none.

ALTER TABLE wattness.findings
    MODIFY COLUMN subject_kind Enum8('ENTERPRISE' = 0, 'METER' = 1, 'EQUIPMENT' = 2, 'SECTION' = 3, 'CAMERA' = 4, 'GATEWAY' = 5) COMMENT 'What the finding is about.',
    MODIFY COLUMN seen_mean_kw Nullable(Float64) COMMENT 'Mean power over the contradictory slots, kW; null where the finding does not rest on power.',
    MODIFY COLUMN stopped_upper_kw Nullable(Float64) COMMENT 'Highest mean power that the report explains, kW; null where the finding does not rest on power.',
    COMMENT COLUMN subject_id 'Id of the enterprise, meter, equipment, section, camera or gateway.',
    COMMENT COLUMN equipment_ids 'Machines that it concerns, or that may be the one.',
    COMMENT COLUMN meter_id 'Meter that bears witness; empty where none does.',
    COMMENT COLUMN log_likelihood_ratio 'Evidence for the contradiction against the report, natural log, summed over the run; 0 where the finding is not a matter of chance.',
    COMMENT COLUMN false_alarm_bound 'Stated bound: expected false confirmations a subject and 30 days of judged time; 0 where the finding is not a matter of chance.',
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String) COMMENT 'Reason code of the verdict, such as load-of-running-kind; empty in findings from before the column.' AFTER superseded_by,
    ADD COLUMN IF NOT EXISTS cause LowCardinality(Nullable(String)) COMMENT 'For silence: who is silent (device, gateway, firm, region, utility, power-cut).' AFTER reason,
    ADD COLUMN IF NOT EXISTS indicator LowCardinality(Nullable(String)) COMMENT 'What was measured, with its unit in the name; null where the finding rests on power or on events alone.' AFTER cause,
    ADD COLUMN IF NOT EXISTS seen Nullable(Float64) COMMENT 'Mean of the indicator over the contradictory slots, in its unit.' AFTER indicator,
    ADD COLUMN IF NOT EXISTS bound Nullable(Float64) COMMENT 'Limit or expected value that it contradicts, in the same unit.' AFTER seen,
    ADD COLUMN IF NOT EXISTS `cameras.source_id` Array(String) COMMENT 'GB/T 28181 code of each camera that bears witness, or id of the detector or system.' AFTER bound,
    ADD COLUMN IF NOT EXISTS `cameras.supports` Array(Bool) COMMENT 'True where it supports the finding, false where it contradicts it.' AFTER `cameras.source_id`,
    ADD COLUMN IF NOT EXISTS `cameras.confidence` Array(Nullable(Float64)) COMMENT 'Confidence that the source gave, 0 to 1.' AFTER `cameras.supports`,
    ADD COLUMN IF NOT EXISTS `cameras.reference` Array(Nullable(String)) COMMENT 'Where the clip or picture is kept.' AFTER `cameras.confidence`;

ALTER TABLE wattness.enterprise_status
    ADD COLUMN IF NOT EXISTS `subjects.rule_id` Array(LowCardinality(String)) COMMENT 'Rule that judges the subject; empty in statements from before the column.' AFTER `subjects.minimum_detectable_kw`;

-- A view keeps the columns that its tables had when it was made.

CREATE OR REPLACE VIEW wattness.findings_latest AS
SELECT * FROM wattness.findings FINAL
WHERE (enterprise_id, finding_id, revision) IN
(
    SELECT enterprise_id, finding_id, max(revision) FROM wattness.findings GROUP BY enterprise_id, finding_id
);

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
    `subjects.minimum_detectable_kw` AS minimum_detectable_kw,
    `subjects.rule_id` AS rule_id
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
    `subjects.slot_start_at`, `subjects.minimum_detectable_kw`, `subjects.rule_id`;
