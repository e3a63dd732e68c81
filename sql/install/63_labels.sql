-- What becomes of labels that are told.

-- Who may label cannot label in another's name: the grants leave out the columns that say who and when, whose defaults tell. An
-- update has no defaults.

CREATE FUNCTION botdet.sign_label()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    NEW.labelled_by := botdet.actor();
    -- A remark makes no new label: it would count as told after the versions that learned from it.
    IF NEW.is_bot IS DISTINCT FROM OLD.is_bot THEN
        NEW.labelled_at := now();
        -- Whose trust it was is not who says so now.
        NEW.trust := NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.sign_label() IS 'trigger: a label that is changed is that of whoever changed it';

CREATE TRIGGER sign_label
BEFORE UPDATE ON botdet.label
FOR EACH ROW
WHEN (OLD.labelled_by = NEW.labelled_by AND OLD.labelled_at = NEW.labelled_at)
EXECUTE FUNCTION botdet.sign_label();

-- A label of an account ------------------------------------------------------------------------------------------------

-- A plan is kept for the session: one that was made for many labels would look at all accounts for a single one, so that these look
-- up each by its key.

-- No foreign key: an account may be known by what it did alone, and labels of other detectors are about things with other keys.
CREATE FUNCTION botdet.refuse_unknown_accounts()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
LANGUAGE plpgsql AS $$
DECLARE
    stranger bigint;
BEGIN
    WITH without_trace AS MATERIALIZED (
        SELECT n.account_id
        FROM new_labels n
        -- What reviewers have decided was there when it was queued.
        WHERE n.detector = 'account' AND n.trust IS NULL
            AND NOT EXISTS (SELECT FROM botdet.account a WHERE a.account_id = n.account_id)
            AND NOT EXISTS (SELECT FROM botdet.account_state s WHERE s.account_id = n.account_id)
            AND NOT EXISTS (SELECT FROM botdet.archived_state r WHERE r.account_id = n.account_id)
            AND NOT EXISTS (SELECT FROM botdet.score s WHERE s.account_id = n.account_id AND s.detector = 'account')
    )
    SELECT w.account_id INTO stranger
    FROM without_trace w
    -- What this transaction has inserted has no state yet.
    WHERE coalesce((@extschema@.botdet_features(w.account_id)).event_count, 0) = 0
    ORDER BY w.account_id LIMIT 1;
    -- Those of a dump may come before what they are about.
    IF FOUND AND NOT botdet.is_restoring() THEN
        RAISE EXCEPTION 'account % is unknown: it has neither profile nor activity', stranger
            USING ERRCODE = 'foreign_key_violation', HINT = 'Insert its profile into botdet.account first.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.refuse_unknown_accounts() IS 'trigger: labels of detector account are about accounts that there are';

CREATE TRIGGER refuse_unknown_accounts
AFTER INSERT ON botdet.label
REFERENCING NEW TABLE AS new_labels
FOR EACH STATEMENT EXECUTE FUNCTION botdet.refuse_unknown_accounts();

-- What versions have said of whom it is known ------------------------------------------------------------------------------

CREATE FUNCTION botdet.keep_answers()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
LANGUAGE plpgsql AS $$
BEGIN
    -- A dump has its own, and scores that are made while it is restored are of that time.
    IF botdet.is_restoring() THEN
        RETURN NULL;
    END IF;
    INSERT INTO botdet.labelled_answer AS a (account_id, detector, model_version, bot_probability, is_bot, scored_at)
    SELECT s.account_id, s.detector, s.model_version, s.bot_probability, s.is_bot, s.scored_at
    FROM new_labels n
    JOIN botdet.score s ON s.account_id = n.account_id AND s.detector = n.detector
    JOIN botdet.model_version v ON v.detector = s.detector AND v.version = s.model_version
    -- Of others it may have learned.
    WHERE s.is_bot IS NOT NULL AND n.labelled_at >= v.created_at
    ORDER BY s.account_id
    ON CONFLICT ON CONSTRAINT labelled_answer_pkey DO UPDATE
        SET bot_probability = excluded.bot_probability, is_bot = excluded.is_bot, scored_at = excluded.scored_at;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.keep_answers() IS 'trigger: keeps what was said of accounts whose truth is told';

CREATE TRIGGER keep_answers
AFTER INSERT ON botdet.label
REFERENCING NEW TABLE AS new_labels
FOR EACH STATEMENT EXECUTE FUNCTION botdet.keep_answers();
CREATE TRIGGER keep_answers_of_change
AFTER UPDATE ON botdet.label
REFERENCING NEW TABLE AS new_labels
FOR EACH STATEMENT EXECUTE FUNCTION botdet.keep_answers();

CREATE FUNCTION botdet.forget_answers()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM botdet.labelled_answer a
    USING old_labels o
    WHERE a.account_id = o.account_id AND a.detector = o.detector;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.forget_answers() IS 'trigger: of accounts whose label goes nothing is kept';

CREATE TRIGGER forget_answers
AFTER DELETE ON botdet.label
REFERENCING OLD TABLE AS old_labels
FOR EACH STATEMENT EXECUTE FUNCTION botdet.forget_answers();

CREATE FUNCTION botdet.keep_last_answers()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO botdet.labelled_answer AS a (account_id, detector, model_version, bot_probability, is_bot, scored_at)
    SELECT s.account_id, s.detector, s.model_version, s.bot_probability, s.is_bot, s.scored_at
    FROM botdet.model_version v
    JOIN botdet.score s ON s.detector = v.detector AND s.model_version = v.version AND s.is_bot IS NOT NULL
    JOIN botdet.label l ON l.account_id = s.account_id AND l.detector = s.detector AND l.labelled_at >= v.created_at
    WHERE v.model_version_id = OLD.model_version_id
    ORDER BY s.account_id
    ON CONFLICT ON CONSTRAINT labelled_answer_pkey DO UPDATE
        SET bot_probability = excluded.bot_probability, is_bot = excluded.is_bot, scored_at = excluded.scored_at;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.keep_last_answers() IS
    'trigger: keeps what a version said last of accounts whose truth is told, before another one''s answers take that place';

CREATE TRIGGER keep_last_answers AFTER DELETE ON botdet.deployment
FOR EACH ROW EXECUTE FUNCTION botdet.keep_last_answers();
CREATE TRIGGER keep_last_answers_of_change AFTER UPDATE ON botdet.deployment
FOR EACH ROW WHEN (OLD.model_version_id <> NEW.model_version_id) EXECUTE FUNCTION botdet.keep_last_answers();
