-- $1 text: detector. $2 text: name.
SELECT r.version FROM botdet.rule r WHERE r.detector = $1 AND r.name = $2 FOR UPDATE
