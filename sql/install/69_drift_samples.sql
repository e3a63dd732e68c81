-- What is scored now, counted by day in the bins of the reference that belongs to a version, so that nothing is computed again.

-- Settings -----------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.drift_setting (
    detector   text PRIMARY KEY REFERENCES botdet.detector,
    sample     integer CHECK (sample > 0),
    least_rows integer CHECK (least_rows > 0)
);
COMMENT ON TABLE botdet.drift_setting IS
    'what administrators have set about the drift of a detector; NULL, and no row, take what botdet.drift_settings shows';
COMMENT ON COLUMN botdet.drift_setting.detector IS 'of which detector';
COMMENT ON COLUMN botdet.drift_setting.sample IS 'accounts or rows that are counted a day, about';
COMMENT ON COLUMN botdet.drift_setting.least_rows IS 'rows below which nothing is concluded';

CREATE VIEW botdet.drift_settings WITH (security_invoker = true) AS
SELECT d.detector, coalesce(s.sample, 2000) AS sample, coalesce(s.least_rows, 300) AS least_rows
FROM botdet.detector d
LEFT JOIN botdet.drift_setting s ON s.detector = d.detector;
COMMENT ON VIEW botdet.drift_settings IS 'settings of drift that hold for each detector, with the defaults of what nobody has set';
COMMENT ON COLUMN botdet.drift_settings.detector IS 'of which detector';
COMMENT ON COLUMN botdet.drift_settings.sample IS 'accounts or rows that are counted a day, about';
COMMENT ON COLUMN botdet.drift_settings.least_rows IS 'rows below which nothing is concluded';

CREATE TRIGGER check_settings BEFORE INSERT OR UPDATE ON botdet.drift_setting
FOR EACH ROW EXECUTE FUNCTION botdet.check_settings('sample', '[1,)', 'least_rows', '[1,)');
CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.drift_setting
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

-- References ---------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.frozen_reference (
    model_version_id bigint NOT NULL REFERENCES botdet.model_version ON DELETE CASCADE,
    feature          text NOT NULL,
    rows             bigint NOT NULL CHECK (rows > 0),
    edges            double precision[] NOT NULL,
    shares           double precision[] NOT NULL CHECK (cardinality(shares) = cardinality(edges) + 1),
    missing          double precision NOT NULL,
    low              double precision,
    high             double precision,
    frozen_at        timestamptz NOT NULL DEFAULT now(),
    frozen_by        text NOT NULL DEFAULT botdet.actor(),
    PRIMARY KEY (model_version_id, feature)
);
COMMENT ON TABLE botdet.frozen_reference IS
    'what versions are compared with that brought no reference along, or that are to be compared with something else than their training; botdet_freeze_reference() makes it';
COMMENT ON COLUMN botdet.frozen_reference.model_version_id IS 'the version';
COMMENT ON COLUMN botdet.frozen_reference.feature IS 'feature, or bot_probability';
COMMENT ON COLUMN botdet.frozen_reference.rows IS 'rows that it was taken of';
COMMENT ON COLUMN botdet.frozen_reference.edges IS 'inner edges of the bins, rising; a value at an edge lies below it';
COMMENT ON COLUMN botdet.frozen_reference.shares IS 'share of the rows in each bin, one more than edges';
COMMENT ON COLUMN botdet.frozen_reference.missing IS 'share of the rows without a value';
COMMENT ON COLUMN botdet.frozen_reference.low IS 'least value; NULL without any';
COMMENT ON COLUMN botdet.frozen_reference.high IS 'greatest value; NULL without any';
COMMENT ON COLUMN botdet.frozen_reference.frozen_at IS 'when it was taken';
COMMENT ON COLUMN botdet.frozen_reference.frozen_by IS 'by whom';

