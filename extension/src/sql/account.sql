-- $1 account, $2 latest time. The one account that is asked for most of the time: there is less to start than for an array of one.
FROM (VALUES ($1)) AS k (account_id)
LEFT JOIN botdet.account_state s ON s.account_id OPERATOR(pg_catalog.=) $1
LEFT JOIN botdet.account a ON a.account_id OPERATOR(pg_catalog.=) $1
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account_network WHERE account_id OPERATOR(pg_catalog.=) $1 AND compared_at OPERATOR(pg_catalog.<=) $2 ORDER BY compared_at DESC LIMIT 1
) AS n ON true
