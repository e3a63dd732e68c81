-- $1 model version.
SELECT artifact FROM botdet.model_version WHERE model_version_id OPERATOR(pg_catalog.=) $1
