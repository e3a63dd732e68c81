-- Nobody may do anything without a grant. A function is closed as soon as it is there, so that one which is forgotten here is of
-- no use to anybody, and not of use to everybody. Inserting into a bound table takes no more than the right to do so: its
-- triggers note what changed, and states and scores are written with the rights of the extension's owner.

DO $$
DECLARE
    routine regprocedure;
    path constant text := pg_catalog.current_setting('search_path');
BEGIN
    -- Nothing that lies beside the extension is to be called here.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    FOR routine IN
        SELECT d.objid::regprocedure
        FROM pg_depend d
        JOIN pg_extension e ON e.oid = d.refobjid
        WHERE e.extname = 'botdet' AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass
            AND d.deptype = 'e'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- Open to everybody: what reads no table, and says nothing but what follows from its arguments or from the extension's version.
GRANT EXECUTE ON ROUTINE
    botdet_version(),
    botdet.actor(),
    botdet_feature_catalog(),
    botdet_features(bytea),
    botdet_engagement_feature_catalog(),
    botdet_engagement_features(bytea),
    botdet_engagement_anomaly(bytea),
    botdet_engagement_series(timestamptz, bigint, bigint, bigint, bigint),
    botdet_state(timestamptz, text),
    botdet_state(timestamptz, text, text),
    botdet_state(timestamptz, text, text, text, inet, text, text, bigint)
TO PUBLIC;
