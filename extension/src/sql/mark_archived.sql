-- $1 accounts, whose states are locked, $2 until when they are archived.
UPDATE botdet.account_state SET archived_until = $2 WHERE account_id = ANY ($1)
