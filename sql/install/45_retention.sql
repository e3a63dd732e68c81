-- Old activity: what accounts did before a time is archived as a state, and the partitions with its rows may go.

-- Archives ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet.archive_accounts(account_ids bigint[], until timestamptz)
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_archive_accounts';
COMMENT ON FUNCTION botdet.archive_accounts(bigint[], timestamptz) IS
    'archives what accounts did before a time, and locks their states until the transaction ends; returns how many had not got that far';

CREATE FUNCTION botdet.in_transaction_block()
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_in_transaction_block';
COMMENT ON FUNCTION botdet.in_transaction_block() IS 'whether the transaction goes on after this statement, so that a procedure must not end it';

-- The archive is written by hand only where a dump is restored, or where it is to be given up. States follow, in the order in which
-- inserts take them: new ones first, then the rest.
CREATE FUNCTION botdet.follow_archive()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE botdet.account_state s SET stale = true, archived_until = NULL
        FROM (SELECT account_id FROM botdet.account_state WHERE archived_until IS NOT NULL ORDER BY account_id FOR NO KEY UPDATE) AS k
        WHERE s.account_id = k.account_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE botdet.account_state s SET stale = true, archived_until = NULL
        FROM (
            SELECT s.account_id FROM botdet.account_state s JOIN old_rows USING (account_id)
            ORDER BY s.account_id FOR NO KEY UPDATE OF s
        ) AS k
        WHERE s.account_id = k.account_id;
    ELSE
        INSERT INTO botdet.account_state (account_id, stale, state, archived_until)
        SELECT account_id, true, state, archived_until FROM new_rows ORDER BY account_id
        ON CONFLICT (account_id) DO NOTHING;
        UPDATE botdet.account_state s SET stale = true, archived_until = k.archived_until
        FROM (
            SELECT n.account_id, n.archived_until
            FROM botdet.account_state s JOIN new_rows n ON n.account_id = s.account_id
            WHERE s.archived_until IS DISTINCT FROM n.archived_until
            ORDER BY s.account_id FOR NO KEY UPDATE OF s
        ) AS k
        WHERE s.account_id = k.account_id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.follow_archive() IS 'trigger: states of accounts whose archive comes or goes are built again from it and the rows';

CREATE TRIGGER follow_insert AFTER INSERT ON botdet.archived_state
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION botdet.follow_archive();
CREATE TRIGGER follow_update AFTER UPDATE ON botdet.archived_state
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION botdet.follow_archive();
CREATE TRIGGER follow_delete AFTER DELETE ON botdet.archived_state
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION botdet.follow_archive();
CREATE TRIGGER follow_truncate AFTER TRUNCATE ON botdet.archived_state
FOR EACH STATEMENT EXECUTE FUNCTION botdet.follow_archive();

-- Times are written into statements: with another DateStyle, their zone is an abbreviation that may be read as another's.
CREATE FUNCTION botdet.unarchived_accounts(relation regclass, until timestamptz)
RETURNS bigint[]
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    source_ botdet.source;
    key_type oid;
    is_zoned boolean;
    keys text[];
    accounts bigint[];
BEGIN
    SELECT s.* INTO source_ FROM botdet.source s WHERE s.relation = unarchived_accounts.relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not bound', relation
            USING ERRCODE = 'undefined_object', HINT = 'botdet.source lists the tables that are.';
    END IF;
    SELECT atttypid INTO STRICT key_type FROM pg_attribute WHERE attrelid = relation AND attname = source_.account_column;
    SELECT atttypid = 'timestamptz'::regtype INTO STRICT is_zoned
    FROM pg_attribute WHERE attrelid = relation AND attname = source_.occurred_at_column;
    -- The column itself is compared with a constant, so that later partitions are not read.
    keys := ARRAY(
        SELECT k.key
        FROM botdet.read_keys(relation, format(
            'SELECT DISTINCT %1$I::text, NULL FROM %2$s WHERE %1$I IS NOT NULL AND %3$I < %4$L::%5$s',
            source_.account_column, relation, source_.occurred_at_column,
            CASE WHEN is_zoned THEN until::text ELSE (until AT TIME ZONE 'UTC')::text END,
            CASE WHEN is_zoned THEN 'timestamptz' ELSE 'timestamp' END
        )) AS k
        ORDER BY k.key COLLATE "C"
    );
    SELECT array_agg(k.account_id ORDER BY k.account_id) INTO accounts
    FROM unnest(
        CASE WHEN key_type IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) THEN keys::bigint[]
             ELSE botdet.number_names(keys) END
    ) AS k (account_id)
    LEFT JOIN botdet.archived_state a ON a.account_id = k.account_id
    WHERE a.archived_until IS NULL OR a.archived_until < unarchived_accounts.until;
    RETURN coalesce(accounts, '{}');
