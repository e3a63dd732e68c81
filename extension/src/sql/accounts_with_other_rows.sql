-- $1 accounts, $2 how many rows of each a statement inserted. Those that have more: rows from before their first state, which
-- were inserted with triggers off.
SELECT k.account_id
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (account_id, new_rows)
WHERE (
    SELECT count(*)
    FROM (SELECT FROM botdet.activity WHERE account_id = k.account_id LIMIT k.new_rows + 1) AS some_rows
) > k.new_rows
