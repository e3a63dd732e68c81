-- Tables whose rows are activity.

CREATE FUNCTION botdet_flag()
RETURNS trigger
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_capture';
COMMENT ON FUNCTION botdet_flag() IS
    'AFTER trigger FOR EACH STATEMENT on a bound table: notes what changed; states and scores are written before the transaction commits';

CREATE FUNCTION botdet.create_source_triggers(relation regclass)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    tables constant text[] := ARRAY[
        'INSERT', 'NEW TABLE AS new_rows', 'UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows',
        'DELETE', 'OLD TABLE AS old_rows', 'TRUNCATE', NULL
    ];
BEGIN
    FOR i IN 1..8 BY 2 LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.botdet_flag()',
            'botdet_' || pg_catalog.lower(tables[i]), tables[i], relation,
            coalesce('REFERENCING ' || tables[i + 1], '')
        );
    END LOOP;
END
$$;
COMMENT ON FUNCTION botdet.create_source_triggers(regclass) IS 'creates the triggers that a bound table needs';

-- Rows of a bound table are its owner's, and so is what reading them runs: the expressions of its indexes, its constraints. A
-- superuser, as which triggers and background workers write states, would run them with all rights there are.
CREATE FUNCTION botdet.read_keys(relation regclass, query text)
RETURNS TABLE (key text, latest timestamptz)
STRICT VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10000 SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_read_keys';
COMMENT ON FUNCTION botdet.read_keys(regclass, text) IS
    'keys of accounts, and a time with each, by a query of a table''s rows: with the caller''s rights, with those of the table''s owner where the caller is a superuser';

CREATE FUNCTION botdet.check_column(relation regclass, role text, column_name text)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_check_column';
COMMENT ON FUNCTION botdet.check_column(regclass, text, text) IS
    'an error unless the table has the column, and its type fits what it is bound for';

CREATE FUNCTION botdet.number_names(names text[])
RETURNS bigint[]
STRICT VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_number_names';
COMMENT ON FUNCTION botdet.number_names(text[]) IS
    'numbers of the accounts with these names, which come in ascending order (COLLATE "C") and once each; new ones get one';

CREATE FUNCTION botdet_bind_source(
    relation regclass, account text, occurred_at text, action text DEFAULT NULL, content text DEFAULT NULL,
    device text DEFAULT NULL, ip text DEFAULT NULL, target text DEFAULT NULL, country text DEFAULT NULL,
    "position" text DEFAULT NULL, default_action text DEFAULT 'other', actions jsonb DEFAULT '{}',
    shared boolean DEFAULT false, backfill boolean DEFAULT true
)
RETURNS bigint
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    table_ pg_class;
    parent regclass;
    generated text;
    others regclass;
    has_numbers boolean;
    accounts bigint := 0;
    up_to bigint;
