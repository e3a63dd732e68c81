-- $1 accounts.
SELECT botdet_refresh_scores($1)
