-- $1 source. Every account with its label, a time from its newest event on, and how many events it has that are not archived.
SELECT a.account_id, a.account_key, l.is_bot, l.strategy, e.last_at, e.events
FROM botdet.account a
LEFT JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
CROSS JOIN LATERAL (
    SELECT greatest(max(r.occurred_at), max(s.archived_until)) AS last_at, count(r.account_id) AS events
    FROM (VALUES (a.account_id)) AS k (account_id)
    LEFT JOIN botdet.archived_state s ON s.account_id = k.account_id
    LEFT JOIN botdet.activity r
        ON r.account_id = k.account_id AND r.occurred_at >= coalesce(s.archived_until, '-infinity')
) AS e
WHERE a.source = $1
ORDER BY a.account_id
