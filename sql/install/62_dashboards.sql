-- What dashboards read: one time column, plain types, no texts that accounts wrote. A change of names or types makes a _v2.

CREATE VIEW botdet.account_score_v1 WITH (security_invoker = true) AS
SELECT s.scored_at AS time, s.account_id, a.account_key, s.detector, s.bot_probability, s.is_bot, s.action, s.confidence,
       s.probability_low, s.probability_high, s.anomaly_score, s.is_anomaly, s.events, s.stage, s.model_version,
       s.reasons[1] AS top_reason, s.reasons[2] AS second_reason, s.reasons[3] AS third_reason
FROM botdet.score s
LEFT JOIN botdet.account a ON a.account_id = s.account_id;
COMMENT ON VIEW botdet.account_score_v1 IS 'latest score of each account';

CREATE VIEW botdet.flagged_v1 WITH (security_invoker = true) AS
SELECT s.scored_at AS time, s.account_id, a.account_key, s.detector, s.bot_probability, s.action, s.confidence,
       s.is_anomaly, s.events, s.stage, s.model_version, s.reasons[1] AS top_reason, s.reasons[2] AS second_reason, s.reasons[3] AS third_reason
FROM botdet.score s
LEFT JOIN botdet.account a ON a.account_id = s.account_id
WHERE s.is_bot;
COMMENT ON VIEW botdet.flagged_v1 IS 'accounts whose latest score calls them bots';

CREATE VIEW botdet.score_hourly_v1 WITH (security_invoker = true) AS
SELECT r.hour AS time, r.detector, r.stage, nullif(r.model_version, '') AS model_version, sum(r.scores)::bigint AS scores,
       sum(r.bots)::bigint AS bots,
       sum(r.bots)::double precision / nullif(sum(r.scores)::double precision, '0'::double precision) AS bot_share,
       CASE WHEN r.stage <> 'failed' THEN
           sum(r.sum_probability) / nullif(sum(r.scores)::double precision, '0'::double precision)
       END AS mean_probability,
       sum(r.anomalies)::bigint AS anomalies,
       sum(r.from_0_0)::bigint AS from_0_0, sum(r.from_0_1)::bigint AS from_0_1, sum(r.from_0_2)::bigint AS from_0_2,
       sum(r.from_0_3)::bigint AS from_0_3, sum(r.from_0_4)::bigint AS from_0_4, sum(r.from_0_5)::bigint AS from_0_5,
       sum(r.from_0_6)::bigint AS from_0_6, sum(r.from_0_7)::bigint AS from_0_7, sum(r.from_0_8)::bigint AS from_0_8,
       sum(r.from_0_9)::bigint AS from_0_9
FROM (
    SELECT * FROM botdet.score_rollup
    UNION ALL
    SELECT *
    FROM botdet.count_scores(
        coalesce((SELECT p.counted_until FROM botdet.rollup_progress p WHERE p.rollup = 'score'), '-infinity'), 'infinity'
    )
) AS r
GROUP BY r.hour, r.detector, r.stage, r.model_version;
COMMENT ON VIEW botdet.score_hourly_v1 IS
    'scores by hour, detector, deciding stage and version: what botdet_roll_up_scores() has counted, and the latest scores since';

CREATE VIEW botdet.score_daily_v1 WITH (security_invoker = true) AS
SELECT date_trunc('day', h.time, 'UTC') AS time, h.detector, h.stage, h.model_version, sum(h.scores)::bigint AS scores,
       sum(h.bots)::bigint AS bots,
       sum(h.bots)::double precision / nullif(sum(h.scores)::double precision, '0'::double precision) AS bot_share,
       sum(h.mean_probability * h.scores::double precision)
           / nullif(sum(h.scores)::double precision, '0'::double precision) AS mean_probability,
       sum(h.anomalies)::bigint AS anomalies,
       sum(h.from_0_0)::bigint AS from_0_0, sum(h.from_0_1)::bigint AS from_0_1, sum(h.from_0_2)::bigint AS from_0_2,
       sum(h.from_0_3)::bigint AS from_0_3, sum(h.from_0_4)::bigint AS from_0_4, sum(h.from_0_5)::bigint AS from_0_5,
       sum(h.from_0_6)::bigint AS from_0_6, sum(h.from_0_7)::bigint AS from_0_7, sum(h.from_0_8)::bigint AS from_0_8,
       sum(h.from_0_9)::bigint AS from_0_9
