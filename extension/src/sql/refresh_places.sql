-- $1 refresh, $2 first account, $3 last account. Where the state of each is stored, if it is, and until when it is archived; those
-- without a state first, as they are when a transaction commits, and each in ascending order. The state is looked up account by
-- account, whatever the planner knows of either table.
SELECT k.account_id, s.ctid, s.archived_until
FROM botdet.refresh_account k
LEFT JOIN LATERAL (
    SELECT ctid, archived_until FROM botdet.account_state WHERE account_id = k.account_id OFFSET 0
) AS s ON true
WHERE k.refresh_id = $1 AND k.account_id BETWEEN $2 AND $3
ORDER BY s.ctid IS NULL DESC, k.account_id
