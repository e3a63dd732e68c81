-- $1 accounts in ascending order, $2 whether each state is stale, $3 the states. Waits for a concurrent insert of the same
-- account, and leaves that one's state alone. Where there is an archive, the state has to begin with it.
INSERT INTO botdet.account_state (account_id, stale, state, archived_until)
SELECT k.account_id, k.stale OR a.account_id IS NOT NULL, k.state, a.archived_until
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS k (account_id, stale, state)
LEFT JOIN botdet.archived_state a ON a.account_id = k.account_id
ORDER BY k.account_id
ON CONFLICT (account_id) DO NOTHING
RETURNING account_id, stale
