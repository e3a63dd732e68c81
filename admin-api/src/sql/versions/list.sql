-- $1 text: detector; NULL for all. $2 bigint: only versions older than this one; NULL starts at the newest. $3 bigint: how many.
-- A page is named by its last row and not by a count of rows to skip: a version registered meanwhile shifts nothing.
SELECT to_jsonb(v) - 'manifest'
FROM botdet.model_versions v
WHERE v.detector = coalesce($1::text, v.detector) AND v.model_version_id < coalesce($2::bigint, 9223372036854775807)
ORDER BY v.model_version_id DESC
LIMIT $3::bigint
