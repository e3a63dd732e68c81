-- $1 bigint: number of the version.
SELECT to_jsonb(v) FROM botdet.model_versions v WHERE v.model_version_id = $1::bigint