FROM botdet.score_hourly_v1 h
GROUP BY 1, h.detector, h.stage, h.model_version;
COMMENT ON VIEW botdet.score_daily_v1 IS 'botdet.score_hourly_v1 by day, UTC';

CREATE VIEW botdet.label_v1 WITH (security_invoker = true) AS
SELECT l.labelled_at AS time, l.account_id, a.account_key, l.detector, l.is_bot, l.strategy, l.labelled_by,
       s.is_bot AS scored_as_bot, s.bot_probability, s.is_bot = l.is_bot AS agrees, s.stage, s.model_version
FROM botdet.label l
LEFT JOIN botdet.account a ON a.account_id = l.account_id
LEFT JOIN botdet.score s ON s.account_id = l.account_id AND s.detector = l.detector;
COMMENT ON VIEW botdet.label_v1 IS 'labels, each beside the latest score of the account';

CREATE VIEW botdet.label_daily_v1 WITH (security_invoker = true) AS
SELECT date_trunc('day', l.time, 'UTC') AS time, l.detector, count(*) AS labels, count(*) FILTER (WHERE l.is_bot) AS bots,
       count(l.scored_as_bot) AS scored, count(*) FILTER (WHERE l.is_bot AND l.scored_as_bot) AS true_positives,
       count(*) FILTER (WHERE NOT l.is_bot AND l.scored_as_bot) AS false_positives,
       count(*) FILTER (WHERE NOT l.is_bot AND NOT l.scored_as_bot) AS true_negatives,
       count(*) FILTER (WHERE l.is_bot AND NOT l.scored_as_bot) AS false_negatives,
       avg(l.agrees::integer::double precision) AS agreement
FROM botdet.label_v1 l
GROUP BY 1, l.detector;
COMMENT ON VIEW botdet.label_daily_v1 IS 'how far scores agree with labels, by the day of the label, UTC';

CREATE VIEW botdet.model_version_v1 WITH (security_invoker = true) AS
SELECT v.created_at AS time, v.detector, v.version, v.is_champion, v.alias, v.share, v.activated_at, v.size_bytes, v.created_by, v.comment
FROM botdet.model_versions v;
COMMENT ON VIEW botdet.model_version_v1 IS 'registered model versions';

CREATE VIEW botdet.activity_hourly_v1 WITH (security_invoker = true) AS
SELECT date_trunc('hour', r.occurred_at, 'UTC') AS time, r.action, count(*) AS events, count(DISTINCT r.account_id) AS accounts
FROM botdet.activity r
GROUP BY 1, r.action;
COMMENT ON VIEW botdet.activity_hourly_v1 IS 'events by hour and action; reads all rows of botdet.activity, and not those of bound tables';

CREATE VIEW botdet.activity_daily_v1 WITH (security_invoker = true) AS
SELECT date_trunc('day', r.occurred_at, 'UTC') AS time, r.action, count(*) AS events, count(DISTINCT r.account_id) AS accounts
FROM botdet.activity r
GROUP BY 1, r.action;
COMMENT ON VIEW botdet.activity_daily_v1 IS 'events by day, UTC, and action; reads all rows of botdet.activity, and not those of bound tables';

CREATE VIEW botdet.queue_v1 WITH (security_invoker = true) AS
SELECT now() AS time, d.detector, d.insert_mode, count(q.queue_id) AS rows_waiting,
       count(DISTINCT q.account_id) AS accounts_waiting,
       extract(epoch FROM clock_timestamp() - min(q.queued_at))::double precision AS oldest_seconds
FROM botdet.detector d
LEFT JOIN botdet.score_queue q ON q.detector = d.detector
GROUP BY d.detector, d.insert_mode;
COMMENT ON VIEW botdet.queue_v1 IS 'how much waits to be scored, now';

