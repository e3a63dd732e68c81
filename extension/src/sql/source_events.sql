-- $1 account's number, $2 its key, $3 latest time, $4 earliest time. Its rows in order of time, with the columns in the order of the
-- roles. The column itself is compared with $4: only so does a partitioned table leave out partitions.
SELECT {columns}
FROM {relation}
WHERE {account} OPERATOR(pg_catalog.=) {key} AND {moment} OPERATOR(pg_catalog.<=) $3
    AND {occurred_at} OPERATOR(pg_catalog.>=) {since}
ORDER BY {order}
