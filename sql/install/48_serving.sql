-- Versions as they do: what they are made of, how they compare, what is watched of them.

CREATE VIEW botdet.model_versions WITH (security_invoker = true) AS
SELECT v.model_version_id, v.detector, v.version, d.alias, d.alias IS NOT DISTINCT FROM 'champion' AS is_champion, d.share,
       v.sha256, v.size_bytes, v.created_at, v.created_by, v.comment, v.validated_at,
       v.approved_at, v.approved_by, d.activated_at, d.activated_by,
       v.manifest ->> 'schema' AS feature_schema, (v.manifest ->> 'seed')::numeric AS seed,
       v.manifest ->> 'description' AS trained_on, v.manifest #>> '{training,code_version}' AS code_version,
       (v.manifest #>> '{metrics,pipeline,roc_auc}')::double precision AS roc_auc,
       (v.manifest #>> '{metrics,pipeline,pr_auc}')::double precision AS pr_auc, v.manifest
FROM botdet.model_version v
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id;
COMMENT ON VIEW botdet.model_versions IS 'registered model versions and what they come from, without their bytes';
COMMENT ON COLUMN botdet.model_versions.model_version_id IS 'number of the version';
COMMENT ON COLUMN botdet.model_versions.detector IS 'detector it scores for';
COMMENT ON COLUMN botdet.model_versions.version IS 'name of the version';
COMMENT ON COLUMN botdet.model_versions.alias IS 'champion, challenger, or NULL';
COMMENT ON COLUMN botdet.model_versions.is_champion IS 'whether it is the one that answers';
COMMENT ON COLUMN botdet.model_versions.share IS 'share of the accounts that a challenger answers for; 0: it is in shadow';
COMMENT ON COLUMN botdet.model_versions.sha256 IS 'checksum of the artifact';
COMMENT ON COLUMN botdet.model_versions.size_bytes IS 'size of the artifact';
COMMENT ON COLUMN botdet.model_versions.created_at IS 'when it was registered';
COMMENT ON COLUMN botdet.model_versions.created_by IS 'who registered it';
COMMENT ON COLUMN botdet.model_versions.comment IS 'remark of whoever registered it';
COMMENT ON COLUMN botdet.model_versions.validated_at IS 'when it was last found sound on this server';
COMMENT ON COLUMN botdet.model_versions.approved_at IS 'when somebody else approved it';
COMMENT ON COLUMN botdet.model_versions.approved_by IS 'who approved it';
COMMENT ON COLUMN botdet.model_versions.activated_at IS 'since when it is champion or challenger; NULL when it is neither';
COMMENT ON COLUMN botdet.model_versions.activated_by IS 'who deployed it';
COMMENT ON COLUMN botdet.model_versions.feature_schema IS 'fingerprint of the features that it looks at';
COMMENT ON COLUMN botdet.model_versions.seed IS 'seed that everything random in its training came from';
COMMENT ON COLUMN botdet.model_versions.trained_on IS 'what it was trained on';
COMMENT ON COLUMN botdet.model_versions.code_version IS 'version of the program that trained it';
COMMENT ON COLUMN botdet.model_versions.roc_auc IS 'area under the ROC curve, on rows held out of its training';
COMMENT ON COLUMN botdet.model_versions.pr_auc IS 'average precision, on rows held out of its training';
COMMENT ON COLUMN botdet.model_versions.manifest IS 'what the artifact says of itself: all of this, figures, settings and course of the training';

CREATE VIEW botdet.shadow_comparison WITH (security_invoker = true) AS
SELECT s.detector, s.model_version AS champion, x.model_version AS challenger, count(*) AS accounts,
       count(*) FILTER (WHERE s.is_bot AND x.is_bot) AS bots_by_both,
       count(*) FILTER (WHERE s.is_bot AND NOT x.is_bot) AS bots_by_champion_only,
       count(*) FILTER (WHERE NOT s.is_bot AND x.is_bot) AS bots_by_challenger_only,
       avg((s.is_bot = x.is_bot)::integer)::double precision AS agreement,
       avg(x.bot_probability - s.bot_probability) AS mean_difference,
       avg(abs(x.bot_probability - s.bot_probability)) AS mean_absolute_difference,
       corr(s.bot_probability, x.bot_probability) AS correlation,
       count(*) FILTER (WHERE x.failure IS NOT NULL) AS failures,
       count(l.is_bot) AS labels,
       count(*) FILTER (WHERE l.is_bot = s.is_bot) AS champion_right,
       count(*) FILTER (WHERE l.is_bot = x.is_bot) AS challenger_right
FROM botdet.shadow_score x
-- Both were written together, or they are not of the same moment.
JOIN botdet.score s ON s.account_id = x.account_id AND s.detector = x.detector AND s.scored_at = x.scored_at
    AND s.model_version IS DISTINCT FROM x.model_version
JOIN botdet.model_version v ON v.detector = x.detector AND v.version = x.model_version
-- Labels that it may have learned from say nothing.
LEFT JOIN botdet.label l ON l.account_id = x.account_id AND l.detector = x.detector AND l.labelled_at >= v.created_at
GROUP BY s.detector, s.model_version, x.model_version;
COMMENT ON VIEW botdet.shadow_comparison IS 'how the version in shadow compares with the one that answered, on the accounts scored by both';
COMMENT ON COLUMN botdet.shadow_comparison.detector IS 'of which detector';
COMMENT ON COLUMN botdet.shadow_comparison.champion IS 'version that answered; NULL for rules';
COMMENT ON COLUMN botdet.shadow_comparison.challenger IS 'version in shadow';
COMMENT ON COLUMN botdet.shadow_comparison.accounts IS 'accounts that both were asked about';
COMMENT ON COLUMN botdet.shadow_comparison.bots_by_both IS 'accounts that both call bots';
COMMENT ON COLUMN botdet.shadow_comparison.bots_by_champion_only IS 'accounts that only the champion calls bots';
COMMENT ON COLUMN botdet.shadow_comparison.bots_by_challenger_only IS 'accounts that only the challenger calls bots';
COMMENT ON COLUMN botdet.shadow_comparison.agreement IS 'share of the accounts that both judge alike';
COMMENT ON COLUMN botdet.shadow_comparison.mean_difference IS 'mean of the challenger''s probability less the champion''s';
COMMENT ON COLUMN botdet.shadow_comparison.mean_absolute_difference IS 'mean distance of the two probabilities';
COMMENT ON COLUMN botdet.shadow_comparison.correlation IS 'correlation of the two probabilities';
COMMENT ON COLUMN botdet.shadow_comparison.failures IS 'accounts that the challenger could not score';
COMMENT ON COLUMN botdet.shadow_comparison.labels IS 'accounts among them whose truth was told since the challenger was registered';
COMMENT ON COLUMN botdet.shadow_comparison.champion_right IS 'of these, how many the champion judged rightly';
COMMENT ON COLUMN botdet.shadow_comparison.challenger_right IS 'of these, how many the challenger judged rightly';

CREATE FUNCTION botdet.performance(detector text, version text, since timestamptz)
RETURNS TABLE (
    labels bigint, true_positives bigint, false_positives bigint, false_negatives bigint, true_negatives bigint,
    accuracy double precision, "precision" double precision, recall double precision, f1 double precision,
    brier double precision
)
STRICT STABLE PARALLEL SAFE COST 10000 ROWS 1 SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT c.labels, c.true_positives, c.false_positives, c.false_negatives, c.true_negatives,
           (c.true_positives + c.true_negatives)::double precision / nullif(c.labels, bigint '0')::double precision,
           c.true_positives::double precision / nullif(c.true_positives + c.false_positives, bigint '0')::double precision,
           c.true_positives::double precision / nullif(c.true_positives + c.false_negatives, bigint '0')::double precision,
           (c.true_positives + c.true_positives)::double precision
               / nullif(c.true_positives + c.true_positives + c.false_positives + c.false_negatives, bigint '0')::double precision,
           c.brier
    FROM (
        SELECT count(*) AS labels, count(*) FILTER (WHERE l.is_bot AND s.is_bot) AS true_positives,
               count(*) FILTER (WHERE NOT l.is_bot AND s.is_bot) AS false_positives,
               count(*) FILTER (WHERE l.is_bot AND NOT s.is_bot) AS false_negatives,
               count(*) FILTER (WHERE NOT l.is_bot AND NOT s.is_bot) AS true_negatives,
               avg((s.bot_probability - l.is_bot::integer::double precision) ^ double precision '2') AS brier
        FROM (
            SELECT s.account_id, s.bot_probability, s.is_bot, s.scored_at
            FROM botdet.score s
            WHERE s.detector = performance.detector AND s.model_version = performance.version AND s.is_bot IS NOT NULL
            UNION ALL
            SELECT a.account_id, a.bot_probability, a.is_bot, a.scored_at
            FROM botdet.labelled_answer a
            WHERE a.detector = performance.detector AND a.model_version = performance.version AND NOT EXISTS (
                SELECT FROM botdet.score s
                WHERE s.account_id = a.account_id AND s.detector = a.detector AND s.model_version = a.model_version
                    AND s.is_bot IS NOT NULL
            )
        ) AS s
        JOIN botdet.label l ON l.detector = performance.detector AND l.account_id = s.account_id
        WHERE s.scored_at >= performance.since AND l.labelled_at >= performance.since
    ) AS c;
END;
COMMENT ON FUNCTION botdet.performance(text, text, timestamptz) IS
    'how scores that a version has made since a time agree with labels made since; by the latest that it made of each account, as far as that is known: see botdet.labelled_answer';

CREATE VIEW botdet.version_performance WITH (security_invoker = true) AS
SELECT v.detector, v.version, d.alias, p.*
FROM botdet.model_version v
LEFT JOIN botdet.deployment d ON d.detector = v.detector AND d.model_version_id = v.model_version_id
CROSS JOIN LATERAL botdet.performance(v.detector, v.version, v.created_at) AS p
WHERE p.labels > bigint '0';
COMMENT ON VIEW botdet.version_performance IS
    'how versions do on labels made since they were registered, which they cannot have learned from; by the latest score that each made of an account, also where another version answers by now';
COMMENT ON COLUMN botdet.version_performance.detector IS 'of which detector';
COMMENT ON COLUMN botdet.version_performance.version IS 'version that scored';
COMMENT ON COLUMN botdet.version_performance.alias IS 'champion, challenger, or NULL';
COMMENT ON COLUMN botdet.version_performance.labels IS 'accounts it has scored whose truth was told since';
COMMENT ON COLUMN botdet.version_performance.true_positives IS 'bots that it calls bots';
COMMENT ON COLUMN botdet.version_performance.false_positives IS 'humans that it calls bots';
COMMENT ON COLUMN botdet.version_performance.false_negatives IS 'bots that it does not';
COMMENT ON COLUMN botdet.version_performance.true_negatives IS 'humans that it does not';
COMMENT ON COLUMN botdet.version_performance.accuracy IS 'share that is judged rightly';
COMMENT ON COLUMN botdet.version_performance."precision" IS 'share of those called bots that are; NULL when none is called so';
COMMENT ON COLUMN botdet.version_performance.recall IS 'share of the bots that are called so; NULL without any';
COMMENT ON COLUMN botdet.version_performance.f1 IS 'harmonic mean of precision and recall';
COMMENT ON COLUMN botdet.version_performance.brier IS 'mean squared error of the probabilities';

CREATE FUNCTION botdet.check_watches()
RETURNS TABLE (
    detector text, version text, metric text, value double precision, lowest double precision, labels bigint,
    rolled_back_to text
)
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    watch botdet.watch;
BEGIN
    FOR watch IN SELECT w.* FROM botdet.watch w ORDER BY w.detector LOOP
        -- Whoever deploys meanwhile waits, and is judged by the next call.
        PERFORM botdet.lock_detector(watch.detector);
        detector := watch.detector;
        metric := watch.metric;
        lowest := watch.lowest;
        rolled_back_to := NULL;
        SELECT v.version, p.labels,
               CASE watch.metric
                   WHEN 'accuracy' THEN p.accuracy
                   -- Where bots are there and none is called so, precision is as bad as can be.
                   WHEN 'precision' THEN coalesce(p."precision", CASE WHEN p.false_negatives > 0 THEN 0 END)
                   WHEN 'recall' THEN p.recall
                   ELSE p.f1
               END
        INTO version, labels, value
        FROM botdet.deployment d
        JOIN botdet.model_version v ON v.model_version_id = d.model_version_id
        -- Scores from before it became the champion are of other times.
        CROSS JOIN LATERAL botdet.performance(v.detector, v.version, greatest(v.created_at, d.activated_at)) AS p
        WHERE d.detector = watch.detector AND d.alias = 'champion' AND p.labels > 0;
        CONTINUE WHEN NOT FOUND;
        IF labels >= watch.labels AND value < watch.lowest THEN
            BEGIN
                rolled_back_to := @extschema@.botdet_rollback(
                    watch.detector,
                    format('%s %s is below %s on %s labels', metric, round(value::numeric, 4), lowest, labels)
                );
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                RAISE WARNING 'model version % has % %, below %: %', version, metric, round(value::numeric, 4), lowest, SQLERRM;
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION botdet.check_watches() IS 'what botdet_check_watches() does; background workers call it each minute';

CREATE FUNCTION botdet_check_watches()
RETURNS TABLE (
    detector text, version text, metric text, value double precision, lowest double precision, labels bigint,
    rolled_back_to text
)
VOLATILE PARALLEL UNSAFE ROWS 4 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    SELECT * FROM botdet.check_watches();
END;
COMMENT ON FUNCTION botdet_check_watches() IS
    'compares what is watched with its lowest value, and rolls champions back that fall short; background workers call it each minute. One row a watch that has labels';
