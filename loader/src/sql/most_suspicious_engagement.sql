-- $1 how many: the accounts whose engagement is most suspicious by their last score.
SELECT s.account_id
FROM botdet.score s
WHERE s.detector = 'engagement' AND s.bot_probability IS NOT NULL
ORDER BY s.bot_probability DESC, s.account_id
LIMIT $1