-- The same column means the same in every view.
DO $$
DECLARE
    described constant text[] := ARRAY[
        'account_score_v1.time', 'start of the transaction that scored',
        'flagged_v1.time', 'start of the transaction that scored',
        'score_hourly_v1.time', 'start of the hour, UTC',
        'score_daily_v1.time', 'start of the day, UTC',
        'label_v1.time', 'when it was labelled',
        'label_daily_v1.time', 'start of the day, UTC',
        'model_version_v1.time', 'when it was registered',
        'activity_hourly_v1.time', 'start of the hour, UTC',
        'activity_daily_v1.time', 'start of the day, UTC',
        'queue_v1.time', 'now',
        'score_hourly_v1.bots', 'accounts that were called bots',
        'score_daily_v1.bots', 'accounts that were called bots',
        'label_daily_v1.bots', 'accounts that are labelled as bots',
        'label_v1.is_bot', 'the truth',
        'account_score_v1.events', 'events that the score rests on',
        'flagged_v1.events', 'events that the score rests on',
        'activity_hourly_v1.events', 'how many',
        'activity_daily_v1.events', 'how many',
        'account_id', 'number of the account',
        'account_key', 'the account''s key where it came from',
        'detector', 'by which detector',
        'bot_probability', 'probability of being a bot, 0 to 1; NULL when scoring failed',
        'is_bot', 'whether the probability reaches the threshold',
        'confidence', 'probability of the answer that is_bot gives',
        'probability_low', 'lower end of the 95 % interval of bot_probability; NULL for rules',
        'probability_high', 'upper end of the 95 % interval of bot_probability; NULL for rules',
        'anomaly_score', 'share of the training accounts that are less unusual, 0 to 1; NULL without an anomaly model',
        'is_anomaly', 'whether it is more unusual than the contamination allows',
        'stage', 'what decided: rules, filter, trees, sequence; failed when scoring failed',
        'model_version', 'version that answered; NULL for rules',
        'top_reason', 'what moved the score most, with the log-odds it added; the error when scoring failed',
        'second_reason', 'what moved it second most',
        'third_reason', 'what moved it third most',
        'scores', 'accounts that were scored, each once between two calls of botdet_roll_up_scores()',
        'bot_share', 'share of bots, 0 to 1',
        'mean_probability', 'mean of bot_probability; NULL when scoring failed',
        'anomalies', 'accounts that were called unusual',
        'from_0_0', 'accounts with a probability from 0.0 to below 0.1',
        'from_0_1', 'accounts with a probability from 0.1 to below 0.2',
        'from_0_2', 'accounts with a probability from 0.2 to below 0.3',
        'from_0_3', 'accounts with a probability from 0.3 to below 0.4',
        'from_0_4', 'accounts with a probability from 0.4 to below 0.5',
        'from_0_5', 'accounts with a probability from 0.5 to below 0.6',
        'from_0_6', 'accounts with a probability from 0.6 to below 0.7',
        'from_0_7', 'accounts with a probability from 0.7 to below 0.8',
        'from_0_8', 'accounts with a probability from 0.8 to below 0.9',
        'from_0_9', 'accounts with a probability from 0.9 to 1.0',
        'strategy', 'kind of bot, where known',
        'labelled_by', 'who said so',
        'scored_as_bot', 'what the latest score says; NULL without one',
        'agrees', 'whether score and label agree; NULL without a score',
        'labels', 'accounts that are labelled',
        'scored', 'labelled accounts with a score',
        'true_positives', 'bots that are scored as bots',
        'false_positives', 'others that are scored as bots',
        'true_negatives', 'others that are not scored as bots',
        'false_negatives', 'bots that are not scored as bots',
        'agreement', 'share of the scored ones on which score and label agree, 0 to 1',
        'version', 'name of the version',
        'is_champion', 'whether it is the one that answers',
        'activated_at', 'since when it answers; NULL when it does not',
        'size_bytes', 'size of the artifact',
        'created_by', 'who registered it',
        'comment', 'remark of whoever registered it',
        'action', 'what the thresholds ask for: none, review or automatic',
        'activity_hourly_v1.action', 'what was done, as it was inserted',
        'activity_daily_v1.action', 'what was done, as it was inserted',
        'alias', 'champion, challenger, or NULL',
        'share', 'share of the accounts that a challenger answers for; 0: it is in shadow',
        'accounts', 'accounts that did it',
        'insert_mode', 'what happens when activity is inserted, see botdet.detector',
        'rows_waiting', 'rows of botdet.score_queue',
        'accounts_waiting', 'different accounts among them',
        'oldest_seconds', 'how long the oldest has waited, s; NULL when none does'
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
        WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind = 'v' AND c.relname ~ '_v1$'
    LOOP
        place := coalesce(
            array_position(described, pg_catalog.concat(name.view, '.', name."column")), array_position(described, name."column")
        );
        IF place IS NOT NULL THEN
            EXECUTE pg_catalog.format('COMMENT ON COLUMN botdet.%I.%I IS %L', name.view, name."column", described[place + 1]);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;
