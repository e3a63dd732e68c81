-- What a person looks at to judge an account: when it did what, and what has been said of it.

CREATE FUNCTION botdet.column_as_text(relation regclass, name text)
RETURNS text
STABLE PARALLEL SAFE
LANGUAGE sql RETURN CASE
    WHEN pg_catalog.has_column_privilege(relation, name, 'SELECT') THEN pg_catalog.format('r.%I::text', name)
    ELSE 'NULL::text'
END;
COMMENT ON FUNCTION botdet.column_as_text(regclass, text) IS
    'expression for a column of r as text; NULL::text where there is none, or none that whoever asks may read';

CREATE FUNCTION botdet.account_events_query(account_id bigint)
RETURNS text
STRICT STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE sql AS $$
    SELECT string_agg(
        format(
            'SELECT %1$s AS at, %2$s AS action, %3$s AS content, %4$s AS device, %5$s AS target, %6$s AS country
             FROM %7$s AS r WHERE r.%8$I OPERATOR(pg_catalog.=) %9$s',
            CASE WHEN t.atttypid = 'timestamp'::regtype THEN format('r.%I AT TIME ZONE ''UTC''', s.occurred_at_column)
                 ELSE format('r.%I', s.occurred_at_column) END,
            CASE WHEN s.action_column IS NULL THEN format('%L::text', s.default_action)
                 ELSE format('coalesce(%2$L::jsonb ->> r.%1$I::text, r.%1$I::text, %3$L)', s.action_column, s.actions, s.default_action) END,
            botdet.column_as_text(s.relation, s.content_column), botdet.column_as_text(s.relation, s.device_column),
            botdet.column_as_text(s.relation, s.target_column), botdet.column_as_text(s.relation, s.country_column),
            s.relation, s.account_column,
            CASE WHEN k.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype) THEN format('%L::bigint', account_events_query.account_id)
                 ELSE format('%L::%s', a.account_key, k.atttypid::regtype) END
        ), ' UNION ALL ' ORDER BY s.source_id
    )
    FROM botdet.source s
    JOIN pg_attribute k ON k.attrelid = s.relation AND k.attname = s.account_column AND NOT k.attisdropped
    JOIN pg_attribute t ON t.attrelid = s.relation AND t.attname = s.occurred_at_column AND NOT t.attisdropped
    LEFT JOIN botdet.account a ON a.account_id = account_events_query.account_id
    -- A table whose keys are UUIDs has nothing of an account with another key.
    WHERE k.atttypid <> 'uuid'::regtype OR a.account_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
$$;
COMMENT ON FUNCTION botdet.account_events_query(bigint) IS
    'query for the events of an account in all tables that activity comes from: at, action, content, device, target, country; NULL where none has any of it';

CREATE FUNCTION botdet_timeline(account_id bigint, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS TABLE (hour timestamptz, action text, events bigint)
STRICT STABLE PARALLEL SAFE COST 100000 ROWS 500 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    query constant text := botdet.account_events_query(account_id);
BEGIN
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT date_trunc(''hour'', t.at, ''UTC''), t.action, count(*) FROM (%s) AS t
             WHERE t.at >= $1 AND t.at < $2 AND isfinite(t.at) GROUP BY 1, 2 ORDER BY 1, 2', query
        ) USING since, until;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_timeline(bigint, timestamptz, timestamptz) IS
    'events of an account by hour, UTC, and action, of all tables that activity comes from, and with the rights of whoever asks; hours without an event are left out';

CREATE FUNCTION botdet_latest_events(account_id bigint, number integer DEFAULT 20)
RETURNS TABLE (occurred_at timestamptz, action text, content text, device text, target text, country text)
STRICT STABLE PARALLEL SAFE COST 100000 ROWS 20 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    query constant text := botdet.account_events_query(account_id);
BEGIN
    IF number NOT BETWEEN 1 AND 1000 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('number must be 1 to 1000, not %s', number);
    END IF;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT t.at, t.action, t.content, t.device, t.target, t.country FROM (%s) AS t WHERE isfinite(t.at) ORDER BY t.at DESC LIMIT $1',
            query
        ) USING number;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_latest_events(bigint, integer) IS
    'what an account did last, newest first, with its texts: of all tables that activity comes from, and with the rights of whoever asks';

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
        SELECT s.hours, s.hour - make_interval(hours => s.hours - 1) AS from_hour, s.hour AS to_hour, s.events::bigint AS events,
               exp(p.median) AS usual, (ln(s.events::double precision) - p.median) / p.deviation AS strength
        FROM sliding s
        JOIN spread p ON p.hours = s.hours
        WHERE s.events >= s.least AND (ln(s.events::double precision) - p.median) / p.deviation > 3.5
    ), placed AS (
        SELECT o.*, coalesce(o.from_hour > max(o.to_hour) OVER (
                   ORDER BY o.from_hour, o.to_hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ) + interval '1 hour', true) AS is_new
        FROM outliers o
        -- A day is unusual for its own sake, and not for one hour of it.
        WHERE NOT EXISTS (
            SELECT FROM outliers p WHERE p.hours < o.hours AND p.to_hour BETWEEN o.from_hour AND o.to_hour
        )
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
       CASE WHEN a.atttypid = 'boolean'::regtype::oid THEN 'boolean' WHEN a.atttypid = 'text'::regtype::oid THEN 'text' ELSE 'number' END,
       NULL, r.low, r.high, r.levels, pg_catalog.col_description(k.relation, a.attnum)
FROM (VALUES ('spammer', 'botdet.spammer'::regclass), ('backlink', 'botdet.backlink_training'::regclass)) AS k (detector, relation)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.relation::oid AND a.attnum > 0 AND NOT a.attisdropped
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
