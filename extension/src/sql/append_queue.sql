-- $1 accounts.
INSERT INTO botdet.score_queue (account_id, detector, queued_at)
SELECT k.account_id, 'account', pg_catalog.clock_timestamp()
FROM pg_catalog.unnest($1) AS k (account_id)
