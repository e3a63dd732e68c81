-- $1 bigint: account.
SELECT to_jsonb(l) FROM botdet_label_history($1::bigint) AS l
