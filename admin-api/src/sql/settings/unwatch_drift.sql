-- $1 text: measure. $2 text: detector. $3 text: slices.
SELECT botdet_unwatch_drift($1, $2, $3)
