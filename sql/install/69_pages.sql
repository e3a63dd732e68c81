-- What a person looks at to judge an account: when it did what, and what has been said of it.

CREATE FUNCTION botdet_timeline(account_id bigint, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS TABLE (hour timestamptz, action text, events bigint)
STRICT STABLE PARALLEL SAFE COST 100000 ROWS 500 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    source botdet.source;
    at text;
    done text;
    query text := '';
    number_type boolean;
    account_key text;
BEGIN
    SELECT a.account_key INTO account_key FROM botdet.account a WHERE a.account_id = botdet_timeline.account_id;
    FOR source IN SELECT s.* FROM botdet.source s ORDER BY s.source_id LOOP
        SELECT a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) INTO number_type
        FROM pg_attribute a WHERE a.attrelid = source.relation AND a.attname = source.account_column AND NOT a.attisdropped;
        at := format('r.%I', source.occurred_at_column);
        IF EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = source.relation AND a.attname = source.occurred_at_column AND a.atttypid = 'timestamp'::regtype
        ) THEN
            at := at || ' AT TIME ZONE ''UTC''';
        END IF;
        done := CASE WHEN source.action_column IS NULL THEN format('%L::text', source.default_action)
                     ELSE format('coalesce(%2$L::jsonb ->> r.%1$I::text, r.%1$I::text, %3$L)', source.action_column, source.actions, source.default_action) END;
        query := concat_ws(' UNION ALL ', nullif(query, ''), format(
            'SELECT %1$s AS at, %2$s AS action FROM %3$s AS r WHERE r.%4$I OPERATOR(pg_catalog.=) %5$s',
            at, done, source.relation, source.account_column,
            CASE WHEN number_type THEN '$1'
                 ELSE format('$2::%s', (
                     SELECT a.atttypid::regtype FROM pg_attribute a
                     WHERE a.attrelid = source.relation AND a.attname = source.account_column
                 )) END
        ));
    END LOOP;
    IF query = '' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT date_trunc(''hour'', t.at, ''UTC''), t.action, count(*) FROM (%s) AS t
         WHERE t.at >= $3 AND t.at < $4 AND isfinite(t.at) GROUP BY 1, 2 ORDER BY 1, 2', query
    ) USING botdet_timeline.account_id, account_key, since, until;
END
$$;
COMMENT ON FUNCTION botdet_timeline(bigint, timestamptz, timestamptz) IS
    'events of an account by hour, UTC, and action, of all tables that activity comes from, and with the rights of whoever asks; hours without an event are left out';

