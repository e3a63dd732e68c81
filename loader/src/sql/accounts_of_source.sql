-- $1 source.
SELECT account_id FROM botdet.account WHERE source = $1 ORDER BY account_id
