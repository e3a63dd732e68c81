-- What versions there are, and which one answers.

-- What adds versions and changes which one answers runs with the rights of the extension's owner: whoever may call it need not be able to write
-- the tables, so that nothing passes its checks by. Who it was is told by botdet.actor().

CREATE FUNCTION botdet_register_model(artifact bytea, comment text DEFAULT NULL)
RETURNS text
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_register_artifact';
COMMENT ON FUNCTION botdet_register_model(bytea, text) IS
    'checks an artifact, opens its models, stores it and returns the version''s name; the same artifact gives the same version';

CREATE FUNCTION botdet_create_detector(detector text, description text DEFAULT 'rows of a table')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM botdet.detector d WHERE d.detector = botdet_create_detector.detector) THEN
        RETURN false;
    END IF;
    INSERT INTO botdet.detector (detector, description, insert_mode)
    VALUES (botdet_create_detector.detector, botdet_create_detector.description, 'off')
    ON CONFLICT ON CONSTRAINT detector_pkey DO NOTHING;
    RETURN FOUND;
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION '% is no name of a detector', pg_catalog.quote_literal(detector)
        USING ERRCODE = 'invalid_name', HINT = 'A name has up to 40 small letters, digits and underscores, and begins with a letter.';
END
$$;
COMMENT ON FUNCTION botdet_create_detector(text, text) IS
    'adds a detector of table rows, for which versions can then be registered; false when there is one of that name';

CREATE FUNCTION botdet.find_version(version text, detector text)
RETURNS botdet.model_version
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    chosen botdet.model_version;
BEGIN
    SELECT v.* INTO chosen
    FROM botdet.model_version v
    LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id
    WHERE v.detector = find_version.detector AND find_version.version IN (v.version, d.alias)
    ORDER BY v.version = find_version.version DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'detector % has no model version %', detector, version
            USING ERRCODE = 'undefined_object', HINT = 'botdet.model_versions lists the versions there are.';
    END IF;
    RETURN chosen;
END
$$;
COMMENT ON FUNCTION botdet.find_version(text, text) IS 'the version of that name, or that is the champion or the challenger';

CREATE FUNCTION botdet.lock_detector(detector text)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM botdet.detector d WHERE d.detector = lock_detector.detector FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no detector %', detector
            USING ERRCODE = 'undefined_object', HINT = 'botdet.detector lists the detectors there are.';
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.lock_detector(text) IS
    'has deployments of a detector wait for each other: locked before anything is looked at, by all that deploy';

CREATE FUNCTION botdet.check_version(model_version_id bigint)
RETURNS TABLE (probes integer, largest_difference double precision, tolerance double precision)
STRICT VOLATILE PARALLEL UNSAFE ROWS 1
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_check_version';
COMMENT ON FUNCTION botdet.check_version(bigint) IS
    'opens a stored version, runs it, and scores the rows it brought along; an error when it is not sound';

CREATE FUNCTION botdet_validate_model(
    version text, detector text DEFAULT 'account',
    OUT passed boolean, OUT probes integer, OUT largest_difference double precision, OUT tolerance double precision
)
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET botdet.inference_timeout = 0
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen botdet.model_version := botdet.find_version(botdet_validate_model.version, botdet_validate_model.detector);
BEGIN
    SELECT c.* INTO probes, largest_difference, tolerance FROM botdet.check_version(chosen.model_version_id) AS c;
    passed := largest_difference <= tolerance;
    IF passed THEN
        UPDATE botdet.model_version AS v
        SET validated_at = now(), validated_by = botdet.actor(), probes = botdet_validate_model.probes,
            largest_difference = botdet_validate_model.largest_difference
        WHERE v.model_version_id = chosen.model_version_id;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_validate_model(text, text) IS
    'opens a version on this server, checks its feature schema and the ranges of its probes, and scores these: rows that it brought along with its answers. passed says whether each answer is the same within tolerance; an error when the version cannot be used';

