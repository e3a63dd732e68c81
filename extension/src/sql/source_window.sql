-- $1 earliest time, $2 the time it ends before. Rows of all accounts: number or key, time, target, content, device, address, action.
SELECT {key}, {moment}, {texts}
FROM {relation} s
WHERE {moment} OPERATOR(pg_catalog.>=) $1 AND {moment} OPERATOR(pg_catalog.<) $2 AND s.{account} IS NOT NULL
