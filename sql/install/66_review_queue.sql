-- How the queue is filled.

CREATE FUNCTION botdet.draw(account_id bigint, lot text)
RETURNS double precision
STRICT IMMUTABLE PARALLEL SAFE
LANGUAGE sql
RETURN (hashint8extended(account_id, hashtextextended(lot, 0)) & 9007199254740991)::double precision
    / double precision '9007199254740992';
COMMENT ON FUNCTION botdet.draw(bigint, text) IS
    'an account''s number in a lottery, 0 to below 1: the same whenever it is asked for, and another for each lottery';

-- All scores are looked at: hash joins cost the same however wrong the statistics of a queue are that was filled just before, while
-- a nested loop over it took 108 s for 100,000 scores and 6,500 reviews.
CREATE FUNCTION botdet_fill_review_queue(detector text DEFAULT 'account', "limit" integer DEFAULT 1000)
RETURNS TABLE (why text, added bigint)
STRICT VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 4 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    setting botdet.feedback_settings;
    places_uncertain integer;
    share double precision;
    total bigint := 0;
BEGIN
    SELECT s.* INTO setting FROM botdet.feedback_settings s WHERE s.detector = botdet_fill_review_queue.detector;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no detector %', botdet_fill_review_queue.detector
            USING ERRCODE = 'undefined_object', HINT = 'botdet.detector lists the detectors there are.';
    END IF;
    IF botdet_fill_review_queue."limit" < 1 THEN
        RAISE EXCEPTION 'limit is %, and must be at least 1', botdet_fill_review_queue."limit"
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    places_uncertain := ceil(botdet_fill_review_queue."limit" * setting.uncertain_share);
    -- An account whose number is below the share is drawn, whenever that is asked: the chance of having been drawn is the share, and
    -- no call adds to it. The share is what the limit has room for, at most.
    SELECT least(setting.exploration_share, botdet_fill_review_queue."limit"::double precision / greatest(count(*), 1)) INTO share
    FROM botdet.score s WHERE s.detector = botdet_fill_review_queue.detector;
    FOR why, added IN
        WITH thresholds AS (
            SELECT b.model_version,
                   coalesce(b.threshold, CASE WHEN b.model_version IS NULL THEN 0.5 END, (b.highest_human + b.lowest_bot) / 2,
                            b.lowest_bot, greatest(b.highest_human, 0.5), 0.5) AS threshold
            FROM (
                -- A version's own threshold lies between what it calls bots and what not.
                SELECT s.model_version, max(d.threshold) AS threshold,
                       max(s.bot_probability) FILTER (WHERE NOT s.is_bot) AS highest_human,
                       min(s.bot_probability) FILTER (WHERE s.is_bot) AS lowest_bot
                FROM botdet.score s
                JOIN botdet.detector d ON d.detector = s.detector
                WHERE s.detector = botdet_fill_review_queue.detector AND s.bot_probability IS NOT NULL
                GROUP BY s.model_version
            ) AS b
        ), scored AS (
            SELECT s.*, t.threshold,
                   botdet.draw(s.account_id, concat('exploration ', s.detector, ' ', s.model_version)) < share AS is_drawn,
                   -- The probability, were even odds where the threshold is.
                   s.bot_probability * (1 - t.threshold) / nullif(
                       s.bot_probability * (1 - t.threshold) + (1 - s.bot_probability) * t.threshold, 0
                   ) AS evened
            FROM botdet.score s
            JOIN thresholds t ON t.model_version IS NOT DISTINCT FROM s.model_version
            WHERE s.detector = botdet_fill_review_queue.detector AND s.bot_probability IS NOT NULL
                AND NOT EXISTS (SELECT FROM botdet.label l WHERE l.account_id = s.account_id AND l.detector = s.detector)
                AND NOT EXISTS (SELECT FROM botdet.golden_item g WHERE g.account_id = s.account_id AND g.detector = s.detector)
                AND NOT EXISTS (
                    SELECT FROM botdet.review r WHERE r.account_id = s.account_id AND r.detector = s.detector AND r.state = 'open'
                )
        ), urgent AS (
            SELECT s.*,
                   CASE
                       -- The sample is one only when nothing else decides which reason stands beside it.
                       WHEN s.is_drawn THEN 'exploration'
                       WHEN s.action = 'review' THEN 'action'
                       -- What was done at once is done. Far from the threshold, a label would say what is known.
                       WHEN s.action = 'automatic' THEN NULL
                       WHEN s.evened BETWEEN 0.05 AND 0.95 OR s.threshold BETWEEN s.probability_low AND s.probability_high THEN 'uncertain'
                   END AS why,
                   -- Settled by a label are most: those near the threshold, and those about which the calibration knows least.
                   2 * s.evened * (1 - s.evened)
                   + coalesce(s.probability_high - s.probability_low, 4 * s.evened * (1 - s.evened)) / 2 AS uncertainty
            FROM scored s
        ), chosen AS (
            SELECT u.*, row_number() OVER (
                PARTITION BY u.why ORDER BY CASE u.why WHEN 'action' THEN u.bot_probability ELSE u.uncertainty END DESC, u.account_id
            ) AS place
            FROM urgent u
            WHERE u.why IS NOT NULL
        ), queued AS (
            INSERT INTO botdet.review (
                account_id, detector, why, priority, propensity, bot_probability, scored_as_bot, model_version
            )
            SELECT c.account_id, c.detector, c.why,
                   -- A random sample is one only when all of it is looked at.
                   CASE c.why WHEN 'exploration' THEN 2 WHEN 'action' THEN 1 + 0.999 * c.bot_probability ELSE c.uncertainty END,
                   CASE WHEN c.is_drawn THEN share END, c.bot_probability, c.is_bot, c.model_version
            FROM chosen c
            WHERE c.place <= CASE c.why
                WHEN 'action' THEN botdet_fill_review_queue."limit" - places_uncertain
                WHEN 'uncertain' THEN places_uncertain
                ELSE c.place
            END
            ON CONFLICT (account_id, detector) WHERE state = 'open' DO NOTHING
            RETURNING why
        )
        SELECT q.why, count(*) FROM queued q GROUP BY q.why ORDER BY q.why
    LOOP
        total := total + added;
        RETURN NEXT;
    END LOOP;
    -- On average that share of them, however few they are.
    added := botdet.mix_in_golden(botdet_fill_review_queue.detector, floor(total * setting.golden_share + random())::integer);
    IF added > 0 THEN
        why := 'golden';
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet_fill_review_queue(text, integer) IS
    'queues accounts of a detector that have no label: at most limit that their score asks to review or that are most uncertain, near the threshold; beside them those that exploration draws, and golden items; returns how many of each. Call it about hourly';

