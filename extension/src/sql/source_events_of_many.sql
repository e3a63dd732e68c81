-- $1 accounts' numbers, $2 their keys. Their rows in any order, with the columns in the order of the roles.
SELECT {columns}
FROM {relation}
WHERE {account} OPERATOR(pg_catalog.=) ANY ({keys})
