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
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    -- Only where nobody has set anything yet: a row that is inserted by mistake must not undo that.
    UPDATE botdet.detector
    SET description = NEW.description, threshold = NEW.threshold, automatic_threshold = NEW.automatic_threshold,
        base_rate = NEW.base_rate, insert_mode = NEW.insert_mode, needs_approval = NEW.needs_approval
    WHERE detector = NEW.detector AND threshold IS NULL AND automatic_threshold IS NULL AND base_rate IS NULL
        AND insert_mode = 'inline' AND NOT needs_approval;
    RETURN CASE WHEN FOUND THEN NULL ELSE NEW END;
END
$$;
COMMENT ON FUNCTION botdet.take_settings() IS
    'trigger: inserting a detector that is there already and as it was installed, as a restored dump does, takes over its settings';

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

-- Who did what ------------------------------------------------------------------------------------------------------

CREATE FUNCTION botdet.note_version()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    note botdet.audit;
BEGIN
    IF TG_OP = 'DELETE' THEN
        note.action := 'delete';
        note.old := jsonb_build_object('sha256', OLD.sha256, 'created_by', OLD.created_by, 'comment', OLD.comment);
        note.detector := OLD.detector;
        note.version := OLD.version;
    ELSE
        note.detector := NEW.detector;
        note.version := NEW.version;
        IF TG_OP = 'INSERT' THEN
            note.action := 'register';
            note.new := jsonb_build_object('sha256', NEW.sha256, 'created_by', NEW.created_by, 'comment', NEW.comment);
        ELSIF NEW.approved_by IS DISTINCT FROM OLD.approved_by THEN
            note.action := 'approve';
            note.old := jsonb_build_object('approved_by', OLD.approved_by);
            note.new := jsonb_build_object('approved_by', NEW.approved_by);
        ELSIF NEW.comment IS DISTINCT FROM OLD.comment THEN
            note.action := 'comment';
            note.old := jsonb_build_object('comment', OLD.comment);
            note.new := jsonb_build_object('comment', NEW.comment);
        ELSE
            note.action := 'validate';
            note.new := jsonb_build_object('probes', NEW.probes, 'largest_difference', NEW.largest_difference);
        END IF;
    END IF;
    INSERT INTO botdet.audit (action, detector, version, old, new)
    VALUES (note.action, note.detector, note.version, note.old, note.new);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.note_version() IS 'trigger: notes in botdet.audit what becomes of a version';

CREATE TRIGGER note_version AFTER INSERT OR UPDATE OR DELETE ON botdet.model_version
FOR EACH ROW EXECUTE FUNCTION botdet.note_version();

CREATE FUNCTION botdet.note_deployment()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    old_one jsonb;
    new_one jsonb;
    one botdet.deployment;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        one := OLD;
        old_one := jsonb_build_object(
            'version', (SELECT v.version FROM botdet.model_version v WHERE v.model_version_id = OLD.model_version_id),
            'alias', OLD.alias, 'share', OLD.share, 'activated_at', OLD.activated_at, 'activated_by', OLD.activated_by
        );
    END IF;
    IF TG_OP <> 'DELETE' THEN
        one := NEW;
        new_one := jsonb_build_object(
            'version', (SELECT v.version FROM botdet.model_version v WHERE v.model_version_id = NEW.model_version_id),
            'alias', NEW.alias, 'share', NEW.share
        );
    END IF;
    INSERT INTO botdet.audit (action, detector, version, reason, old, new)
    VALUES (
        CASE
            WHEN TG_OP = 'DELETE' AND one.alias = 'champion' THEN 'deactivate'
            WHEN TG_OP = 'DELETE' THEN 'withdraw'
            WHEN one.share = 0 THEN 'shadow'
            WHEN one.share > 0 THEN 'split'
            WHEN TG_OP = 'UPDATE' AND cardinality(NEW.previous) < cardinality(OLD.previous) THEN 'roll back'
            -- One that is activated in its place has all of them before it.
            WHEN TG_OP = 'INSERT' AND cardinality(NEW.previous) < (
                SELECT cardinality(k.previous) FROM botdet.deactivated_champion k WHERE k.detector = NEW.detector
            ) THEN 'roll back'
            ELSE 'activate'
        END,
        one.detector, coalesce(new_one, old_one) ->> 'version', CASE WHEN TG_OP <> 'DELETE' THEN one.reason END,
        old_one, new_one
    );
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.note_deployment() IS 'trigger: notes in botdet.audit which version answers, and since when';

CREATE TRIGGER note_deployment AFTER INSERT OR UPDATE OR DELETE ON botdet.deployment
FOR EACH ROW EXECUTE FUNCTION botdet.note_deployment();

