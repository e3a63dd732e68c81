-- Drift: how far what is scored has moved from the reference, by day and slice, and between any two periods.

CREATE FUNCTION botdet.shares_of(counts bigint[], missing bigint, rows bigint)
RETURNS double precision[]
STRICT IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    shares double precision[] := '{}';
    elsewhere bigint := rows - missing;
    count bigint;
BEGIN
    FOREACH count IN ARRAY counts LOOP
        shares := shares || count::double precision / rows;
        elsewhere := elsewhere - count;
    END LOOP;
    RETURN shares || elsewhere::double precision / rows || missing::double precision / rows;
END
$$;
COMMENT ON FUNCTION botdet.shares_of(bigint[], bigint, bigint) IS
    'share of the rows in each bin, with levels that have none, and without a value';

CREATE FUNCTION botdet.compare_counts(
    reference double precision[], reference_missing double precision, reference_rows bigint,
    counts bigint[], missing bigint, rows bigint,
    OUT psi double precision, OUT ks double precision, OUT p_value double precision
)
STRICT IMMUTABLE PARALLEL SAFE COST 2000 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
BEGIN
    -- What was counted in other bins cannot be compared.
    IF cardinality(reference) <> cardinality(counts) THEN
        RETURN;
    END IF;
    SELECT c.psi, c.ks, c.p_value INTO psi, ks, p_value
    FROM botdet.compare_shares(
        reference || 0::double precision || reference_missing, botdet.shares_of(counts, missing, rows), reference_rows, rows
    ) AS c;
END
$$;
COMMENT ON FUNCTION botdet.compare_counts(double precision[], double precision, bigint, bigint[], bigint, bigint) IS
    'compares counts with a reference, as botdet.compare_shares() does; NULL where there are more or fewer bins';

CREATE FUNCTION botdet.judge_drift(rows bigint, reference_rows bigint, least_rows integer, psi double precision, q_value double precision)
RETURNS text
IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql
RETURN CASE
    WHEN (rows >= least_rows::bigint AND reference_rows >= least_rows::bigint AND psi IS NOT NULL) IS NOT TRUE THEN 'insufficient data'
    WHEN psi < double precision '0.1' OR (q_value < double precision '0.05') IS NOT TRUE THEN 'none'
    WHEN psi < double precision '0.25' THEN 'moderate'
    ELSE 'large'
END;
COMMENT ON FUNCTION botdet.judge_drift(bigint, bigint, integer, double precision, double precision) IS
    'insufficient data, none, moderate (psi from 0.1) or large (from 0.25): what is too small to matter, or what chance explains, is none';

-- The reference is read once, however many days are asked for.
CREATE VIEW botdet.drift_by_day WITH (security_invoker = true) AS
WITH reference AS MATERIALIZED (SELECT r.* FROM botdet.feature_reference r)
SELECT r.model_version_id, r.detector, r.version, d.alias, c.day, c.slice_by, c.slice, c.feature, c.rows, r.rows AS reference_rows,
       s.least_rows, k.psi, k.ks, k.p_value,
       -- Of too few nothing is asked, and so nothing is corrected for.
       CASE WHEN c.rows >= s.least_rows::bigint AND r.rows >= s.least_rows::bigint THEN k.p_value END AS asked_p_value, c.missing::double precision / c.rows::double precision AS missing,
       r.missing AS reference_missing, c.unseen::double precision / c.rows::double precision AS unseen
FROM botdet.drift_count c
JOIN reference r ON r.model_version_id = c.model_version_id AND r.feature = c.feature
JOIN botdet.drift_settings s ON s.detector = r.detector
LEFT JOIN botdet.deployment d ON d.detector = r.detector AND d.model_version_id = r.model_version_id
CROSS JOIN LATERAL botdet.compare_counts(r.shares, r.missing, r.rows, c.counts, c.missing, c.rows) AS k;
COMMENT ON VIEW botdet.drift_by_day IS 'what was counted each day, beside the reference: what botdet.feature_drift and botdet.prediction_drift are made of';

