-- $1 bigint: account.
SELECT to_jsonb(botdet_score($1::bigint))
