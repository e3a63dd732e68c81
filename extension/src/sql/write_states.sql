-- $1 accounts, $2 their states, $3 whether each is stale.
UPDATE botdet.account_state s
SET state = k.state, stale = k.stale
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS k (account_id, state, stale)
WHERE s.account_id = k.account_id