-- Activity by the hour is sparse and comes in sessions: what is usual is told by the hours in which the account was active at all. So counts of
-- windows are compared by their logarithms with the median, in units of the median absolute deviation; beyond 3.5 a value is an outlier
-- (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). The spread is at least 0.4: who always does the same is not
-- unusual when doing twice of it. Nobody alive acts for a day without three quiet hours.
CREATE FUNCTION botdet_unusual_hours(account_id bigint, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS TABLE (
    from_hour timestamptz, to_hour timestamptz, kind text, events bigint, usual double precision, strength double precision
)
STRICT STABLE PARALLEL SAFE COST 200000 ROWS 5 SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    WITH counted AS (
        SELECT t.hour, sum(t.events)::bigint AS events
        FROM @extschema@.botdet_timeline(account_id, since, until) AS t
        GROUP BY t.hour
    ), sliding AS (
        SELECT c.hour, 1 AS hours, c.events, 8 AS least FROM counted c
        UNION ALL
        SELECT c.hour, 6, sum(c.events) OVER (ORDER BY c.hour RANGE BETWEEN interval '5 hours' PRECEDING AND CURRENT ROW), 16 FROM counted c
        UNION ALL
        SELECT c.hour, 24, sum(c.events) OVER (ORDER BY c.hour RANGE BETWEEN interval '23 hours' PRECEDING AND CURRENT ROW), 30 FROM counted c
    ), middle AS (
        SELECT s.hours, percentile_cont(0.5) WITHIN GROUP (ORDER BY ln(s.events::double precision)) AS median
        FROM sliding s
        GROUP BY s.hours
        HAVING count(*) >= 12
    ), spread AS (
        SELECT s.hours, m.median,
               greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ln(s.events::double precision) - m.median)), 0.4) AS deviation
        FROM sliding s
        JOIN middle m ON m.hours = s.hours
        GROUP BY s.hours, m.median
    ), outliers AS (
        SELECT s.hour - make_interval(hours => s.hours - 1) AS from_hour, s.hour AS to_hour, s.events::bigint AS events,
               exp(p.median) AS usual, (ln(s.events::double precision) - p.median) / p.deviation AS strength
        FROM sliding s
        JOIN spread p ON p.hours = s.hours
        WHERE s.events >= s.least AND (ln(s.events::double precision) - p.median) / p.deviation > 3.5
    ), placed AS (
        SELECT o.*, coalesce(o.from_hour > max(o.to_hour) OVER (
                   ORDER BY o.from_hour, o.to_hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) + interval '1 hour', true) AS is_new
        FROM outliers o
    ), bursts AS (
        SELECT p.*, count(*) FILTER (WHERE p.is_new) OVER (ORDER BY p.from_hour, p.to_hour) AS burst FROM placed p
    ), steady AS (
        SELECT n.hour, n.events, count(*) FILTER (WHERE n.is_new) OVER (ORDER BY n.hour) AS stretch
        FROM (
            SELECT c.*, c.hour - lag(c.hour) OVER (ORDER BY c.hour) > interval '3 hours' AS is_new FROM counted c
        ) AS n
    )
    SELECT min(b.from_hour), max(b.to_hour), 'burst', (array_agg(b.events ORDER BY b.strength DESC))[1],
           (array_agg(b.usual ORDER BY b.strength DESC))[1], max(b.strength)
    FROM bursts b
    GROUP BY b.burst
    UNION ALL
    SELECT min(s.hour), max(s.hour), 'no pause', sum(s.events)::bigint, NULL, NULL
    FROM steady s
    GROUP BY s.stretch
    HAVING max(s.hour) - min(s.hour) >= interval '23 hours'
    ORDER BY 1, 3
$$;
COMMENT ON FUNCTION botdet_unusual_hours(bigint, timestamptz, timestamptz) IS
    'stretches of hours that are unusual for an account. kind burst: within 1, 6 or 24 hours of it there are far more events than is usual for as many of its active hours (strength is the modified z-score of their logarithm, above 3.5, events and usual are of the strongest such window); no pause: a day and more without three quiet hours';

CREATE FUNCTION botdet_label_history(account_id bigint)
RETURNS TABLE (
    detector text, is_bot boolean, strategy text, reason text, note text, labelled_by text, labelled_at timestamptz, holds boolean
)
STRICT STABLE PARALLEL RESTRICTED ROWS 5 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE sql
BEGIN ATOMIC
    WITH told AS (
        SELECT d.detector, d.is_bot, d.strategy, d.reason, d.note, d.reviewer AS labelled_by, d.decided_at AS labelled_at
        FROM botdet.review_decision d
        WHERE d.account_id = botdet_label_history.account_id AND d.outcome = 'labelled'
        UNION ALL
        SELECT l.detector, l.is_bot, l.strategy, NULL, l.note, l.labelled_by, l.labelled_at
        FROM botdet.label l
        WHERE l.account_id = botdet_label_history.account_id AND NOT EXISTS (
            SELECT FROM botdet.review_decision d
            WHERE d.account_id = l.account_id AND d.detector = l.detector AND d.outcome = 'labelled' AND d.decided_at = l.labelled_at
        )
    )
    SELECT t.*, EXISTS (
        SELECT FROM botdet.label l
        WHERE l.account_id = botdet_label_history.account_id AND l.detector = t.detector AND l.labelled_at = t.labelled_at
    )
    FROM told t
    -- A second opinion that knows of the first says little, and so does one on an item whose truth is known.
    WHERE botdet.acts_as_administrator() OR NOT EXISTS (
        SELECT FROM botdet.review r
        WHERE r.account_id = botdet_label_history.account_id AND r.detector = t.detector AND r.state = 'open'
            AND r.why NOT IN ('appeal', 'escalated')
    )
    ORDER BY t.labelled_at DESC;
