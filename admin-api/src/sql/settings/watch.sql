-- $1 text: metric. $2 double precision: lowest. $3 integer: labels. $4 text: detector.
SELECT botdet_watch($1, $2, $3, $4)
