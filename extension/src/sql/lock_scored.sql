-- $1 accounts in ascending order, $2 where the state of each was when it was scored. Locks their states until the transaction ends,
-- and tells which have changed since.
WITH locked AS (
    SELECT account_id, ctid
    FROM botdet.account_state
    WHERE account_id = ANY ($1)
    ORDER BY account_id
    FOR NO KEY UPDATE
)
SELECT k.account_id
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (account_id, place)
LEFT JOIN locked l ON l.account_id = k.account_id
WHERE l.ctid IS DISTINCT FROM k.place
ORDER BY k.account_id
