-- Making states and scores again, for many accounts: in batches, each a transaction of its own, by parallel workers.

CREATE FUNCTION botdet.states_from_rows(refresh_id bigint, first bigint, last bigint, accounts bigint)
RETURNS TABLE (account_id bigint, state bytea)
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_states_from_rows';
COMMENT ON FUNCTION botdet.states_from_rows(bigint, bigint, bigint, bigint) IS
    'states of the next accounts of a refresh as their rows make them, whatever is stored';

CREATE FUNCTION botdet.scores_of_chunk(refresh_id bigint, first bigint, last bigint, accounts bigint)
RETURNS SETOF botdet.scored_account
STRICT STABLE PARALLEL SAFE COST 1000000 ROWS 32
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_scores_of_chunk';
COMMENT ON FUNCTION botdet.scores_of_chunk(bigint, bigint, bigint, bigint) IS 'scores of the next accounts of a refresh';

CREATE FUNCTION botdet.refresh_states(refresh_id bigint, after bigint, batch integer)
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_refresh_states';
COMMENT ON FUNCTION botdet.refresh_states(bigint, bigint, integer) IS
    'builds the states of the next accounts of a refresh, by parallel workers where there are any; returns the last of them';

CREATE FUNCTION botdet.refresh_scores(refresh_id bigint, after bigint, batch integer)
RETURNS bigint
VOLATILE PARALLEL UNSAFE COST 1000000
SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_refresh_chunk';
COMMENT ON FUNCTION botdet.refresh_scores(bigint, bigint, integer) IS
    'scores the next accounts of a refresh, by parallel workers where there are any; returns the last of them';

CREATE VIEW botdet.stat_progress_refresh WITH (security_invoker = true) AS
SELECT r.process_id AS pid, r.refresh_id, r.command, r.phase, r.accounts_total, r.accounts_done, r.last_account_id,
       r.started_by, r.started_at, r.updated_at
FROM botdet.refresh r
JOIN pg_catalog.pg_stat_activity a ON a.pid = r.process_id AND a.datname = pg_catalog.current_database()
WHERE r.finished_at IS NULL
    -- What other users' sessions do is not for everybody to see. A process may be idle after an error, or be another's by now.
    AND (a.state IS NULL OR a.state = 'active') AND (a.backend_start IS NULL OR a.backend_start <= r.updated_at);
COMMENT ON VIEW botdet.stat_progress_refresh IS 'refreshes that are running, one row each';
COMMENT ON COLUMN botdet.stat_progress_refresh.pid IS 'server process that works on it';
COMMENT ON COLUMN botdet.stat_progress_refresh.refresh_id IS 'number of the run';
COMMENT ON COLUMN botdet.stat_progress_refresh.command IS 'features or scores';
COMMENT ON COLUMN botdet.stat_progress_refresh.phase IS 'finding accounts, or refreshing';
COMMENT ON COLUMN botdet.stat_progress_refresh.accounts_total IS 'accounts to refresh; NULL while they are being found';
COMMENT ON COLUMN botdet.stat_progress_refresh.accounts_done IS 'accounts refreshed and committed';
COMMENT ON COLUMN botdet.stat_progress_refresh.last_account_id IS 'the last of these';
COMMENT ON COLUMN botdet.stat_progress_refresh.started_by IS 'who began it';
COMMENT ON COLUMN botdet.stat_progress_refresh.started_at IS 'when it began';
COMMENT ON COLUMN botdet.stat_progress_refresh.updated_at IS 'when the last batch was done';

CREATE FUNCTION botdet.is_refreshing(refresh_id bigint)
RETURNS boolean
STRICT STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
LANGUAGE sql
RETURN EXISTS (
    SELECT FROM botdet.stat_progress_refresh p
    WHERE p.refresh_id = is_refreshing.refresh_id AND p.pid <> pg_backend_pid()
);
COMMENT ON FUNCTION botdet.is_refreshing(bigint) IS 'whether another session works on a refresh';

