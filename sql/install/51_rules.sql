-- What becomes of rules that are written.

CREATE FUNCTION botdet.check_condition(detector text, condition text)
RETURNS void
STRICT STABLE PARALLEL SAFE
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_check_condition';
COMMENT ON FUNCTION botdet.check_condition(text, text) IS
    'an error with the place of what does not do unless a text is a condition on what the detector looks at';

CREATE FUNCTION botdet_test_condition(detector text, condition text, features jsonb)
RETURNS boolean
STRICT STABLE PARALLEL SAFE COST 100
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_test_condition';
COMMENT ON FUNCTION botdet_test_condition(text, text, jsonb) IS
    'whether the condition of a rule holds for a row, to try it before it is written; NULL where that hangs on a missing value';

CREATE FUNCTION botdet_try_condition(detector text, condition text, sample integer DEFAULT 1000)
RETURNS TABLE (among text, accounts bigint, fires bigint, unknown bigint, examples bigint[])
STRICT VOLATILE PARALLEL RESTRICTED COST 1000000 ROWS 3 SET search_path = pg_catalog, pg_temp SET jit = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    tried constant text := condition;
    -- Of a large table some of its pages: ten times as many rows as are wanted, of all detectors.
    part constant real := least(
        100, 1000.0 * sample / (SELECT greatest(c.reltuples, 1) FROM pg_class c WHERE c.oid = 'botdet.score'::regclass)
    );
BEGIN
    IF detector <> 'account' THEN
        RAISE EXCEPTION 'detector % judges rows, not accounts', detector
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'botdet_test_condition() tries a condition on the rows of a table: SELECT count(*) FROM ... AS t WHERE botdet_test_condition(detector, condition, to_jsonb(t)).';
    ELSIF sample NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'sample is %, and must be from 1 to 100000', sample USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- One that says nothing is refused where there are no accounts, too.
    PERFORM @extschema@.botdet_test_condition(detector, tried, '{}');
    RETURN QUERY
    WITH drawn AS MATERIALIZED (
        SELECT l.among, l.account_id
        FROM (VALUES (true, 'labelled bots'), (false, 'labelled humans')) AS g (is_bot, among)
        CROSS JOIN LATERAL (
            SELECT g.among, n.account_id FROM botdet.label n
            WHERE n.detector = 'account' AND n.is_bot = g.is_bot
            ORDER BY n.labelled_at DESC, n.account_id LIMIT sample
        ) AS l
        UNION ALL
        (
            SELECT 'scored accounts', s.account_id
            FROM botdet.score s TABLESAMPLE system (part)
            WHERE s.detector = 'account'
            ORDER BY random() LIMIT sample
        )
    ), judged AS MATERIALIZED (
        SELECT d.account_id,
               @extschema@.botdet_test_condition(
                   'account', tried, to_jsonb(f) || jsonb_build_object('account_id', d.account_id)
               ) AS holds
        FROM (SELECT DISTINCT k.account_id FROM drawn k) AS d
        CROSS JOIN LATERAL @extschema@.botdet_features(d.account_id) AS f
    )
    SELECT g.among, count(j.account_id), count(*) FILTER (WHERE j.holds), count(j.account_id) FILTER (WHERE j.holds IS NULL),
           coalesce((array_agg(j.account_id ORDER BY j.account_id) FILTER (WHERE j.holds))[:5], '{}')
    FROM (VALUES (1, 'labelled bots'), (2, 'labelled humans'), (3, 'scored accounts')) AS g (place, among)
    LEFT JOIN drawn d ON d.among = g.among
    LEFT JOIN judged j ON j.account_id = d.account_id
    GROUP BY g.place, g.among
    ORDER BY g.place;
END
$$;
COMMENT ON FUNCTION botdet_try_condition(text, text, integer) IS
    'what a rule would catch, before it is written: how many of the accounts last labelled bots and humans, and of scored ones drawn at random, a condition holds for, for how many that hangs on a missing value, and up to five of those it holds for';

CREATE FUNCTION botdet.built_in_rules()
RETURNS TABLE (detector text, name text, condition text, effect text, weight double precision, reason text)
STRICT STABLE PARALLEL SAFE ROWS 40
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_built_in_rules';
COMMENT ON FUNCTION botdet.built_in_rules() IS 'the rules that come with botdet';