END
$$;
COMMENT ON FUNCTION botdet.unarchived_accounts(regclass, timestamptz) IS
    'accounts with rows in a source from before a time that are not archived until then, in ascending order';

-- No SET clause: a procedure with one must not commit.
CREATE PROCEDURE botdet_archive(relation regclass, until timestamptz, batch integer DEFAULT 500)
LANGUAGE plpgsql AS $$
DECLARE
    commits constant boolean := NOT botdet.in_transaction_block();
    accounts bigint[];
    archived bigint := 0;
BEGIN
    IF relation IS NULL OR until IS NULL OR batch IS NULL THEN
        RAISE EXCEPTION 'relation, until and batch must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() OR NOT pg_catalog.isfinite(until) THEN
        RAISE EXCEPTION '% is not a time in the past', until
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Events from before it that are still to come would be ignored.';
    END IF;
    IF batch OPERATOR(pg_catalog.<) 1 THEN
        RAISE EXCEPTION 'batch is %, below 1', batch USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOOP
        -- Again until there are none: new accounts may have come meanwhile.
        accounts := botdet.unarchived_accounts(relation, until);
        EXIT WHEN pg_catalog.cardinality(accounts) OPERATOR(pg_catalog.=) 0;
        FOR i IN 0..pg_catalog.cardinality(accounts) OPERATOR(pg_catalog.-) 1 BY batch LOOP
            archived := archived OPERATOR(pg_catalog.+) botdet.archive_accounts(
                accounts[i OPERATOR(pg_catalog.+) 1:i OPERATOR(pg_catalog.+) batch], until
            );
            IF commits THEN
                COMMIT;
            END IF;
        END LOOP;
    END LOOP;
    RAISE NOTICE 'archived % accounts of % until %', archived, relation, until;
END
$$;
COMMENT ON PROCEDURE botdet_archive(regclass, timestamptz, integer) IS
    'archives what every account with rows in a source from before a time did until then, of all sources, in batches that are committed unless in a transaction block; afterwards these rows may be dropped';

-- The guard --------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet.guard_partition(partition regclass, exclusively boolean)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    source_ botdet.source;
    has_numbers boolean;
    is_zoned boolean;
    account text;
BEGIN
    SELECT s.* INTO source_
    FROM pg_partition_ancestors(partition) AS a JOIN botdet.source s ON s.relation = a.relid
    WHERE a.relid <> partition LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF exclusively THEN
        -- As the command is about to do, parents first as whoever inserts; what others insert is there then or not at all.
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', source_.relation);
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', partition);
    END IF;
    SELECT atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) INTO has_numbers
    FROM pg_attribute WHERE attrelid = partition AND attname = source_.account_column;
    SELECT atttypid = 'timestamptz'::regtype INTO is_zoned
    FROM pg_attribute WHERE attrelid = partition AND attname = source_.occurred_at_column;
    IF has_numbers IS NULL OR is_zoned IS NULL THEN
        -- A source that has lost these columns cannot be read any more.
        RETURN;
    END IF;
    -- Rows outside 1970 to 2099 take no part in states.
    SELECT min(k.key) INTO account
    FROM botdet.read_keys(partition, format(
        'SELECT r.%1$I, max(%3$s) FROM %2$s r WHERE r.%1$I IS NOT NULL AND %3$s < ''2100-01-01 00:00+00'' GROUP BY 1',
        source_.account_column, partition,
        format(CASE WHEN is_zoned THEN 'r.%I' ELSE 'timezone(''UTC'', r.%I)' END, source_.occurred_at_column)
    )) AS k
    LEFT JOIN botdet.account n ON NOT has_numbers AND n.account_key = k.key
    LEFT JOIN botdet.archived_state a ON a.account_id = CASE WHEN has_numbers THEN k.key::bigint ELSE n.account_id END
    WHERE k.latest >= coalesce(a.archived_until, '1970-01-01 00:00+00');
    IF account IS NOT NULL THEN
        RAISE EXCEPTION '% has rows of account % that are not archived', partition, account
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('States of %s are built from them again when events come late.', source_.relation),
                  HINT = format('CALL botdet_drop_partitions(%L, before => ...), which archives them, or botdet_archive(), '
                                'and try again. To forget them, delete them first.', source_.relation);
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.guard_partition(regclass, boolean) IS
    'an error when a partition of a source holds rows that are not archived; locks both first if asked to';

CREATE FUNCTION botdet.guard_partitions()
RETURNS event_trigger
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_guard_partitions';
COMMENT ON FUNCTION botdet.guard_partitions() IS
    'event trigger: refuses to drop or detach a partition of a source with rows that are not archived, unless botdet.guard_partitions is off';

