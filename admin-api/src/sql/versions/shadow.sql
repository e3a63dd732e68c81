-- $1 text: version. $2 text: detector.
SELECT botdet_shadow($1::text, $2::text)
