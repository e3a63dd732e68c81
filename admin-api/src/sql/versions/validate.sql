-- $1 text: version. $2 text: detector.
SELECT to_jsonb(r) FROM botdet_validate_model($1::text, $2::text) AS r