CREATE VIEW botdet.feature_drift WITH (security_invoker = true) AS
SELECT q.detector, q.version, q.alias, q.day, q.slice_by, q.slice, q.feature, q.rows, q.reference_rows, q.psi, q.ks, q.p_value, q.q_value,
       q.missing, q.reference_missing, q.unseen,
       botdet.judge_drift(q.rows, q.reference_rows, q.least_rows, q.psi, q.q_value) AS drift
FROM (
    SELECT p.*, CASE WHEN p.asked_p_value IS NOT NULL THEN least(
        min(p.asked_p_value * p.features / p.place) OVER (
            PARTITION BY p.version, p.day, p.slice_by, p.slice ORDER BY p.asked_p_value DESC RANGE UNBOUNDED PRECEDING
        ), double precision '1'
    ) END AS q_value
    FROM (
        SELECT b.*, (count(b.asked_p_value) OVER (PARTITION BY b.version, b.day, b.slice_by, b.slice))::double precision AS features,
               nullif(count(b.asked_p_value) OVER (
                   PARTITION BY b.version, b.day, b.slice_by, b.slice ORDER BY b.asked_p_value RANGE UNBOUNDED PRECEDING
               ), bigint '0')::double precision AS place
        FROM botdet.drift_by_day b
        WHERE b.feature <> 'bot_probability'
    ) AS p
) AS q;
COMMENT ON VIEW botdet.feature_drift IS
    'how far the features of what was scored have moved from the reference of each version, by day and slice. q_value is p_value corrected for the number of features that are asked about (Benjamini and Hochberg, 1995): of those called drifting at 0.05, one in twenty is not, on average. A slice is compared with the reference of all: what always sets it apart shows, too, while botdet_drift() compares it with itself';

CREATE VIEW botdet.prediction_drift WITH (security_invoker = true) AS
SELECT q.detector, q.version, q.alias, q.day, q.slice_by, q.slice, q.rows, q.reference_rows, q.psi, q.ks, q.p_value, q.q_value,
       q.bots::double precision / q.scored::double precision AS bot_share,
       q.sum_probability / q.scored::double precision AS mean_probability,
       botdet.judge_drift(q.rows, q.reference_rows, q.least_rows, q.psi, q.q_value) AS drift
FROM (
    SELECT p.*, CASE WHEN p.asked_p_value IS NOT NULL THEN least(
        min(p.asked_p_value * p.slices / p.place) OVER (
            PARTITION BY p.version, p.day, p.slice_by ORDER BY p.asked_p_value DESC RANGE UNBOUNDED PRECEDING
        ), double precision '1'
    ) END AS q_value
    FROM (
        SELECT b.*, c.bots, c.rows AS scored, c.sum_probability,
               (count(b.asked_p_value) OVER (PARTITION BY b.version, b.day, b.slice_by))::double precision AS slices,
               nullif(count(b.asked_p_value) OVER (
                   PARTITION BY b.version, b.day, b.slice_by ORDER BY b.asked_p_value RANGE UNBOUNDED PRECEDING
               ), bigint '0')::double precision AS place
        FROM botdet.drift_by_day b
        JOIN botdet.drift_score c ON c.model_version_id = b.model_version_id AND c.day = b.day AND c.slice_by = b.slice_by
            AND c.slice = b.slice
        WHERE b.feature = 'bot_probability'
    ) AS p
) AS q;
COMMENT ON VIEW botdet.prediction_drift IS
    'how far the probabilities that each version answers have moved from its reference, by day and slice; q_value is p_value corrected for the number of slices of one kind (Benjamini and Hochberg, 1995)';

