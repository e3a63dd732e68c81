-- $1 text: detector.
SELECT botdet_withdraw($1::text)
