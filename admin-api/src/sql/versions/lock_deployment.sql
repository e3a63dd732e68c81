-- $1 text: detector.
SELECT botdet_lock_deployment($1::text)
