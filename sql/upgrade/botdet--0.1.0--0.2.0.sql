\echo Use "ALTER EXTENSION botdet UPDATE TO '0.2.0'" to load this file. \quit

-- Tables with rows of the user's are altered. What holds no rows is replaced or dropped, and then everything is installed as
-- CREATE EXTENSION does. Nothing is dropped with CASCADE: an object of the user's that needs what changed stops the update, by
-- name, and all stays as it was.

-- What the update cannot go on from -----------------------------------------------------------------------------------

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT t.tgname AS trigger_name, t.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger t
        WHERE t.tgfoid OPERATOR(pg_catalog.=) '@extschema@.botdet_flag()'::pg_catalog.regprocedure
            AND t.tgrelid OPERATOR(pg_catalog.<>) 'botdet.activity'::pg_catalog.regclass
    LOOP
        RAISE EXCEPTION 'trigger % of table % calls botdet_flag(), which from now on takes a table that is bound',
                found.trigger_name, found.relation
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = pg_catalog.format(
                      'DROP TRIGGER %I ON %s; after the update, botdet_bind_source() makes the table a source of activity.',
                      found.trigger_name, found.relation
                  );
    END LOOP;
END
$$;

-- Models of 0.1.0 know 21 features, and this version computes 48. They stay on record, and do not answer any more.

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT d.detector, v.version
        FROM botdet.deployment d
        JOIN botdet.model_version v ON v.model_version_id OPERATOR(pg_catalog.=) d.model_version_id
    LOOP
        RAISE WARNING 'model version % cannot be used any more, and rules answer for detector %',
                found.version, found.detector
            USING DETAIL = 'It was trained on other features than those of this version.',
                  HINT = 'Train and activate a new version: botdet train, botdet publish.';
    END LOOP;
END
$$;
DELETE FROM botdet.deployment;

-- What changes shape and holds no rows of the user's ---------------------------------------------------------------------

DROP VIEW botdet.flagged_account;
DROP VIEW botdet.model_versions;
DROP TRIGGER flag ON botdet.activity;
DROP TRIGGER mark_updated_stale ON botdet.activity;
DROP TRIGGER mark_deleted_stale ON botdet.activity;
DROP TRIGGER mark_truncated_stale ON botdet.activity;
-- It would let the row that is installed for a detector take over the user's settings.
DROP TRIGGER take_settings ON botdet.detector;
DROP FUNCTION botdet.mark_stale();
DROP FUNCTION botdet.mark_accounts_stale(bigint[]);
DROP FUNCTION botdet_features(bigint, timestamptz);
DROP FUNCTION botdet_score(bigint);
DROP FUNCTION botdet_score(botdet.account_features);
DROP FUNCTION botdet_score_batch(bigint[]);
DROP FUNCTION botdet_refresh_scores(bigint[]);
DROP FUNCTION botdet_anomaly(bigint);
DROP TYPE botdet.account_features;
DROP TYPE botdet.score_result;
DROP TYPE botdet.anomaly_result;
-- States have another form. Readers use the rows until botdet_refresh_features(everything => true) has made states of them.
DROP TABLE botdet.account_state;

-- Tables with rows --------------------------------------------------------------------------------------------------------

ALTER TABLE botdet.detector
    ADD CHECK (detector ~ '^[a-z][a-z0-9_]{0,39}$'),
    DROP CONSTRAINT detector_threshold_check,
    ADD CONSTRAINT detector_threshold_check CHECK (threshold BETWEEN double precision '0' AND double precision '1'),
    ADD automatic_threshold double precision
        CHECK (automatic_threshold BETWEEN double precision '0' AND double precision '1'),
    ADD base_rate double precision CHECK (base_rate > double precision '0' AND base_rate < double precision '1'),
    DROP CONSTRAINT detector_insert_mode_check,
    ADD CONSTRAINT detector_insert_mode_check CHECK (insert_mode IN ('inline', 'filter', 'queue', 'off')),
    ADD needs_approval boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT automatic_from_threshold_on CHECK (automatic_threshold >= threshold);

ALTER TABLE botdet.model_version
    ADD size_bytes bigint NOT NULL GENERATED ALWAYS AS (octet_length(artifact)) STORED,
    ADD validated_at timestamptz,
    ADD validated_by text,
    ADD probes integer,
    ADD largest_difference double precision,
    ADD approved_at timestamptz,
    ADD approved_by text,
    ADD UNIQUE (detector, model_version_id);

ALTER TABLE botdet.deployment
    ADD alias text NOT NULL DEFAULT 'champion' CHECK (alias IN ('champion', 'challenger')),
    ADD share double precision CHECK (share >= double precision '0' AND share < double precision '1'),
    ADD previous bigint[] NOT NULL DEFAULT '{}',
    ADD reason text NOT NULL DEFAULT 'activated',
    DROP CONSTRAINT deployment_pkey,
    ADD PRIMARY KEY (detector, alias),
    ADD UNIQUE (detector, model_version_id),
    DROP CONSTRAINT deployment_model_version_id_fkey,
    ADD FOREIGN KEY (detector, model_version_id) REFERENCES botdet.model_version (detector, model_version_id),
    ADD CHECK ((alias = 'challenger') = (share IS NOT NULL));

ALTER TABLE botdet.label
    ADD trust double precision CHECK (trust BETWEEN double precision '0' AND double precision '1');

-- Scores of before rest on no known number of events, and asked for no action.
ALTER TABLE botdet.score ADD action text, ADD events bigint;

-- Everything, as it is installed ------------------------------------------------------------------------------------------

\install_again

-- What needs what was just installed ----------------------------------------------------------------------------------------

ALTER TABLE botdet.model_version ALTER created_by SET DEFAULT botdet.actor();
ALTER TABLE botdet.deployment ALTER activated_by SET DEFAULT botdet.actor();
ALTER TABLE botdet.label ALTER labelled_by SET DEFAULT botdet.actor();
