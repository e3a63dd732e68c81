-- $1 accounts, at most. How many left the queue.
SELECT botdet_score_pending($1)
