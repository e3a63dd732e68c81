-- $1 text: detector; NULL for all. $2 bigint: only trials older than this one. $3 bigint: how many.
SELECT to_jsonb(t) FROM botdet.trial t
WHERE t.detector = coalesce($1::text, t.detector) AND t.trial_id < coalesce($2::bigint, 9223372036854775807)
ORDER BY t.trial_id DESC
LIMIT $3::bigint
