-- $1 refresh. How many rows an account has, by what the planner knows of the tables; NULL where it knows nothing.
SELECT (
    SELECT pg_catalog.sum(c.reltuples)::pg_catalog.float8
    FROM botdet.source b
    JOIN pg_catalog.pg_class c ON c.oid = b.relation
    WHERE c.reltuples > 0
) / greatest(
    (SELECT c.reltuples FROM pg_catalog.pg_class c WHERE c.oid = 'botdet.account_state'::pg_catalog.regclass),
    (SELECT pg_catalog.count(*) FROM botdet.refresh_account a WHERE a.refresh_id = $1),
    1
)
