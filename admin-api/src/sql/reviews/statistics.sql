-- $1 text: detector; NULL for all. $2 integer: days.
SELECT to_jsonb(f) FROM botdet.feedback_daily_v1 f
WHERE f.detector = coalesce($1::text, f.detector) AND f."time" >= now() - make_interval(days => $2::integer)
ORDER BY f."time" DESC, f.detector
