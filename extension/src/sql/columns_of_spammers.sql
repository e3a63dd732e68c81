-- The columns that rules of detector spammer may name, with the category of their types.
SELECT a.attname::pg_catalog.text, t.typcategory::pg_catalog.text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
WHERE a.attrelid OPERATOR(pg_catalog.=) 'botdet.spammer'::pg_catalog.regclass AND a.attnum OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped
ORDER BY a.attnum
