-- Scoring reads tables, so it is STABLE and never IMMUTABLE. COST is in units of a simple operator (about 0.01 µs of
-- planner cost each): features about 30 µs, a score with the deep stage about 1 ms.

-- Features ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_features(user_id bigint, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features';
COMMENT ON FUNCTION botdet_features(bigint, timestamptz) IS
    'features of an account from its activity up to as_of (all by default) and its profile; all NULL for an unknown account';

CREATE FUNCTION botdet_features(user_key text, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_named';
COMMENT ON FUNCTION botdet_features(text, timestamptz) IS 'features of the account with this key; see botdet_features(bigint, timestamptz)';

CREATE FUNCTION botdet_features(user_key uuid, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features_uuid';
COMMENT ON FUNCTION botdet_features(uuid, timestamptz) IS 'features of the account with this key; see botdet_features(bigint, timestamptz)';

CREATE FUNCTION botdet_account_state(user_id bigint, as_of timestamptz DEFAULT 'infinity')
RETURNS bytea
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_account_state';
COMMENT ON FUNCTION botdet_account_state(bigint, timestamptz) IS
    'summary of an account''s activity up to as_of, in the extension''s own format: what training reads';

CREATE FUNCTION botdet_rebuild_state(user_id bigint)
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE COST 10000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_rebuild_state';
COMMENT ON FUNCTION botdet_rebuild_state(bigint) IS
    'builds an account''s state again from its rows; true when it has any';

CREATE FUNCTION botdet_feature_catalog()
RETURNS TABLE (
    "position" integer, feature text, family text, unit text, low double precision, high double precision, scale text,
    meaning text, missing_when text, schema_fingerprint text
)
STRICT STABLE PARALLEL SAFE ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_feature_catalog';
COMMENT ON FUNCTION botdet_feature_catalog() IS 'definition of every feature; see view botdet.feature_catalog';

-- Scores -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_score(user_id bigint)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_account';
COMMENT ON FUNCTION botdet_score(bigint) IS
    'probability that an account is a bot, with interval, anomaly, deciding stage, version and reasons; stage is none for an unknown account';

CREATE FUNCTION botdet_score(user_key text)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_named';
COMMENT ON FUNCTION botdet_score(text) IS 'score of the account with this key; see botdet_score(bigint)';

CREATE FUNCTION botdet_score(user_key uuid)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_uuid';
COMMENT ON FUNCTION botdet_score(uuid) IS 'score of the account with this key; see botdet_score(bigint)';

CREATE FUNCTION botdet_score(features botdet.account_features)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_features';
COMMENT ON FUNCTION botdet_score(botdet.account_features) IS
    'score from features alone: the filter answers, since there is no sequence of events to look at';

CREATE FUNCTION botdet_score_batch(user_ids bigint[])
RETURNS SETOF botdet.score_result
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_batch';
COMMENT ON FUNCTION botdet_score_batch(bigint[]) IS
    'scores of many accounts, in the order given; faster an account than botdet_score, NULL elements are passed over';

CREATE FUNCTION botdet_refresh_scores(user_ids bigint[])
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_refresh_scores';
COMMENT ON FUNCTION botdet_refresh_scores(bigint[]) IS
    'scores accounts and writes botdet.score; returns how many known accounts there were';

CREATE FUNCTION botdet_anomaly(user_id bigint)
RETURNS botdet.anomaly_result
STRICT STABLE PARALLEL SAFE COST 2000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_anomaly';
COMMENT ON FUNCTION botdet_anomaly(bigint) IS
    'how unusual an account is among those the active model was trained on; an error when no anomaly model is active';

CREATE FUNCTION botdet_explain(user_id bigint)
RETURNS TABLE (
    feature text, value double precision, typical double precision, unit text, contribution double precision,
    percentile double precision
)
STRICT STABLE PARALLEL SAFE COST 2000 ROWS 48
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain';
COMMENT ON FUNCTION botdet_explain(bigint) IS
    'all that makes up an account''s score, strongest first: features, other stages and baseline with the log-odds each adds, which sum up to those of bot_probability; percentile is the share (0 to 1) of training accounts at or below the value';

-- Groups -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_lockstep(
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity', window_seconds integer DEFAULT 60,
    min_accounts integer DEFAULT 3, min_shared integer DEFAULT 3, min_meetings integer DEFAULT 2,
    min_similarity double precision DEFAULT 0.05, max_accounts integer DEFAULT 50, evidence integer DEFAULT 5
)
RETURNS TABLE (
    group_id integer, accounts integer, account_id bigint, similarity double precision, occasions bigint, is_first boolean,
    occurred_at timestamptz, target text
)
STRICT STABLE PARALLEL SAFE COST 10000000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_lockstep';
COMMENT ON FUNCTION botdet_lockstep(timestamptz, timestamptz, integer, integer, integer, integer, double precision, integer, integer) IS
    'groups of accounts that act on the same targets within window_seconds of each other, again and again, more than chance explains: one row for each piece of evidence, at most so many a member; similarity is the strongest Jaccard index of its shared occasions with another member';

CREATE FUNCTION botdet_duplicates(
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity', min_similarity double precision DEFAULT 0.75,
    min_words integer DEFAULT 10, min_accounts integer DEFAULT 2, evidence integer DEFAULT 5
)
RETURNS TABLE (
    group_id integer, accounts integer, account_id bigint, similarity double precision, texts bigint, is_first boolean,
    occurred_at timestamptz, content text
)
STRICT STABLE PARALLEL SAFE COST 10000000 ROWS 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_duplicates';
COMMENT ON FUNCTION botdet_duplicates(timestamptz, timestamptz, double precision, integer, integer, integer) IS
    'texts of at least min_words words that several accounts wrote, equal or nearly equal to the earliest of them: one row for each piece of evidence, at most so many a member; is_first says who wrote it first; reposts and shares take no part';

CREATE FUNCTION botdet_compare_accounts(since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT now())
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 10000000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_compare_accounts';
COMMENT ON FUNCTION botdet_compare_accounts(timestamptz, timestamptz) IS
    'compares all accounts active between two times and keeps what they have in common in botdet.account_network, where features find it from then on; returns how many accounts';

-- Sources ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_flag()
RETURNS trigger
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_flag';
COMMENT ON FUNCTION botdet_flag() IS
    'AFTER trigger FOR EACH STATEMENT on a bound table: notes what changed; states and scores are written before the transaction commits';

CREATE FUNCTION botdet.create_source_triggers(relation regclass)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE
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

CREATE FUNCTION botdet.check_column(relation regclass, role text, column_name text)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_check_column';
COMMENT ON FUNCTION botdet.check_column(regclass, text, text) IS
    'an error unless the table has the column, and its type fits what it is bound for';

CREATE FUNCTION botdet.number_names(names text[])
RETURNS bigint[]
STRICT VOLATILE PARALLEL UNSAFE
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
    others regclass;
    has_numbers boolean;
    accounts bigint := 0;
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
        EXECUTE format(
            CASE WHEN has_numbers THEN
                'SELECT count(*) FILTER (WHERE @extschema@.botdet_rebuild_state(k.key))
                 FROM (SELECT DISTINCT %1$I::bigint AS key FROM %2$s WHERE %1$I IS NOT NULL ORDER BY 1) AS k'
            ELSE
                'SELECT count(*) FILTER (WHERE @extschema@.botdet_rebuild_state(n))
                 FROM unnest(botdet.number_names(ARRAY(
                     SELECT DISTINCT %1$I::text COLLATE "C" FROM %2$s WHERE %1$I IS NOT NULL ORDER BY 1
                 ))) AS n'
            END, account, relation
        ) INTO accounts;
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
    DELETE FROM botdet.source s WHERE s.relation = botdet_unbind_source.relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not bound', relation
            USING ERRCODE = 'undefined_object', HINT = 'botdet.source lists the tables that are.';
    END IF;
    FOREACH operation IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'botdet_' || operation, relation);
    END LOOP;
    -- Whose rows these were is not asked: a state that is stale for nothing is built again from what there is.
    UPDATE botdet.account_state s SET stale = true
    FROM (SELECT account_id FROM botdet.account_state ORDER BY account_id FOR NO KEY UPDATE) AS k
    WHERE s.account_id = k.account_id;
    GET DIAGNOSTICS accounts = ROW_COUNT;
    RETURN accounts;
END
$$;
COMMENT ON FUNCTION botdet_unbind_source(regclass) IS
    'ends what botdet_bind_source() began: drops the triggers, and marks states as stale; returns how many';

-- Versions ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_register_model(artifact bytea, comment text DEFAULT NULL)
RETURNS text
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_register_model';
COMMENT ON FUNCTION botdet_register_model(bytea, text) IS
    'checks an artifact, opens its models, stores it and returns the version''s name; the same artifact gives the same version';

CREATE FUNCTION botdet_activate(version text, detector text DEFAULT 'account')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO botdet.deployment AS d (detector, model_version_id)
    SELECT v.detector, v.model_version_id
    FROM botdet.model_version v
    WHERE v.detector = botdet_activate.detector AND v.version = botdet_activate.version
    ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE
        SET model_version_id = excluded.model_version_id, activated_at = now(), activated_by = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'detector % has no model version %', detector, version
            USING ERRCODE = 'undefined_object', HINT = 'botdet.model_versions lists the versions there are.';
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_activate(text, text) IS
    'makes a registered version the one that answers; takes effect when the transaction commits';

CREATE FUNCTION botdet_deactivate(detector text DEFAULT 'account')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM botdet.deployment d WHERE d.detector = botdet_deactivate.detector;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION botdet_deactivate(text) IS 'lets rules answer again; false when no version was active';

CREATE FUNCTION botdet_version()
RETURNS text
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_version';
COMMENT ON FUNCTION botdet_version() IS 'version of the extension''s library';
