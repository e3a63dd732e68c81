-- $1 names of accounts, in ascending order and once each. Their numbers in that order; names that are new get one below zero,
-- where no key of a table with numbers is likely to be.
WITH added AS (
    INSERT INTO botdet.account (account_id, account_key, source)
    SELECT -pg_catalog.nextval('botdet.named_account_seq'), k.name, 'named'
    FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (name, position)
    WHERE NOT EXISTS (SELECT FROM botdet.account a WHERE a.account_key = k.name)
    ORDER BY k.position
    ON CONFLICT (account_key) DO NOTHING
    RETURNING account_key, account_id
)
SELECT coalesce(a.account_id, n.account_id)
FROM pg_catalog.unnest($1) WITH ORDINALITY AS k (name, position)
LEFT JOIN botdet.account a ON a.account_key = k.name
LEFT JOIN added n ON n.account_key = k.name
ORDER BY k.position
