-- $1 text: detector.
SELECT to_jsonb(e) FROM botdet.explored_performance e WHERE e.detector = $1::text ORDER BY e.model_version