CREATE FUNCTION botdet.begin_refresh(command text, everything boolean, batch integer, resume boolean)
RETURNS botdet.refresh
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    run botdet.refresh;
BEGIN
    IF everything IS NULL OR batch IS NULL OR resume IS NULL THEN
        RAISE EXCEPTION 'everything, batch and resume must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    ELSIF batch < 1 THEN
        RAISE EXCEPTION 'batch is %, and must be at least 1', batch USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF resume THEN
        UPDATE botdet.refresh r SET process_id = pg_backend_pid(), updated_at = clock_timestamp()
        WHERE r.refresh_id = (
            SELECT max(s.refresh_id)
            FROM botdet.refresh s
            WHERE s.command = begin_refresh.command AND s.phase = 'refreshing'
                AND NOT botdet.is_refreshing(s.refresh_id)
        )
        RETURNING r.* INTO run;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no refresh of % was stopped before its end', command
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'botdet.refresh lists the runs.';
        END IF;
    ELSE
        INSERT INTO botdet.refresh (command) VALUES (command) RETURNING * INTO run;
    END IF;
    RETURN run;
END
$$;
COMMENT ON FUNCTION botdet.begin_refresh(text, boolean, integer, boolean) IS 'begins a refresh, or takes up the last one that was stopped';

CREATE FUNCTION botdet.list_accounts(refresh_id bigint, relation regclass)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    source botdet.source;
    is_number boolean;
    rows_an_account double precision;
    found text;
    names text[];
    ids bigint[];
BEGIN
    SELECT s.* INTO STRICT source FROM botdet.source s WHERE s.relation = list_accounts.relation;
    SELECT a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) INTO is_number
    FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = source.account_column;
    SELECT c.reltuples / nullif(CASE WHEN t.n_distinct < 0 THEN -t.n_distinct * c.reltuples ELSE t.n_distinct END, 0)
    INTO rows_an_account
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_stats t ON t.schemaname = n.nspname AND t.tablename = c.relname AND t.attname = source.account_column
    WHERE c.oid = relation
    ORDER BY t.inherited DESC LIMIT 1;
    -- Where an account has many rows, stepping from one to the next by the index is less than reading them all.
    found := CASE WHEN rows_an_account > 20 THEN
        'WITH RECURSIVE step (key) AS (
             (SELECT %1$I FROM %2$s WHERE %1$I IS NOT NULL ORDER BY 1 LIMIT 1)
             UNION ALL
             SELECT (SELECT %1$I FROM %2$s WHERE %1$I > step.key ORDER BY 1 LIMIT 1) FROM step WHERE step.key IS NOT NULL
         )
         SELECT key FROM step WHERE key IS NOT NULL'
    ELSE
        'SELECT DISTINCT %1$I AS key FROM %2$s WHERE %1$I IS NOT NULL'
    END;
    found := format(found, source.account_column, relation);
    -- Collected first and inserted then: workers help with a query, and not with an INSERT.
    names := ARRAY(
        SELECT DISTINCT k.key COLLATE "C"
        FROM botdet.read_keys(relation, format('SELECT k.key::text, NULL FROM (%s) AS k', found)) AS k
        ORDER BY 1
    );
    ids := CASE WHEN is_number THEN names::bigint[] ELSE botdet.number_names(names) END;
    INSERT INTO botdet.refresh_account (refresh_id, account_id)
    SELECT list_accounts.refresh_id, k.id FROM unnest(ids) AS k (id)
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION botdet.list_accounts(bigint, regclass) IS 'adds the accounts of a source to those of a refresh';

-- ANALYZE takes no privilege but ownership. Without statistics the planner expects one account, and asks no worker for help.
CREATE FUNCTION botdet.analyze_refresh()
RETURNS void
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    ANALYZE botdet.refresh_account;
END
$$;
COMMENT ON FUNCTION botdet.analyze_refresh() IS 'tells the planner how many accounts a refresh is for';

