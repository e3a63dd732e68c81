-- $1 text: detector.
SELECT to_jsonb(i) FROM botdet.detector_input i WHERE i.detector = $1::text ORDER BY i."position"