CREATE FUNCTION botdet.check_deployable(version botdet.model_version, answers boolean)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    needs_approval boolean;
    checked record;
BEGIN
    SELECT d.needs_approval INTO STRICT needs_approval FROM botdet.detector d WHERE d.detector = version.detector;
    IF answers AND needs_approval AND version.approved_by IS NULL THEN
        RAISE EXCEPTION 'model version % is not approved', version.version
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = pg_catalog.format('Somebody else than %s can approve it: botdet_approve().', version.created_by);
    END IF;
    SELECT * INTO checked FROM @extschema@.botdet_validate_model(version.version, version.detector);
    IF NOT checked.passed THEN
        RAISE EXCEPTION 'model version % answers its probes otherwise than where it was made', version.version
            USING ERRCODE = 'data_exception',
                  DETAIL = pg_catalog.format('An answer differs by %s, more than the %s allowed.',
                                             checked.largest_difference, checked.tolerance),
                  HINT = 'Register the artifact again, or train a new version.';
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.check_deployable(botdet.model_version, boolean) IS
    'an error unless a version is sound here and, where it is to answer and that is asked for, approved';

CREATE FUNCTION botdet_approve(version text, detector text DEFAULT 'account')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    chosen botdet.model_version := botdet.find_version(version, detector);
BEGIN
    IF version <> chosen.version THEN
        RAISE EXCEPTION 'what is approved is a version, and not whatever is % by then', version
            USING ERRCODE = 'invalid_parameter_value', HINT = pg_catalog.format('Name it: %s.', chosen.version);
    END IF;
    IF chosen.created_by = botdet.actor() THEN
        RAISE EXCEPTION 'model version % was registered by %, who cannot approve it', chosen.version, chosen.created_by
            USING ERRCODE = 'insufficient_privilege', HINT = 'Somebody else has to look at it.';
    END IF;
    UPDATE botdet.model_version v SET approved_at = now(), approved_by = botdet.actor()
    WHERE v.model_version_id = chosen.model_version_id AND v.approved_by IS NULL;
END
$$;
COMMENT ON FUNCTION botdet_approve(text, text) IS
    'approves a version that somebody else has registered: what botdet.detector.needs_approval asks for before it may answer';

CREATE FUNCTION botdet_activate(version text, detector text DEFAULT 'account')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    chosen botdet.model_version;
BEGIN
    PERFORM botdet.lock_detector(detector);
    chosen := botdet.find_version(version, detector);
    PERFORM botdet.check_deployable(chosen, true);
    DELETE FROM botdet.deployment d
    WHERE d.detector = chosen.detector AND d.alias = 'challenger' AND d.model_version_id = chosen.model_version_id;
    INSERT INTO botdet.deployment AS d (detector, model_version_id, previous)
    VALUES (chosen.detector, chosen.model_version_id,
            coalesce((SELECT k.previous FROM botdet.deactivated_champion k WHERE k.detector = chosen.detector), '{}'))
    ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE
        SET model_version_id = excluded.model_version_id, previous = (d.model_version_id || d.previous)[1:20],
            reason = excluded.reason, activated_at = now(), activated_by = botdet.actor()
        WHERE d.model_version_id <> excluded.model_version_id;
    DELETE FROM botdet.deactivated_champion k WHERE k.detector = chosen.detector;
END
$$;
COMMENT ON FUNCTION botdet_activate(text, text) IS
    'makes a registered version, or ''challenger'', the one that answers, once it is found sound on this server; takes effect when the transaction commits';

CREATE FUNCTION botdet_rollback(detector text DEFAULT 'account', reason text DEFAULT 'rolled back')
RETURNS text
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    champion botdet.deployment;
    is_active boolean;
    target botdet.model_version;
    candidate record;
    place integer;
