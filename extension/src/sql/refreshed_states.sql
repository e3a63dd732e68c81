-- $1 refresh, $2 first account, $3 last account. Where the state of each account is stored, if it is, until when it is
-- archived, and what its rows make; those
-- without a state first, as they are when a transaction commits. The state is looked up lateral, account by account, whatever the planner knows of either table.
SELECT k.account_id, s.ctid, s.archived_until, botdet.state_from_rows(k.account_id)
FROM botdet.refresh_account k
LEFT JOIN LATERAL (
    SELECT ctid, archived_until FROM botdet.account_state WHERE account_id = k.account_id OFFSET 0
) AS s ON true
WHERE k.refresh_id = $1 AND k.account_id BETWEEN $2 AND $3
ORDER BY s.ctid IS NULL DESC, k.account_id
