-- $1 accounts in ascending order, $2 an empty state. Waits for a concurrent insert of the same account.
INSERT INTO botdet.account_state (account_id, state)
SELECT account_id, $2 FROM pg_catalog.unnest($1) AS k (account_id)
ON CONFLICT (account_id) DO NOTHING
