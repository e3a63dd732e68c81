-- What public and the four roles may do with each object of the extension: object, then one text a role.
WITH role (position, name) AS (
    VALUES (1, 'public'), (2, 'botdet_reader'), (3, 'botdet_scorer'), (4, 'botdet_reviewer'), (5, 'botdet_admin')
), right_ (position, letter, name) AS (
    VALUES (1, 'a', 'INSERT'), (2, 'r', 'SELECT'), (3, 'w', 'UPDATE'), (4, 'd', 'DELETE'), (5, 'D', 'TRUNCATE'),
           (6, 'x', 'REFERENCES'), (7, 't', 'TRIGGER')
), member AS (
    SELECT d.classid, d.objid
    FROM pg_depend d
    JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'botdet'
), object AS (
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind, p.oid,
           p.oid::regprocedure::text AS name
    FROM member m JOIN pg_proc p ON p.oid = m.objid
    WHERE m.classid = 'pg_proc'::regclass
    UNION ALL
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation' END, c.oid,
           c.oid::regclass::text
    FROM member m JOIN pg_class c ON c.oid = m.objid
    WHERE m.classid = 'pg_class'::regclass AND c.relkind NOT IN ('i', 'c')
)
SELECT concat(o.kind, ' ', o.name), array_agg(
    CASE
        WHEN o.kind IN ('function', 'aggregate', 'procedure') THEN
            CASE WHEN has_function_privilege(r.name, o.oid, 'EXECUTE') THEN 'x' ELSE '-' END
        WHEN o.kind = 'sequence' THEN coalesce(nullif(concat(
            CASE WHEN has_sequence_privilege(r.name, o.oid, 'SELECT') THEN 'r' END,
            CASE WHEN has_sequence_privilege(r.name, o.oid, 'UPDATE') THEN 'w' END,
            CASE WHEN has_sequence_privilege(r.name, o.oid, 'USAGE') THEN 'U' END
        ), ''), '-')
        ELSE (
            SELECT coalesce(string_agg(
                CASE
                    WHEN has_table_privilege(r.name, o.oid, p.name) THEN p.letter
                    WHEN p.letter IN ('a', 'r', 'w', 'x') AND has_any_column_privilege(r.name, o.oid, p.name) THEN p.letter || '*'
                END, '' ORDER BY p.position
            ), '-')
            FROM right_ p
        )
    END ORDER BY r.position
)
FROM object o CROSS JOIN role r
GROUP BY o.kind, o.name
ORDER BY o.kind, o.name
