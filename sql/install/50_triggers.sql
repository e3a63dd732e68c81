-- Activity ---------------------------------------------------------------------------------------------------------

SELECT botdet.create_source_triggers('botdet.activity');

CREATE FUNCTION botdet.sources_changed()
RETURNS trigger
VOLATILE PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_sources_changed';
COMMENT ON FUNCTION botdet.sources_changed() IS 'trigger: makes every backend look up the sources again';

CREATE TRIGGER tell_backends
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON botdet.source
FOR EACH STATEMENT EXECUTE FUNCTION botdet.sources_changed();

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
