-- $1 refresh, $2 first account, $3 last account, $4 accounts of a chunk. The first account of each chunk.
SELECT k.account_id
FROM (
    SELECT account_id, pg_catalog.row_number() OVER (ORDER BY account_id) AS position
    FROM botdet.refresh_account
    WHERE refresh_id = $1 AND account_id BETWEEN $2 AND $3
) AS k
WHERE (k.position - 1) % $4 = 0
