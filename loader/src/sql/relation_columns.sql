-- $1 number of a relation. Its columns in order: name, name as SQL has it, type, and of the type below all domains number and category.
WITH RECURSIVE below (attnum, type) AS (
    SELECT attnum, atttypid
    FROM pg_catalog.pg_attribute
    WHERE attrelid OPERATOR(pg_catalog.=) $1 AND attnum OPERATOR(pg_catalog.>) 0 AND NOT attisdropped
    UNION ALL
    SELECT b.attnum, t.typbasetype
    FROM below b
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) b.type
    WHERE t.typtype OPERATOR(pg_catalog.=) 'd'
)
SELECT a.attname::pg_catalog.text, pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
       t.oid, t.typcategory::pg_catalog.text
FROM below b
JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) b.type AND t.typtype OPERATOR(pg_catalog.<>) 'd'
JOIN pg_catalog.pg_attribute a ON a.attnum OPERATOR(pg_catalog.=) b.attnum AND a.attrelid OPERATOR(pg_catalog.=) $1
ORDER BY a.attnum
