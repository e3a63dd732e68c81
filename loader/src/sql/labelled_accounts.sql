-- $1 source. Every account with its label, and how many events it has.
SELECT a.account_id, a.account_key, l.is_bot, l.strategy,
       (SELECT count(*) FROM botdet.activity WHERE account_id = a.account_id)
FROM botdet.account a
LEFT JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
WHERE a.source = $1
ORDER BY a.account_id
