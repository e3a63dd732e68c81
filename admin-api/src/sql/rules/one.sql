-- $1 text: detector. $2 text: name.
SELECT to_jsonb(r) FROM botdet.rule r WHERE r.detector = $1 AND r.name = $2
