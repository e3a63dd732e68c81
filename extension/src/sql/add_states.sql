-- $1 accounts in ascending order, $2 whether each state is stale, $3 the states. Waits for a concurrent insert of the same
-- account, and leaves that one's state alone.
INSERT INTO botdet.account_state (account_id, stale, state)
SELECT k.account_id, k.stale, k.state
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS k (account_id, stale, state)
ON CONFLICT (account_id) DO NOTHING
RETURNING account_id, stale
