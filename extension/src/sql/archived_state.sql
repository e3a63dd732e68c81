-- $1 account.
SELECT archived_until, state FROM botdet.archived_state WHERE account_id OPERATOR(pg_catalog.=) $1
