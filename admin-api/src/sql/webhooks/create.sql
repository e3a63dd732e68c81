-- $1 text: address. $2 text[]: events. $3 text: detector.
SELECT to_jsonb(w) || jsonb_build_object('url', $1::text, 'events', $2::text[], 'detector', $3::text)
FROM botdet_create_webhook($1, $2, $3) AS w
