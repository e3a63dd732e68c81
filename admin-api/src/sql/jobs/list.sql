-- $1 text: detector; NULL for all. $2 text: state; NULL for all. $3 bigint: only jobs older than this one. $4 bigint: how many.
SELECT to_jsonb(j) FROM botdet.job j
WHERE j.detector = coalesce($1::text, j.detector) AND j.state = coalesce($2::text, j.state)
    AND j.job_id < coalesce($3::bigint, 9223372036854775807)
ORDER BY j.job_id DESC
LIMIT $4::bigint
