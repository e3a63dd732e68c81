-- $1 accounts in ascending order, $2 whether each state is stale, $3 the states. Waits for a concurrent insert of the same
-- account, and leaves that one's state alone. Where there is an archive, the state has to begin with it. The plan is kept while
-- archives grow: a lateral look-up leaves it nothing but the primary key.
INSERT INTO botdet.account_state (account_id, stale, state, archived_until)
SELECT k.account_id, k.stale OR a.archived_until IS NOT NULL, k.state, a.archived_until
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3))
    WITH ORDINALITY AS k (account_id, stale, state, position)
LEFT JOIN LATERAL (
    SELECT archived_until FROM botdet.archived_state WHERE account_id = k.account_id OFFSET 0
) AS a ON true
ORDER BY k.position
ON CONFLICT (account_id) DO NOTHING
RETURNING account_id, stale
