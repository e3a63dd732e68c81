-- $1 accounts.
SELECT botdet_store_scores($1)
