-- $1 accounts in ascending order, $2 an empty state. Waits for a concurrent insert of the same account. The plan is made once a
-- session: the lateral look-up leaves it nothing but the primary key.
INSERT INTO botdet.account_state (account_id, state)
SELECT k.account_id, $2
FROM pg_catalog.unnest($1) AS k (account_id)
LEFT JOIN LATERAL (
    SELECT true AS is_there FROM botdet.account_state WHERE account_id = k.account_id OFFSET 0
) AS s ON true
WHERE s.is_there IS NULL
ORDER BY k.account_id
ON CONFLICT (account_id) DO NOTHING
RETURNING account_id
