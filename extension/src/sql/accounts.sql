-- $1 accounts, $2 latest time. One row each, in their order. The plan is made once a session, when tables may still be empty:
-- lateral look-ups leave it nothing but the primary keys.
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN LATERAL (
    SELECT state, stale, archived_until FROM botdet.account_state WHERE account_id OPERATOR(pg_catalog.=) k.account_id OFFSET 0
) AS s ON true
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account WHERE account_id OPERATOR(pg_catalog.=) k.account_id OFFSET 0
) AS a ON true
LEFT JOIN LATERAL (
    SELECT * FROM botdet.account_network WHERE account_id OPERATOR(pg_catalog.=) k.account_id AND compared_at OPERATOR(pg_catalog.<=) $2 ORDER BY compared_at DESC LIMIT 1
) AS n ON true
ORDER BY k.position