CREATE FUNCTION botdet.reference_in(manifest jsonb)
RETURNS TABLE (
    feature text, rows bigint, edges double precision[], shares double precision[], missing double precision,
    low double precision, high double precision, levels text[]
)
STRICT IMMUTABLE PARALLEL SAFE COST 10000 ROWS 50 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT c ->> 'name', (c ->> 'rows')::bigint,
           ARRAY(SELECT e.value::double precision FROM jsonb_array_elements_text(c -> 'edges') WITH ORDINALITY AS e (value, n) ORDER BY n),
           ARRAY(SELECT e.value::double precision FROM jsonb_array_elements_text(c -> 'shares') WITH ORDINALITY AS e (value, n) ORDER BY n),
           (c ->> 'missing')::double precision, (c ->> 'low')::double precision, (c ->> 'high')::double precision,
           CASE WHEN jsonb_typeof(c -> 'levels') = 'array' THEN
               ARRAY(SELECT e.value FROM jsonb_array_elements_text(c -> 'levels') WITH ORDINALITY AS e (value, n) ORDER BY n)
           END
    FROM (SELECT manifest #> '{training,reference}') AS m (r)
    CROSS JOIN LATERAL jsonb_path_query(r, 'strict $.columns[*]', silent => true) AS c
    -- Whoever registers a version writes what they like there: what is no reference is none.
    WHERE jsonb_path_match(
            c, 'strict $.rows > 0 && $.rows < 1000000000000000 && $.name.type() == "string" && $.missing >= 0 && $.missing <= 1
                && $.edges.type() == "array" && $.shares.type() == "array" && $.shares.size() == $.edges.size() + 1
                && !exists ($.edges[*] ? (@.type() != "number" || @ > 1e300 || @ < -1e300)) && !exists ($.shares[*] ? (@.type() != "number" || @ < 0 || @ > 1))
                && ($.low == null || $.low > -1e300 && $.low < 1e300) && ($.high == null || $.high > -1e300 && $.high < 1e300)',
            silent => true
        )
$$;
COMMENT ON FUNCTION botdet.reference_in(jsonb) IS 'reference that a version brought along in its manifest: bins of what it was trained on';

CREATE VIEW botdet.feature_reference WITH (security_invoker = true) AS
SELECT v.model_version_id, v.detector, v.version, r.origin, r.feature, r.rows, r.edges, r.shares, r.missing, r.low, r.high, r.levels
FROM botdet.model_version v
CROSS JOIN LATERAL (
    SELECT 'frozen' AS origin, f.feature, f.rows, f.edges, f.shares, f.missing, f.low, f.high, NULL::text[] AS levels
    FROM botdet.frozen_reference f
    WHERE f.model_version_id = v.model_version_id
    UNION ALL
    SELECT 'training', t.feature, t.rows, t.edges, t.shares, t.missing, t.low, t.high, t.levels
    FROM botdet.reference_in(v.manifest) AS t
    WHERE NOT EXISTS (SELECT FROM botdet.frozen_reference f WHERE f.model_version_id = v.model_version_id)
) AS r;
COMMENT ON VIEW botdet.feature_reference IS 'what each version is compared with: bins of its training, or what botdet_freeze_reference() has put in their place';
COMMENT ON COLUMN botdet.feature_reference.model_version_id IS 'number of the version';
COMMENT ON COLUMN botdet.feature_reference.detector IS 'its detector';
COMMENT ON COLUMN botdet.feature_reference.version IS 'name of the version';
COMMENT ON COLUMN botdet.feature_reference.origin IS 'training or frozen';
COMMENT ON COLUMN botdet.feature_reference.feature IS 'feature, or bot_probability for what the version answers';
COMMENT ON COLUMN botdet.feature_reference.rows IS 'rows that it was taken of';
COMMENT ON COLUMN botdet.feature_reference.edges IS 'inner edges of the bins, rising; a value at an edge lies below it; of a category the places of its levels, from 0, and all other names behind them';
COMMENT ON COLUMN botdet.feature_reference.shares IS 'share of the rows in each bin, one more than edges';
COMMENT ON COLUMN botdet.feature_reference.missing IS 'share of the rows without a value';
COMMENT ON COLUMN botdet.feature_reference.low IS 'least value; NULL without any, and for a category';
COMMENT ON COLUMN botdet.feature_reference.high IS 'greatest value; NULL without any, and for a category';
COMMENT ON COLUMN botdet.feature_reference.levels IS 'levels of a category, in order; NULL for a number';

-- Counts -------------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.drift_count (
    model_version_id bigint NOT NULL REFERENCES botdet.model_version ON DELETE CASCADE,
    day              date NOT NULL,
    slice_by         text NOT NULL,
    slice            text NOT NULL,
    feature          text NOT NULL,
    counts           bigint[] NOT NULL,
    missing          bigint NOT NULL,
    unseen           bigint NOT NULL,
    rows             bigint NOT NULL,
    PRIMARY KEY (model_version_id, day, slice_by, slice, feature)
);
COMMENT ON TABLE botdet.drift_count IS 'samples of what was scored, counted in the bins of a version''s reference';
COMMENT ON COLUMN botdet.drift_count.model_version_id IS 'whose bins';
COMMENT ON COLUMN botdet.drift_count.day IS 'day of the scores, UTC';
COMMENT ON COLUMN botdet.drift_count.slice_by IS 'what the accounts of the slice have in common: all, region, language or age';
COMMENT ON COLUMN botdet.drift_count.slice IS 'which region, language or age; empty for all';
COMMENT ON COLUMN botdet.drift_count.feature IS 'feature, or bot_probability where the version has scored';
COMMENT ON COLUMN botdet.drift_count.counts IS 'rows in each bin';
COMMENT ON COLUMN botdet.drift_count.missing IS 'rows without a value';
COMMENT ON COLUMN botdet.drift_count.unseen IS 'rows with a value that the reference has not seen: beyond its least and greatest, or another level';
COMMENT ON COLUMN botdet.drift_count.rows IS 'rows that were counted: those in bins, those without a value, and those with another level';

CREATE TABLE botdet.drift_score (
    model_version_id bigint NOT NULL REFERENCES botdet.model_version ON DELETE CASCADE,
    day              date NOT NULL,
    slice_by         text NOT NULL,
    slice            text NOT NULL,
    rows             bigint NOT NULL,
    bots             bigint NOT NULL,
    sum_probability  double precision NOT NULL,
    sum_of_bots      double precision NOT NULL,
    PRIMARY KEY (model_version_id, day, slice_by, slice)
);
COMMENT ON TABLE botdet.drift_score IS 'probabilities in the samples of botdet.drift_count, added up';
COMMENT ON COLUMN botdet.drift_score.model_version_id IS 'the version that scored';
COMMENT ON COLUMN botdet.drift_score.day IS 'day of the scores, UTC';
COMMENT ON COLUMN botdet.drift_score.slice_by IS 'all, region, language or age';
COMMENT ON COLUMN botdet.drift_score.slice IS 'which one; empty for all';
COMMENT ON COLUMN botdet.drift_score.rows IS 'scores that were counted';
COMMENT ON COLUMN botdet.drift_score.bots IS 'those called bots';
COMMENT ON COLUMN botdet.drift_score.sum_probability IS 'sum of all probabilities';
COMMENT ON COLUMN botdet.drift_score.sum_of_bots IS 'sum of the probabilities of those called bots';

CREATE TABLE botdet.drift_progress (
    detector      text NOT NULL REFERENCES botdet.detector,
    day           date NOT NULL,
    share         double precision NOT NULL,
    counted       bigint NOT NULL DEFAULT 0,
    counted_until timestamptz NOT NULL,
    PRIMARY KEY (detector, day)
);
COMMENT ON TABLE botdet.drift_progress IS 'how far botdet_sample_features() has come';
COMMENT ON COLUMN botdet.drift_progress.detector IS 'which detector';
COMMENT ON COLUMN botdet.drift_progress.day IS 'day of the calls, UTC';
COMMENT ON COLUMN botdet.drift_progress.share IS 'share of the accounts that is drawn on this day, 0 to 1';
COMMENT ON COLUMN botdet.drift_progress.counted IS 'accounts counted by calls of this day';
COMMENT ON COLUMN botdet.drift_progress.counted_until IS 'scores with an earlier scored_at have been looked at';

CREATE TABLE botdet.drift_account (
    detector   text NOT NULL,
    day        date NOT NULL,
    account_id bigint NOT NULL,
    PRIMARY KEY (detector, day, account_id)
);
COMMENT ON TABLE botdet.drift_account IS 'accounts that are counted already, of the last two days: each counts once a day';
COMMENT ON COLUMN botdet.drift_account.detector IS 'for which detector';
COMMENT ON COLUMN botdet.drift_account.day IS 'on which day';
COMMENT ON COLUMN botdet.drift_account.account_id IS 'which account';

-- Of the past there is nothing else to restore it from.
SELECT pg_catalog.pg_extension_config_dump('botdet.drift_setting', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.frozen_reference', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.drift_count', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.drift_score', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.drift_progress', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.drift_account', '');

CREATE FUNCTION botdet.bin_of(value double precision, edges double precision[])
RETURNS integer
IMMUTABLE PARALLEL SAFE
LANGUAGE sql
-- Not STRICT, or it would be called and not inlined. A value at an edge lies below it, where width_bucket() has it above.
RETURN 1 + width_bucket(value, edges) - coalesce((edges[width_bucket(value, edges)] = value)::integer, 0);
COMMENT ON FUNCTION botdet.bin_of(double precision, double precision[]) IS 'bin that a value lies in, from 1';

CREATE FUNCTION botdet.slices_of(region text, language text, created_at timestamptz, at timestamptz)
RETURNS TABLE (slice_by text, slice text)
IMMUTABLE PARALLEL SAFE ROWS 4
LANGUAGE sql
BEGIN ATOMIC
    SELECT s.slice_by, left(s.slice, 60)
    FROM (VALUES
        ('all', ''),
        ('region', coalesce($1, 'unknown')),
        ('language', coalesce($2, 'unknown')),
        ('age', CASE
            WHEN $3 IS NULL THEN 'unknown'
            WHEN $4 < $3 + interval '720 hours' THEN 'below 30 days'
            WHEN $4 < $3 + interval '8760 hours' THEN '30 days to a year'
            WHEN $4 < $3 + interval '26280 hours' THEN 'one to three years'
            ELSE 'three years and above'
        END)
    ) AS s (slice_by, slice);
END;
COMMENT ON FUNCTION botdet.slices_of(text, text, timestamptz, timestamptz) IS
    'what an account is compared by: all, region, language, and age at a time';

-- There are a few hundred counts, and far more rows behind them: sorting these takes longer than all else.
CREATE FUNCTION botdet.count_sample(version botdet.model_version, samples jsonb[])
RETURNS void
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_sort = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO botdet.drift_count AS c (model_version_id, day, slice_by, slice, feature, counts, missing, unseen, rows)
    WITH reference AS MATERIALIZED (
        SELECT r.* FROM botdet.feature_reference r WHERE r.model_version_id = version.model_version_id
    ), said AS (
        SELECT s.n, r.feature, r.edges, r.low, r.high, r.levels, v.value,
               CASE
                   -- Training reads single precision from tables.
                   WHEN jsonb_typeof(v.value) = 'number' AND r.levels IS NULL AND version.detector <> 'account' THEN
                       least(greatest((v.value #>> '{}')::double precision, -3e38), 3e38)::real::double precision
                   WHEN jsonb_typeof(v.value) = 'number' AND r.levels IS NULL THEN (v.value #>> '{}')::double precision
                   WHEN jsonb_typeof(v.value) = 'boolean' AND r.levels IS NULL THEN (v.value = 'true')::integer::double precision
                   -- Names that are no level lie behind the last one.
                   WHEN v.value <> 'null' AND r.levels IS NOT NULL THEN
                       coalesce(array_position(r.levels, v.value #>> '{}') - 1, cardinality(r.levels))
               END AS number
        FROM unnest(samples) WITH ORDINALITY AS s (sample, n)
        CROSS JOIN LATERAL (
            SELECT e.key, e.value FROM jsonb_each(s.sample -> 'values') AS e WHERE e.key <> 'bot_probability'
            UNION ALL
            SELECT 'bot_probability', s.sample -> 'bot_probability' WHERE s.sample ->> 'scored_by' = version.version
        ) AS v (feature, value)
        JOIN reference r ON r.feature = v.feature
    ), judged AS MATERIALIZED (
        SELECT s.n, s.feature, CASE WHEN s.number IS NOT NULL THEN botdet.bin_of(s.number, s.edges) END AS bin,
               s.value = 'null' AS is_missing,
               coalesce(
                   s.number < s.low OR s.number > s.high, s.number >= cardinality(s.levels), s.value <> 'null' AND s.number IS NULL
               ) AS is_unseen
        FROM said s
    ), sliced AS (
        SELECT s.n, (s.sample ->> 'day')::date AS day, p.slice_by, p.slice
        FROM unnest(samples) WITH ORDINALITY AS s (sample, n)
        CROSS JOIN LATERAL jsonb_to_recordset(s.sample -> 'slices') AS p (slice_by text, slice text)
    ), by_bin AS (
        SELECT p.day, p.slice_by, p.slice, j.feature, j.bin, count(*) AS count,
               count(*) FILTER (WHERE j.is_missing) AS missing, count(*) FILTER (WHERE j.is_unseen) AS unseen
        FROM judged j JOIN sliced p ON p.n = j.n
        GROUP BY p.day, p.slice_by, p.slice, j.feature, j.bin
    ), collected AS (
        SELECT b.day, b.slice_by, b.slice, b.feature, sum(b.count)::bigint AS rows, sum(b.missing)::bigint AS missing,
               sum(b.unseen)::bigint AS unseen,
               coalesce(jsonb_object_agg(b.bin, b.count) FILTER (WHERE b.bin IS NOT NULL), '{}') AS counts
        FROM by_bin b GROUP BY b.day, b.slice_by, b.slice, b.feature
    )
    SELECT version.model_version_id, k.day, k.slice_by, k.slice, k.feature,
           ARRAY(SELECT coalesce((k.counts ->> i::text)::bigint, 0) FROM generate_series(1, cardinality(r.shares)) AS i ORDER BY i),
           k.missing, k.unseen, k.rows
    FROM collected k JOIN reference r ON r.feature = k.feature
    ON CONFLICT ON CONSTRAINT drift_count_pkey DO UPDATE
    SET counts = ARRAY(
            SELECT a.count + b.count
            FROM unnest(c.counts) WITH ORDINALITY AS a (count, n) JOIN unnest(excluded.counts) WITH ORDINALITY AS b (count, n) ON b.n = a.n
            ORDER BY a.n
        ), missing = c.missing + excluded.missing, unseen = c.unseen + excluded.unseen, rows = c.rows + excluded.rows;
    INSERT INTO botdet.drift_score AS d (model_version_id, day, slice_by, slice, rows, bots, sum_probability, sum_of_bots)
    SELECT version.model_version_id, (s.sample ->> 'day')::date, p.slice_by, p.slice, count(*), count(*) FILTER (WHERE q.is_bot),
           sum(q.probability), coalesce(sum(q.probability) FILTER (WHERE q.is_bot), 0)
    FROM unnest(samples) AS s (sample)
    CROSS JOIN LATERAL (
        SELECT (s.sample ->> 'bot_probability')::double precision, (s.sample ->> 'is_bot')::boolean
    ) AS q (probability, is_bot)
    CROSS JOIN LATERAL jsonb_to_recordset(s.sample -> 'slices') AS p (slice_by text, slice text)
    WHERE q.probability IS NOT NULL AND s.sample ->> 'scored_by' = version.version
    GROUP BY 2, p.slice_by, p.slice
    ON CONFLICT ON CONSTRAINT drift_score_pkey DO UPDATE
    SET rows = d.rows + excluded.rows, bots = d.bots + excluded.bots, sum_probability = d.sum_probability + excluded.sum_probability,
        sum_of_bots = d.sum_of_bots + excluded.sum_of_bots;
END
$$;
COMMENT ON FUNCTION botdet.count_sample(botdet.model_version, jsonb[]) IS
    'adds samples to the counts of a version: {"day": ..., "slices": [{"slice_by": ..., "slice": ...}], "values": {feature: value}, "scored_by": version, "bot_probability": ..., "is_bot": ...}; a feature that is null is missing, one that is not there does not count';

CREATE FUNCTION botdet.compared_versions(detector text)
RETURNS SETOF botdet.model_version
STRICT STABLE PARALLEL SAFE ROWS 3 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT v.*
    FROM botdet.model_version v
    WHERE v.detector = compared_versions.detector AND EXISTS (
            SELECT FROM botdet.deployment d
            WHERE d.detector = v.detector AND v.model_version_id IN (d.model_version_id, d.previous[1])
        )
$$;
COMMENT ON FUNCTION botdet.compared_versions(text) IS
    'versions whose references samples are compared with: champion and challenger, and the champion before, so that days on both sides of a switch can be compared';

-- Without statistics of what was counted just before, a nested loop over it looks cheap, and is not.
-- Without JIT, which takes seconds to compile what takes some ten milliseconds to run.
CREATE FUNCTION botdet_sample_features(detector text DEFAULT 'account', keep interval DEFAULT '400 days')
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
SET enable_nestloop = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    today constant date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    yesterday constant timestamptz := (today - 1)::timestamp AT TIME ZONE 'UTC';
    until constant timestamptz := clock_timestamp();
    setting botdet.drift_settings;
    progress botdet.drift_progress;
    since timestamptz;
    samples jsonb[];
    version botdet.model_version;
BEGIN
    IF botdet_sample_features.detector <> 'account' THEN
        RAISE EXCEPTION 'detector % judges rows, which are not stored', botdet_sample_features.detector
            USING ERRCODE = 'feature_not_supported', HINT = 'botdet_sample_rows() counts rows that it is given.';
    END IF;
    SELECT s.* INTO STRICT setting FROM botdet.drift_settings s WHERE s.detector = botdet_sample_features.detector;
    PERFORM pg_advisory_xact_lock(hashtextextended('botdet drift of ' || setting.detector, 0));
    -- Nothing is counted that could be counted once there is a reference.
    IF NOT EXISTS (
        SELECT FROM botdet.compared_versions(setting.detector) AS v
        JOIN botdet.feature_reference r ON r.model_version_id = v.model_version_id
    ) THEN
        RETURN 0;
    END IF;
    -- Scores are stored by transactions that began earlier: ten minutes again, each account once a day.
    SELECT coalesce(greatest(max(p.counted_until) - interval '10 minutes', yesterday), yesterday) INTO since
    FROM botdet.drift_progress p WHERE p.detector = setting.detector;
    INSERT INTO botdet.drift_progress (detector, day, share, counted_until)
    SELECT setting.detector, today, least(1, setting.sample / greatest(count(*), 1)::double precision), until
    FROM botdet.score s WHERE s.detector = setting.detector AND s.scored_at >= yesterday
    ON CONFLICT ON CONSTRAINT drift_progress_pkey DO UPDATE SET counted_until = excluded.counted_until
    RETURNING * INTO progress;
    WITH drawn AS (
        SELECT s.account_id, s.model_version, s.bot_probability, s.is_bot, s.scored_at, (s.scored_at AT TIME ZONE 'UTC')::date AS day
        FROM botdet.score s
        CROSS JOIN LATERAL (
            SELECT botdet.draw(s.account_id, concat('drift ', (s.scored_at AT TIME ZONE 'UTC')::date - date '2000-01-01'))
        ) AS l (number)
        WHERE s.detector = setting.detector AND s.scored_at >= since AND s.bot_probability IS NOT NULL AND l.number < progress.share
            AND NOT EXISTS (
                SELECT FROM botdet.drift_account k
                WHERE k.detector = s.detector AND k.day = (s.scored_at AT TIME ZONE 'UTC')::date AND k.account_id = s.account_id
            )
        -- A day with far more scores than the day before must not take all the time there is.
        ORDER BY l.number LIMIT greatest(2 * setting.sample - progress.counted, 0)
    ), noted AS (
        INSERT INTO botdet.drift_account (detector, day, account_id)
        SELECT setting.detector, d.day, d.account_id FROM drawn d
    )
    SELECT array_agg(jsonb_build_object(
        'day', d.day, 'scored_by', d.model_version, 'bot_probability', d.bot_probability, 'is_bot', d.is_bot, 'values', to_jsonb(f),
        'slices', (SELECT jsonb_agg(p) FROM botdet.slices_of(a.region, a.language, a.created_at, d.scored_at) AS p)
    )) INTO samples
    FROM drawn d
    LEFT JOIN botdet.account a ON a.account_id = d.account_id
    CROSS JOIN LATERAL @extschema@.botdet_features(d.account_id) AS f;
    UPDATE botdet.drift_progress p SET counted = p.counted + coalesce(cardinality(samples), 0)
    WHERE p.detector = setting.detector AND p.day = today;
    FOR version IN SELECT v.* FROM botdet.compared_versions(setting.detector) AS v LOOP
        PERFORM botdet.count_sample(version, samples);
    END LOOP;
    DELETE FROM botdet.drift_account k WHERE k.detector = setting.detector AND k.day < today - 1;
    DELETE FROM botdet.drift_progress p WHERE p.detector = setting.detector AND p.day < (until - keep)::date;
    DELETE FROM botdet.drift_count c USING botdet.model_version v
    WHERE v.model_version_id = c.model_version_id AND v.detector = setting.detector AND c.day < (until - keep)::date;
    DELETE FROM botdet.drift_score c USING botdet.model_version v
    WHERE v.model_version_id = c.model_version_id AND v.detector = setting.detector AND c.day < (until - keep)::date;
    RETURN coalesce(cardinality(samples), 0);
END
$$;
COMMENT ON FUNCTION botdet_sample_features(text, interval) IS
    'counts a random sample of the accounts that were scored since the last call, with their features, in the bins of the versions that serve, by the day of the score, and forgets days that are older than keep; returns how many. Background workers call it hourly: later, of an account that is scored on both sides of midnight only the second score is there';

CREATE FUNCTION botdet_sample_rows(detector text, rows jsonb[])
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
LANGUAGE plpgsql AS $$
DECLARE
    version botdet.model_version;
    samples jsonb[];
BEGIN
    SELECT array_agg(jsonb_build_object(
        'day', (clock_timestamp() AT TIME ZONE 'UTC')::date, 'scored_by', s.model_version, 'bot_probability', s.bot_probability,
        'is_bot', s.is_bot, 'values', r.row, 'slices', jsonb_build_array(jsonb_build_object('slice_by', 'all', 'slice', ''))
    )) INTO samples
    FROM unnest(rows) AS r (row)
    CROSS JOIN LATERAL @extschema@.botdet_score(detector, r.row) AS s
    WHERE r.row IS NOT NULL;
    FOR version IN SELECT v.* FROM botdet.compared_versions(detector) AS v LOOP
        PERFORM botdet.count_sample(version, samples);
    END LOOP;
    RETURN coalesce(cardinality(samples), 0);
END
$$;
COMMENT ON FUNCTION botdet_sample_rows(text, jsonb[]) IS
    'counts rows that a detector judges in the bins of its versions, for today: SELECT botdet_sample_rows(''spammer'', array_agg(to_jsonb(t))) FROM ... AS t TABLESAMPLE ...; returns how many';

CREATE FUNCTION botdet_freeze_reference(
    version text DEFAULT 'champion', detector text DEFAULT 'account', bins integer DEFAULT 10, sample integer DEFAULT 10000
)
RETURNS bigint
STRICT VOLATILE PARALLEL UNSAFE COST 1000000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen constant botdet.model_version := botdet.find_version(botdet_freeze_reference.version, botdet_freeze_reference.detector);
    taken bigint;
BEGIN
    IF chosen.detector <> 'account' THEN
        RAISE EXCEPTION 'detector % judges rows, which are not stored', chosen.detector
            USING ERRCODE = 'feature_not_supported', HINT = 'Train a version: it brings a reference along.';
    END IF;
    IF bins NOT BETWEEN 2 AND 100 OR sample < 1 THEN
        RAISE EXCEPTION 'bins is % and sample %, and must be from 2 to 100 and at least 1', bins, sample
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Counts in other bins cannot be compared with it.
    DELETE FROM botdet.frozen_reference f WHERE f.model_version_id = chosen.model_version_id;
    DELETE FROM botdet.drift_count c WHERE c.model_version_id = chosen.model_version_id;
    DELETE FROM botdet.drift_score c WHERE c.model_version_id = chosen.model_version_id;
    WITH drawn AS MATERIALIZED (
        SELECT s.account_id, s.model_version, s.bot_probability
        FROM botdet.score s
        WHERE s.detector = chosen.detector AND s.bot_probability IS NOT NULL
        ORDER BY botdet.draw(s.account_id, 'reference'), s.account_id LIMIT sample
    ), value AS MATERIALIZED (
        SELECT e.key AS feature, e.value::double precision AS number
        FROM drawn d
        CROSS JOIN LATERAL @extschema@.botdet_features(d.account_id) AS f
        CROSS JOIN LATERAL jsonb_each_text(to_jsonb(f)) AS e
        UNION ALL
        SELECT 'bot_probability', d.bot_probability FROM drawn d WHERE d.model_version = chosen.version
    ), edged AS MATERIALIZED (
        SELECT v.feature, count(*) AS rows, count(v.number) AS known, min(v.number) AS low, max(v.number) AS high,
               ARRAY(
                   SELECT DISTINCT q.edge
                   FROM unnest(percentile_cont(
                       ARRAY(SELECT i / bins::double precision FROM generate_series(1, bins - 1) AS i ORDER BY i)
                   ) WITHIN GROUP (ORDER BY v.number)) AS q (edge)
                   WHERE q.edge IS NOT NULL ORDER BY q.edge
               ) AS edges
        FROM value v GROUP BY v.feature
    ), counted AS MATERIALIZED (
        SELECT v.feature, botdet.bin_of(v.number, e.edges) AS bin, count(*) AS count
        FROM value v JOIN edged e ON e.feature = v.feature
        WHERE v.number IS NOT NULL GROUP BY v.feature, bin
    )
    INSERT INTO botdet.frozen_reference (model_version_id, feature, rows, edges, shares, missing, low, high)
    SELECT chosen.model_version_id, e.feature, e.rows, e.edges,
           ARRAY(
               SELECT coalesce(c.count, 0)::double precision / e.rows
               FROM generate_series(1, cardinality(e.edges) + 1) AS i LEFT JOIN counted c ON c.feature = e.feature AND c.bin = i
               ORDER BY i
           ), (e.rows - e.known)::double precision / e.rows, e.low, e.high
    FROM edged e;
    SELECT max(f.rows) INTO taken FROM botdet.frozen_reference f WHERE f.model_version_id = chosen.model_version_id;
    IF taken IS NULL THEN
        RAISE EXCEPTION 'detector % has no scores to compare later ones with', chosen.detector
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'CALL botdet_refresh_scores() scores all accounts.';
    END IF;
    INSERT INTO botdet.audit (action, detector, version, new)
    VALUES ('freeze reference', chosen.detector, chosen.version, jsonb_build_object('rows', taken, 'bins', bins));
    RETURN taken;
END
$$;
COMMENT ON FUNCTION botdet_freeze_reference(text, text, integer, integer) IS
    'has a version compared from now on with what is scored now, in so many bins, instead of with its training; its counts begin anew. Returns the rows that it rests on';
