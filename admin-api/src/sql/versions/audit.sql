-- $1 text: detector; NULL for all. $2 text: only what was before this row; NULL starts at the newest. $3 bigint: how many.
SELECT to_jsonb(a)
FROM botdet.audit a
WHERE a.detector = coalesce($1::text, a.detector)
    AND ($2::text IS NULL OR (a.occurred_at, a.audit_id) < (
        SELECT b.occurred_at, b.audit_id FROM botdet.audit b WHERE b.audit_id = $2::text::uuid
    ))
ORDER BY a.occurred_at DESC, a.audit_id DESC
LIMIT $3::bigint
