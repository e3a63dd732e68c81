-- $1 bigint: account. $2 integer: how many.
SELECT to_jsonb(e) FROM botdet_latest_events($1::bigint, $2::integer) AS e