CREATE FUNCTION botdet.counts_between(model_version_id bigint, since date, until date, slice_by text, slice text)
RETURNS TABLE (feature text, shares double precision[], size bigint)
STRICT STABLE PARALLEL SAFE COST 10000 ROWS 50 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    WITH day AS MATERIALIZED (
        SELECT c.* FROM botdet.drift_count c
        WHERE c.model_version_id = counts_between.model_version_id AND c.day BETWEEN since AND until
            AND c.slice_by = counts_between.slice_by AND c.slice = counts_between.slice
    ), bin AS (
        SELECT d.feature, k.n, sum(k.count)::bigint AS count
        FROM day d CROSS JOIN LATERAL unnest(d.counts) WITH ORDINALITY AS k (count, n) GROUP BY d.feature, k.n
    ), other AS (
        -- The same accounts come again each day: so many days say hardly more than the fullest of them.
        SELECT d.feature, sum(d.missing)::bigint AS missing, sum(d.rows)::bigint AS rows, max(d.rows) AS size FROM day d GROUP BY d.feature
    )
    SELECT o.feature, botdet.shares_of(array_agg(b.count ORDER BY b.n), o.missing, o.rows), o.size
    FROM other o JOIN bin b ON b.feature = o.feature
    GROUP BY o.feature, o.missing, o.rows, o.size
$$;
COMMENT ON FUNCTION botdet.counts_between(bigint, date, date, text, text) IS
    'shares of each bin over some days, and the rows of the fullest day';

CREATE FUNCTION botdet_drift(
    detector text, from1 date, to1 date, from2 date, to2 date, slice_by text DEFAULT 'all', slice text DEFAULT ''
)
RETURNS TABLE (
    version text, feature text, rows1 bigint, rows2 bigint, psi double precision, ks double precision, p_value double precision,
    q_value double precision, missing1 double precision, missing2 double precision, drift text
)
STRICT STABLE PARALLEL SAFE COST 100000 ROWS 50 SET search_path = pg_catalog, pg_temp SET jit = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    chosen botdet.model_version;
BEGIN
    IF to1 < from1 OR to2 < from2 THEN
        RAISE EXCEPTION 'a period ends before it begins' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('%s to %s, %s to %s', from1, to1, from2, to2);
    END IF;
    -- In whose bins most days of both were counted.
    SELECT v.model_version_id, v.version INTO chosen.model_version_id, chosen.version
    FROM botdet.model_version v
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT c.day) FILTER (WHERE c.day BETWEEN from1 AND to1) AS days1,
               count(DISTINCT c.day) FILTER (WHERE c.day BETWEEN from2 AND to2) AS days2
        FROM botdet.drift_count c WHERE c.model_version_id = v.model_version_id
    ) AS c
    WHERE v.detector = botdet_drift.detector
        AND EXISTS (SELECT FROM botdet.feature_reference r WHERE r.model_version_id = v.model_version_id)
    ORDER BY least(c.days1, c.days2) DESC, greatest(c.days1, c.days2) DESC, v.model_version_id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'detector % has no version with a reference', botdet_drift.detector
            USING ERRCODE = 'undefined_object', HINT = 'botdet_freeze_reference() makes one.';
    END IF;
    RETURN QUERY
    WITH compared AS (
        SELECT r.feature, coalesce(a.size, 0) AS size1, coalesce(b.size, 0) AS size2, k.psi, k.ks, k.p_value,
               a.shares[cardinality(a.shares)] AS missing1, b.shares[cardinality(b.shares)] AS missing2,
               count(k.p_value) OVER () AS features,
               nullif(count(k.p_value) OVER (ORDER BY k.p_value RANGE UNBOUNDED PRECEDING), 0) AS place
        FROM botdet.feature_reference r
        LEFT JOIN botdet.counts_between(chosen.model_version_id, from1, to1, botdet_drift.slice_by, botdet_drift.slice) AS a
            ON a.feature = r.feature
        LEFT JOIN botdet.counts_between(chosen.model_version_id, from2, to2, botdet_drift.slice_by, botdet_drift.slice) AS b
            ON b.feature = r.feature
        LEFT JOIN LATERAL botdet.compare_shares(a.shares, b.shares, a.size, b.size) AS k ON true
        WHERE r.model_version_id = chosen.model_version_id
    ), corrected AS (
        SELECT c.*, CASE WHEN c.p_value IS NOT NULL THEN
                   least(min(c.p_value * c.features / c.place) OVER (ORDER BY c.p_value DESC RANGE UNBOUNDED PRECEDING), 1)
               END AS q_value
        FROM compared c
    )
    SELECT chosen.version, c.feature, c.size1, c.size2, c.psi, c.ks, c.p_value, c.q_value, c.missing1, c.missing2,
           botdet.judge_drift(
               c.size1, c.size2, (SELECT s.least_rows FROM botdet.drift_settings s WHERE s.detector = botdet_drift.detector), c.psi,
               c.q_value
           )
    FROM corrected c
    ORDER BY c.psi DESC NULLS LAST, c.feature;