CREATE FUNCTION botdet.note_settings()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := '{}';
    is_now jsonb := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        is_now := to_jsonb(NEW);
    END IF;
    IF was = is_now THEN
        RETURN NULL;
    END IF;
    INSERT INTO botdet.audit (action, detector, old, new)
    SELECT CASE WHEN TG_TABLE_NAME = 'watch' THEN CASE TG_OP WHEN 'DELETE' THEN 'unwatch' ELSE 'watch' END
                WHEN TG_TABLE_NAME = 'drift_alert_rule' THEN CASE TG_OP WHEN 'DELETE' THEN 'unwatch drift' ELSE 'watch drift' END
                WHEN TG_TABLE_NAME = 'golden_item' THEN 'golden item'
                WHEN TG_TABLE_NAME = 'retraining_request' THEN 'request retraining'
                WHEN TG_TABLE_NAME = 'feedback_setting' THEN 'set review'
                WHEN TG_TABLE_NAME = 'drift_setting' THEN 'set drift'
                WHEN TG_TABLE_NAME = 'learning_setting' THEN 'set learning'
                WHEN TG_OP = 'INSERT' THEN 'create' WHEN TG_OP = 'DELETE' THEN 'delete' ELSE 'set' END,
           coalesce(is_now ->> 'detector', was ->> 'detector'),
           (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(was) AS o WHERE o.value IS DISTINCT FROM is_now -> o.key),
           (SELECT jsonb_object_agg(n.key, n.value) FROM jsonb_each(is_now) AS n WHERE n.value IS DISTINCT FROM was -> n.key);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.note_settings() IS 'trigger: notes in botdet.audit how settings of a detector change';

CREATE FUNCTION botdet.check_settings()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    settings constant jsonb := to_jsonb(NEW);
    range numrange;
    value text;
    number numeric;
BEGIN
    FOR i IN 0 .. TG_NARGS - 2 BY 2 LOOP
        value := settings ->> TG_ARGV[i];
        CONTINUE WHEN value IS NULL;
        range := TG_ARGV[i + 1];
        number := CASE
            -- JSON has no name for a number that is none.
            WHEN jsonb_typeof(settings -> TG_ARGV[i]) = 'number' OR value IN ('NaN', 'Infinity', '-Infinity') THEN value::numeric
            ELSE extract(epoch FROM value::interval)
        END;
        IF NOT range @> number THEN
            RAISE EXCEPTION '% must be %, not %', TG_ARGV[i], concat_ws(
                ' and ',
                CASE WHEN lower_inc(range) THEN 'at least ' ELSE 'above ' END || lower(range),
                CASE WHEN upper_inc(range) THEN 'at most ' ELSE 'below ' END || upper(range)
            ), value USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.check_settings() IS
    'trigger: refuses settings out of their range by name and value, where a constraint would tell its own name alone; takes columns, each with a numrange, in seconds for intervals';

CREATE FUNCTION botdet.check_detector()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.automatic_threshold < NEW.threshold THEN
        RAISE EXCEPTION 'automatic_threshold is %, and must not be below threshold, %', NEW.automatic_threshold, NEW.threshold
            USING ERRCODE = 'check_violation';
    ELSIF NEW.insert_mode NOT IN ('inline', 'filter', 'queue', 'off') THEN
        RAISE EXCEPTION 'insert_mode must be inline, filter, queue or off, not %', NEW.insert_mode USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.check_detector() IS 'trigger: refuses settings of a detector that do not go together, or are none of those that there are';

CREATE TRIGGER check_settings BEFORE INSERT OR UPDATE ON botdet.detector
FOR EACH ROW EXECUTE FUNCTION botdet.check_settings('threshold', '[0,1]', 'automatic_threshold', '[0,1]', 'base_rate', '(0,1)');
CREATE TRIGGER check_settings_together BEFORE INSERT OR UPDATE ON botdet.detector
FOR EACH ROW EXECUTE FUNCTION botdet.check_detector();
CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.detector
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();
CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.watch
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

CREATE FUNCTION botdet.refuse_forgetting()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of botdet.% are only ever added', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
COMMENT ON FUNCTION botdet.refuse_forgetting() IS 'trigger: what was done stays known';

CREATE TRIGGER refuse_forgetting BEFORE UPDATE OR DELETE OR TRUNCATE ON botdet.audit
FOR EACH STATEMENT EXECUTE FUNCTION botdet.refuse_forgetting();

-- What a dump brings back was done when the dump says, and not while it is restored. Nobody does it again.

CREATE FUNCTION botdet.is_restoring()
RETURNS boolean
STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    -- The first thing in each dump, and in each session of pg_restore. Whoever is not the owner could pass a check by with it, and an
    -- owner could do so anyway. Where it is the habit of a role or a server, it says nothing.
    RETURN NOT current_setting('check_function_bodies')::boolean
        AND pg_has_role(session_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = 'botdet.audit'::regclass), 'MEMBER')
        AND EXISTS (SELECT FROM pg_settings s WHERE s.name = 'check_function_bodies' AND s.source = 'session');
END
$$;
COMMENT ON FUNCTION botdet.is_restoring() IS 'whether this session restores a dump of pg_dump: the owner''s, and with the settings that dumps begin with';

CREATE FUNCTION botdet.keep_audit_as_dumped()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    -- The dump's own rows come directly, those of triggers from within one.
    IF pg_trigger_depth() > 1 AND botdet.is_restoring() THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.keep_audit_as_dumped() IS
    'trigger: while a dump is restored, its own rows are all that is noted';

CREATE TRIGGER keep_audit_as_dumped BEFORE INSERT ON botdet.audit
FOR EACH ROW EXECUTE FUNCTION botdet.keep_audit_as_dumped();
