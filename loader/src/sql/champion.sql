-- $1 detector.
SELECT v.version, v.artifact, v.created_at
FROM botdet.deployment d
JOIN botdet.model_version v ON v.model_version_id = d.model_version_id
WHERE d.detector = $1 AND d.alias = 'champion'
