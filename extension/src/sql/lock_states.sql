-- $1 accounts in ascending order. Locked in that order, so that concurrent inserts cannot deadlock within a statement.
SELECT s.account_id, s.state, s.stale
FROM pg_catalog.unnest($1) AS k (account_id)
CROSS JOIN LATERAL (
    SELECT account_id, state, stale FROM botdet.account_state WHERE account_id = k.account_id FOR NO KEY UPDATE
) AS s
