-- $1 text: version. $2 text: detector.
SELECT botdet_approve($1::text, $2::text)