BEGIN
    PERFORM botdet.lock_detector(detector);
    SELECT d.* INTO champion
    FROM botdet.deployment d WHERE d.detector = botdet_rollback.detector AND d.alias = 'champion';
    is_active := FOUND;
    IF NOT is_active THEN
        SELECT k.previous INTO champion.previous
        FROM botdet.deactivated_champion k WHERE k.detector = botdet_rollback.detector;
    END IF;
    -- Versions that were deleted since, or that are not sound any more, are passed over.
    FOR candidate IN
        SELECT p.place, v AS version
        FROM unnest(champion.previous) WITH ORDINALITY AS p (model_version_id, place)
        JOIN botdet.model_version v USING (model_version_id)
        WHERE v.model_version_id IS DISTINCT FROM champion.model_version_id
        ORDER BY p.place
    LOOP
        BEGIN
            PERFORM botdet.check_deployable(candidate.version, false);
            target := candidate.version;
            place := candidate.place;
            EXIT;
        EXCEPTION WHEN data_exception OR data_corrupted OR invalid_binary_representation THEN
            RAISE WARNING 'model version % is passed over: %', (candidate.version).version, SQLERRM;
        END;
    END LOOP;
    IF place IS NULL THEN
        RAISE EXCEPTION 'detector % has no earlier champion to go back to', detector
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'botdet_activate() makes any version answer, botdet_deactivate() lets rules do so.';
    END IF;
    DELETE FROM botdet.deployment d
    WHERE d.detector = target.detector AND d.alias = 'challenger' AND d.model_version_id = target.model_version_id;
    IF is_active THEN
        UPDATE botdet.deployment d
        SET model_version_id = target.model_version_id, previous = champion.previous[place + 1:],
            reason = botdet_rollback.reason, activated_at = now(), activated_by = botdet.actor()
        WHERE d.detector = target.detector AND d.alias = 'champion';
    ELSE
        INSERT INTO botdet.deployment (detector, model_version_id, previous, reason)
        VALUES (target.detector, target.model_version_id, champion.previous[place + 1:], botdet_rollback.reason);
        DELETE FROM botdet.deactivated_champion k WHERE k.detector = target.detector;
    END IF;
    RETURN target.version;
END
$$;
COMMENT ON FUNCTION botdet_rollback(text, text) IS
    'makes the champion before this one answer again, and returns its name; called again, the one before that; after botdet_deactivate() the one that it ended. Versions that are gone or not sound any more are passed over';

CREATE FUNCTION botdet.challenge(version text, share double precision, detector text)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    chosen botdet.model_version;
BEGIN
    PERFORM botdet.lock_detector(detector);
    IF detector <> 'account' THEN
        RAISE EXCEPTION 'detector % judges rows, which are always the champion''s', detector
            USING ERRCODE = 'feature_not_supported', HINT = 'Versions that judge accounts can be tried beside the champion.';
    END IF;
    chosen := botdet.find_version(version, detector);
    IF EXISTS (
        SELECT FROM botdet.deployment d
        WHERE d.detector = chosen.detector AND d.alias = 'champion' AND d.model_version_id = chosen.model_version_id
    ) THEN
        RAISE EXCEPTION 'model version % is the champion, and cannot challenge itself', chosen.version
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM botdet.check_deployable(chosen, share > 0);
    INSERT INTO botdet.deployment (detector, alias, model_version_id, share, reason)
    VALUES (chosen.detector, 'challenger', chosen.model_version_id, challenge.share,
            CASE WHEN share = 0 THEN 'in shadow' ELSE 'split' END)
    ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE
        SET model_version_id = excluded.model_version_id, share = excluded.share, reason = excluded.reason,
            activated_at = now(), activated_by = botdet.actor();
END
$$;
COMMENT ON FUNCTION botdet.challenge(text, double precision, text) IS 'what botdet_shadow() and botdet_split() do';

CREATE FUNCTION botdet_shadow(version text, detector text DEFAULT 'account')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM botdet.challenge(version, 0, detector);
END
$$;
COMMENT ON FUNCTION botdet_shadow(text, text) IS
    'puts a version beside the champion: whenever a score is stored, its score is stored in botdet.shadow_score and compared, and never answered; it takes the place of an earlier challenger';

