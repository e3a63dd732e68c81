-- $1 accounts in ascending order, $2 their first new events, $3 an empty state. Waits for a concurrent insert of the same
-- account. Where rows from before are there already (they were inserted with triggers off), the state starts out stale.
INSERT INTO botdet.account_state (account_id, state, stale)
SELECT k.account_id, $3, EXISTS (
    SELECT FROM botdet.activity a WHERE a.account_id = k.account_id AND a.occurred_at < k.first_at
)
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (account_id, first_at)
ON CONFLICT (account_id) DO NOTHING
