-- $1 accounts in ascending order, $2 until when they are archived, $3 what their events before that make.
INSERT INTO botdet.archived_state AS a (account_id, archived_until, state)
SELECT k.account_id, $2, k.state
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($3)) AS k (account_id, state)
ON CONFLICT (account_id) DO UPDATE SET archived_until = excluded.archived_until, state = excluded.state
