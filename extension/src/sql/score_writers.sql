-- $1 accounts. Which transaction wrote the score of each; those without a score are left out.
SELECT s.account_id, s.xmin
FROM botdet.score s
WHERE s.account_id = ANY ($1) AND s.detector = 'account'
