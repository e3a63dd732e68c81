-- $1 text: version. $2 double precision: share. $3 text: detector.
SELECT botdet_split($1::text, $2::double precision, $3::text)
