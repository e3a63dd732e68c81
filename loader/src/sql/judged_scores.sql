-- $1 accounts. Scores of those that have one, beside the truth.
SELECT s.bot_probability, s.is_bot, l.is_bot, l.strategy
FROM botdet.score s
JOIN botdet.label l USING (account_id, detector)
WHERE s.detector = 'account' AND s.bot_probability IS NOT NULL AND s.account_id = ANY ($1)
