-- $1 detector. Its settings, and the version that answers if there is one.
SELECT d.threshold, d.insert_mode, v.model_version_id, v.version
FROM botdet.detector d
LEFT JOIN botdet.deployment p ON p.detector = d.detector
LEFT JOIN botdet.model_version v ON v.model_version_id = p.model_version_id
WHERE d.detector = $1
