-- Every object of the extension, and each of its parts, as text: what it is called, and how it is defined. Columns and constraints
-- go by name, since an update can only add columns at the end.
WITH member AS (
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
    FROM pg_depend d
    JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'botdet'
), rights (classid, objid, objsubid, acl, owner) AS (
    SELECT 'pg_proc'::regclass, oid, 0, proacl, proowner FROM pg_proc
    UNION ALL SELECT 'pg_class'::regclass, oid, 0, relacl, relowner FROM pg_class
    UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, attacl, 0 FROM pg_attribute WHERE attacl IS NOT NULL
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl, nspowner FROM pg_namespace
    UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl, typowner FROM pg_type
), relation AS (
    SELECT c.*, m.name FROM member m JOIN pg_class c ON c.oid = m.objid WHERE m.classid = 'pg_class'::regclass
    -- The attributes of a composite type are those of a relation that is no member itself.
    UNION ALL
    SELECT c.*, m.name FROM member m JOIN pg_type t ON t.oid = m.objid JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
    WHERE m.classid = 'pg_type'::regclass
), definition (name, part, says) AS (
    SELECT name, 'comment', obj_description(objid, classid::regclass::name) FROM member
    UNION ALL
    SELECT m.name, CASE WHEN r.objsubid = 0 THEN 'rights' ELSE 'rights to ' || a.attname END,
           concat_ws(' ', nullif(pg_get_userbyid(r.owner)::text, 'unknown (OID=0)'), (
               SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(r.acl) AS x
           ))
    FROM member m
    JOIN rights r USING (classid, objid)
    LEFT JOIN pg_attribute a ON r.objsubid > 0 AND a.attrelid = r.objid AND a.attnum = r.objsubid
    UNION ALL
    -- What pg_dump takes as given by CREATE EXTENSION.
    SELECT m.name, concat('first rights ', a.attname), (
        SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(i.initprivs) AS x
    )
    FROM member m
    JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
    LEFT JOIN pg_attribute a ON i.objsubid > 0 AND a.attrelid = i.objoid AND a.attnum = i.objsubid
    UNION ALL
    SELECT m.name, 'definition', pg_get_functiondef(p.oid)
    FROM member m JOIN pg_proc p ON p.oid = m.objid AND p.prokind <> 'a' WHERE m.classid = 'pg_proc'::regclass
    UNION ALL
    SELECT m.name, 'definition', concat_ws(' ', pg_get_function_arguments(m.objid), g.aggtransfn, g.aggtranstype::regtype,
                                           g.aggtransspace, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn)
    FROM member m JOIN pg_aggregate g ON g.aggfnoid = m.objid WHERE m.classid = 'pg_proc'::regclass
    UNION ALL
    SELECT r.name, 'kind', concat_ws(' ', r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.relreplident,
                                     r.reloptions)
    FROM relation r
    UNION ALL
    SELECT r.name, 'query', pg_get_viewdef(r.oid) FROM relation r WHERE r.relkind = 'v'
    UNION ALL
    SELECT r.name, 'column ' || a.attname,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
                     a.attcompression, a.attcollation::regcollation, a.attstattarget,
                     pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    WHERE r.relkind <> 'S'
    UNION ALL
    SELECT r.name, 'columns', string_agg(a.attname, ' ' ORDER BY a.attnum)
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    -- Those of tables with rows may be in another order, and the functions address them by name.
    WHERE r.relkind IN ('c', 'v') OR r.relname = 'account_state'
    GROUP BY r.name
    UNION ALL
    SELECT r.name, 'sequence', concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
    FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
    UNION ALL
    SELECT r.name, 'constraint ' || c.conname, concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated)
    FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL
    SELECT r.name, 'index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)
    FROM relation r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL
    SELECT r.name, 'trigger ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT m.name, 'definition', concat_ws(' ', e.evtevent, e.evttags, e.evtfoid::regprocedure, e.evtenabled)
    FROM member m JOIN pg_event_trigger e ON e.oid = m.objid WHERE m.classid = 'pg_event_trigger'::regclass
    UNION ALL
    SELECT 'extension', 'rows that are dumped of ' || d.relation::regclass, d.condition
    FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS d (relation, condition)
    WHERE e.extname = 'botdet'
    UNION ALL
    SELECT 'extension', 'definition', concat_ws(' ', e.extversion, e.extnamespace::regnamespace, e.extrelocatable)
    FROM pg_extension e WHERE e.extname = 'botdet'
)
SELECT concat_ws(': ', name, part, says) FROM definition ORDER BY 1
