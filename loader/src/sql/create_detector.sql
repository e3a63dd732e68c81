-- $1 name of a detector, which may exist.
SELECT botdet_create_detector($1) WHERE NOT EXISTS (SELECT FROM botdet.detector WHERE detector = $1)