BEGIN
    IF relation IS NULL OR account IS NULL OR occurred_at IS NULL THEN
        RAISE EXCEPTION 'relation, account and occurred_at must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT c.* INTO table_ FROM pg_class c WHERE c.oid = relation;
    IF table_.relkind NOT IN ('r', 'p') OR table_.relpersistence = 't' THEN
        RAISE EXCEPTION '% is not a permanent table', relation
            USING ERRCODE = 'wrong_object_type', HINT = 'Bind the table that rows are inserted into.';
    END IF;
    IF table_.relispartition THEN
        SELECT i.inhparent::regclass INTO parent FROM pg_inherits i WHERE i.inhrelid = relation;
        RAISE EXCEPTION '% is a partition of %', relation, parent
            USING ERRCODE = 'wrong_object_type', HINT = format('Bind %s, and insert into it.', parent);
    END IF;
    IF EXISTS (SELECT FROM botdet.source s WHERE s.relation = botdet_bind_source.relation) THEN
        RAISE EXCEPTION '% is bound already', relation
            USING ERRCODE = 'duplicate_object', HINT = format('To change how, call botdet_unbind_source(%L) first.', relation);
    END IF;
    IF "position" IS NULL THEN
        -- A single number that is the primary key counts the rows, as a rule.
        SELECT a.attname INTO "position"
        FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = relation AND i.indisprimary AND i.indnkeyatts = 1
            AND a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) AND a.attname <> account;
    END IF;
    PERFORM botdet.check_column(relation, r.role, r.column_name)
    FROM (VALUES
        ('account', account), ('occurred_at', occurred_at), ('action', action), ('content', content), ('device', device),
        ('ip', ip), ('target', target), ('country', country), ('position', "position")
    ) AS r (role, column_name);
    IF table_.relkind = 'p' THEN
        -- To a partition with its columns in other places, Postgres routes a row before it generates any: triggers see NULL.
        SELECT a.attname INTO generated
        FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attgenerated <> ''
            AND a.attname IN (account, occurred_at, action, content, device, ip, target, country, "position");
        IF FOUND THEN
            RAISE EXCEPTION 'column % of the partitioned table % is generated', generated, relation
                USING ERRCODE = 'feature_not_supported', HINT = 'Bind a column that is inserted.';
        END IF;
    END IF;
    IF jsonb_typeof(actions) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'actions is %, not an object', coalesce(actions::text, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the names you use and ours: {"tweet": "post"}.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = relation AND a.attname = account AND i.indisvalid AND i.indpred IS NULL
    ) THEN
        RAISE EXCEPTION '% has no index that begins with column %', relation, account
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('CREATE INDEX ON %s (%I, %I);', relation, account, occurred_at);
    END IF;
    has_numbers := EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attname = account
            AND a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)
    );
    IF NOT shared THEN
        SELECT s.relation INTO others
        FROM botdet.source s
        JOIN pg_attribute a ON a.attrelid = s.relation AND a.attname = s.account_column
        WHERE (a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype)) = has_numbers
            AND (s.relation <> 'botdet.activity'::regclass OR EXISTS (SELECT FROM botdet.activity))
        ORDER BY s.source_id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'accounts of % would be those of the same key in %', relation, others
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'If they are the same accounts, pass shared => true.';
        END IF;
    END IF;

    INSERT INTO botdet.source (
        relation, account_column, occurred_at_column, action_column, content_column, device_column, ip_column,
        target_column, country_column, position_column, default_action, actions
    ) VALUES (
        relation, account, occurred_at, action, content, device, ip, target, country, "position", default_action, actions
    );
    PERFORM botdet.create_source_triggers(relation);
    IF backfill THEN
        -- No run of botdet.refresh: it is done or undone with this transaction.
        PERFORM botdet.list_accounts(-pg_backend_pid(), relation);
        PERFORM botdet.analyze_refresh();
        LOOP
            up_to := botdet.refresh_states(-pg_backend_pid(), up_to, 16384);
            EXIT WHEN up_to IS NULL;
        END LOOP;
        DELETE FROM botdet.refresh_account a WHERE a.refresh_id = -pg_backend_pid();
        GET DIAGNOSTICS accounts = ROW_COUNT;
    END IF;
    RETURN accounts;
END
$$;
COMMENT ON FUNCTION botdet_bind_source(regclass, text, text, text, text, text, text, text, text, text, text, jsonb, boolean, boolean) IS
    'makes a table of yours a source of activity: names its columns, creates its triggers, makes the states of the accounts in it; returns how many';

CREATE FUNCTION botdet_unbind_source(relation regclass)
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    accounts bigint;
    operation text;
BEGIN
    IF relation = 'botdet.activity'::regclass THEN
        RAISE EXCEPTION 'botdet.activity stays bound' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF NOT EXISTS (SELECT FROM botdet.source s WHERE s.relation = botdet_unbind_source.relation) THEN
        RAISE EXCEPTION '% is not bound', relation
            USING ERRCODE = 'undefined_object', HINT = 'botdet.source lists the tables that are.';
    END IF;
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
        -- From here on nobody else inserts.
        FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
            EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'botdet_' || operation, relation);
        END LOOP;
        PERFORM botdet.list_accounts(-pg_backend_pid(), relation);
    ELSE
        -- The table is gone, and nobody can say whose rows these were.
        INSERT INTO botdet.refresh_account (refresh_id, account_id)
        SELECT -pg_backend_pid(), s.account_id FROM botdet.account_state s;
    END IF;
    DELETE FROM botdet.source s WHERE s.relation = botdet_unbind_source.relation;
    UPDATE botdet.account_state s SET stale = true
    FROM (
        SELECT l.account_id
        FROM botdet.account_state l
        JOIN botdet.refresh_account a ON a.account_id = l.account_id AND a.refresh_id = -pg_backend_pid()
        ORDER BY l.account_id
        FOR NO KEY UPDATE OF l
    ) AS k
    WHERE s.account_id = k.account_id;
    GET DIAGNOSTICS accounts = ROW_COUNT;
    DELETE FROM botdet.refresh_account a WHERE a.refresh_id = -pg_backend_pid();
    RETURN accounts;
END
$$;
COMMENT ON FUNCTION botdet_unbind_source(regclass) IS
    'ends what botdet_bind_source() began: drops the triggers, and marks the states of the accounts in it as stale; returns how many. Also for a table that is gone';
