-- $1 name of an account.
SELECT account_id FROM botdet.account WHERE account_key OPERATOR(pg_catalog.=) $1
