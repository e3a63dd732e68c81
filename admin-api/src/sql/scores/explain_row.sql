-- $1 text: detector. $2 jsonb: features by name.
SELECT to_jsonb(e) FROM botdet_explain($1::text, $2::jsonb) AS e
