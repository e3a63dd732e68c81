-- $1 detector, $2 version, NULL for the one that is active.
SELECT v.artifact
FROM botdet.model_version v
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id
WHERE v.detector = $1 AND coalesce(v.version = $2, d.detector IS NOT NULL)
