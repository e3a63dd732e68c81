-- Without secrets, which nobody sees twice.
SELECT to_jsonb(v) FROM (
    SELECT w.webhook_id, w.detector, w.url, w.events, w.created_at, w.created_by FROM botdet.webhook w ORDER BY w.webhook_id
) AS v
