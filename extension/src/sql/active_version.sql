-- $1 detector. Its settings, the version that answers, and the challenger with its share of the accounts, if there are any.
SELECT d.threshold, d.automatic_threshold, d.base_rate, d.insert_mode,
       cv.model_version_id, cv.version, cv.sha256, xv.model_version_id, xv.version, xv.sha256, x.share
FROM botdet.detector d
LEFT JOIN botdet.deployment c
    ON c.detector OPERATOR(pg_catalog.=) d.detector AND c.alias OPERATOR(pg_catalog.=) 'champion'
LEFT JOIN botdet.model_version cv ON cv.model_version_id OPERATOR(pg_catalog.=) c.model_version_id
LEFT JOIN botdet.deployment x
    ON x.detector OPERATOR(pg_catalog.=) d.detector AND x.alias OPERATOR(pg_catalog.=) 'challenger'
LEFT JOIN botdet.model_version xv ON xv.model_version_id OPERATOR(pg_catalog.=) x.model_version_id
WHERE d.detector OPERATOR(pg_catalog.=) $1
