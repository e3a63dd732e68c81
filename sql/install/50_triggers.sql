-- Activity ---------------------------------------------------------------------------------------------------------

CREATE TRIGGER flag
AFTER INSERT ON botdet.activity
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet_flag();

-- A summary can only be added to. Rows that change or vanish make it stale.
CREATE FUNCTION botdet.mark_stale()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM botdet.account_state;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM botdet.mark_accounts_stale(ARRAY(SELECT DISTINCT account_id FROM old_rows));
    ELSE
        -- Only what a summary is made of.
        PERFORM botdet.mark_accounts_stale(ARRAY(
            WITH old AS (SELECT account_id, activity_id, occurred_at, action, content, device, target FROM old_rows),
                 new AS (SELECT account_id, activity_id, occurred_at, action, content, device, target FROM new_rows)
            SELECT account_id FROM ((TABLE old EXCEPT ALL TABLE new) UNION ALL (TABLE new EXCEPT ALL TABLE old)) AS changed
            GROUP BY account_id ORDER BY account_id
        ));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.mark_stale() IS 'trigger: marks the states of accounts whose rows were updated or deleted';

CREATE FUNCTION botdet.mark_accounts_stale(account_ids bigint[])
RETURNS void
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    -- In order of account, as the insert trigger locks them, so that the two cannot deadlock. An account without a state
    -- gets one that is stale: the next insert would begin with an empty one.
    INSERT INTO botdet.account_state (account_id, state, stale)
    SELECT account_id, '', true FROM unnest(account_ids) AS k (account_id) ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET stale = true
$$;
COMMENT ON FUNCTION botdet.mark_accounts_stale(bigint[]) IS 'marks the states of these accounts as stale';

CREATE TRIGGER mark_updated_stale
AFTER UPDATE ON botdet.activity
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.mark_stale();

CREATE TRIGGER mark_deleted_stale
AFTER DELETE ON botdet.activity
REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.mark_stale();

CREATE TRIGGER mark_truncated_stale
AFTER TRUNCATE ON botdet.activity
FOR EACH STATEMENT EXECUTE FUNCTION botdet.mark_stale();

-- Models -----------------------------------------------------------------------------------------------------------

-- Backends keep the active model in memory; a change of these tables tells all of them, at commit.
CREATE FUNCTION botdet.deployment_changed()
RETURNS trigger
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_deployment_changed';
COMMENT ON FUNCTION botdet.deployment_changed() IS 'trigger: makes every backend look up the active versions again';

CREATE TRIGGER tell_backends
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON botdet.deployment
FOR EACH STATEMENT EXECUTE FUNCTION botdet.deployment_changed();

CREATE TRIGGER tell_backends
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON botdet.detector
FOR EACH STATEMENT EXECUTE FUNCTION botdet.deployment_changed();

-- The extension makes a row for each of its detectors; a restored dump brings the same row with the settings it had.
CREATE FUNCTION botdet.take_settings()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE botdet.detector SET description = NEW.description, threshold = NEW.threshold, insert_mode = NEW.insert_mode
    WHERE detector = NEW.detector;
    RETURN CASE WHEN FOUND THEN NULL ELSE NEW END;
END
$$;
COMMENT ON FUNCTION botdet.take_settings() IS
    'trigger: inserting a detector that is there already, as a restored dump does, takes over its settings';

CREATE TRIGGER take_settings
BEFORE INSERT ON botdet.detector
FOR EACH ROW EXECUTE FUNCTION botdet.take_settings();

CREATE FUNCTION botdet.refuse_change()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'model version % is immutable', OLD.version
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'Register the changed artifact as a new version.';
END
$$;
COMMENT ON FUNCTION botdet.refuse_change() IS 'trigger: a registered model version never changes';

CREATE TRIGGER refuse_change
BEFORE UPDATE ON botdet.model_version
FOR EACH ROW
WHEN (OLD.artifact IS DISTINCT FROM NEW.artifact OR OLD.sha256 <> NEW.sha256 OR OLD.version <> NEW.version
      OR OLD.manifest IS DISTINCT FROM NEW.manifest OR OLD.detector <> NEW.detector)
EXECUTE FUNCTION botdet.refuse_change();
