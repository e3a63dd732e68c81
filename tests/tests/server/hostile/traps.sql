-- Objects that note who runs them, named like those of pg_catalog, in schema {schema}: operators for all pairs of common types,
-- functions, and domains named like types. Made by whoever runs this.
CREATE FUNCTION {schema}.note(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loot.victim VALUES (current_user, what);
    RETURN true;
END
$$;

DO $$
DECLARE
    types constant text[] := ARRAY[
        'smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric', 'text', 'name', 'boolean', 'timestamptz',
        'timestamp', 'interval', 'oid', 'regclass', 'bytea', 'jsonb', 'text[]', 'bigint[]', 'xid'
    ];
    of_one constant text[] := ARRAY[
        'abs', 'array_to_string', 'cardinality', 'ceil', 'clock_timestamp', 'floor', 'format', 'host', 'isfinite', 'jsonb_typeof',
        'length', 'lower', 'octet_length', 'pg_get_userbyid', 'quote_ident', 'quote_literal', 'sha256', 'timezone', 'to_char',
        'unnest', 'upper', 'nextval', 'round', 'concat', 'concat_ws'
    ];
    of_two constant text[] := ARRAY[
        'array_position', 'array_to_string', 'string_to_array', 'date_trunc', 'date_bin', 'encode', 'extract', 'format', 'left',
        'starts_with', 'timezone', 'to_char', 'generate_series', 'concat', 'greatest_of', 'pg_get_expr', 'date_part', 'substring'
    ];
    compared constant text[] := ARRAY['=', '<>', '<', '<=', '>', '>=', '@>', '<@', '&&', '~', '||'];
    computed constant text[] := ARRAY['+', '-', '*', '/', '%'];
    one text;
    other text;
    name text;
BEGIN
    FOREACH one IN ARRAY types LOOP
        FOREACH name IN ARRAY of_one LOOP
            EXECUTE pg_catalog.format(
                'CREATE FUNCTION {schema}.%I(one %s) RETURNS %2$s LANGUAGE plpgsql AS
                 $f$BEGIN PERFORM {schema}.note(%L); RETURN one; END$f$',
                name, one, pg_catalog.concat('function ', name, ' ', one)
            );
        END LOOP;
        FOREACH other IN ARRAY types LOOP
            EXECUTE pg_catalog.format(
                'CREATE FUNCTION {schema}.compare(one %s, other %s) RETURNS boolean LANGUAGE plpgsql AS
                 $f$BEGIN PERFORM {schema}.note(%L); RETURN NULL; END$f$',
                one, other, pg_catalog.concat('operator ', one, ' ', other)
            );
            EXECUTE pg_catalog.format(
                'CREATE FUNCTION {schema}.compute(one %s, other %s) RETURNS %1$s LANGUAGE plpgsql AS
                 $f$BEGIN PERFORM {schema}.note(%L); RETURN one; END$f$',
                one, other, pg_catalog.concat('operator ', one, ' ', other)
            );
            FOREACH name IN ARRAY compared LOOP
                EXECUTE pg_catalog.format(
                    'CREATE OPERATOR {schema}.%s (FUNCTION = {schema}.compare, LEFTARG = %s, RIGHTARG = %s)', name, one, other
                );
            END LOOP;
            FOREACH name IN ARRAY computed LOOP
                EXECUTE pg_catalog.format(
                    'CREATE OPERATOR {schema}.%s (FUNCTION = {schema}.compute, LEFTARG = %s, RIGHTARG = %s)', name, one, other
                );
            END LOOP;
        END LOOP;
    END LOOP;
    FOREACH one IN ARRAY ARRAY['text', 'timestamptz', 'bigint', 'interval', 'regclass'] LOOP
        FOREACH other IN ARRAY ARRAY['text', 'timestamptz', 'bigint', 'interval', 'regclass', 'integer'] LOOP
            FOREACH name IN ARRAY of_two LOOP
                EXECUTE pg_catalog.format(
                    'CREATE FUNCTION {schema}.%I(one %s, other %s) RETURNS %2$s LANGUAGE plpgsql AS
                     $f$BEGIN PERFORM {schema}.note(%L); RETURN one; END$f$',
                    name, one, other, pg_catalog.concat('function ', name, ' ', one, ' ', other)
                );
            END LOOP;
        END LOOP;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['now', 'clock_timestamp', 'statement_timestamp'] LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION {schema}.%I() RETURNS timestamptz LANGUAGE plpgsql AS
             $f$BEGIN PERFORM {schema}.note(%L); RETURN ''1999-01-01''; END$f$',
            name, pg_catalog.concat('function ', name)
        );
    END LOOP;
    FOREACH name IN ARRAY ARRAY['pg_backend_pid', 'txid_current'] LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION {schema}.%I() RETURNS integer LANGUAGE plpgsql AS
             $f$BEGIN PERFORM {schema}.note(%L); RETURN 1; END$f$',
            name, pg_catalog.concat('function ', name)
        );
    END LOOP;
END
$$;
