-- $1 bigint: only versions older than this one; NULL starts at the newest. $2 bigint: how many.
-- A page is named by its last row and not by a count of rows to skip: a version registered meanwhile shifts nothing.
SELECT model_version_id, detector, version, is_champion, sha256, size_bytes, created_at, created_by, comment, activated_at
FROM botdet.model_versions
WHERE model_version_id < coalesce($1::bigint, 9223372036854775807)
ORDER BY model_version_id DESC
LIMIT $2::bigint
