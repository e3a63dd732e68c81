-- $1 detector. Its settings, and a row for the version that answers and for the challenger with its share of the accounts; a row without a
-- version when there is neither. Few joins: a connection's first score waits for the plan.
SELECT d.threshold, d.automatic_threshold, d.base_rate, d.insert_mode, v.model_version_id, v.version, v.sha256, p.share
FROM botdet.detector d
LEFT JOIN botdet.deployment p ON p.detector OPERATOR(pg_catalog.=) d.detector
LEFT JOIN botdet.model_version v ON v.model_version_id OPERATOR(pg_catalog.=) p.model_version_id
WHERE d.detector OPERATOR(pg_catalog.=) $1