CREATE FUNCTION botdet_split(version text, share double precision, detector text DEFAULT 'account')
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (share > 0 AND share < 1) THEN
        RAISE EXCEPTION 'share is %, and must be between 0 and 1', share
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'botdet_shadow() compares a version without answering, botdet_activate() lets it answer for all.';
    END IF;
    PERFORM botdet.challenge(version, share, detector);
END
$$;
COMMENT ON FUNCTION botdet_split(text, double precision, text) IS
    'lets a version answer for this share of the accounts, drawn by a hash of their number; botdet_score() of features or rows is always the champion''s';

CREATE FUNCTION botdet_withdraw(detector text DEFAULT 'account')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM botdet.lock_detector(detector);
    DELETE FROM botdet.deployment d WHERE d.detector = botdet_withdraw.detector AND d.alias = 'challenger';
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION botdet_withdraw(text) IS 'ends a challenge: the champion answers for all, and nothing is in shadow; false when there was no challenger';

CREATE FUNCTION botdet_deactivate(detector text DEFAULT 'account')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    was_active boolean;
BEGIN
    PERFORM botdet.lock_detector(detector);
    WITH ended AS (
        DELETE FROM botdet.deployment d WHERE d.detector = botdet_deactivate.detector AND d.alias = 'champion' RETURNING d.*
    )
    INSERT INTO botdet.deactivated_champion (detector, previous)
    SELECT e.detector, (e.model_version_id || e.previous)[1:20] FROM ended e
    ON CONFLICT ON CONSTRAINT deactivated_champion_pkey DO UPDATE SET previous = excluded.previous;
    was_active := FOUND;
    -- A challenger that answers for some would go on; one in shadow may be compared with rules.
    DELETE FROM botdet.deployment d WHERE d.detector = botdet_deactivate.detector AND d.share > 0;
    RETURN was_active;
END
$$;
COMMENT ON FUNCTION botdet_deactivate(text) IS
    'lets rules answer again; false when no version was active. botdet_rollback() goes back to the version that answered';

CREATE FUNCTION botdet_serving_version(user_id bigint, detector text DEFAULT 'account')
RETURNS text
STRICT STABLE PARALLEL SAFE COST 10
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_serving_version';
COMMENT ON FUNCTION botdet_serving_version(bigint, text) IS 'version that answers for an account; NULL where rules do';

-- Watching what serves ----------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_watch(
    metric text, lowest double precision, labels integer DEFAULT 100, detector text DEFAULT 'account'
)
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    wrong text := CASE
        WHEN metric NOT IN ('accuracy', 'precision', 'recall', 'f1') THEN
            format('metric is %L, and must be accuracy, precision, recall or f1', metric)
        WHEN NOT (lowest > 0 AND lowest <= 1) THEN format('lowest is %s, and must be above 0 and at most 1', lowest)
        WHEN labels < 1 THEN format('labels is %s, and must be at least 1', labels)
    END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO botdet.watch AS w (detector, metric, lowest, labels)
    VALUES (botdet_watch.detector, botdet_watch.metric, botdet_watch.lowest, botdet_watch.labels)
    ON CONFLICT ON CONSTRAINT watch_pkey DO UPDATE
        SET metric = excluded.metric, lowest = excluded.lowest, labels = excluded.labels;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION 'there is no detector %', detector
            USING ERRCODE = 'undefined_object', HINT = 'botdet.detector lists the detectors there are.';
END
$$;
COMMENT ON FUNCTION botdet_watch(text, double precision, integer, text) IS
    'rolls the champion back when its accuracy, precision, recall or f1 on new labels falls under this value; takes the place of an earlier watch';

CREATE FUNCTION botdet_unwatch(detector text DEFAULT 'account')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM botdet.watch w WHERE w.detector = botdet_unwatch.detector;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION botdet_unwatch(text) IS 'ends a watch; false when there was none';

CREATE FUNCTION botdet_version()
RETURNS text
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_version';
COMMENT ON FUNCTION botdet_version() IS 'version of the extension''s library';
