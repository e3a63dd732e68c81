-- $1 text: detector.
SELECT botdet_deactivate($1::text)
