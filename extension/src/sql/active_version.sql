-- $1 detector. Its settings, and the version that answers if there is one.
SELECT d.threshold, d.insert_mode, v.model_version_id, v.version
FROM botdet.detector d
LEFT JOIN botdet.deployment p ON p.detector OPERATOR(pg_catalog.=) d.detector
LEFT JOIN botdet.model_version v ON v.model_version_id OPERATOR(pg_catalog.=) p.model_version_id
WHERE d.detector OPERATOR(pg_catalog.=) $1