END
$$;
COMMENT ON FUNCTION botdet_drift(text, date, date, date, date, text, text) IS
    'compares what was scored in two periods, first and last days included, by the bins of the version under which most days of both were counted; rows1 and rows2 are those of the fullest day of each, since the same accounts come again. bot_probability is among the features';

-- What can be said without labels, and for whom -------------------------------------------------------------------------

CREATE VIEW botdet.estimated_performance WITH (security_invoker = true) AS
SELECT v.detector, v.version, d.alias, e.day, e.slice_by, e.slice, e.rows, e.true_positives, e.false_positives, e.false_negatives, e.true_negatives,
       (e.true_positives + e.true_negatives) / e.rows::double precision AS accuracy,
       e.true_positives / nullif(e.true_positives + e.false_positives, double precision '0') AS "precision",
       e.true_positives / nullif(e.true_positives + e.false_negatives, double precision '0') AS recall,
       (e.true_positives + e.true_positives)
           / nullif(e.true_positives + e.true_positives + e.false_positives + e.false_negatives, double precision '0') AS f1,
       e.rows < s.least_rows::bigint AS is_insufficient
FROM (
    SELECT c.model_version_id, c.day, c.slice_by, c.slice, c.rows, c.sum_of_bots AS true_positives,
           c.bots::double precision - c.sum_of_bots AS false_positives, c.sum_probability - c.sum_of_bots AS false_negatives,
           (c.rows - c.bots)::double precision - (c.sum_probability - c.sum_of_bots) AS true_negatives
    FROM botdet.drift_score c
) AS e
JOIN botdet.model_version v ON v.model_version_id = e.model_version_id
JOIN botdet.drift_settings s ON s.detector = v.detector
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id;
COMMENT ON VIEW botdet.estimated_performance IS
    'confusion that is to be expected if probabilities mean what they say (confidence-based performance estimation): of accounts called bots with probability 0.9, nine in ten are. It follows changes in whom is scored, and is blind to changes in what bots do: a new kind of bot that looks human to the version counts as human here. It is worth as much as the calibration is where accounts are now, so compare it with botdet.explored_performance';

CREATE VIEW botdet.fairness WITH (security_invoker = true) AS
SELECT c.detector, c.model_version, c.slice_by, c.slice, c.accounts, c.called_bots::double precision / c.accounts::double precision AS bot_share,
       c.labels, c.true_positives, c.false_positives, c.false_negatives, c.true_negatives,
       c.true_positives::double precision / nullif(c.true_positives + c.false_positives, bigint '0')::double precision AS "precision",
       c.true_positives::double precision / nullif(c.true_positives + c.false_negatives, bigint '0')::double precision AS recall,
       c.false_positives::double precision / nullif(c.false_positives + c.true_negatives, bigint '0')::double precision
           AS false_positive_rate,
       c.true_positives + c.false_negatives < bigint '30' OR c.false_positives + c.true_negatives < bigint '30' AS is_insufficient
