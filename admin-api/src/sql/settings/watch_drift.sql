-- $1 text: measure. $2 and $3 double precision: raised from, cleared below. $4 integer: days. $5 text: detector. $6 text: slices.
SELECT botdet_watch_drift($1, $2, $3, $4, $5, $6)
