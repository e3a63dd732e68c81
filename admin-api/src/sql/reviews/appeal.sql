-- $1 bigint: account. $2 text: note. $3 text: detector.
SELECT botdet_appeal($1::bigint, $2::text, $3::text)