CREATE FUNCTION botdet.prepare_rule()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    wrong constant text := CASE
        WHEN NEW.name !~ '^[a-z][a-z0-9_]{0,62}$' THEN
            format('a rule''s name is up to 63 of a to z, 0 to 9 and _, a letter first, not %s', left(NEW.name, 100))
        WHEN NEW.effect NOT IN ('evidence', 'allow', 'block') THEN
            format('effect must be evidence, allow or block, not %s', left(NEW.effect, 100))
        WHEN NEW.effect = 'evidence' AND NOT (NEW.weight > -1 AND NEW.weight < 1) THEN
            format('weight must be above -1 and below 1, not %s', NEW.weight)
        WHEN length(NEW.reason) NOT BETWEEN 1 AND 300 THEN
            format('a rule''s reason must have 1 to 300 characters, not %s', length(NEW.reason))
    END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'check_violation';
    END IF;
    PERFORM botdet.check_condition(NEW.detector, NEW.condition);
    IF TG_OP = 'INSERT' THEN
        -- A restored dump brings rules that came along as somebody had changed them.
        UPDATE botdet.rule r
        SET condition = NEW.condition, effect = NEW.effect, weight = NEW.weight, reason = NEW.reason,
            enabled = NEW.enabled, version = NEW.version, changed_at = NEW.changed_at, changed_by = NEW.changed_by
        WHERE r.detector = NEW.detector AND r.name = NEW.name AND r.shipped AND r.version = 1 AND NEW.version > 1;
        IF FOUND THEN
            RETURN NULL;
        END IF;
        -- A name that is used again goes on counting: a version stands for one condition for ever.
        NEW.version := coalesce(
            NEW.version,
            1 + (SELECT max(v.version) FROM botdet.rule_version v WHERE v.detector = NEW.detector AND v.name = NEW.name),
            1
        );
    ELSIF NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
        NEW.changed_at := now();
        NEW.changed_by := botdet.actor();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION botdet.prepare_rule() IS 'trigger: checks the condition of a rule, and raises its version';

CREATE FUNCTION botdet.keep_shipped_rule()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM botdet.detector d WHERE d.detector = OLD.detector) THEN
        RAISE EXCEPTION 'rule % of detector % comes with botdet, and would be back after an update', OLD.name, OLD.detector
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Switch it off: UPDATE botdet.rule SET enabled = false WHERE …';
    END IF;
    -- It goes with its detector.
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION botdet.keep_shipped_rule() IS 'trigger: rules that come along are switched off, not deleted';

CREATE FUNCTION botdet.keep_first_version()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN EXISTS (
        SELECT FROM botdet.rule_version v
        WHERE v.detector = NEW.detector AND v.name = NEW.name AND v.version = NEW.version
    ) THEN NULL ELSE NEW END;
END
$$;
COMMENT ON FUNCTION botdet.keep_first_version() IS 'trigger: a version of a rule that is there already, as in a restored dump, stays as it is';

CREATE FUNCTION botdet.note_rule()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO botdet.rule_version (
            detector, name, version, condition, effect, weight, reason, enabled, changed_at, changed_by
        ) VALUES (
            NEW.detector, NEW.name, NEW.version, NEW.condition, NEW.effect, NEW.weight, NEW.reason, NEW.enabled,
            NEW.changed_at, NEW.changed_by
        );
    END IF;
    INSERT INTO botdet.audit (action, detector, reason, old, new)
    VALUES (
        'rule', coalesce(NEW.detector, OLD.detector),
        CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'deleted' ELSE 'changed' END,
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'detector' END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'detector' END
    );
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.note_rule() IS 'trigger: keeps every version of a rule, and notes in botdet.audit who made it';

CREATE TRIGGER prepare_rule BEFORE INSERT ON botdet.rule
FOR EACH ROW EXECUTE FUNCTION botdet.prepare_rule();
CREATE TRIGGER prepare_changed_rule BEFORE UPDATE ON botdet.rule
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION botdet.prepare_rule();
CREATE TRIGGER keep_shipped_rule BEFORE DELETE ON botdet.rule
FOR EACH ROW WHEN (OLD.shipped) EXECUTE FUNCTION botdet.keep_shipped_rule();
CREATE TRIGGER keep_first_version BEFORE INSERT ON botdet.rule_version
FOR EACH ROW EXECUTE FUNCTION botdet.keep_first_version();

-- Before there is anybody to be told or noted.
INSERT INTO botdet.rule (detector, name, condition, effect, weight, reason, shipped)
SELECT b.detector, b.name, b.condition, b.effect, b.weight, b.reason, true FROM botdet.built_in_rules() AS b
ON CONFLICT ON CONSTRAINT rule_pkey DO NOTHING;
INSERT INTO botdet.rule_version (
    detector, name, version, condition, effect, weight, reason, enabled, changed_at, changed_by
)
SELECT r.detector, r.name, r.version, r.condition, r.effect, r.weight, r.reason, r.enabled, r.changed_at, r.changed_by
FROM botdet.rule r;

CREATE TRIGGER note_rule AFTER INSERT OR UPDATE OR DELETE ON botdet.rule
FOR EACH ROW EXECUTE FUNCTION botdet.note_rule();

-- Backends keep the rules of a detector with its deployment.
CREATE TRIGGER tell_backends AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON botdet.rule
FOR EACH STATEMENT EXECUTE FUNCTION botdet.deployment_changed();