END;
COMMENT ON FUNCTION botdet_label_history(bigint) IS
    'what has been said of an account, newest first: decisions that became its label, and labels by hand; to others than administrators nothing while the account waits for a review that must not be swayed';

-- What can be asked of a detector ----------------------------------------------------------------------------------

CREATE VIEW botdet.detector_input WITH (security_invoker = true) AS
SELECT 'account' AS detector, c."position", c.feature, 'number' AS kind, nullif(c.unit, '') AS unit, c.low, c.high,
       NULL::text[] AS levels, c.meaning
FROM botdet.feature_catalog c
UNION ALL
SELECT 'engagement', c."position", c.feature, 'number', nullif(c.unit, ''), NULL, NULL, NULL, c.meaning
FROM @extschema@.botdet_engagement_feature_catalog() AS c
UNION ALL
SELECT k.detector, a.attnum::integer, a.attname::text,
       CASE WHEN a.atttypid = 'boolean'::regtype THEN 'boolean' WHEN a.atttypid = 'text'::regtype THEN 'text' ELSE 'number' END,
       NULL, r.low, r.high, r.levels, pg_catalog.col_description(k.relation, a.attnum)
FROM (VALUES ('spammer', 'botdet.spammer'::regclass), ('backlink', 'botdet.backlink_training'::regclass)) AS k (detector, relation)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.relation AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN botdet.deployment d ON d.detector = k.detector AND d.alias = 'champion'
LEFT JOIN botdet.feature_reference r ON r.model_version_id = d.model_version_id AND r.feature = a.attname::text
-- Keys, times and truth are nothing that is learned from.
WHERE a.attname NOT IN ('account_id', 'backlink_id', 'target', 'first_seen', 'is_spammer', 'is_network', 'network')
UNION ALL
SELECT d.detector, (row_number() OVER (PARTITION BY d.detector ORDER BY r.feature COLLATE "C"))::integer, r.feature,
       CASE WHEN r.levels IS NULL THEN 'number' ELSE 'text' END, NULL, r.low, r.high, r.levels, NULL
FROM botdet.deployment d
JOIN botdet.feature_reference r ON r.model_version_id = d.model_version_id
WHERE d.alias = 'champion' AND r.feature <> 'bot_probability'
    AND d.detector NOT IN ('account', 'engagement', 'spammer', 'backlink');
COMMENT ON VIEW botdet.detector_input IS
    'what botdet_score(detector, features) can be told, by detector; of a detector of your own what its champion learned from';
COMMENT ON COLUMN botdet.detector_input.detector IS 'which detector';
COMMENT ON COLUMN botdet.detector_input."position" IS 'order';
COMMENT ON COLUMN botdet.detector_input.feature IS 'name';
COMMENT ON COLUMN botdet.detector_input.kind IS 'number, boolean or text';
COMMENT ON COLUMN botdet.detector_input.unit IS 'unit of the values; NULL for a plain number, and where it is not known';
COMMENT ON COLUMN botdet.detector_input.low IS 'smallest possible value for detector account, else the smallest that the champion has seen; NULL where neither is known';
COMMENT ON COLUMN botdet.detector_input.high IS 'greatest possible value, or the greatest seen';
COMMENT ON COLUMN botdet.detector_input.levels IS 'levels of a category; NULL for a number';
COMMENT ON COLUMN botdet.detector_input.meaning IS 'what it is; NULL where that is not known';
