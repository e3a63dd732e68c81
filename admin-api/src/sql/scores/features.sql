-- $1 bigint: account.
SELECT to_jsonb(botdet_features($1::bigint))
