-- $1 accounts' numbers, $2 their keys, $3 a number for each. How many rows each has, up to one more than its number.
SELECT k.account_id, (
    SELECT pg_catalog.count(*)
    FROM (
        SELECT FROM {relation} WHERE {account} OPERATOR(pg_catalog.=) k.{key} LIMIT k.new_rows OPERATOR(pg_catalog.+) 1
    ) AS some_rows
)
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS k (account_id, account_key, new_rows)
