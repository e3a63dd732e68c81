-- $1 earliest time, $2 the time it ends before. Rows of all accounts: number, time, target, content, device, address, action.
SELECT {account_id}, {moment}, {texts}
FROM {relation} s
{join}
WHERE {moment} OPERATOR(pg_catalog.>=) $1 AND {moment} OPERATOR(pg_catalog.<) $2 AND s.{account} IS NOT NULL
