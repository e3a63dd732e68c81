-- Scoring reads tables, so it is STABLE and never IMMUTABLE. COST is in units of a simple operator (about 0.01 µs of
-- planner cost each): features about 30 µs, a score with the deep stage about 1 ms.

-- Features ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_features(user_id bigint, as_of timestamptz DEFAULT 'infinity')
RETURNS botdet.account_features
STRICT STABLE PARALLEL SAFE COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_features';
COMMENT ON FUNCTION botdet_features(bigint, timestamptz) IS
    'features of an account from its activity up to as_of (all by default) and its profile; all NULL for an unknown account';

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
STRICT STABLE PARALLEL SAFE ROWS 21
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_feature_catalog';
COMMENT ON FUNCTION botdet_feature_catalog() IS 'definition of every feature; see view botdet.feature_catalog';

-- Scores -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet_score(user_id bigint)
RETURNS botdet.score_result
STRICT STABLE PARALLEL SAFE COST 50000
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_score_account';
COMMENT ON FUNCTION botdet_score(bigint) IS
    'probability that an account is a bot, with interval, anomaly, deciding stage, version and reasons; stage is none for an unknown account';

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
STRICT STABLE PARALLEL SAFE COST 2000 ROWS 21
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_explain';
COMMENT ON FUNCTION botdet_explain(bigint) IS
    'all that makes up an account''s score, strongest first: features, other stages and baseline with the log-odds each adds, which sum up to those of bot_probability; percentile is the share (0 to 1) of training accounts at or below the value';

CREATE FUNCTION botdet_flag()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_flag';
COMMENT ON FUNCTION botdet_flag() IS
    'AFTER INSERT trigger FOR EACH STATEMENT with REFERENCING NEW TABLE: keeps account states and scores current';

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
