-- $1 account's number, $2 its key, $3 latest time. Its rows in order of time, with the columns in the order of the roles.
SELECT {columns}
FROM {relation}
WHERE {account} OPERATOR(pg_catalog.=) {key} AND {moment} OPERATOR(pg_catalog.<=) $3
ORDER BY {order}
