-- $1 accounts. The key of each, in their order; NULL where it has none.
SELECT a.account_key
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (account_id, position)
LEFT JOIN botdet.account a ON a.account_id OPERATOR(pg_catalog.=) k.account_id
ORDER BY k.position
