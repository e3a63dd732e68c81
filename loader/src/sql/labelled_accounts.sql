-- $1 source. Every account with its label, the time of its newest event, and how many it has.
SELECT a.account_id, a.account_key, l.is_bot, l.strategy, e.last_at, e.events
FROM botdet.account a
LEFT JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
CROSS JOIN LATERAL (
    SELECT max(occurred_at) AS last_at, count(*) AS events
    FROM botdet.activity WHERE account_id = a.account_id
) AS e
WHERE a.source = $1
ORDER BY a.account_id
