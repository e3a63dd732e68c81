-- $1 accounts. Locked in ascending order, so that concurrent inserts cannot deadlock within a statement.
SELECT account_id, state, stale
FROM botdet.account_state
WHERE account_id = ANY ($1)
ORDER BY account_id
FOR NO KEY UPDATE
