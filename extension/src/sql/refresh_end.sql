-- $1 refresh, $2 first account, $3 how many. The last account of these, and how many there are.
SELECT pg_catalog.max(k.account_id), pg_catalog.count(*)
FROM (
    SELECT account_id
    FROM botdet.refresh_account
    WHERE refresh_id = $1 AND account_id >= $2
    ORDER BY account_id
    LIMIT $3
) AS k
