-- $1 text: detector. $2 text: action; NULL for all. $3 double precision, $4 bigint: the last row of the page before. $5 bigint: how many.
SELECT to_jsonb(f) FROM botdet.flagged_v1 f
WHERE f.detector = $1::text AND ($2::text IS NULL OR f.action = $2::text)
    AND (f.bot_probability, f.account_id) < (coalesce($3::double precision, 'Infinity'), coalesce($4::bigint, 9223372036854775807))
ORDER BY f.bot_probability DESC, f.account_id DESC
LIMIT $5::bigint
