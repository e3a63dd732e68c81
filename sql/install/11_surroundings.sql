-- A function of the same name with parameters that fit a call better would be called instead of ours: botdet_score(1) is a call with
-- an integer. Whoever may create functions where ours lie can do that at any time.

DO $$
DECLARE
    stranger regprocedure;
BEGIN
    SELECT p.oid INTO stranger
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace
        AND pg_catalog.starts_with(p.proname::pg_catalog.text, 'botdet_')
        -- An update finds those of the version before.
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
            WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.objid OPERATOR(pg_catalog.=) p.oid
                AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
                AND d.deptype OPERATOR(pg_catalog.=) 'e' AND e.extname OPERATOR(pg_catalog.=) 'botdet'
        )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is there already', stranger
            USING ERRCODE = 'duplicate_function', HINT = 'Drop it, or create the extension in another schema.';
    END IF;
    IF pg_catalog.has_schema_privilege('public', '@extschema@'::pg_catalog.regnamespace, 'CREATE') THEN
        RAISE WARNING 'everybody may create functions in schema %', '@extschema@'
            USING DETAIL = 'One that is named like one of botdet may be called in its place.',
                  HINT = 'REVOKE CREATE ON SCHEMA @extschema@ FROM PUBLIC;';
    END IF;
END
$$;