CREATE EVENT TRIGGER botdet_guard_partitions ON ddl_command_start
WHEN TAG IN ('DROP TABLE', 'ALTER TABLE')
EXECUTE FUNCTION botdet.guard_partitions();
COMMENT ON EVENT TRIGGER botdet_guard_partitions IS 'see botdet.guard_partitions()';

-- Partitions -------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet.partitions_by_time(relation regclass)
RETURNS TABLE (partition regclass, since timestamptz, until timestamptz, is_default boolean)
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
LANGUAGE plpgsql AS $$
DECLARE
    occurred_at text;
BEGIN
    SELECT s.occurred_at_column INTO occurred_at FROM botdet.source s WHERE s.relation = partitions_by_time.relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not bound', relation
            USING ERRCODE = 'undefined_object', HINT = 'botdet.source lists the tables that are.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_partitioned_table p
        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = relation AND p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = occurred_at
    ) THEN
        RAISE EXCEPTION '% is not partitioned by range of %', relation, occurred_at
            USING ERRCODE = 'wrong_object_type', HINT = format('CREATE TABLE ... PARTITION BY RANGE (%I);', occurred_at);
    END IF;
    RETURN QUERY
    SELECT c.oid::regclass,
           coalesce(substring(b.bound FROM 'FROM \(''([^'']*)''')::timestamptz, '-infinity'),
           coalesce(substring(b.bound FROM 'TO \(''([^'']*)''')::timestamptz, 'infinity'),
           b.bound = 'DEFAULT'
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) AS b (bound)
    WHERE i.inhparent = relation
    ORDER BY 2, 3;
END
$$;
COMMENT ON FUNCTION botdet.partitions_by_time(regclass) IS
    'partitions of a source that is partitioned by its time, and the times that each is for; the default one is for all times';

CREATE FUNCTION botdet_create_partitions(
    relation regclass, every interval, ahead interval DEFAULT '3 months', since timestamptz DEFAULT now()
)
RETURNS TABLE (partition_name text, starts_at timestamptz, ends_at timestamptz, moved_rows bigint)
VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET botdet.guard_partitions = off
LANGUAGE plpgsql AS $$
DECLARE
    months constant integer := 12 * extract(year FROM every) + extract(month FROM every);
    rest constant interval := every - make_interval(months => months);
    until constant timestamptz := now() + ahead;
    parent pg_class;
    others record;
    columns text;
    holds text;
    has_rows boolean := false;
    is_detached boolean := false;
    made regclass;
BEGIN
    IF relation IS NULL OR every IS NULL OR ahead IS NULL OR since IS NULL THEN
        RAISE EXCEPTION 'relation, every, ahead and since must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF (months > 0 AND rest <> interval '0') OR (months = 0 AND rest < interval '1 hour') OR months < 0 THEN
        RAISE EXCEPTION 'every is %, neither whole months nor an hour or more', every
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give 1 month, 1 week, 1 day or the like.';
    END IF;
    IF NOT isfinite(since) OR since < '1970-01-01' THEN
        RAISE EXCEPTION 'since is %, before 1970', since USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.* INTO others FROM botdet.partitions_by_time(relation) AS p WHERE p.is_default;
    SELECT c.* INTO STRICT parent FROM pg_class c WHERE c.oid = relation;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
    FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
    IF others.partition IS NOT NULL THEN
        -- Nothing may be added to the default partition between looking into it and taking out of it.
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', relation);
    END IF;

    starts_at := CASE
        WHEN months > 0 THEN
            timestamptz '2000-01-01' + make_interval(months => months * floor(
                ((extract(year FROM since) - 2000) * 12 + extract(month FROM since) - 1) / months)::integer)
        -- A Monday.
        ELSE date_bin(rest, since, timestamptz '2001-01-01')
    END;
    WHILE starts_at < until LOOP
        ends_at := starts_at + every;
        IF NOT EXISTS (
            SELECT FROM botdet.partitions_by_time(relation) AS p
            WHERE NOT p.is_default AND p.since < ends_at AND p.until > starts_at
        ) THEN
            -- As pg_partman names them.
            partition_name := to_char(
                starts_at, CASE WHEN months = 0 AND rest < interval '1 day' THEN '"_p"YYYYMMDD"_"HH24MISS' ELSE '"_p"YYYYMMDD' END
            );
            partition_name := (
                SELECT format('%I.%I', n.nspname, left(parent.relname, k) || partition_name)
                FROM pg_namespace n, generate_series(1, 63) AS k
                WHERE n.oid = parent.relnamespace AND octet_length(left(parent.relname, k) || partition_name) <= 63
                ORDER BY k DESC LIMIT 1
            );
            EXECUTE format(
                'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE
                                  INCLUDING COMPRESSION)',
                partition_name, relation
            );
            made := partition_name::regclass;
            EXECUTE format('ALTER TABLE %s OWNER TO %I', made, pg_get_userbyid(parent.relowner));
            moved_rows := 0;
            IF others.partition IS NOT NULL THEN
                SELECT format('%1$I >= %2$L AND %1$I < %3$L', s.occurred_at_column, starts_at, ends_at) INTO holds
                FROM botdet.source s WHERE s.relation = botdet_create_partitions.relation;
                EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %s)', others.partition, holds) INTO has_rows;
            END IF;
            IF has_rows THEN
                IF NOT is_detached THEN
                    -- Detached, it has none of the parent's row triggers: rows only change their place.
                    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', relation, others.partition);
                    is_detached := true;
                END IF;
                EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM %s WHERE %s', made, columns, others.partition, holds);
                GET DIAGNOSTICS moved_rows = ROW_COUNT;
                EXECUTE format('DELETE FROM %s WHERE %s', others.partition, holds);
            END IF;
            EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', relation, made, starts_at, ends_at);
            RETURN NEXT;
        END IF;
        starts_at := ends_at;
    END LOOP;
    IF is_detached THEN
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', relation, others.partition);
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_create_partitions(regclass, interval, interval, timestamptz) IS
    'creates the missing partitions of a source that is partitioned by its time, from since until ahead of now, in UTC; rows of theirs in the default partition move into them; returns what it made';

