-- $1 text: key of the account.
SELECT to_jsonb(botdet_score($1::text))
