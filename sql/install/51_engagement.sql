-- Engagement that is inserted is judged at once. The trigger runs with the rights of its owner, as those of activity do: who inserts
-- needs no right to scores. So do the functions that write scores: who may call them can have scores made, and cannot make them up.

CREATE FUNCTION botdet.store_engagement_scores(account_ids bigint[])
RETURNS void
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    account bigint;
    answer botdet.score_result;
BEGIN
    -- In the order of accounts, so that two transactions of one statement each never wait for one another.
    FOR account IN SELECT DISTINCT a.account_id FROM unnest(account_ids) a (account_id) ORDER BY a.account_id LOOP
        BEGIN
            answer := @extschema@.botdet_score('engagement'::text, account);
        EXCEPTION WHEN OTHERS THEN
            -- The row that was inserted is worth more than its score.
            answer := NULL;
            answer.stage := 'failed';
            answer.reasons := ARRAY[pg_catalog.translate(sqlerrm, E'\n', ' ')];
            answer.scored_at := pg_catalog.now();
        END;
        INSERT INTO botdet.score AS s (
            account_id, detector, bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score,
            is_anomaly, events, stage, model_version, reasons, scored_at
        )
        VALUES (
            account, 'engagement', answer.bot_probability, answer.is_bot, answer.action, answer.confidence,
            answer.probability_low, answer.probability_high, answer.anomaly_score, answer.is_anomaly, answer.events,
            answer.stage, answer.model_version, answer.reasons, answer.scored_at
        )
        ON CONFLICT ON CONSTRAINT score_pkey DO UPDATE SET
            (bot_probability, is_bot, action, confidence, probability_low, probability_high, anomaly_score, is_anomaly, events,
             stage, model_version, reasons, scored_at)
            = (excluded.bot_probability, excluded.is_bot, excluded.action, excluded.confidence, excluded.probability_low,
               excluded.probability_high, excluded.anomaly_score, excluded.is_anomaly, excluded.events, excluded.stage,
               excluded.model_version, excluded.reasons, excluded.scored_at);
    END LOOP;
END
$$;
COMMENT ON FUNCTION botdet.store_engagement_scores(bigint[]) IS
    'judges the engagement of accounts and writes botdet.score; one that cannot be judged gets the reason';

CREATE FUNCTION botdet.score_pending_engagement("limit" integer)
RETURNS bigint
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    account_ids bigint[];
BEGIN
    WITH oldest AS MATERIALIZED (
        SELECT q.account_id FROM botdet.score_queue q
        WHERE q.detector OPERATOR(pg_catalog.=) 'engagement'
        ORDER BY q.queue_id LIMIT $1 FOR UPDATE SKIP LOCKED
    ), claimed AS MATERIALIZED (
        SELECT q.ctid FROM botdet.score_queue q
        WHERE q.account_id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT o.account_id FROM oldest o))
            AND q.detector OPERATOR(pg_catalog.=) 'engagement'
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM botdet.score_queue q
        WHERE q.ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT c.ctid FROM claimed c))
        RETURNING q.account_id
    )
    SELECT array_agg(DISTINCT t.account_id) INTO account_ids FROM taken t;
    PERFORM botdet.store_engagement_scores(account_ids);
    RETURN coalesce(cardinality(account_ids), 0);
END
$$;
COMMENT ON FUNCTION botdet.score_pending_engagement(integer) IS
    'part of botdet_score_pending(): takes the accounts whose engagement has waited longest, at most that many, and judges it';

CREATE FUNCTION botdet.flag_engagement()
RETURNS trigger
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off
LANGUAGE plpgsql AS $$
DECLARE
    mode text := (
        SELECT d.insert_mode FROM botdet.detector d WHERE d.detector OPERATOR(pg_catalog.=) 'engagement'
    );
BEGIN
    IF mode = 'queue' THEN
        INSERT INTO botdet.score_queue (account_id, detector) SELECT DISTINCT n.account_id, 'engagement' FROM new_rows n;
    ELSIF mode <> 'off' THEN
        PERFORM botdet.store_engagement_scores(ARRAY(SELECT DISTINCT n.account_id FROM new_rows n));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION botdet.flag_engagement() IS
    'trigger: writes the engagement score of every account that got rows, or queues them, as botdet.detector.insert_mode says';

CREATE TRIGGER flag_engagement_insert
AFTER INSERT ON botdet.engagement_hourly
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.flag_engagement();

CREATE TRIGGER flag_engagement_update
AFTER UPDATE ON botdet.engagement_hourly
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION botdet.flag_engagement();