CREATE FUNCTION botdet.drop_partition(relation regclass, partition regclass, detach boolean)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET botdet.guard_partitions = off
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM botdet.guard_partition(partition, true);
    EXECUTE CASE
        WHEN detach THEN format('ALTER TABLE %s DETACH PARTITION %s', relation, partition)
        ELSE format('DROP TABLE %s', partition)
    END;
END
$$;
COMMENT ON FUNCTION botdet.drop_partition(regclass, regclass, boolean) IS
    'drops or detaches a partition of a source; an error when it holds rows that are not archived';

-- No SET clause: a procedure with one must not commit.
CREATE PROCEDURE botdet_drop_partitions(
    relation regclass, older_than interval DEFAULT NULL, before timestamptz DEFAULT NULL, detach boolean DEFAULT false,
    batch integer DEFAULT 500
)
LANGUAGE plpgsql AS $$
DECLARE
    commits constant boolean := NOT botdet.in_transaction_block();
    boundary constant pg_catalog.timestamptz := coalesce(before, pg_catalog.now() OPERATOR(pg_catalog.-) older_than);
    partitions pg_catalog.regclass[];
    archived_until pg_catalog.timestamptz;
    partition_name pg_catalog.text;
    attempts integer;
BEGIN
    IF relation IS NULL OR detach IS NULL OR (older_than IS NULL) OPERATOR(pg_catalog.=) (before IS NULL) THEN
        RAISE EXCEPTION 'give relation, and either older_than or before' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
        RAISE EXCEPTION 'partitions cannot be dropped at isolation level %', pg_catalog.current_setting('transaction_isolation')
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SET default_transaction_isolation = ''read committed'';';
    END IF;
    SELECT pg_catalog.array_agg(p.partition ORDER BY p.since), pg_catalog.max(p.until) INTO partitions, archived_until
    FROM botdet.partitions_by_time(relation) AS p
    WHERE NOT p.is_default AND p.until OPERATOR(pg_catalog.<=) boundary;
    IF partitions IS NULL THEN
        RAISE NOTICE '% has no partition that lies before %', relation, boundary;
        RETURN;
    END IF;
    IF NOT commits THEN
        -- Before the locks on states: whoever inserts takes them in this order.
        EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', relation);
    END IF;
    CALL @extschema@.botdet_archive(relation, archived_until, batch);
    FOR i IN 1..pg_catalog.cardinality(partitions) LOOP
        partition_name := partitions[i]::pg_catalog.text;
        attempts := 0;
        LOOP
            BEGIN
                PERFORM botdet.drop_partition(relation, partitions[i], detach);
                EXIT;
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                attempts := attempts OPERATOR(pg_catalog.+) 1;
                IF attempts OPERATOR(pg_catalog.=) 10 THEN
                    RAISE;
                END IF;
            END;
            -- A new account came in between.
            CALL @extschema@.botdet_archive(relation, archived_until, batch);
        END LOOP;
        RAISE NOTICE '% % of %', CASE WHEN detach THEN 'detached' ELSE 'dropped' END, partition_name, relation;
        IF commits THEN
            COMMIT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE botdet_drop_partitions(regclass, interval, timestamptz, boolean, integer) IS
    'archives, and then drops or detaches, the partitions of a source that lie wholly before a time; says which; commits as it goes unless in a transaction block';
