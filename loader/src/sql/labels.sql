-- $1 since when a label is recent; NULL: none is. Every label of an account, how many events the account has that are not archived, trust
-- in the label, who told it, and whether that is recent.
SELECT l.account_id, coalesce(a.account_key, l.account_id::text), l.is_bot, l.strategy,
       (
           SELECT count(*)
           FROM botdet.activity r
           WHERE r.account_id = l.account_id AND r.occurred_at >= coalesce(
               (SELECT s.archived_until FROM botdet.archived_state s WHERE s.account_id = l.account_id), '-infinity'
           )
       ), l.trust, l.labelled_by, coalesce(l.labelled_at >= $1, false)
FROM botdet.label l
LEFT JOIN botdet.account a ON a.account_id = l.account_id
WHERE l.detector = 'account'
ORDER BY l.account_id
