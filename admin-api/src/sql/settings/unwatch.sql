-- $1 text: detector.
SELECT botdet_unwatch($1)
