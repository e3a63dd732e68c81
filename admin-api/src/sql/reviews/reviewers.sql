-- $1 text: detector; NULL for all.
SELECT to_jsonb(t) FROM botdet.reviewer_trust t
WHERE t.detector = coalesce($1::text, t.detector) ORDER BY t.detector, t.reviewer
