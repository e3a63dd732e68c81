-- $1 text: detector; NULL for all. $2 boolean: only those that hold. $3 bigint: only alerts older than this one. $4 bigint: how many.
SELECT to_jsonb(a) FROM botdet.alert a
WHERE a.detector = coalesce($1::text, a.detector) AND (NOT $2::boolean OR a.cleared_at IS NULL)
    AND a.alert_id < coalesce($3::bigint, 9223372036854775807)
ORDER BY a.alert_id DESC
LIMIT $4::bigint