CREATE FUNCTION botdet.judged_anew_since(detector text)
RETURNS timestamptz
STRICT STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        SELECT max(a.occurred_at) FROM botdet.audit a
        WHERE a.detector = judged_anew_since.detector
            AND (a.action = 'rule'
                 OR a.action = 'set' AND a.new ?| ARRAY['threshold', 'automatic_threshold', 'base_rate'])
    );
END
$$;
COMMENT ON FUNCTION botdet.judged_anew_since(text) IS
    'when rules, thresholds or base rate of a detector last changed: scores from before are of other ones; NULL when they never have';

CREATE FUNCTION botdet.list_refresh(refresh_id bigint, everything boolean)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    command text;
    changed_at constant timestamptz := botdet.judged_anew_since('account');
BEGIN
    SELECT r.command INTO STRICT command FROM botdet.refresh r WHERE r.refresh_id = list_refresh.refresh_id;
    IF command = 'features' THEN
        INSERT INTO botdet.refresh_account (refresh_id, account_id)
        SELECT list_refresh.refresh_id, s.account_id FROM botdet.account_state s WHERE everything OR s.stale;
        IF everything THEN
            PERFORM botdet.list_accounts(list_refresh.refresh_id, s.relation)
            FROM botdet.source s
            JOIN pg_class c ON c.oid = s.relation
            ORDER BY s.source_id;
        END IF;
    ELSE
        INSERT INTO botdet.refresh_account (refresh_id, account_id)
        SELECT list_refresh.refresh_id, k.account_id
        FROM (SELECT s.account_id FROM botdet.account_state s UNION SELECT a.account_id FROM botdet.account a) AS k
        LEFT JOIN botdet.score s ON s.account_id = k.account_id AND s.detector = 'account'
        WHERE everything OR s.account_id IS NULL OR s.stage = 'failed' OR s.scored_at < changed_at
            -- A rule that allows or blocks decides without any version, and is as sure as nothing else.
            OR (s.model_version IS DISTINCT FROM @extschema@.botdet_serving_version(k.account_id)
                AND NOT (s.stage = 'rules' AND s.bot_probability IN (0, 1)));
    END IF;
    PERFORM botdet.analyze_refresh();
    UPDATE botdet.refresh r
    SET phase = 'refreshing', updated_at = clock_timestamp(),
        accounts_total = (SELECT count(*) FROM botdet.refresh_account a WHERE a.refresh_id = r.refresh_id)
    WHERE r.refresh_id = list_refresh.refresh_id;
END
$$;
COMMENT ON FUNCTION botdet.list_refresh(bigint, boolean) IS 'notes which accounts a refresh is for';

CREATE FUNCTION botdet.note_refresh(refresh_id bigint, up_to bigint)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    UPDATE botdet.refresh r
    SET accounts_done = r.accounts_done + (
            SELECT count(*)
            FROM botdet.refresh_account a
            WHERE a.refresh_id = r.refresh_id AND a.account_id <= note_refresh.up_to
                AND (r.last_account_id IS NULL OR a.account_id > r.last_account_id)
        ),
        last_account_id = note_refresh.up_to,
        updated_at = clock_timestamp()
    WHERE r.refresh_id = note_refresh.refresh_id;
END;
COMMENT ON FUNCTION botdet.note_refresh(bigint, bigint) IS 'notes up to which account a refresh has come';

