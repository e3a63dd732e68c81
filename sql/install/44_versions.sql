-- Versions of models.

CREATE FUNCTION botdet_register_model(artifact bytea, comment text DEFAULT NULL)
RETURNS text
VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_register_model';
COMMENT ON FUNCTION botdet_register_model(bytea, text) IS
    'checks an artifact, opens its models, stores it and returns the version''s name; the same artifact gives the same version';

CREATE FUNCTION botdet_create_detector(detector text, description text DEFAULT 'rows of a table')
RETURNS boolean
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
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
