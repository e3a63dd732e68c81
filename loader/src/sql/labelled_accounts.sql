-- $1 source. Every account with its label, how many events it has that are not archived, and trust in the label.
SELECT a.account_id, a.account_key, l.is_bot, l.strategy,
       (
           SELECT count(*)
           FROM botdet.activity r
           WHERE r.account_id = a.account_id AND r.occurred_at >= coalesce(
               (SELECT s.archived_until FROM botdet.archived_state s WHERE s.account_id = a.account_id), '-infinity'
           )
       ), l.trust
FROM botdet.account a
LEFT JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
WHERE a.source = $1
ORDER BY a.account_id
