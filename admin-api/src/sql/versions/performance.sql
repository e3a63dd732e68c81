-- $1 text: detector.
SELECT to_jsonb(p) FROM botdet.version_performance p WHERE p.detector = $1::text ORDER BY p.version
