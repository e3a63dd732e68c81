-- $1 source, $2 how many. One of each deciding stage and probability, not only the surest.
SELECT f.account_id, f.bot_probability, f.reasons
FROM botdet.flagged_account f
JOIN botdet.account a USING (account_id)
WHERE a.source = $1
ORDER BY hashint8(f.account_id)
LIMIT $2
