-- $1 bigint: account.
SELECT to_jsonb(e) FROM botdet_explain($1::bigint) AS e
