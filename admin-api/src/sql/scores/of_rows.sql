-- $1 text: detector. $2 jsonb: array of objects, features by name. As many rows, in their order.
SELECT to_jsonb(s)
FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS r (features, place)
CROSS JOIN LATERAL botdet_score($1::text, r.features) AS s
ORDER BY r.place
