-- Domains named like types, which note who uses them. Last: what comes after them would use them, too.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['timestamptz', 'regclass', 'bytea', 'jsonb', 'uuid', 'oid', 'regtype', 'name', 'int8', 'float8', 'text'] LOOP
        EXECUTE pg_catalog.format(
            'CREATE DOMAIN {schema}.%I AS pg_catalog.%1$I CHECK ({schema}.note(pg_catalog.concat(''type '', %1$L)))', name
        );
    END LOOP;
END
$$;
