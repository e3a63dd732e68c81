-- $1 detector, $2 version.
SELECT v.model_version_id
FROM botdet.model_version v
WHERE v.detector OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2
