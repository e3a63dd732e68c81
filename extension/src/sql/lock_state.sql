-- $1 account, $2 an empty state. Locks its state until the transaction ends, and adds one where there is none.
INSERT INTO botdet.account_state AS s (account_id, stale, state, archived_until)
VALUES ($1, true, $2, (SELECT archived_until FROM botdet.archived_state WHERE account_id = $1))
ON CONFLICT (account_id) DO UPDATE SET stale = true