CREATE FUNCTION botdet.end_refresh(refresh_id bigint)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM botdet.refresh_account a WHERE a.refresh_id = end_refresh.refresh_id;
    -- Runs that were stopped before this one began need not be taken up any more.
    DELETE FROM botdet.refresh_account a
    USING botdet.refresh old, botdet.refresh r
    WHERE r.refresh_id = end_refresh.refresh_id AND old.command = r.command AND old.refresh_id < r.refresh_id
        AND a.refresh_id = old.refresh_id
        AND NOT botdet.is_refreshing(old.refresh_id);
    UPDATE botdet.refresh r
    SET phase = 'stopped'
    FROM botdet.refresh done
    WHERE done.refresh_id = end_refresh.refresh_id AND r.command = done.command AND r.refresh_id < done.refresh_id
        AND r.phase IN ('finding accounts', 'refreshing')
        AND NOT botdet.is_refreshing(r.refresh_id);
    UPDATE botdet.refresh r
    SET phase = 'done', updated_at = clock_timestamp(), finished_at = clock_timestamp()
    WHERE r.refresh_id = end_refresh.refresh_id;
END;
COMMENT ON FUNCTION botdet.end_refresh(bigint) IS 'notes that a refresh is done';

-- Procedures that commit can have no search_path of their own: every name in them is written in full.

CREATE PROCEDURE botdet.run_refresh(command text, everything boolean, batch integer, resume boolean)
LANGUAGE plpgsql AS $$
DECLARE
    run botdet.refresh;
    up_to bigint;
    done bigint;
BEGIN
    IF botdet.in_transaction_block() THEN
        RAISE EXCEPTION 'botdet_refresh_%() commits after each batch, and cannot be called within a transaction block', command
            USING ERRCODE = 'invalid_transaction_termination',
                  HINT = 'Call it by itself, without BEGIN and with no other statement in the same query.';
    END IF;
    run := botdet.begin_refresh(command, everything, batch, resume);
    COMMIT;
    IF run.phase OPERATOR(pg_catalog.=) 'finding accounts' THEN
        PERFORM botdet.list_refresh(run.refresh_id, everything);
        COMMIT;
    END IF;
    up_to := run.last_account_id;
    LOOP
        IF command OPERATOR(pg_catalog.=) 'features' THEN
            up_to := botdet.refresh_states(run.refresh_id, up_to, batch);
        ELSE
            up_to := botdet.refresh_scores(run.refresh_id, up_to, batch);
        END IF;
        EXIT WHEN up_to IS NULL;
        PERFORM botdet.note_refresh(run.refresh_id, up_to);
        COMMIT;
    END LOOP;
    PERFORM botdet.end_refresh(run.refresh_id);
    COMMIT;
    SELECT r.accounts_done INTO done FROM botdet.refresh r WHERE r.refresh_id OPERATOR(pg_catalog.=) run.refresh_id;
    RAISE NOTICE '% accounts refreshed', done;
END
$$;
COMMENT ON PROCEDURE botdet.run_refresh(text, boolean, integer, boolean) IS
    'what botdet_refresh_features() and botdet_refresh_scores() do, batch by batch';

CREATE PROCEDURE botdet_refresh_features(
    everything boolean DEFAULT false, batch integer DEFAULT 16384, resume boolean DEFAULT false
)
LANGUAGE plpgsql AS $$
BEGIN
    CALL botdet.run_refresh('features', everything, batch, resume);
END
$$;
COMMENT ON PROCEDURE botdet_refresh_features(boolean, integer, boolean) IS
    'builds states again from their rows: those that are stale, or everything, accounts without a state included; commits after each batch of accounts, and with resume goes on where the last run was stopped; botdet.stat_progress_refresh shows how far it is';

CREATE PROCEDURE botdet_refresh_scores(
    everything boolean DEFAULT true, batch integer DEFAULT 4096, resume boolean DEFAULT false
)
LANGUAGE plpgsql AS $$
BEGIN
    CALL botdet.run_refresh('scores', everything, batch, resume);
END
$$;
COMMENT ON PROCEDURE botdet_refresh_scores(boolean, integer, boolean) IS
    'scores accounts and writes botdet.score: everybody, or with everything => false those without a score of the active version, its rules and its thresholds; commits after each batch of accounts, and with resume goes on where the last run was stopped; botdet.stat_progress_refresh shows how far it is';
