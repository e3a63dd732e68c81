-- $1 text: detector.
SELECT to_jsonb(r) FROM botdet.rule r WHERE r.detector = $1 ORDER BY r.name
