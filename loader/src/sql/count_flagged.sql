-- $1 accounts.
SELECT count(*) FROM botdet.score WHERE is_bot AND detector = 'account' AND account_id = ANY ($1)
