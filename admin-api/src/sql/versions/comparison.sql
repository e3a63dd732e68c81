-- $1 text: detector.
SELECT to_jsonb(c) FROM botdet.shadow_comparison c WHERE c.detector = $1::text ORDER BY c.challenger, c.champion