FROM (
    SELECT s.detector, s.model_version, p.slice_by, p.slice, count(*) AS accounts, count(*) FILTER (WHERE s.is_bot) AS called_bots,
           count(l.is_bot) AS labels, count(*) FILTER (WHERE l.is_bot AND s.is_bot) AS true_positives,
           count(*) FILTER (WHERE NOT l.is_bot AND s.is_bot) AS false_positives,
           count(*) FILTER (WHERE l.is_bot AND NOT s.is_bot) AS false_negatives,
           count(*) FILTER (WHERE NOT l.is_bot AND NOT s.is_bot) AS true_negatives
    FROM botdet.score s
    LEFT JOIN botdet.account a ON a.account_id = s.account_id
    LEFT JOIN botdet.label l ON l.account_id = s.account_id AND l.detector = s.detector
    CROSS JOIN LATERAL botdet.slices_of(a.region, a.language, a.created_at, s.scored_at) AS p
    WHERE s.is_bot IS NOT NULL
    GROUP BY s.detector, s.model_version, p.slice_by, p.slice
) AS c;
COMMENT ON VIEW botdet.fairness IS
    'how the latest scores treat regions, languages and ages of accounts: errors by slice, on all labels there are, those learned from among them. Reads all scores';

-- The same column means the same in every view.
DO $$
DECLARE
    described constant text[] := ARRAY[
        'model_version_id', 'number of the version',
        'detector', 'which detector',
        'version', 'which version',
        'model_version', 'version that scored; NULL for rules',
        'alias', 'champion, challenger, or NULL',
        'day', 'day of the scores, UTC',
        'slice_by', 'what the accounts of the slice have in common: all, region, language or age',
        'slice', 'which region, language or age; empty for all',
        'feature', 'which feature',
        'rows', 'rows of the sample',
        'reference_rows', 'rows of the reference',
        'least_rows', 'rows below which nothing is concluded',
        'psi', 'population stability index; above 0.1 a shift, above 0.25 a large one',
        'ks', 'distance of the distribution functions, 0 to 1, at the edges of bins; NULL where one has no value',
        'p_value', 'chance of such a distance without drift, at most; see botdet.compare_shares()',
        'asked_p_value', 'p_value where rows are enough to ask for it',
        'q_value', 'p_value corrected for how many are asked about',
        'missing', 'share without a value, 0 to 1',
        'reference_missing', 'that share in the reference',
        'unseen', 'share with a value that the reference has not seen, 0 to 1',
        'drift', 'insufficient data, none, moderate (psi from 0.1) or large (from 0.25); none where q_value is not below 0.05',
        'bot_share', 'share that is called bots, 0 to 1',
        'mean_probability', 'mean probability',
        'accounts', 'accounts with a score',
        'labels', 'of these, how many are labelled',
        'true_positives', 'bots that are called bots',
        'false_positives', 'others that are called bots',
        'false_negatives', 'bots that are not',
        'true_negatives', 'others that are not',
        'accuracy', 'share that is judged rightly',
        'precision', 'share of those called bots that are; NULL when none is called so',
        'recall', 'share of the bots that are called so; NULL without any',
        'f1', 'harmonic mean of precision and recall',
        'false_positive_rate', 'share of the others that are called bots; NULL without any',
        'estimated_performance.is_insufficient', 'whether the rows are too few to conclude anything',
        'fairness.is_insufficient', 'whether bots or others with a label are fewer than 30, too few to conclude anything'
    ];
    name record;
    place integer;
    path constant text := pg_catalog.current_setting('search_path');
BEGIN
    -- Nothing that lies beside the extension is to be called here.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    FOR name IN
        SELECT c.relname::text AS view, a.attname::text AS "column"
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind = 'v'
            AND c.relname IN ('drift_by_day', 'feature_drift', 'prediction_drift', 'estimated_performance', 'fairness')
    LOOP
        place := coalesce(
            array_position(described, pg_catalog.concat(name.view, '.', name."column")), array_position(described, name."column")
        );
        EXECUTE pg_catalog.format('COMMENT ON COLUMN botdet.%I.%I IS %L', name.view, name."column", described[place + 1]);
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;