CREATE FUNCTION botdet.mix_in_golden(detector text, items integer)
RETURNS integer
STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    item record;
    like_others double precision;
    queued bigint;
    mixed integer := 0;
BEGIN
    FOR item IN
        SELECT g.account_id, g.detector, g.is_bot, s.bot_probability, s.is_bot AS scored_as_bot, s.model_version,
               coalesce(s.action <> 'none', false) AS is_action,
               ARRAY(SELECT DISTINCT d.reviewer FROM botdet.review_decision d
                     WHERE d.account_id = g.account_id AND d.detector = g.detector) AS judges
        FROM botdet.golden_item g
        LEFT JOIN botdet.score s ON s.account_id = g.account_id AND s.detector = g.detector
        WHERE g.detector = mix_in_golden.detector
        ORDER BY random() LIMIT mix_in_golden.items
    LOOP
        -- Nothing tells it from others: it stands where another might.
        SELECT r.priority INTO like_others
        FROM botdet.review r
        WHERE r.detector = item.detector AND r.state = 'open' AND r.why IN ('action', 'uncertain') AND r.propensity IS NULL
        ORDER BY random() LIMIT 1;
        INSERT INTO botdet.review (account_id, detector, why, priority, not_by, bot_probability, scored_as_bot, model_version)
        VALUES (item.account_id, item.detector, CASE WHEN item.is_action THEN 'action' ELSE 'uncertain' END,
                coalesce(like_others, 1), item.judges, item.bot_probability, item.scored_as_bot, item.model_version)
        ON CONFLICT (account_id, detector) WHERE state = 'open' DO NOTHING
        RETURNING review_id INTO queued;
        CONTINUE WHEN NOT FOUND;
        INSERT INTO botdet.golden_review (review_id, is_bot) VALUES (queued, item.is_bot);
        mixed := mixed + 1;
    END LOOP;
    RETURN mixed;
END
$$;
COMMENT ON FUNCTION botdet.mix_in_golden(text, integer) IS
    'queues golden items of a detector, at most so many, where they are not told from others; returns how many';
